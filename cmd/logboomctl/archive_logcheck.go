// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// logCheck checks the commit log as verify reads it: writer by writer, in the order of the records.
type logCheck struct {
	finding func(bad bool, format string, args ...any)
	states  *logState
	live    map[string]int64 // bytes of the live objects by key

	writer   string
	sequence uint64
	epoch    uint64
	nonce    string
	gap      bool // a record of this writer is missing or damaged: what follows may look wrong for it
	ranges   map[string][]walRange
	known    *archive.Checkpoint
}

// walRange is a range of entries that a commit covers.
type walRange struct {
	from, to, epoch, sequence uint64
}

func newLogCheck(finding func(bad bool, format string, args ...any)) *logCheck {
	return &logCheck{finding: finding, states: newLogState(), live: map[string]int64{}, ranges: map[string][]walRange{}}
}

// base begins with a checkpoint, which may be nil.
func (l *logCheck) base(c *archive.Checkpoint) {
	l.known = c
	l.states.base(c)
}

// object takes an object that the checkpoint lists.
func (l *logCheck) object(m *archive.ObjectMeta) {
	l.states.object(m)
	if _, twice := l.live[m.Key]; twice {
		l.finding(true, "checkpoint %d: object %s is listed twice: its records count twice", l.known.Number, m.Key)
	}
	l.live[m.Key] = m.Bytes
	if l.states.removed[m.Key] {
		l.finding(true, "checkpoint %d: object %s is listed, and marked to be deleted", l.known.Number, m.Key)
	}
}

// begin begins with the log of a writer, where the checkpoint ends.
func (l *logCheck) begin(writer string) {
	l.writer, l.sequence, l.epoch, l.nonce, l.gap = writer, 0, 0, "", false
	if l.known == nil || l.known.Positions[writer] == nil {
		return
	}
	p := l.known.Positions[writer]
	l.sequence, l.epoch, l.gap = p.Sequence, p.Epoch, true
	for _, m := range p.WAL {
		l.ranges[m.ID] = append(l.ranges[m.ID], walRange{from: m.From, to: m.To, sequence: p.Sequence})
	}
}

// add takes the next record; r is nil where it is damaged.
func (l *logCheck) add(key string, r *archive.LogRecord, damaged error) {
	writer := ""
	if m := logKey.FindStringSubmatch(key); m != nil {
		writer = m[1]
	}
	if writer != l.writer {
		l.finishWriter()
		l.begin(writer)
	}
	if damaged != nil {
		l.finding(true, "log record %s: %v", key, damaged)
		l.sequence++
		l.gap = true
		return
	}
	if r.Sequence != l.sequence+1 {
		l.finding(true, "log record %s: the records from %d to %d before it are missing", key, l.sequence+1, r.Sequence-1)
		l.gap = true
	}
	l.sequence = r.Sequence
	l.states.add(r)
	l.checkEpoch(key, r)
	for i := range r.Objects {
		m := &r.Objects[i]
		if _, twice := l.live[m.Key]; twice {
			l.finding(true, "log record %s: object %s was committed before: its records count twice", key, m.Key)
		}
		l.live[m.Key] = m.Bytes
		if err := checkName(r, m); err != nil {
			l.finding(true, "log record %s: object %s: %v", key, m.Key, err)
		}
	}
	if r.WAL != nil {
		l.checkRange(key, r)
	}
}

// checkEpoch checks that every epoch begins with its claim, and that only its author commits in it.
func (l *logCheck) checkEpoch(key string, r *archive.LogRecord) {
	switch {
	case r.Kind == archive.KindClaim && r.Epoch <= l.epoch:
		l.finding(true, "log record %s: it claims epoch %d, but that is not higher than %d before it", key, r.Epoch, l.epoch)
	case r.Kind == archive.KindClaim:
		l.epoch, l.nonce = r.Epoch, r.Nonce
	case l.gap:
		l.epoch, l.nonce, l.gap = r.Epoch, r.Nonce, false
	case r.Epoch != l.epoch || r.Nonce != l.nonce:
		l.finding(true, "log record %s: it is a commit of epoch %d by a process that does not hold it; %d was claimed last", key, r.Epoch, l.epoch)
	}
}

// checkRange checks that no entry of a write-ahead log is in two commits, and notes those of an epoch that are in none.
func (l *logCheck) checkRange(key string, r *archive.LogRecord) {
	w := r.WAL
	if w.From > w.To {
		l.finding(true, "log record %s: it covers entries %d to %d", key, w.From, w.To)
		return
	}
	list := l.ranges[w.ID]
	for _, other := range list {
		if w.From <= other.to && other.from <= w.To {
			l.finding(true, "log record %s: entries %d to %d of write-ahead log %s are in record %d, too", key, max(w.From, other.from), min(w.To, other.to), w.ID, other.sequence)
		}
	}
	if n := len(list); n > 0 && list[n-1].epoch == r.Epoch && w.From > list[n-1].to+1 {
		l.finding(false, "log record %s: entries %d to %d of write-ahead log %s are in no commit: never acknowledged, or lost with the disk",
			key, list[n-1].to+1, w.From-1, w.ID)
	}
	one := walRange{w.From, w.To, r.Epoch, r.Sequence}
	if n := len(list); n > 0 && list[n-1].to < w.From && list[n-1].epoch == r.Epoch { // one range as long as it has no holes
		list[n-1].to, list[n-1].sequence = w.To, r.Sequence
	} else {
		list = append(list, one)
	}
	l.ranges[w.ID] = list
}

func (l *logCheck) finishWriter() { clear(l.ranges) }

// finish ends the check of the last writer.
func (l *logCheck) finish() { l.finishWriter() }

// checkName compares the name of an object with its commit.
func checkName(r *archive.LogRecord, m *archive.ObjectMeta) error {
	n, ok := parseObjectKey(m.Key)
	switch {
	case !ok:
		return nil // names are for people, and for telling orphans; other writers may make their own
	case n.writer != r.Writer || n.epoch != r.Epoch:
		return fmt.Errorf("its name says writer %s and epoch %d", n.writer, n.epoch)
	case r.WAL != nil && (n.from < r.WAL.From || n.to > r.WAL.To || n.from > n.to): // a commit may put several flushes together
		return fmt.Errorf("its name says entries %d to %d, the commit %d to %d", n.from, n.to, r.WAL.From, r.WAL.To)
	case !strings.HasPrefix(m.SHA256, n.hash):
		return fmt.Errorf("its name says a content of hash %s", n.hash)
	case (n.tenant == "") != (m.Tenant == ""):
		return fmt.Errorf("its path says tenant %q, the commit %q", n.tenant, m.Tenant)
	}
	hour, err := time.Parse("2006-01-02 15", n.date+" "+n.hour)
	switch {
	case err != nil:
		return fmt.Errorf("its path says hour %s of %s", n.hour, n.date)
	case !m.Displaced && (m.MinTime < hour.UnixNano() || m.MaxTime >= hour.Add(time.Hour).UnixNano()):
		return fmt.Errorf("its times, %s to %s, are not those of its path", formatNanos(m.MinTime), formatNanos(m.MaxTime))
	}
	return nil
}
