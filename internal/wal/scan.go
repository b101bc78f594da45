// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// scanPauses are those after the attempts to read a segment when the log is opened.
var scanPauses = [readAttempts]time.Duration{10 * time.Millisecond, 50 * time.Millisecond, 200 * time.Millisecond}

// readHeader reads the header of a segment. ok is false when it is not whole, or not one; then id is what stands where
// the id should.
func readHeader(f io.ReaderAt) (id [idBytes]byte, ok bool, err error) {
	b := make([]byte, headerBytes)
	n, err := f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return id, false, err
	}
	copy(id[:], b[len(magic)+1:])
	if v := b[len(magic)]; n < headerBytes || !bytes.Equal(b, header(v, id)) {
		return id, false, nil
	} else if v > Version {
		return id, false, fmt.Errorf("it is of version %d, written by a later program: this one reads version %d", v, Version)
	} else if v < Version {
		return id, false, fmt.Errorf("it is of version %d, which this program does not read any more", v)
	}
	return id, true, nil
}

// scanned is what a segment holds that an earlier process left.
type scanned struct {
	segment *Segment // nil when there are no entries
	id      [idBytes]byte
	size    int64
	damage  []Damage
	keep    bool // not all of the damage could be copied aside
}

// scan looks through a segment that an earlier process left. What is no entry is copied aside, and cut off if nothing
// follows. The segment is nil when it has no entries; then the file is deleted, or as a whole moved aside.
func (l *Log) scan(path string, from, to uint64) (*Segment, [idBytes]byte, error) {
	var s scanned
	var err error
	for try := range readAttempts {
		if s, err = l.scanFile(path, from, to, false); !vfs.Unreadable(err) {
			break
		}
		time.Sleep(scanPauses[try])
	}
	if vfs.Unreadable(err) {
		s, err = l.scanFile(path, from, to, true)
	}
	if err != nil {
		return nil, s.id, fmt.Errorf("read %s: %w", path, err)
	}
	switch seg := s.segment; {
	case seg == nil && s.keep:
		aside, moveErr := l.moveAside(path)
		if moveErr != nil {
			aside = path // where it stays until the log is opened again
		}
		for i := range s.damage {
			if s.damage[i].Whole {
				s.damage[i].Aside = aside
			}
		}
	case seg == nil:
		err = l.fs.Remove(path)
	case seg.end.bytes < s.size && !s.keep:
		err = vfs.Truncate(l.fs, path, seg.end.bytes)
	}
	if s.segment != nil {
		for i := range l.damage {
			l.damage[i].Tail = false
		}
	}
	l.damage = append(l.damage, s.damage...)
	return s.segment, s.id, err
}

func (l *Log) scanFile(path string, from, to uint64, patient bool) (s scanned, err error) {
	file, err := l.fs.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return s, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return s, err
	}
	s.size = info.Size()
	f := &blocks{f: file, patient: patient}
	id, ok, err := readHeader(f)
	if err != nil {
		return s, err
	}
	at := int64(headerBytes)
	if s.id = id; !ok { // died before it was whole, or it is damaged: then the entries are ours all the same
		s.id, at = l.id, 0
	}
	seg := &Segment{path: path, Since: info.ModTime(), released: true}
	parsed := at
	p := parser{from: from, to: to, seed: crc32.Checksum(s.id[:], castagnoli)}
	p.visit = func(e Entry) error {
		info := l.opts.Describe(e.Payload)
		if seg.First == 0 {
			seg.First = e.Number
			if !info.Since.IsZero() {
				seg.Since = info.Since
			}
		}
		seg.Last = e.Number
		parsed += EntryHead + int64(len(e.Payload))
		seg.end = mark{parsed, seg.end.weight + info.Weight, seg.end.records + int64(info.Records), e.Number}
		return nil
	}
	p.damaged = func(offset, n int64) error {
		parsed = offset + n
		d, keep, err := l.keepDamage(f, path, offset, n, parsed == s.size)
		s.damage, s.keep = append(s.damage, d...), s.keep || keep
		return err
	}
	if err := p.parse(f, at, s.size); err != nil {
		return s, err
	}
	if seg.First == 0 {
		return s, nil
	}
	seg.synced, seg.durable, seg.keep = seg.end, seg.end, s.keep
	if len(f.bad) > 0 {
		seg.unread = readAttempts // it was tried often enough
	}
	s.segment = seg
	return s, nil
}

// findID returns the id of a log whose wal.json was lost, from its segments, or a new one.
func (l *Log) findID(names []string) (id [idBytes]byte, err error) {
	errFound := errors.New("found")
	for _, name := range names {
		var ok bool
		err := withFile(l.fs, name, func(f vfs.File, size int64) (err error) {
			b := &blocks{f: f, patient: true}
			if id, ok, err = readHeader(b); ok || err != nil {
				return err
			}
			// Damaged, but perhaps not the id: then entries pass with it.
			p := parser{from: number(name), to: math.MaxUint64, seed: crc32.Checksum(id[:], castagnoli)}
			p.visit = func(Entry) error { return errFound }
			p.damaged = func(int64, int64) error { return nil }
			return p.parse(b, 0, size)
		})
		if ok || errors.Is(err, errFound) {
			return id, nil
		}
		if err != nil {
			return id, fmt.Errorf("read %s: %w", name, err)
		}
	}
	_, err = rand.Read(id[:])
	return id, err
}

// withFile opens a file for reading.
func withFile(fsys vfs.FS, name string, do func(f vfs.File, size int64) error) error {
	f, err := fsys.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return do(f, info.Size())
}
