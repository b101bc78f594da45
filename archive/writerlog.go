// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"maps"
	"slices"
)

// writerLog is what a reader knows of the log of a writer behind a checkpoint. It is not changed once it is in a snapshot.
type writerLog struct {
	position Position             // of the checkpoint
	last     uint64               // record that is known to exist, or was consumed
	records  map[uint64]*tailPart // those that were read, behind the position
	unread   map[uint64]unread    // those that could not be
}

// tailPart is a log record without its objects' details.
type tailPart struct {
	record  *LogRecord // without Objects
	objects []*ObjectMeta
}

// unread is a log record that makes no sense, or that cannot be read now (away).
type unread struct {
	err  error
	away bool
}

func (l *writerLog) clone() *writerLog {
	c := *l
	c.records, c.unread = maps.Clone(l.records), maps.Clone(l.unread)
	return &c
}

// unreadAt tells why a record could not be read; l may be nil.
func (l *writerLog) unreadAt(n uint64) (u unread, ok bool) {
	if l != nil {
		u, ok = l.unread[n]
	}
	return u, ok
}

func (l *writerLog) lastKnown() uint64 {
	if l == nil {
		return 0
	}
	return l.last
}

// rebase forgets what a later checkpoint has.
func (l *writerLog) rebase(p *Position) *writerLog {
	if p == nil || p.Sequence <= l.position.Sequence {
		return l
	}
	c := l.clone()
	c.position, c.last = *p, max(l.last, p.Sequence)
	maps.DeleteFunc(c.records, func(n uint64, _ *tailPart) bool { return n <= p.Sequence })
	maps.DeleteFunc(c.unread, func(n uint64, _ unread) bool { return n <= p.Sequence })
	return c
}

// consumable are the records that the next checkpoint can have: those behind the position that have no gap before them.
func (l *writerLog) consumable() []*tailPart {
	var list []*tailPart
	for n := l.position.Sequence + 1; ; n++ {
		part, ok := l.records[n]
		if !ok {
			return list
		}
		list = append(list, part)
	}
}

// away are the numbers of the records that are to be read again.
func (l *writerLog) away() []uint64 {
	var list []uint64
	for n, u := range l.unread {
		if u.away {
			list = append(list, n)
		}
	}
	slices.Sort(list)
	return list
}

// committed is the highest entry of a write-ahead log that commits up to here cover.
func (l *writerLog) committed(walID string) (to uint64) {
	for i := range l.position.WAL {
		if m := &l.position.WAL[i]; m.ID == walID {
			to = max(to, m.To)
		}
	}
	for _, part := range l.records {
		if w := part.record.WAL; w != nil && w.ID == walID {
			to = max(to, w.To)
		}
	}
	return to
}
