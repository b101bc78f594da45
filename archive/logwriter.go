// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrFenced is returned by [LogWriter.Commit] when another process has claimed a later epoch of the same
// writer id: this one must not write any more.
var ErrFenced = errors.New("another process writes under the same writer id")

// LogWriter appends to the log of one writer. Every record takes the next number, by create-if-absent, so of
// two processes with one id only the one that claimed last can go on. Not safe for concurrent use.
type LogWriter struct {
	bucket Bucket
	writer string
	wal    string
	nonce  string
	now    func() time.Time

	volatile bool
	base     *Checkpoint // nil: there is none
	verified time.Time   // our claim was the last, or we knew all behind it

	hint      uint64 // number of the last commit of our write-ahead log that is known, or what we were told
	next      uint64 // number of the next record, 0 before any was read
	epoch     uint64 // ours once claimed, else the highest seen
	claimed   bool
	listed    bool
	committed uint64 // highest entry of our write-ahead log that is in the archive
	seen      []CommitRange

	pending    []byte // the record being appended, the same bytes at every attempt
	pendingWAL WALRange
}

// NewLogWriter returns a writer for the write-ahead log of that id. Nothing is read or written before Claim.
// hint is the number of a record known to exist, from which on the log is read; 0 reads all.
func NewLogWriter(b Bucket, writer, walID string, hint uint64) (*LogWriter, error) {
	if err := ValidateWriter(writer); err != nil {
		return nil, err
	}
	return &LogWriter{bucket: b, writer: writer, wal: walID, nonce: NewNonce(), now: time.Now, hint: hint}, nil
}

// NewNonce returns a random nonce, 32 hexadecimal digits.
func NewNonce() string {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // does not fail
	return hex.EncodeToString(nonce)
}

// SetNonce sets the nonce of the claim, which is a random one otherwise, so that whoever claims can note it before. No
// two writers may have the same. Call it before Claim.
func (w *LogWriter) SetNonce(nonce string) { w.nonce = nonce }

// SetVolatile says that the entries are in this process' memory alone, so that nobody asks for them when it has ended. Call it
// before Claim.
func (w *LogWriter) SetVolatile() { w.volatile = true }

// CommitRange is a run of commits of entries From to To of our write-ahead log, under the claim of that nonce.
type CommitRange struct {
	Nonce    string
	From, To uint64
}

// Commits are those that Read and Claim have found, in order. The nonce is "" where it is not known any more.
func (w *LogWriter) Commits() []CommitRange { return w.seen }

// Claimed reports whether Claim has succeeded.
func (w *LogWriter) Claimed() bool { return w.claimed }

// Epoch is the claimed epoch.
func (w *LogWriter) Epoch() uint64 { return w.epoch }

// Committed is the highest entry of the write-ahead log known to be in the archive.
func (w *LogWriter) Committed() uint64 { return w.committed }

// LastSequence is the number of the last known record that commits entries of this write-ahead log, or else the
// hint: a later writer that reads the log from there on knows what is committed. A claim behind it would not say so.
func (w *LogWriter) LastSequence() uint64 { return w.hint }

// Read reads the writer's log, as Claim does first, and changes nothing. After an error it may be called again.
func (w *LogWriter) Read(ctx context.Context) error {
	if w.listed {
		return nil
	}
	if err := w.list(ctx); err != nil {
		return fmt.Errorf("read log of writer %s: %w", w.writer, err)
	}
	w.listed = true
	return nil
}

// Claim reads the writer's log and starts a new epoch in it. After an error it may be called again.
func (w *LogWriter) Claim(ctx context.Context) error {
	if w.claimed {
		return nil
	}
	for {
		if err := w.Read(ctx); err != nil {
			return err
		}
		started := w.now()
		record := &LogRecord{
			Format: FormatVersion, Kind: KindClaim, Writer: w.writer, Sequence: w.next, Epoch: w.epoch + 1,
			Nonce: w.nonce, Time: w.now().UnixNano(),
		}
		body, err := record.Marshal()
		if err != nil {
			return err
		}
		err = w.bucket.Create(ctx, LogKey(w.writer, w.next), body)
		if err != nil && !errors.Is(err, ErrExists) {
			return fmt.Errorf("claim epoch: %w", err)
		}
		if err != nil {
			if record, err = w.read(ctx, w.next); errors.Is(err, ErrNotFound) {
				w.listed = false // it is summed up, and deleted, by now
				continue
			} else if err != nil {
				return fmt.Errorf("claim epoch: %w", err)
			}
			if record.Kind != KindClaim || record.Nonce != w.nonce {
				w.absorb(record)
				continue // somebody else's, who came first: behind it
			}
		}
		// If others went on while this process slept, the number was taken, summed up and deleted, and free again.
		newest, err := newestCheckpoint(ctx, w.bucket, w.base, true)
		if err != nil {
			return fmt.Errorf("claim epoch: %w", err)
		}
		if newest.position(w.writer).Sequence >= record.Sequence {
			w.listed = false
			continue
		}
		w.absorb(record)
		w.claimed, w.verified = true, started
		return nil
	}
}

// list reads the newest checkpoint, and the log behind it, or behind the hint, in order. After an error, the next call goes on
// where this one stopped: a long log need not be read without a single failure.
func (w *LogWriter) list(ctx context.Context) error {
	for i := range refreshAttempts {
		known := w.base
		newest, err := newestCheckpoint(ctx, w.bucket, known, true)
		if err != nil {
			return err
		}
		w.rebase(newest)
		lost := i > 0 && newest == known // what is not there does not come back
		again, err := w.listBehind(ctx, lost)
		if err != nil || !again {
			w.next = max(w.next, 1)
			return err
		}
	}
	return errors.New("it is summed up faster than it can be read")
}

// rebase takes note of what a checkpoint has of the log, unless more of it was read already.
func (w *LogWriter) rebase(c *Checkpoint) {
	w.base = c
	p := c.position(w.writer)
	if p.Sequence < w.next || p.Sequence == 0 {
		return
	}
	w.next, w.epoch = p.Sequence+1, max(w.epoch, p.Epoch)
	w.seen = nil
	for _, m := range p.WAL {
		if m.ID == w.wal {
			w.committed = max(w.committed, m.To)
			w.seen = append(w.seen, CommitRange{m.Nonce, m.From, m.To})
		}
	}
}

// listBehind reads the log from the next record on. It stops when one is not there any more, and again is true, unless it
// is lost.
func (w *LogWriter) listBehind(ctx context.Context, lost bool) (again bool, err error) {
	if w.hint > 0 && w.hint >= w.next && (w.next == 0 || w.next == w.base.position(w.writer).Sequence+1) {
		found, err := w.read(ctx, w.hint)
		switch {
		case err == nil:
			w.absorb(found)
		case errors.Is(err, ErrNotFound):
			w.hint = 0
			return true, nil
		default:
			return false, err
		}
	}
	startAfter := ""
	if w.next > 1 {
		startAfter = LogKey(w.writer, w.next-1)
	}
	for info, err := range w.bucket.List(ctx, logPrefix+w.writer+"/", startAfter) {
		if err != nil {
			return false, err
		}
		_, sequence, ok := parseLogKey(info.Key)
		if !ok {
			continue
		}
		// A listing may miss a record that is there: there are no gaps.
		for n := max(w.next, 1, sequence-min(sequence-1, maxLogGap)); n <= sequence; n++ {
			found, err := w.read(ctx, n)
			switch {
			case err == nil:
				w.absorb(found)
			case !errors.Is(err, ErrNotFound):
				return false, err
			case !lost:
				return true, nil
			}
		}
	}
	return false, nil
}

func (w *LogWriter) read(ctx context.Context, sequence uint64) (*LogRecord, error) {
	key := LogKey(w.writer, sequence)
	body, err := ReadLogObject(ctx, w.bucket, key)
	if err != nil {
		return nil, err
	}
	return ParseLogRecord(key, body)
}

// absorb takes note of a record of the log.
func (w *LogWriter) absorb(r *LogRecord) {
	w.next = max(w.next, r.Sequence+1)
	w.epoch = max(w.epoch, r.Epoch)
	if r.WAL != nil && r.WAL.ID == w.wal {
		w.committed = max(w.committed, r.WAL.To)
		w.hint = max(w.hint, r.Sequence)
		if n := len(w.seen); n > 0 && w.seen[n-1].Nonce == r.Nonce && w.seen[n-1].To+1 == r.WAL.From {
			w.seen[n-1].To = r.WAL.To
		} else {
			w.seen = append(w.seen, CommitRange{r.Nonce, r.WAL.From, r.WAL.To})
		}
	}
}

// committedBy takes note of the pending record.
func (w *LogWriter) committedBy(sequence, to uint64) {
	w.pending = nil
	w.next, w.hint, w.committed = sequence+1, sequence, to
}

// Commit makes objects, which exist already, live. It returns nil when they are or when the range has been
// committed before; [ErrFenced] when this process has lost the writer id; any other error is ambiguous, and
// Commit must be called again with the same arguments until it is not.
func (w *LogWriter) Commit(ctx context.Context, from, to uint64, objects []ObjectMeta) error {
	if !w.claimed {
		return errors.New("commit: no epoch was claimed")
	}
	for {
		if to <= w.committed {
			w.pending = nil
			return nil
		}
		wal := WALRange{ID: w.wal, From: from, To: to, Volatile: w.volatile}
		if w.pending == nil || w.pendingWAL != wal {
			record := LogRecord{
				Format: FormatVersion, Kind: KindCommit, Writer: w.writer, Sequence: w.next, Epoch: w.epoch,
				Nonce: w.nonce, Time: w.now().UnixNano(), WAL: &wal, Objects: objects,
			}
			body, err := record.marshalWithin(maxLogRecordBytes)
			if err != nil {
				return err
			}
			w.pending, w.pendingWAL = body, wal
		}
		key := LogKey(w.writer, w.next)
		started := w.now()
		err := w.bucket.Create(ctx, key, w.pending)
		if err == nil {
			return w.confirm(ctx, started, to)
		}
		if !errors.Is(err, ErrExists) {
			return fmt.Errorf("commit: %w", err)
		}
		body, err := ReadLogObject(ctx, w.bucket, key)
		if err != nil {
			if errors.Is(err, ErrNotFound) {
				w.verified = time.Time{} // it was summed up, and deleted, just now
			}
			return fmt.Errorf("commit: %w", err)
		}
		if bytes.Equal(body, w.pending) { // an attempt that seemed to fail
			return w.confirm(ctx, started, to)
		}
		found, err := ParseLogRecord(key, body)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		if found.Epoch >= w.epoch {
			return fmt.Errorf("commit: record %s is of epoch %d, ours is %d: %w", key, found.Epoch, w.epoch, ErrFenced)
		}
		// A predecessor's, which landed late: it counts, and ours goes behind it.
		w.pending = nil
		w.absorb(found)
	}
}

// maxUnverified is how long a process may sleep and still trust that it would have met the claim of another: these are
// kept much longer.
const maxUnverified = 24 * time.Hour

// confirm takes note that the pending record was created, after making sure that its number was not free because later ones
// were summed up and deleted.
func (w *LogWriter) confirm(ctx context.Context, started time.Time, to uint64) error {
	if elapsed(w.verified, w.now()) > maxUnverified {
		newest, err := newestCheckpoint(ctx, w.bucket, w.base, true)
		if err != nil {
			return fmt.Errorf("commit: %w", err)
		}
		p := newest.position(w.writer)
		ours := func(m WALMark) bool { return m.ID == w.wal && m.Nonce == w.nonce && m.From <= to && to <= m.To }
		if p.Sequence >= w.next && !slices.ContainsFunc(p.WAL, ours) {
			return fmt.Errorf("commit: the log is at record %d, this is %d: %w", p.Sequence, w.next, ErrFenced)
		}
		w.base = newest
		if p.Sequence > w.next {
			started = time.Time{} // somebody else goes on behind it
		}
	}
	w.verified = started
	w.committedBy(w.next, to)
	return nil
}

// elapsed is the time between two moments by the clock that says more: one of them may stand still while a machine sleeps.
func elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
