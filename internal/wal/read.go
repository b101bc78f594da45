// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"

	"github.com/logboom/logboom/internal/vfs"
)

// Entry is an entry of a segment.
type Entry struct {
	Number uint64
	// Payload is valid during the call that gets it.
	Payload []byte
}

// Damage is a part of a segment that is no entry.
type Damage struct {
	File          string
	Offset, Bytes int64
	// Aside is the copy in the folder aside, empty when it is nothing but zeros. When it cannot be copied, Whole
	// is true and Aside the place of the whole segment, which goes there instead of being deleted.
	Aside string
	Whole bool
	// Unreadable tells that the disk did not give all of it.
	Unreadable bool
	// Tail tells that nothing whole came behind it, here or in later segments: then it is normally an entry that
	// was being written when the process ended, and was not acknowledged.
	Tail bool
}

// parser reads the entries of a segment.
type parser struct {
	from, to uint64 // numbers are in [from, to)
	visit    func(Entry) error
	damaged  func(offset, n int64) error
	seed     uint32
	payload  []byte
}

// errNoEntry says that at this place there is no entry.
var errNoEntry = errors.New("not an entry")

// parse calls visit with the entries between two offsets of a file, and damaged with what is none of them. It
// goes on behind damage where the next entry begins: its CRC knows the log, so that no accident makes one.
func (p *parser) parse(f io.ReaderAt, at, end int64) error {
	last := max(p.from, 1) - 1
	r := bufio.NewReaderSize(nil, 256<<10)
	open := func() { r.Reset(io.NewSectionReader(f, at, end-at)) }
	open()
	for at < end {
		number, err := p.next(r, end-at, last)
		if err == nil {
			if err := p.visit(Entry{Number: number, Payload: p.payload}); err != nil {
				return err
			}
			last = number
			at += EntryHead + int64(len(p.payload))
			continue
		}
		if !errors.Is(err, errNoEntry) {
			return err
		}
		found, err := p.find(f, at+1, end, last)
		if err != nil {
			return err
		}
		if err := p.damaged(at, found-at); err != nil {
			return err
		}
		at = found
		open()
	}
	return nil
}

// next reads an entry into p.payload.
func (p *parser) next(r io.Reader, rest int64, last uint64) (number uint64, err error) {
	var head [EntryHead]byte
	if rest < EntryHead {
		return 0, errNoEntry
	}
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, err
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	number = binary.LittleEndian.Uint64(head[8:])
	if n > min(maxPayload, rest-EntryHead) || number <= last || number >= p.to {
		return 0, errNoEntry
	}
	if int64(cap(p.payload)) < n {
		p.payload = make([]byte, n)
	}
	p.payload = p.payload[:n]
	if _, err := io.ReadFull(r, p.payload); err != nil {
		return 0, err
	}
	if crc32.Update(crc32.Update(p.seed, castagnoli, p.payload), castagnoli, head[8:]) != binary.LittleEndian.Uint32(head[4:]) {
		return 0, errNoEntry
	}
	return number, nil
}

// find returns where the next entry begins, or end.
func (p *parser) find(f io.ReaderAt, at, end int64, last uint64) (int64, error) {
	buf := make([]byte, 256<<10)
	for end-at >= EntryHead {
		b := buf[:min(int64(len(buf)), end-at)]
		if _, err := f.ReadAt(b, at); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		for i := range len(b) - EntryHead + 1 {
			// Few places pass for a head, so few payloads are read.
			number := binary.LittleEndian.Uint64(b[i+8:])
			if number <= last || number-last > uint64(end)/EntryHead {
				continue
			}
			here := at + int64(i)
			_, err := p.next(io.NewSectionReader(f, here, end-here), end-here, last)
			if err == nil {
				return here, nil
			}
			if !errors.Is(err, errNoEntry) {
				return 0, err
			}
		}
		at += int64(len(b)) - EntryHead + 1
	}
	return end, nil
}

// keepDamage copies a part of a segment aside, unless it is nothing but zeros: that is what a file system leaves of
// what was never written. keep tells that it could not, so that the file must not be deleted, nor be cut.
func (l *Log) keepDamage(f *blocks, path string, offset, n int64, tail bool) (list []Damage, keep bool, err error) {
	d := Damage{File: path, Offset: offset, Bytes: n, Tail: tail}
	zero, err := onlyZeros(io.NewSectionReader(f, offset, n))
	if err != nil {
		return nil, false, err
	}
	d.Unreadable = f.anyBad(offset, n)
	switch {
	case d.Unreadable:
		d.Tail = false // it was written once
	case zero && tail:
		return nil, false, nil
	case zero: // not known to be nothing: a disk may give zeros for what it has lost
		return []Damage{d}, false, nil
	case n <= l.opts.MaxAsideBytes:
		b := make([]byte, n)
		if _, err := f.ReadAt(b, offset); err != nil {
			return nil, false, err
		}
		if d.Unreadable = f.anyBad(offset, n); d.Unreadable {
			d.Tail = false
			break
		}
		if d.Aside, err = l.SetAside(fmt.Sprintf("%s-%d-damaged", filepath.Base(path), offset), b); err == nil {
			return []Damage{d}, false, nil
		}
	}
	d.Aside, d.Whole = filepath.Join(l.path(asideName), filepath.Base(path)), true
	return []Damage{d}, true, nil
}

func onlyZeros(r io.Reader) (bool, error) {
	buf := make([]byte, 64<<10)
	for {
		n, err := r.Read(buf)
		for _, c := range buf[:n] {
			if c != 0 {
				return false, nil
			}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return true, err
		}
	}
}

// Read calls visit with the entries of a segment. It returns what was damaged since the segment was written,
// or since the log was opened, and set aside. Where the disk cannot be read it returns an error at first, to be called
// again; after a few times that is damage, too.
func (l *Log) Read(s *Segment, visit func(Entry) error) (damage []Damage, err error) {
	l.mu.Lock()
	end, last, patient := s.end.bytes, s.Last, s.unread >= readAttempts
	l.mu.Unlock()
	file, err := l.fs.Open(s.path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	f := &blocks{f: file, patient: patient}
	keep := false
	p := parser{from: s.First, to: last + 1, seed: crc32.Checksum(l.id[:], castagnoli), visit: visit}
	p.damaged = func(offset, n int64) error {
		d, k, err := l.keepDamage(f, s.path, offset, n, offset+n == end)
		damage, keep = append(damage, d...), keep || k
		return err
	}
	end = min(end, info.Size())
	err = p.parse(f, int64(headerBytes), end)
	l.mu.Lock()
	defer l.mu.Unlock()
	s.keep = s.keep || keep
	if vfs.Unreadable(err) {
		s.unread++
	}
	return damage, err
}
