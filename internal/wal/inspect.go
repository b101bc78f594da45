// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// Report is what a directory holds.
type Report struct {
	// ID and Writer identify the log, empty when wal.json is missing.
	ID, Writer string
	// Next is a number that entries have not reached (or, while an exporter runs, not long ago), Sequence a
	// record of the archive's log that exists.
	Next, Sequence uint64
	Segments       []SegmentReport // oldest first
	Aside          []File
}

// SegmentReport is what a segment holds.
type SegmentReport struct {
	File string
	// First and Last are the numbers of the first and last entry, 0 when there is none.
	First, Last uint64
	Entries     int
	// Records and Weight are the sums of the entries' Info, Bytes is the size of the file.
	Records, Weight, Bytes int64
	// Since is when the first entry came.
	Since time.Time
	// Damage is what is no entry; its Aside is empty. In the last segment of a running exporter it is normally
	// an entry that is being written.
	Damage []Damage
}

// Inspect looks through the log in a directory. It takes no lock and changes nothing: an exporter may be
// running. Describe is that of Options.
func Inspect(dir string, describe func(payload []byte) Info) (*Report, error) {
	r := &Report{}
	state, err := inspectState(dir)
	if err != nil {
		return nil, err
	}
	r.ID, r.Writer, r.Next, r.Sequence = state.ID, state.Writer, state.Next, state.Sequence
	if r.Aside, err = readAside(vfs.OS, dir); err != nil {
		return nil, err
	}
	err = eachSegment(dir, state.ID, func(path string, f vfs.File, p *parser) error {
		s := SegmentReport{File: path}
		p.visit = func(e Entry) error {
			info := describe(e.Payload)
			if s.Entries == 0 {
				s.First, s.Since = e.Number, info.Since
			}
			s.Last = e.Number
			s.Entries++
			s.Records += int64(info.Records)
			s.Weight += info.Weight
			return nil
		}
		size, err := parseFile(path, f, p, func(d Damage) { s.Damage = append(s.Damage, d) })
		s.Bytes = size
		r.Segments = append(r.Segments, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Walk calls visit with every entry of the log in a directory, in order, and damaged (unless it is nil) with
// what is none. Like Inspect it takes no lock and changes nothing; entries may be in the archive already. An
// error of visit ends it.
func Walk(dir string, visit func(Entry) error, damaged func(Damage)) error {
	state, err := inspectState(dir)
	if err != nil {
		return err
	}
	return eachSegment(dir, state.ID, func(path string, f vfs.File, p *parser) error {
		p.visit = visit
		_, err := parseFile(path, f, p, func(d Damage) {
			if damaged != nil {
				damaged(d)
			}
		})
		return err
	})
}

// inspectState reads wal.json. A directory that holds no log is an error.
func inspectState(dir string) (s state, err error) {
	b, err := vfs.ReadFile(vfs.OS, filepath.Join(dir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		names, err := files(vfs.OS, dir, suffix)
		if err == nil && len(names) == 0 {
			err = fmt.Errorf("%s holds no write-ahead log: it has neither %s nor segments", dir, stateName)
		}
		return s, err
	}
	if err != nil {
		return s, err
	}
	s, _, err = parseState(b)
	return s, err
}

// eachSegment calls do with the segments of the log with that id, "" when it is not known, and parsers for them.
func eachSegment(dir, id string, do func(path string, f vfs.File, p *parser) error) error {
	names, err := files(vfs.OS, dir, suffix)
	if err != nil {
		return err
	}
	var seed uint32
	if raw, err := hex.DecodeString(id); err == nil && id != "" {
		seed = crc32.Checksum(raw, castagnoli)
	} else if id, err := (&Log{fs: vfs.OS}).findID(names); err == nil {
		seed = crc32.Checksum(id[:], castagnoli)
	}
	for i, path := range names {
		f, err := vfs.OS.Open(path, os.O_RDONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue // flushed meanwhile
		}
		if err != nil {
			return err
		}
		p := &parser{seed: seed}
		p.from, p.to = numbers(names, i)
		err = do(path, f, p)
		f.Close()
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

// parseFile parses a segment as it is now.
func parseFile(path string, file vfs.File, p *parser, damaged func(Damage)) (size int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return 0, err
	}
	size = info.Size()
	f := &blocks{f: file, patient: true}
	p.damaged = func(offset, n int64) error {
		unread := f.anyBad(offset, n)
		damaged(Damage{File: path, Offset: offset, Bytes: n, Tail: offset+n == size && !unread, Unreadable: unread})
		return nil
	}
	id, ok, err := readHeader(f)
	if err != nil {
		return size, err
	}
	if !ok { // its entries are ours all the same
		return size, p.parse(f, 0, size)
	}
	p.seed = crc32.Checksum(id[:], castagnoli)
	return size, p.parse(f, int64(headerBytes), size)
}
