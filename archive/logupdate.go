// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	// maxLogGap bounds how many log records of a writer are looked for that a listing did not show.
	maxLogGap = 1000
	// maxStale is how many keys of a listing are passed over before it is left for one that begins behind them: about as many
	// as come in one answer.
	maxStale = 500
	// maxProbes is how many records of a writer are asked for one after the other.
	maxProbes = 256
)

// logUpdate brings what is known of the writers' logs up to date.
type logUpdate struct {
	reader  *Reader
	logs    map[string]*writerLog
	own     map[string]bool // logs that are ours to change
	started time.Time
	news    bool
	missing bool // a record that should be there is not
	read    int
	away    []error
}

// log returns the log of a writer to be changed.
func (u *logUpdate) log(writer string) *writerLog {
	l := u.logs[writer]
	switch {
	case l == nil:
		l = &writerLog{}
	case !u.own[writer]:
		l = l.clone()
	}
	if l.records == nil {
		l.records = map[uint64]*tailPart{}
	}
	if l.unread == nil {
		l.unread = map[uint64]unread{}
	}
	u.logs[writer], u.own[writer] = l, true
	return l
}

// active are the writers that have committed lately.
func (u *logUpdate) active() (writers []string) {
	for writer, at := range u.reader.active {
		if u.started.Sub(at) >= writerActive {
			delete(u.reader.active, writer)
		} else if u.logs[writer] != nil {
			writers = append(writers, writer)
		}
	}
	return writers
}

// awayKeys are the records that could not be read the last time.
func (u *logUpdate) awayKeys() (keys []string) {
	for writer, l := range u.logs {
		for _, n := range l.away() {
			keys = append(keys, LogKey(writer, n))
		}
	}
	slices.Sort(keys)
	return keys
}

// list finds the new records of all writers. A listing that runs while records are created may show one and not one
// before it; since there are no gaps, those are read, too.
func (u *logUpdate) list(ctx context.Context) error {
	keys := u.awayKeys()
	cursor := ""
	for {
		jump, stale := "", 0
		for info, err := range u.reader.bucket.List(ctx, logPrefix, cursor) {
			if err != nil {
				return fmt.Errorf("list: %w", err)
			}
			writer, sequence, ok := parseLogKey(info.Key)
			if !ok { // nothing of a writer's, or of a later version
				if stale++; stale > maxStale && strings.HasPrefix(info.Key, logPrefix+"_") && info.Key < logPrefix+"_~" {
					jump = logPrefix + "_~"
					break
				}
				continue
			}
			l := u.logs[writer]
			if l != nil && sequence <= l.last {
				if at := info.ModTime; at.After(u.reader.active[writer]) && !at.After(u.started) && u.started.Sub(at) < writerActive {
					u.reader.active[writer] = at
				}
				if stale++; stale > maxStale && sequence < l.last {
					jump = LogKey(writer, l.last)
					break
				}
				continue
			}
			l = u.log(writer)
			from := l.last + 1
			if sequence > maxLogGap && from < sequence-maxLogGap {
				from = sequence - maxLogGap
				l.unread[from-1] = unread{err: fmt.Errorf("read %s and those before it: %w", LogKey(writer, from-1), ErrNotFound)}
				u.missing, u.news = true, true
			}
			for n := from; n <= sequence; n++ {
				keys = append(keys, LogKey(writer, n))
			}
			l.last = sequence
		}
		if jump == "" {
			break
		}
		cursor = jump
	}
	u.take(keys, u.reader.fetchLog(ctx, keys))
	return nil
}

// probe asks for the records behind the last known ones, one after the other.
func (u *logUpdate) probe(ctx context.Context, writers []string) error {
	keys := u.awayKeys()
	u.take(keys, u.reader.fetchLog(ctx, keys))
	for range maxProbes {
		keys = keys[:0]
		for _, writer := range writers {
			keys = append(keys, LogKey(writer, u.logs[writer].last+1))
		}
		fetched := u.reader.fetchLog(ctx, keys)
		u.take(keys, fetched)
		var more []string
		for i, writer := range writers {
			if fetched[i].record != nil {
				more = append(more, writer)
			}
		}
		if writers = more; len(writers) == 0 {
			break
		}
	}
	return nil
}

// take takes note of records that were read. Those behind the last that is known need not exist.
func (u *logUpdate) take(keys []string, fetched []fetchedLog) {
	for i, f := range fetched {
		writer, n, _ := parseLogKey(keys[i])
		u.read++
		_, known := u.logs[writer].unreadAt(n)
		probe := n > u.logs[writer].lastKnown()
		if f.missing && probe && !known {
			continue
		}
		l := u.log(writer)
		delete(l.unread, n)
		switch {
		case f.missing && probe:
			u.news = true
		case f.away != nil:
			u.read--
			u.away = append(u.away, f.away)
			l.unread[n] = unread{err: f.away, away: true}
			u.news = u.news || !known
		case f.err != nil:
			u.news = true
			u.missing = u.missing || f.missing
			l.last = max(l.last, n)
			l.unread[n] = unread{err: f.err}
		default:
			u.news = true
			l.last = max(l.last, n)
			l.records[n] = newTailPart(f.record, u.reader.opts.CountsByMinute)
			u.reader.active[writer] = u.started
		}
	}
}

// newTailPart takes a record apart.
func newTailPart(r *LogRecord, countsByMinute bool) *tailPart {
	part := &tailPart{record: r, objects: make([]*ObjectMeta, len(r.Objects))}
	for i := range r.Objects {
		if !countsByMinute {
			r.Objects[i].Counts = r.Objects[i].Counts.total()
		}
		part.objects[i] = &r.Objects[i]
	}
	return part
}

// failure is the error when nothing can be read: the bucket is away.
func (u *logUpdate) failure(ctx context.Context) error {
	if len(u.away) > 0 && (u.read == 0 || len(u.away) > maxSnapshotErrors || ctx.Err() != nil) {
		return errors.Join(u.away[0], ctx.Err())
	}
	return nil
}

func cloneLogs(logs map[string]*writerLog) map[string]*writerLog {
	c := make(map[string]*writerLog, len(logs)+1)
	maps.Copy(c, logs)
	return c
}
