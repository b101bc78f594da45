// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bufio"
	"bytes"
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

// Damage is a part of a segment that is no entry. At the end of the last segment it is normally an entry that
// was being written when the process ended, and was not acknowledged.
type Damage struct {
	File          string
	Offset, Bytes int64
	// Aside is the copy in the folder aside; empty when there was no room, or nothing but zeros.
	Aside string
	// Tail tells that nothing came behind it.
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

// readHeader reads the header of a segment. ok is false when it is not whole, or not one.
func readHeader(f io.ReaderAt) (id [idBytes]byte, ok bool, err error) {
	b := make([]byte, headerBytes)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return id, false, err
	}
	if n < headerBytes {
		return id, false, nil
	}
	copy(id[:], b[len(magic)+1:])
	if v := b[len(magic)]; !bytes.Equal(b, header(v, id)) {
		return id, false, nil
	} else if v != version {
		return id, false, fmt.Errorf("it is of version %d, not %d", v, version)
	}
	return id, true, nil
}

// scan looks through a segment that an earlier process left. What is no entry is copied aside, and cut off
// if nothing follows. The segment is nil when it has no entries; the file is deleted then.
func (l *Log) scan(path string, from, to uint64) (_ *Segment, id [idBytes]byte, err error) {
	s, id, size, err := l.scanFile(path, from, to)
	switch {
	case err != nil:
		return nil, id, fmt.Errorf("read %s: %w", path, err)
	case s == nil:
		return nil, id, l.fs.Remove(path)
	case s.end.bytes < size:
		err = vfs.Truncate(l.fs, path, s.end.bytes)
	}
	return s, id, err
}

func (l *Log) scanFile(path string, from, to uint64) (s *Segment, id [idBytes]byte, size int64, err error) {
	f, err := l.fs.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, id, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, id, 0, err
	}
	size = info.Size()
	id, ok, err := readHeader(f)
	if err != nil {
		return nil, id, size, err
	}
	if !ok { // died before its header was whole, or is not ours
		l.damage = append(l.damage, l.keepDamage(f, path, 0, size, true)...)
		return nil, id, size, nil
	}
	s = &Segment{path: path, Since: info.ModTime(), released: true}
	at := int64(headerBytes)
	p := parser{from: from, to: to, seed: crc32.Checksum(id[:], castagnoli)}
	p.visit = func(e Entry) error {
		info := l.opts.Describe(e.Payload)
		if s.First == 0 {
			s.First = e.Number
			if !info.Since.IsZero() {
				s.Since = info.Since
			}
		}
		s.Last = e.Number
		at += EntryHead + int64(len(e.Payload))
		s.end = mark{at, s.end.weight + info.Weight, s.end.records + int64(info.Records), e.Number}
		return nil
	}
	p.damaged = func(offset, n int64) error {
		at = offset + n
		l.damage = append(l.damage, l.keepDamage(f, path, offset, n, at == size)...)
		return nil
	}
	err = p.parse(f, at, size)
	s.synced = s.end
	if s.First == 0 {
		s = nil
	}
	return s, id, size, err
}

// keepDamage copies a part of a segment aside, unless it is nothing but zeros: that is what a file system
// leaves of what was never written.
func (l *Log) keepDamage(f io.ReaderAt, path string, offset, n int64, tail bool) []Damage {
	d := Damage{File: path, Offset: offset, Bytes: n, Tail: tail}
	zero, err := onlyZeros(io.NewSectionReader(f, offset, n))
	if err == nil && zero {
		return nil
	}
	if err == nil && n <= l.opts.MaxAsideBytes {
		b := make([]byte, n)
		if _, err = f.ReadAt(b, offset); err == nil {
			d.Aside, _ = l.SetAside(fmt.Sprintf("%s-%d-damaged", filepath.Base(path), offset), b)
		}
	}
	return []Damage{d}
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
// or since the log was opened, and set aside.
func (l *Log) Read(s *Segment, visit func(Entry) error) (damage []Damage, err error) {
	l.mu.Lock()
	end, last := s.end.bytes, s.Last
	l.mu.Unlock()
	f, err := l.fs.Open(s.path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p := parser{from: s.First, to: last + 1, seed: crc32.Checksum(l.id[:], castagnoli), visit: visit}
	p.damaged = func(offset, n int64) error {
		damage = append(damage, l.keepDamage(f, s.path, offset, n, offset+n == end)...)
		return nil
	}
	end = min(end, info.Size())
	return damage, p.parse(f, int64(headerBytes), end)
}
