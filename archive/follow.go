// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// maxFollowedLogs bounds the write-ahead logs whose entries a [Follower] remembers.
const maxFollowedLogs = 1000

// Follower tells from one look to the next what is new in an archive: what was accepted or committed since. It goes by the
// numbers of entries and of log records, not by time: late records are new, too, and what a compactor makes of old ones is
// not. It is not safe for concurrent use.
type Follower struct {
	logs map[string]uint64  // by writer: the log records up to here were seen
	held map[heldLog]uint64 // the entries up to here were seen, before they were committed or since
}

// heldLog is a write-ahead log.
type heldLog struct{ writer, id string }

// News are the records that a [Follower] had not seen.
type News struct {
	// Sure has records none of which was in an earlier look.
	Sure *Snapshot
	// Mixed has objects some of whose records were in an earlier look, before they were committed. Only the records
	// themselves tell which.
	Mixed *Snapshot
	// Settled says that a commit is new which has records that were seen before.
	Settled bool
}

// Empty reports whether nothing is new.
func (n *News) Empty() bool { return n.Sure.empty() && n.Mixed.empty() && !n.Settled }

func (s *Snapshot) empty() bool { return len(s.tail) == 0 && len(s.fresh) == 0 && len(s.errs) == 0 }

// Uncommitted returns a snapshot of what of this one is not committed yet. It may be used as long as this one.
func (s *Snapshot) Uncommitted() *Snapshot {
	return &Snapshot{reader: s.reader, writers: s.writers, fresh: s.fresh, tenants: s.tenants}
}

// NewFollower makes a follower that has seen a snapshot, which must be of all tenants, as those of Next.
func NewFollower(s *Snapshot) *Follower {
	f := &Follower{logs: make(map[string]uint64, len(s.writers)), held: map[heldLog]uint64{}}
	for writer, l := range s.writers {
		f.logs[writer] = max(l.last, l.position.Sequence)
	}
	f.hold(s.fresh)
	return f
}

// Next returns what a later snapshot of the same reader has that the ones before had not. The snapshots may be used as long as
// that one. What could not be found out is among their errors.
func (f *Follower) Next(ctx context.Context, s *Snapshot) News {
	n := News{Sure: &Snapshot{reader: s.reader, writers: s.writers}, Mixed: &Snapshot{reader: s.reader, writers: s.writers}}
	for _, writer := range slices.Sorted(maps.Keys(s.writers)) {
		f.follow(ctx, writer, s.writers[writer], &n)
	}
	sortObjects(n.Sure.tail)
	sortObjects(n.Mixed.tail)
	for _, u := range s.fresh {
		seen := f.held[heldLog{u.writer, u.wal}]
		if u.part.Last <= seen {
			continue
		}
		own := *u
		own.above = max(u.above, seen)
		n.Sure.fresh = append(n.Sure.fresh, &own)
	}
	f.hold(s.fresh)
	return n
}

// hold takes note of entries that are in a snapshot.
func (f *Follower) hold(units []*freshUnit) {
	for _, u := range units {
		key := heldLog{u.writer, u.wal}
		f.held[key] = max(f.held[key], u.part.Last)
	}
	if len(f.held) <= maxFollowedLogs {
		return
	}
	live := make(map[heldLog]bool, len(units))
	for _, u := range units {
		live[heldLog{u.writer, u.wal}] = true
	}
	maps.DeleteFunc(f.held, func(key heldLog, _ uint64) bool { return !live[key] })
}

// follow goes through the log records of a writer that are new, in order.
func (f *Follower) follow(ctx context.Context, writer string, l *writerLog, n *News) {
	last, ok := f.consumed(ctx, writer, l, n)
	for ok {
		next := last + 1
		if part := l.records[next]; part != nil {
			f.take(part, n)
		} else if u, unread := l.unread[next]; !unread || u.away {
			break // there is none, or it may be read later
		}
		last = next
	}
	f.logs[writer] = last
}

// consumed goes through the new log records that a checkpoint has already. They are there for the grace, and so is what
// they name, although it may not be live any more. It returns the last record that was seen, and whether those behind it are next.
func (f *Follower) consumed(ctx context.Context, writer string, l *writerLog, n *News) (last uint64, ok bool) {
	last, to := f.logs[writer], l.position.Sequence
	if last >= to {
		return last, true
	}
	r := n.Sure.reader
	if to-last > maxLogGap {
		n.Sure.errs = append(n.Sure.errs, fmt.Errorf("follow commit log of %s: %d records of writer %s are passed over", r.bucket.Name(), to-last-maxLogGap, writer))
		last = to - maxLogGap
	}
	var keys []string
	for i := last + 1; i <= to; i++ {
		keys = append(keys, LogKey(writer, i))
	}
	for _, got := range r.fetchLog(ctx, keys) {
		switch {
		case got.away != nil:
			return last, false // again at the next look
		case got.record != nil:
			f.take(newTailPart(got.record, r.opts.CountsByMinute), n)
		default:
			n.Sure.errs = append(n.Sure.errs, fmt.Errorf("follow commit log of %s: %w", r.bucket.Name(), got.err))
		}
		last++
	}
	return last, true
}

// take adds what a commit made live.
func (f *Follower) take(part *tailPart, n *News) {
	w := part.record.WAL
	seen := uint64(0)
	if w != nil {
		seen = f.held[heldLog{part.record.Writer, w.ID}]
		n.Settled = n.Settled || w.From <= seen
	}
	switch {
	case w == nil || w.From > seen:
		n.Sure.tail = append(n.Sure.tail, part.objects...)
	case w.To > seen:
		n.Mixed.tail = append(n.Mixed.tail, part.objects...)
	}
}
