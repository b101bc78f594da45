// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package wal is the write-ahead log of the object_storage exporter: a directory of segments, each a flush
// unit. It knows no Collector types; an entry is a payload of bytes (package payload has the format), and may
// carry a value in memory from which it can be flushed without being read back.
//
//	lock                       held as long as the log is open
//	wal.json                   id of the log, its writer, next number, hint where to read the archive's log
//	00000000000000000042.wal   segment whose first entry has that number
//	00000000000000000043.next  no entry has that number yet (in place of wal.json when the disk is full)
//	aside/                     what could not be read or written, for a person to look at: copies, and segments
//	                           with damage that cannot be copied
//
// A segment is a header (magic with a version, id of the log, CRC-32C of these) and entries:
//
//	u32 length of the payload | u32 CRC-32C | u64 number | payload     (little endian)
//
// The CRC is that of the log's id, the payload and the number, in this order: what another log left on the disk
// is no entry. An entry is acknowledged after fsync. Entries that wait for fsync at the same time share one.
package wal // import "github.com/logboom/logboom/internal/wal"

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"path/filepath"
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
	// ErrAsideFull is returned by SetAside when the folder aside has no room.
	ErrAsideFull = errors.New("the folder aside of the write-ahead log is full")
)

const (
	magic = "LBWAL\x00\x00"
	// Version is that of segments and also of the payloads in them (package payload): a program that does not know one
	// of the two must not open the log, instead of taking what it cannot read for broken.
	Version = 1
	idBytes = 16
	// headerBytes is the length of a segment's header: magic, version, id, CRC.
	headerBytes = len(magic) + 1 + idBytes + 4
	// EntryHead is the length of what is before an entry's payload.
	EntryHead = 16
	// maxPayload is what a reader takes for a payload's length; more is damage.
	maxPayload = 1 << 30
	suffix     = ".wal"
	// markerSuffix is that of empty files whose name is a number that entries have not reached.
	markerSuffix = ".next"
	asideName    = "aside"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Info is what the log wants to know of an entry.
type Info struct {
	// Weight counts towards Options.SegmentWeight.
	Weight  int64
	Records int
	// Since is when it came.
	Since time.Time
	// MinTime and MaxTime bound the times of the events in it, in a unit of the caller's; 0, 0: they are not known.
	MinTime, MaxTime int64
}

// Options of a log.
type Options struct {
	Directory string
	// MaxBytes bounds the segments on disk, MaxAsideBytes the copies in the folder aside, but not the segments there.
	MaxBytes, MaxAsideBytes int64
	// SegmentWeight ends a segment when the weights of its entries add up to it.
	SegmentWeight int64
	// MaxAttachedBytes bounds what is attached to entries.
	MaxAttachedBytes int64
	// Describe reads the Info of an entry that an earlier process wrote; it must not fail on any payload.
	Describe func(payload []byte) Info
	// Nonce names this process's claims in the archive's log; it is noted before Open returns. See ClaimedBelow.
	Nonce string
	// FS is where the directory is; nil means the operating system's files.
	FS vfs.FS
}

// Log is an open write-ahead log, safe for concurrent use, except that Next is for one goroutine and Remove
// for one.
type Log struct {
	opts  Options
	fs    vfs.FS
	id    [idBytes]byte
	lock  io.Closer
	ready chan struct{}

	stateMu sync.Mutex // held while wal.json is written; before mu
	asideMu sync.Mutex

	mu       sync.Mutex
	closed   bool
	state    state
	next     uint64
	size     int64         // of all segments
	refused  int64         // the least weight that there was no room for, since there last was more; 0 when there was for all
	attached int64         // of all segments
	reserved int64         // of what can be attached, by Reserve
	freed    chan struct{} // closed when attached or reserved has become less
	full     []*Segment    // ended, oldest first
	taken    int           // how many of full Next has returned
	active   *Segment      // nil when there is none
	damage   []Damage
}

// state is wal.json.
type state struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	// Writer is the id under which the entries are committed.
	Writer string `json:"writer,omitempty"`
	// Next is a number that no entry has reached.
	Next uint64 `json:"next"`
	// Done is the last entry of what Remove was called for: a file of it may come back with a power cut.
	Done uint64 `json:"done,omitempty"`
	// Sequence is a record of the archive's log that exists; reading it can start there.
	Sequence uint64 `json:"sequence"`
	// Claims are those that processes with this directory may have made, as far as it still holds entries of
	// their time, oldest first.
	Claims []claim `json:"claims,omitempty"`
}

const stateName = "wal.json"

func parseState(b []byte) (s state, id [idBytes]byte, err error) {
	if err := json.Unmarshal(b, &s); err != nil {
		return s, id, fmt.Errorf("parse %s: %w", stateName, err)
	}
	if s.Format != 0 {
		return s, id, fmt.Errorf("parse %s: format %d is of a later version", stateName, s.Format)
	}
	raw, err := hex.DecodeString(s.ID)
	if err != nil || len(raw) != idBytes {
		return s, id, fmt.Errorf("parse %s: id is not %d hexadecimal digits", stateName, 2*idBytes)
	}
	copy(id[:], raw)
	return s, id, nil
}

// Open opens or makes the log and looks through what is in it.
func Open(opts Options) (_ *Log, err error) {
	l := &Log{opts: opts, fs: opts.FS, ready: make(chan struct{}, 1), freed: make(chan struct{})}
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
	b, err := vfs.ReadFile(l.fs, l.path(stateName))
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if l.state, l.id, err = parseState(b); err != nil {
			return err
		}
		known = true
	}
	names, err := files(l.fs, l.opts.Directory, suffix)
	if err != nil {
		return err
	}
	if !known {
		if l.id, err = l.findID(names); err != nil {
			return err
		}
	}
	for i, name := range names {
		from, to := numbers(names, i)
		l.next = max(l.next, from)
		seg, id, err := l.scan(name, from, to)
		if err != nil {
			return err
		}
		if seg == nil {
			continue
		}
		if id != l.id {
			return fmt.Errorf("segment %s is of another log", name)
		}
		if seg.Last <= l.state.Done && l.forget(seg) == nil {
			l.next = max(l.next, seg.Last+1)
			continue
		}
		l.full = append(l.full, seg)
		l.size += seg.end.bytes
		l.next = max(l.next, seg.Last+1)
	}
	markers, err := files(l.fs, l.opts.Directory, markerSuffix)
	if err != nil {
		return err
	}
	for _, name := range markers {
		l.next = max(l.next, number(name))
	}
	l.state.ID = hex.EncodeToString(l.id[:])
	l.next = max(l.next, l.state.Next, 1)
	l.noteClaim()
	return nil
}

func (l *Log) path(name string) string { return filepath.Join(l.opts.Directory, name) }

// number is the one a file is named after, 0 if it is none.
func number(path string) uint64 {
	digits, _, _ := strings.Cut(filepath.Base(path), ".")
	n, _ := strconv.ParseUint(digits, 10, 64)
	return n
}

// numbers bounds the numbers in segment i, [from, to): they are not below the one it is named after, nor reach
// the next file's. What else is there was not acknowledged, and went only to come back with a power cut.
func numbers(names []string, i int) (from, to uint64) {
	to = math.MaxUint64
	if i+1 < len(names) {
		to = number(names[i+1])
	}
	return number(names[i]), to
}

// files are the paths of the files with that suffix, sorted.
func files(fsys vfs.FS, dir, suffix string) (paths []string, err error) {
	entries, err := fsys.ReadDir(dir)
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, err
}

// ID identifies the log for as long as its directory lives.
func (l *Log) ID() string { return hex.EncodeToString(l.id[:]) }

// Writer is the name that SetWriter left.
func (l *Log) Writer() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Writer
}

// SetWriter keeps the name under which the entries are committed.
func (l *Log) SetWriter(writer string) error {
	l.mu.Lock()
	l.state.Writer = writer
	l.mu.Unlock()
	return l.saveState()
}

// Done is the last entry of the segments that were removed.
func (l *Log) Done() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Done
}

// Sequence is the hint that the last Remove or SetSequence left.
func (l *Log) Sequence() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state.Sequence
}

// SetSequence keeps a hint, as Remove does. The hint is not lowered.
func (l *Log) SetSequence(sequence uint64) error {
	l.mu.Lock()
	news := sequence > l.state.Sequence
	l.state.Sequence = max(l.state.Sequence, sequence)
	l.mu.Unlock()
	if !news {
		return nil
	}
	return l.saveState()
}

// NextNumber is the number of the next entry.
func (l *Log) NextNumber() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next
}

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

// Stats are what the log holds.
type Stats struct {
	Records int64
	// Bytes is the size of the segments, Attached that of what is attached to them.
	Bytes, Attached int64
	// Since is when the oldest entry came; zero when there is none.
	Since time.Time
}

// Age is how old the oldest entry is, 0 when there is none, or when the clock was set back behind it.
func (s Stats) Age() time.Duration {
	if s.Since.IsZero() {
		return 0
	}
	return max(0, time.Since(s.Since))
}

// Stats tells what the log holds.
func (l *Log) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{Bytes: l.size, Attached: l.attached}
	for _, seg := range l.full {
		s.Records += seg.end.records
	}
	if l.active != nil {
		s.Records += l.active.end.records
	}
	if len(l.full) > 0 {
		s.Since = l.full[0].Since
	} else if l.active != nil {
		s.Since = l.active.Since
	}
	return s
}

// saveState writes wal.json anew.
func (l *Log) saveState() error {
	l.stateMu.Lock()
	defer l.stateMu.Unlock()
	l.mu.Lock()
	l.state.Next = max(l.state.Next, l.next)
	b, err := json.Marshal(l.state)
	l.mu.Unlock()
	if err != nil {
		return err
	}
	return vfs.WriteFile(l.fs, l.path(stateName), append(b, '\n'), 0o600)
}

// removeMarkers deletes the markers that wal.json has made superfluous.
func (l *Log) removeMarkers() error {
	names, err := files(l.fs, l.opts.Directory, markerSuffix)
	for _, name := range names {
		if rerr := l.fs.Remove(name); rerr != nil && !errors.Is(rerr, fs.ErrNotExist) {
			err = errors.Join(err, rerr)
		}
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
	segments := append([]*Segment(nil), l.full...)
	if l.active != nil {
		segments = append(segments, l.active)
	}
	l.mu.Unlock()
	var errs []error
	for _, s := range segments {
		l.Release(s)
		if s.file != nil {
			l.mu.Lock()
			end := s.end.bytes
			l.mu.Unlock()
			errs = append(errs, l.sync(s, end))
			s.syncMu.Lock()
			errs = append(errs, s.file.Close())
			s.syncMu.Unlock()
		}
	}
	return errors.Join(append(errs, l.lock.Close())...)
}
