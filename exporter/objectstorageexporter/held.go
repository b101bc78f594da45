// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"errors"
	"fmt"
	"time"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// keeper holds accepted batches until they are committed: on disk (logKeeper) or in memory (memoryKeeper).
// Next, Load and Release are for the goroutine that encodes, Remove for the one that commits.
type keeper interface {
	// ID names this keeper in commits, so that a number of another one is not taken for one of its own.
	ID() string
	// Sequence is a hint where to read the archive's log.
	Sequence() uint64
	// Rotate ends the newest unit if its first batch is at least that old; Ready receives when one has ended
	// because it was large enough.
	Rotate(age time.Duration)
	Ready() <-chan struct{}
	Stats() wal.Stats
	AsideBytes() int64
	// Next returns the oldest ended unit that it has not returned before, nil when there is none.
	Next() (*unit, error)
	// Load returns the batches of a unit from number from on, those that cannot be decoded, and how many
	// records could not be read at all. Release frees their memory.
	Load(u *unit, from uint64) (*loaded, error)
	Release(u *unit)
	// SetAside keeps batches that cannot be written where a person can look at them. It sets their reason.
	SetAside(u *unit, bad []*poison) error
	// Remove forgets a unit whose batches are in the archive or bad.
	Remove(u *unit, bad []*poison, sequence uint64) error
	// Abandon tells whoever waits for a commit that there will be none, and how many records that are.
	Abandon() (records int64)
	Close() error
}

// unit is a run of batches that are flushed and committed together.
type unit struct {
	first, last uint64
	records     int64

	segment *wal.Segment // of a logKeeper
	memory  *memoryUnit  // of a memoryKeeper
}

// batch is what one sender brought.
type batch struct {
	number  uint64
	records int64
	raw     int64 // bytes as OTLP
	rows    *archive.Batch
}

// poison is a batch that cannot be written.
type poison struct {
	number  uint64
	records int64
	cause   error
	reason  droppedReason
	path    string // of the copy
}

// loaded is what Load found.
type loaded struct {
	batches []batch
	bad     []*poison
	lost    int64 // records
	damage  []wal.Damage
}

// logKeeper holds batches in a write-ahead log, and in memory as far as its bound lets it.
type logKeeper struct {
	*wal.Log
}

func (k logKeeper) Next() (*unit, error) {
	s, err := k.Log.Next()
	if err != nil || s == nil {
		return nil, err
	}
	return &unit{first: s.First, last: s.Last, records: s.Records(), segment: s}, nil
}

func (k logKeeper) Load(u *unit, from uint64) (*loaded, error) {
	l := &loaded{}
	if attached, ok := k.Attached(u.segment); ok {
		l.batches = make([]batch, len(attached))
		for i, a := range attached {
			l.batches[i] = batch{a.Number, int64(a.Info.Records), a.Info.Weight, a.Value.(*archive.Batch)}
		}
		return l, nil
	}
	l.lost = u.records
	var d payload.Decoder
	damage, err := k.Read(u.segment, func(e wal.Entry) error {
		info := payload.Describe(e.Payload)
		l.lost -= int64(info.Records)
		if e.Number < from {
			return nil
		}
		l.add(batch{number: e.Number, records: int64(info.Records), raw: info.Weight})(decode(&d, e.Payload))
		return nil
	})
	l.damage = damage
	return l, err
}

// add takes what decode made of a batch.
func (l *loaded) add(b batch) func(*archive.Batch, error) {
	return func(rows *archive.Batch, err error) {
		if err != nil {
			l.bad = append(l.bad, &poison{number: b.number, records: b.records, cause: err})
			return
		}
		b.rows = rows
		l.batches = append(l.batches, b)
	}
}

// decode gives back the batch of a payload.
func decode(d *payload.Decoder, b []byte) (rows *archive.Batch, err error) {
	defer guard(&err)
	head, ld, err := d.Decode(b)
	if err != nil {
		return nil, err
	}
	return archive.NewBatch(ld, head.Arrival, archive.BatchOptions{Tenant: head.Tenant, TenantAttribute: head.TenantAttribute}), nil
}

func (k logKeeper) Release(u *unit) { k.Log.Release(u.segment) }

func (k logKeeper) SetAside(u *unit, bad []*poison) error {
	for _, p := range bad {
		p.reason = droppedAsideFull // unless it is found, and there is room
	}
	_, err := k.Read(u.segment, func(e wal.Entry) error {
		for _, p := range bad {
			if p.number != e.Number {
				continue
			}
			// What cannot be kept must not stop what can be written: an error here is the end of the batch, said aloud.
			path, err := k.Log.SetAside(fmt.Sprintf("%020d.batch", e.Number), e.Payload)
			if err != nil && errors.Is(p.cause, payload.ErrVersion) {
				path, err = k.Keep(u.segment), nil // another program can read it, so it must not go
			}
			if err != nil {
				p.cause = fmt.Errorf("%w; not kept: %w", p.cause, err)
				continue
			}
			p.path, p.reason = path, droppedUndecodable
		}
		return nil
	})
	return err
}

func (k logKeeper) Remove(u *unit, _ []*poison, sequence uint64) error {
	return k.Log.Remove(u.segment, sequence)
}

func (k logKeeper) Abandon() int64 { return 0 }

// guard turns a panic over strange records into an error.
func guard(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v", r)
	}
}
