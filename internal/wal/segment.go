// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// Segment is a file of entries, committed as a whole.
type Segment struct {
	// First and Last are the numbers of its first and last entry.
	First, Last uint64
	// Since is when its first entry came.
	Since time.Time

	path    string
	started time.Time
	file    vfs.File // open while entries may be written or synced

	// The following are guarded by Log.mu.
	end      mark // of what is written
	attached []Attached
	bytes    int64 // of what is attached
	released bool  // nothing is attached, and will not be
	keep     bool  // what is damaged in it could not be copied aside
	unread   int   // attempts to read it that failed
	durable  mark  // as synced
	pins     int   // views that may read the file
	doomed   bool  // the file is to be removed with the last of them

	minTime, maxTime int64 // of the entries' events, if timesKnown
	timesKnown       bool

	syncMu sync.Mutex
	synced mark // of what is durable
	failed error
}

// mark is a place between two entries, and what is before it.
type mark struct {
	bytes, weight, records int64
	last                   uint64
}

// Attached is what came with an entry and is still in memory.
type Attached struct {
	Number uint64
	Info   Info
	Value  any
}

// Records is the number of records in the segment.
func (s *Segment) Records() int64 { return s.end.records }

// Append writes an entry and returns when it is durable. b is room for EntryHead bytes, which are overwritten,
// and the payload; it is the caller's again afterwards. The value, of that many bytes in memory, is attached to
// the entry if it is not nil, unless memory is short. After an error the entry is not in the log, except when
// the disk failed in a way that leaves it open.
func (l *Log) Append(b []byte, info Info, value any, size int64) error {
	n := int64(len(b))
	if n+int64(headerBytes) > l.opts.MaxBytes || n-EntryHead > maxPayload {
		return ErrTooLarge
	}
	crc := crc32.Update(crc32.Checksum(l.id[:], castagnoli), castagnoli, b[EntryHead:])
	binary.LittleEndian.PutUint32(b, uint32(n-EntryHead))
	l.mu.Lock()
	s, err := l.room(n)
	if errors.Is(err, ErrFull) && (l.refused == 0 || info.Weight < l.refused) {
		l.refused = max(info.Weight, 1)
	}
	if err != nil {
		l.mu.Unlock()
		return err
	}
	binary.LittleEndian.PutUint64(b[8:], l.next)
	binary.LittleEndian.PutUint32(b[4:], crc32.Update(crc, castagnoli, b[8:EntryHead]))
	if _, err := s.file.WriteAt(b, s.end.bytes); err != nil {
		_ = s.file.Truncate(s.end.bytes) // the next entry goes to the same place in any case
		l.mu.Unlock()
		return err
	}
	l.attach(s, Attached{l.next, info, value}, size)
	s.widen(info)
	if s.First == 0 {
		s.First, s.Since, s.started = l.next, info.Since, time.Now()
	}
	s.Last = l.next
	s.end = mark{s.end.bytes + n, s.end.weight + info.Weight, s.end.records + int64(info.Records), l.next}
	l.next++
	l.size += n
	end := s.end.bytes
	if s.end.weight >= l.opts.SegmentWeight {
		l.endActive()
	}
	l.mu.Unlock()
	return l.sync(s, end)
}

// Full reports whether there was no room for an entry of that weight or less, and nothing has made any since: to
// make it and to try is in vain.
func (l *Log) Full(weight int64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.refused > 0 && weight >= l.refused
}

// room returns the active segment if there is room for n bytes more. l.mu is held.
func (l *Log) room(n int64) (*Segment, error) {
	if l.closed {
		return nil, ErrClosed
	}
	if l.active == nil {
		n += int64(headerBytes)
	}
	if l.size+n > l.opts.MaxBytes {
		if l.active != nil && l.active.First != 0 { // let the flusher make room now, not at the end of its interval
			l.endActive()
		}
		return nil, ErrFull
	}
	if l.active == nil {
		if err := l.startSegment(); err != nil {
			return nil, err
		}
	}
	return l.active, nil
}

// header is that of a segment. Its CRC tells a header that was torn from one of another version or log.
func header(version byte, id [idBytes]byte) []byte {
	b := slices.Concat([]byte(magic), []byte{version}, id[:])
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// startSegment makes the active segment. l.mu is held.
func (l *Log) startSegment() error {
	var name string
	var f vfs.File
	err := fs.ErrExist
	for errors.Is(err, fs.ErrExist) { // left by an attempt that failed, and could not be removed
		name = l.path(fmt.Sprintf("%020d%s", l.next, suffix))
		if f, err = l.fs.Open(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600); errors.Is(err, fs.ErrExist) {
			l.next++
		}
	}
	if err != nil {
		return err
	}
	_, err = f.Write(header(Version, l.id))
	if err == nil {
		err = l.fs.SyncDir(l.opts.Directory)
	}
	if err != nil {
		f.Close()
		_ = l.fs.Remove(name)
		return err
	}
	l.active = &Segment{path: name, file: f, end: mark{bytes: int64(headerBytes)}}
	l.size += int64(headerBytes)
	return nil
}

// attach keeps the value of an entry, or drops all of the segment's: they are of use only together. l.mu is held.
func (l *Log) attach(s *Segment, a Attached, size int64) {
	switch {
	case s.released:
	case a.Value == nil || l.attached+size > l.opts.MaxAttachedBytes:
		l.release(s)
	default:
		s.attached = append(s.attached, a)
		s.bytes += size
		l.attached += size
	}
}

// release drops what is attached. l.mu is held.
func (l *Log) release(s *Segment) {
	l.attached -= s.bytes
	if s.bytes > 0 {
		l.wakeReservers()
	}
	s.attached, s.bytes, s.released = nil, 0, true
}

// wakeReservers lets those look again who wait in Reserve. l.mu is held.
func (l *Log) wakeReservers() {
	close(l.freed)
	l.freed = make(chan struct{})
}

// Reserve sets bytes of what can be attached apart for the caller, until Unreserve. It waits until there is room, or
// until the context ends or stop is closed, after which there may be none. So those who bring entries can keep to
// the speed of those who take them away, and little has to be read back.
//
// n is an estimate, so no more than a quarter of what can be attached is set apart for one, and the active segment
// ends only when it has at least that much attached: a wrong one must not make a flush of every batch.
func (l *Log) Reserve(ctx context.Context, n int64, stop <-chan struct{}) {
	n = l.reservable(n)
	l.mu.Lock()
	defer l.mu.Unlock()
	for waiting := true; waiting && l.attached+l.reserved > 0 && l.attached+l.reserved+n > l.opts.MaxAttachedBytes; {
		if l.active != nil && l.active.First != 0 && l.active.bytes == l.attached && l.attached >= l.opts.MaxAttachedBytes/4 {
			l.endActive() // else nothing that is attached would be taken away
		}
		freed := l.freed
		l.mu.Unlock()
		select {
		case <-freed:
		case <-stop:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
		l.mu.Lock()
	}
	l.reserved += n
}

func (l *Log) reservable(n int64) int64 { return min(n, l.opts.MaxAttachedBytes/4) }

// Unreserve gives back what Reserve set apart.
func (l *Log) Unreserve(n int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reserved -= l.reservable(n)
	l.wakeReservers()
}

// Attached returns what is attached to a segment that Next returned: either to all entries, or ok is false.
func (l *Log) Attached(s *Segment) (attached []Attached, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.attached, !s.released
}

// Release drops what is attached to a segment.
func (l *Log) Release(s *Segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release(s)
}

// sync returns when the segment is durable up to end.
func (l *Log) sync(s *Segment, end int64) error {
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	if s.synced.bytes >= end {
		return nil
	}
	if s.failed != nil {
		return s.failed
	}
	l.mu.Lock()
	written := s.end
	l.mu.Unlock()
	if err := s.file.Sync(); err != nil {
		// What the disk has now is unknown; entries up to the last success are safe. The others go back to
		// their senders and out of the file, which is not written to again.
		s.failed = fmt.Errorf("sync %s: %w", s.path, err)
		l.abandonTail(s)
		return s.failed
	}
	s.synced = written
	l.mu.Lock()
	s.durable = written
	l.mu.Unlock()
	return nil
}

// abandonTail ends a segment at its last durable entry. s.syncMu is held.
func (l *Log) abandonTail(s *Segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active == s {
		l.endActive()
	}
	l.release(s)
	l.size -= s.end.bytes - s.synced.bytes
	l.refused = 0
	_ = s.file.Truncate(s.synced.bytes)
	_ = s.file.Sync()
	s.end = s.synced
	s.Last = max(s.end.last, s.First-1)
}

// endActive ends the active segment, which has an entry. l.mu is held.
func (l *Log) endActive() {
	l.full = append(l.full, l.active)
	l.active = nil
	select {
	case l.ready <- struct{}{}:
	default:
	}
}

// Rotate ends the active segment if its first entry is at least that old.
func (l *Log) Rotate(age time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active != nil && l.active.First != 0 && time.Since(l.active.started) >= age {
		l.endActive()
	}
}

// Next returns the oldest ended segment that it has not returned before, after making it durable; nil when there
// is none.
func (l *Log) Next() (*Segment, error) {
	for {
		l.mu.Lock()
		if l.taken == len(l.full) {
			l.mu.Unlock()
			return nil, nil
		}
		s := l.full[l.taken]
		end := s.end.bytes
		l.mu.Unlock()
		if s.file != nil {
			if err := l.sync(s, end); err != nil && s.synced.bytes == 0 {
				// Nothing of it was ever acknowledged.
				if err := l.remove(s); err != nil {
					return nil, err
				}
				continue
			}
		}
		l.mu.Lock()
		l.taken++
		l.mu.Unlock()
		return s, nil
	}
}

// Remove deletes a segment, the oldest, of which nothing is needed any more, and notes the sequence of the
// archive's log as a hint. After an error it may be called again.
func (l *Log) Remove(s *Segment, sequence uint64) error {
	l.mu.Lock()
	l.state.Sequence = max(l.state.Sequence, sequence)
	l.state.Done = max(l.state.Done, s.Last)
	l.mu.Unlock()
	return l.remove(s)
}

func (l *Log) remove(s *Segment) error {
	if s.file != nil {
		s.file.Close()
	}
	l.mu.Lock()
	l.state.Next = max(l.state.Next, s.Last+1)
	l.mu.Unlock()
	// A number must never be used twice, and this may be the last file to tell which is the next: wal.json
	// must do so before it goes. Its name may come back after a power cut, but wal.json says that it is done.
	err := l.saveState()
	switch {
	case err == nil:
		err = l.forget(s)
	case l.kept(s):
		err = nil // it stays, and tells the number
	default:
		err = l.makeRoom(s)
	}
	if errors.Is(err, fs.ErrNotExist) { // an earlier call had to make room, but did not come to its end
		err = l.removeMarkers()
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(l.full, s)
	if i < 0 {
		return nil
	}
	l.full = slices.Delete(l.full, i, i+1)
	if i < l.taken {
		l.taken--
	}
	l.release(s)
	l.size -= s.end.bytes
	l.refused = 0
	return nil
}

func (l *Log) kept(s *Segment) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return s.keep
}

// forget deletes the file of a segment that is done. What could not be copied aside goes there as a whole; if that
// fails it stays until the log is opened again, for nobody must wait for it.
func (l *Log) forget(s *Segment) error {
	if l.doom(s) {
		return nil
	}
	if !l.kept(s) {
		return l.fs.Remove(s.path)
	}
	_, _ = l.moveAside(s.path)
	return nil
}

// Keep lets Remove move a segment to the folder aside as a whole, whether there is room or not, instead of deleting it.
// It returns the file's path there.
func (l *Log) Keep(s *Segment) (path string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s.keep = true
	return filepath.Join(l.path(asideName), filepath.Base(s.path))
}

// makeRoom is Remove on a full disk, where a name can be changed but no file written: the name tells the next
// number until wal.json does. It must be durable before the content goes.
func (l *Log) makeRoom(s *Segment) error {
	marker := l.path(fmt.Sprintf("%020d%s", s.Last+1, markerSuffix))
	if err := l.fs.Rename(s.path, marker); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := l.fs.SyncDir(l.opts.Directory); err != nil {
		return err
	}
	if err := vfs.Truncate(l.fs, marker, 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if l.saveState() == nil { // else the marker does for now
		return l.removeMarkers()
	}
	return nil
}
