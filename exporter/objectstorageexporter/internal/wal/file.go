// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// Entry is an entry of a segment.
type Entry struct {
	Number  uint64
	Payload []byte
}

// errDamaged ends the reading of a segment at what is no entry.
var errDamaged = errors.New("not an entry")

// readEntries calls visit with the entries of a file, up to the offset end (-1: to its end), and returns the
// offset behind the last good one. The error is errDamaged (wrapped) when something else follows there.
func (l *Log) readEntries(path string, end int64, visit func(Entry) error) (int64, error) {
	f, err := l.fs.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if end < 0 || end > info.Size() {
		end = info.Size()
	}
	body := io.NewSectionReader(f, int64(headerBytes), max(0, end-int64(headerBytes)))
	return parseEntries(bufio.NewReaderSize(body, 256<<10), int64(headerBytes), end, visit)
}

// parseEntries is readEntries on the bytes of a file from offset at on.
func parseEntries(r io.Reader, at, end int64, visit func(Entry) error) (int64, error) {
	var head [entryBytes]byte
	var last uint64
	for at < end {
		if end-at < entryBytes {
			return at, errDamaged
		}
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return at, err
		}
		n := int64(binary.LittleEndian.Uint32(head[:]))
		number := binary.LittleEndian.Uint64(head[8:])
		if n > maxPayload || n > end-at-entryBytes || number <= last {
			return at, errDamaged
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(r, payload); err != nil {
			return at, err
		}
		crc := crc32.Update(crc32.Checksum(head[8:], castagnoli), castagnoli, payload)
		if crc != binary.LittleEndian.Uint32(head[4:]) {
			return at, errDamaged
		}
		if err := visit(Entry{Number: number, Payload: payload}); err != nil {
			return at, err
		}
		last = number
		at += entryBytes + n
	}
	return at, nil
}

// scan looks through a segment that an earlier process left. What follows its last good entry, which is
// normally an entry that was being written when the process ended, is copied aside and cut off. The segment
// is nil when it has no entries; the file is deleted then. Its entries have numbers in [from, to).
func (l *Log) scan(path string, from, to uint64) (*Segment, [idBytes]byte, error) {
	var id [idBytes]byte
	b, err := l.readHead(path)
	if err != nil {
		return nil, id, err
	}
	if len(b) < headerBytes || string(b[:len(magic)]) != magic {
		if version := len(magic) - 1; len(b) == headerBytes && string(b[:version]) == magic[:version] && b[version] < 16 {
			return nil, id, fmt.Errorf("segment %s is of a later version", path)
		}
		return nil, id, l.cut(path, 0) // died before its header was whole, or is not ours
	}
	copy(id[:], b[len(magic):])
	info, err := l.fs.Stat(path)
	if err != nil {
		return nil, id, err
	}
	s := &Segment{path: path, Since: info.ModTime()}
	s.written, err = l.readEntries(path, -1, func(e Entry) error {
		if e.Number < from || e.Number >= to {
			return errDamaged
		}
		l.note(s, e)
		return nil
	})
	if errors.Is(err, errDamaged) {
		err = l.cut(path, s.written)
	}
	if err != nil {
		return nil, id, fmt.Errorf("read %s: %w", path, err)
	}
	s.synced = s.written
	if s.First == 0 {
		return nil, id, l.fs.Remove(path)
	}
	return s, id, nil
}

func (l *Log) readHead(path string) ([]byte, error) {
	f, err := l.fs.Open(path, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, headerBytes)
	n, err := io.ReadFull(f, b)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	return b[:n], nil
}

// cut copies what follows an offset aside, unless it is nothing but zeros, and truncates the file there.
func (l *Log) cut(path string, at int64) error {
	b, err := vfs.ReadFile(l.fs, path)
	if err != nil {
		return err
	}
	tail := b[at:]
	if len(bytes.Trim(tail, "\x00")) > 0 {
		aside, err := l.SetAside(fmt.Sprintf("%s-%d-damaged", filepath.Base(path), at), tail)
		if err != nil {
			return err
		}
		l.damage = append(l.damage, Damage{File: path, Offset: at, Bytes: int64(len(tail)), Aside: aside})
	}
	if at == 0 {
		return l.fs.Remove(path)
	}
	return vfs.Truncate(l.fs, path, at)
}

// SetAside keeps bytes in the folder aside, durably, and returns the file's path.
func (l *Log) SetAside(name string, b []byte) (string, error) {
	dir := l.path("aside")
	if err := vfs.Mkdir(l.fs, dir, 0o700); err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	return path, vfs.WriteFile(l.fs, path, b, 0o600)
}

// saveState writes wal.json anew.
func (l *Log) saveState() error {
	l.mu.Lock()
	l.state.Next = max(l.state.Next, l.next)
	b, err := json.Marshal(l.state)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return vfs.WriteFile(l.fs, l.path("wal.json"), append(b, '\n'), 0o600)
}

// Age is how long ago t was; 0 for the zero time.
func Age(t time.Time) time.Duration {
	if t.IsZero() {
		return 0
	}
	return time.Since(t)
}
