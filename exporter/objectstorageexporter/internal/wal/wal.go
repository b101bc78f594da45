// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package wal is the write-ahead log of the object_storage exporter: a directory of segments, each a flush
// unit. It knows no Collector types; an entry is a payload of bytes.
//
//	lock                       held as long as the log is open
//	wal.json                   id of the log, next sequence number, hint where to read the archive's log
//	00000000000000000042.wal   segment whose first entry has that number
//	00000000000000000043.next  no entry has that number yet (in place of wal.json when the disk is full)
//	aside/                     what could not be read or written, for a person to look at
//
// A segment is a header (magic, id of the log) and entries:
//
//	u32 length of the payload | u32 CRC-32C of number and payload | u64 number | payload     (little endian)
//
// An entry is acknowledged after fsync. Entries that wait for fsync at the same time share one.
package wal // import "github.com/logboom/logboom/exporter/objectstorageexporter/internal/wal"

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

var (
	// ErrFull is returned when the log has no room until something is committed.
	ErrFull = errors.New("write-ahead log is full")
	// ErrTooLarge is returned for an entry that would not fit into an empty log.
	ErrTooLarge = errors.New("batch is larger than the write-ahead log")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("write-ahead log is closed")
	// ErrLocked is returned by Open when somebody else has the directory.
	ErrLocked = errors.New("directory is in use by another exporter or process")
)

const (
	magic       = "LBWAL\x00\x00\x00" // the last byte is the version
	idBytes     = 16
	headerBytes = len(magic) + idBytes
	entryBytes  = 16
	// maxPayload is what a reader takes for a payload's length; more is damage.
	maxPayload = 1 << 30
	suffix     = ".wal"
	// markerSuffix is that of empty files whose name is a number that entries have not reached.
	markerSuffix = ".next"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Options of a log.
type Options struct {
	Directory string
	// MaxBytes bounds the segments on disk.
	MaxBytes int64
	// SegmentWeight ends a segment when the weights of its entries add up to it.
	SegmentWeight int64
	// Weigh gives the weight of an entry and the records in it; it must not fail on any payload.
	Weigh func(payload []byte) (weight int64, records int)
	// FS is where the directory is; nil means the operating system's files.
	FS vfs.FS
}

// Log is an open write-ahead log. Append is safe for concurrent use with everything else; the other methods
// are for one goroutine, the flusher.
type Log struct {
	opts  Options
	fs    vfs.FS
	id    [idBytes]byte
	lock  io.Closer
	ready chan struct{}

	mu     sync.Mutex
	closed bool
	state  state
	next   uint64
	size   int64      // of all segments
	full   []*Segment // ended, oldest first
	active *Segment   // nil when there is none
	damage []Damage
}

// state is wal.json.
type state struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	// Next is a number that no entry has reached.
	Next uint64 `json:"next"`
	// Sequence is a record of the archive's log that exists; reading it can start there.
	Sequence uint64 `json:"sequence"`
}

// Segment is a file of entries, committed as a whole.
type Segment struct {
	// First and Last are the numbers of its first and last entry.
	First, Last uint64
	// Records is the number of records in it, and Since when its first entry came.
	Records int
	Since   time.Time

	path    string
	file    vfs.File // open while entries may be written or synced
	written int64    // bytes; guarded by Log.mu
	weight  int64

	syncMu sync.Mutex
	synced int64
	failed error
}

// Damage is a part of a segment that could not be read and was copied to the folder aside.
type Damage struct {
	File   string
	Offset int64
	Bytes  int64
	Aside  string
}

// Open opens or makes the log and reads what is in it.
func Open(opts Options) (_ *Log, err error) {
	l := &Log{opts: opts, fs: opts.FS, ready: make(chan struct{}, 1)}
	if l.fs == nil {
		l.fs = vfs.OS
	}
	if err := vfs.MkdirAll(l.fs, opts.Directory, 0o700); err != nil {
		return nil, err
	}
	l.lock, err = l.fs.Lock(l.path("lock"))
	if errors.Is(err, vfs.ErrLocked) {
		return nil, ErrLocked
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.lock.Close()
		}
	}()
	if err := l.load(); err != nil {
		return nil, err
	}
	// A start must fail when the directory cannot be written, not the first batch.
	if err := l.saveState(); err != nil {
		return nil, err
	}
	if err := l.removeMarkers(); err != nil {
		return nil, err
	}
	return l, nil
}

// load reads wal.json and the segments.
func (l *Log) load() error {
	known := false
	b, err := vfs.ReadFile(l.fs, l.path("wal.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if err := json.Unmarshal(b, &l.state); err != nil {
			return fmt.Errorf("parse wal.json: %w", err)
		}
		if l.state.Format != 0 {
			return fmt.Errorf("parse wal.json: format %d is of a later version", l.state.Format)
		}
		id, err := hex.DecodeString(l.state.ID)
		if err != nil || len(id) != idBytes {
			return errors.New("parse wal.json: id is not 32 hexadecimal digits")
		}
		copy(l.id[:], id)
		known = true
	}
	names, err := l.files(suffix)
	if err != nil {
		return err
	}
	for i, name := range names {
		// The numbers in a file are not below the one it is named after, nor reach the next file's: what else
		// is there was not acknowledged, and went only to come back with a power cut.
		from, to := number(name), uint64(math.MaxUint64)
		if i+1 < len(names) {
			to = number(names[i+1])
		}
		l.next = max(l.next, from)
		seg, id, err := l.scan(name, from, to)
		if err != nil {
			return err
		}
		if seg == nil {
			continue
		}
		if !known { // wal.json was lost
			l.id, known = id, true
		}
		if id != l.id {
			return fmt.Errorf("segment %s is of another log", name)
		}
		l.full = append(l.full, seg)
		l.size += seg.written
		l.next = max(l.next, seg.Last+1)
	}
	markers, err := l.files(markerSuffix)
	if err != nil {
		return err
	}
	for _, name := range markers {
		l.next = max(l.next, number(name))
	}
	if !known {
		if _, err := rand.Read(l.id[:]); err != nil {
			return err
		}
	}
	l.state.ID = hex.EncodeToString(l.id[:])
	l.next = max(l.next, l.state.Next, 1)
	return nil
}

func (l *Log) path(name string) string { return filepath.Join(l.opts.Directory, name) }

// number is the one a file is named after, 0 if it is none.
func number(path string) uint64 {
	digits, _, _ := strings.Cut(filepath.Base(path), ".")
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

// files are the paths of the files with that suffix, sorted.
func (l *Log) files(suffix string) (paths []string, err error) {
	entries, err := l.fs.ReadDir(l.opts.Directory)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, l.path(e.Name()))
		}
	}
	return paths, err
}

// ID identifies the log for as long as its directory lives.
func (l *Log) ID() string { return l.state.ID }

// Sequence is the hint that the last Remove left.
func (l *Log) Sequence() uint64 { return l.state.Sequence }

// Damage tells what Open could not read.
func (l *Log) Damage() []Damage { return l.damage }

// Ready receives when a segment has ended because it was large enough.
func (l *Log) Ready() <-chan struct{} { return l.ready }

// Raise makes sure that new entries get numbers greater than n.
func (l *Log) Raise(n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = max(l.next, n+1)
}

// Stats are the records and bytes held, and since when the oldest.
func (l *Log) Stats() (records int64, bytes int64, since time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.full {
		records += int64(s.Records)
	}
	if l.active != nil {
		records += int64(l.active.Records)
	}
	if len(l.full) > 0 {
		since = l.full[0].Since
	} else if l.active != nil {
		since = l.active.Since
	}
	return records, l.size, since
}

// Append writes an entry and returns when it is durable. After an error the entry is not in the log, except
// when the disk failed in a way that leaves it open.
func (l *Log) Append(payload []byte) error {
	weight, records := l.opts.Weigh(payload)
	n := int64(entryBytes + len(payload))
	if n+int64(headerBytes) > l.opts.MaxBytes || len(payload) > maxPayload {
		return ErrTooLarge
	}
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return ErrClosed
	}
	need := n
	if l.active == nil {
		need += int64(headerBytes)
	}
	if l.size+need > l.opts.MaxBytes {
		if l.active != nil && l.active.First != 0 { // let the flusher make room now, not at the end of its interval
			l.endActive()
		}
		l.mu.Unlock()
		return ErrFull
	}
	if l.active == nil {
		if err := l.startSegment(); err != nil {
			l.mu.Unlock()
			return err
		}
	}
	s := l.active
	entry := make([]byte, n)
	binary.LittleEndian.PutUint32(entry, uint32(len(payload)))
	binary.LittleEndian.PutUint64(entry[8:], l.next)
	copy(entry[entryBytes:], payload)
	binary.LittleEndian.PutUint32(entry[4:], crc32.Checksum(entry[8:], castagnoli))
	if _, err := s.file.WriteAt(entry, s.written); err != nil {
		_ = s.file.Truncate(s.written) // the next entry goes to the same place in any case
		l.mu.Unlock()
		return err
	}
	s.written += n
	s.weight += weight
	s.Records += records
	if s.First == 0 {
		s.First, s.Since = l.next, time.Now()
	}
	s.Last = l.next
	l.next++
	l.size += n
	end := s.written
	if s.weight >= l.opts.SegmentWeight {
		l.endActive()
	}
	l.mu.Unlock()
	return l.sync(s, end)
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
	_, err = f.Write(append([]byte(magic), l.id[:]...))
	if err == nil {
		err = l.fs.SyncDir(l.opts.Directory)
	}
	if err != nil {
		f.Close()
		l.fs.Remove(name)
		return err
	}
	l.active = &Segment{path: name, file: f, written: int64(headerBytes)}
	l.size += int64(headerBytes)
	return nil
}

// sync returns when the segment is durable up to end.
func (l *Log) sync(s *Segment, end int64) error {
	s.syncMu.Lock()
	defer s.syncMu.Unlock()
	if s.synced >= end {
		return nil
	}
	if s.failed != nil {
		return s.failed
	}
	l.mu.Lock()
	written := s.written
	l.mu.Unlock()
	if err := s.file.Sync(); err != nil {
		// What the disk has now is unknown; entries up to the last success are safe. The others go back to
		// their senders and out of the file, which is not written to again.
		s.failed = fmt.Errorf("sync %s: %w", s.path, err)
		l.abandonTail(s)
		return s.failed
	}
	s.synced = written
	return nil
}

// abandonTail ends a segment at its last durable entry. s.syncMu is held.
func (l *Log) abandonTail(s *Segment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active == s {
		l.endActive()
	}
	l.size -= s.written - s.synced
	_ = s.file.Truncate(s.synced)
	_ = s.file.Sync()
	s.written = s.synced
	again := &Segment{}
	if _, err := l.readEntries(s.path, s.written, func(e Entry) error { l.note(again, e); return nil }); err == nil {
		s.Last, s.Records = again.Last, again.Records
	}
}

func (l *Log) note(s *Segment, e Entry) {
	if s.First == 0 {
		s.First = e.Number
	}
	s.Last = e.Number
	weight, records := l.opts.Weigh(e.Payload)
	s.weight += weight
	s.Records += records
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
	if l.active != nil && l.active.First != 0 && time.Since(l.active.Since) >= age {
		l.endActive()
	}
}

// Oldest returns the oldest ended segment after making it durable, or nil.
func (l *Log) Oldest() (*Segment, error) {
	for {
		l.mu.Lock()
		if len(l.full) == 0 {
			l.mu.Unlock()
			return nil, nil
		}
		s := l.full[0]
		end := s.written
		l.mu.Unlock()
		if s.file != nil {
			if err := l.sync(s, end); err != nil && s.synced == 0 {
				// Nothing of it was ever acknowledged.
				if err := l.Remove(s, l.state.Sequence); err != nil {
					return nil, err
				}
				continue
			}
		}
		return s, nil
	}
}

// Read calls visit with the entries of a segment. Payloads are the callback's.
func (l *Log) Read(s *Segment, visit func(Entry) error) error {
	l.mu.Lock()
	end := s.written
	l.mu.Unlock()
	_, err := l.readEntries(s.path, end, visit)
	return err
}

// Remove deletes a segment, the oldest, of which nothing is needed any more, and notes the sequence of the
// archive's log as a hint. After an error it may be called again.
func (l *Log) Remove(s *Segment, sequence uint64) error {
	if s.file != nil {
		s.file.Close()
	}
	l.mu.Lock()
	l.state.Sequence = max(l.state.Sequence, sequence)
	l.state.Next = max(l.state.Next, s.Last+1)
	l.mu.Unlock()
	// A number must never be used twice, and this may be the last file to tell which is the next: wal.json
	// must do so before it goes. That its name may come back after a power cut does no harm.
	err := l.saveState()
	if err == nil {
		err = l.fs.Remove(s.path)
	} else {
		err = l.makeRoom(s)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	l.mu.Lock()
	l.full = slices.DeleteFunc(l.full, func(x *Segment) bool { return x == s })
	l.size -= s.written
	l.mu.Unlock()
	return nil
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

// removeMarkers deletes the markers that wal.json has made superfluous.
func (l *Log) removeMarkers() error {
	names, err := l.files(markerSuffix)
	for _, name := range names {
		err = errors.Join(err, l.fs.Remove(name))
	}
	return err
}

// Close releases the log; what is in it stays. No other call may be under way but Append.
func (l *Log) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	segments := slices.Clone(l.full)
	if l.active != nil {
		segments = append(segments, l.active)
	}
	l.mu.Unlock()
	var errs []error
	for _, s := range segments {
		if s.file != nil {
			errs = append(errs, l.sync(s, s.written))
			s.syncMu.Lock()
			errs = append(errs, s.file.Close())
			s.syncMu.Unlock()
		}
	}
	return errors.Join(append(errs, l.lock.Close())...)
}
