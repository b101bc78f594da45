// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// logFetchers is how many log records are fetched at a time.
const logFetchers = 32

// logKey is the form of a log record's key; other objects may lie beside them.
var logKey = regexp.MustCompile(`^_log/([A-Za-z0-9][A-Za-z0-9._-]{0,127})/[0-9]{20}$`)

// liveVisitor is told what makes the live set: the newest checkpoint, which may be nil, the objects that it lists, and every
// log record behind it, writer by writer in order. A record that cannot be understood comes as nil, with the reason.
type liveVisitor struct {
	base   func(c *archive.Checkpoint)
	object func(m *archive.ObjectMeta) error
	record func(key string, r *archive.LogRecord, damaged error) error
}

// eachLive reads the commit log. It holds a manifest, or a few records, at a time.
func eachLive(ctx context.Context, b archive.BucketReader, v liveVisitor) error {
	c, err := archive.NewestCheckpoint(ctx, b)
	if err != nil {
		return err
	}
	v.base(c)
	if c != nil {
		for i := range c.Manifests {
			objects, err := archive.ReadManifest(ctx, b, &c.Manifests[i])
			if err != nil {
				return err
			}
			for _, m := range objects {
				if err := v.object(m); err != nil {
					return err
				}
			}
		}
	}
	if err := eachLogRecord(ctx, b, c, v.record); err != nil {
		return err
	}
	now, err := archive.NewestCheckpoint(ctx, b)
	if err != nil || now == nil || c != nil && now.Number == c.Number {
		return err
	}
	for writer, p := range now.Positions { // what it has may have been deleted before it was read
		if c == nil || c.Positions[writer] == nil || p.Sequence > c.Positions[writer].Sequence {
			if _, err := archive.ReadLogObject(ctx, b, archive.LogKey(writer, p.Sequence)); errors.Is(err, archive.ErrNotFound) {
				return fmt.Errorf("read commit log of %s: it was summed up meanwhile: try again", b.Name())
			}
		}
	}
	return nil
}

// behind reports whether a key is that of a log record that the checkpoint does not have.
func behind(base *archive.Checkpoint, key string) bool {
	m := logKey.FindStringSubmatch(key)
	if m == nil || base == nil || base.Positions[m[1]] == nil {
		return m != nil
	}
	n, err := strconv.ParseUint(path.Base(key), 10, 64)
	return err != nil || n > base.Positions[m[1]].Sequence
}

// eachLogRecord calls visit with every log record behind a checkpoint, writer by writer in order; a record that cannot be
// understood comes as an error that names it. An error of the bucket ends it.
func eachLogRecord(ctx context.Context, b archive.BucketReader, base *archive.Checkpoint, visit func(key string, r *archive.LogRecord, damaged error) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type fetched struct {
		key     string
		record  *archive.LogRecord
		damaged error
		err     error
	}
	queue := make(chan chan fetched, logFetchers) // in order, as many as are under way
	go func() {
		defer close(queue)
		for info, err := range b.List(ctx, "_log/", "") {
			if err == nil && !behind(base, info.Key) {
				continue
			}
			one := make(chan fetched, 1)
			select {
			case queue <- one:
			case <-ctx.Done():
				return
			}
			if err != nil {
				one <- fetched{err: err}
				return
			}
			go func() {
				f := fetched{key: info.Key}
				body, err := archive.ReadLogObject(ctx, b, info.Key)
				if err != nil {
					f.err = err
				} else {
					f.record, f.damaged = archive.ParseLogRecord(info.Key, body)
				}
				one <- f
			}()
		}
	}()
	for one := range queue {
		f := <-one
		if f.err != nil {
			return fmt.Errorf("read commit log of %s: %w", b.Name(), f.err)
		}
		if err := visit(f.key, f.record, f.damaged); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// writerState is what the log of one writer says of itself.
type writerState struct {
	Writer     string    `json:"writer"`
	Epoch      uint64    `json:"epoch"`
	Sequence   uint64    `json:"sequence"`
	Commits    int64     `json:"commits"`
	Objects    int64     `json:"objects"`
	Rows       int64     `json:"rows"`
	LastCommit time.Time `json:"last_commit,omitzero"`
	LastClaim  time.Time `json:"last_claim,omitzero"`

	covered uint64 // highest wal.to of a commit of the epoch
}

// logState follows the commit log.
type logState struct {
	writers map[string]*writerState
	number  uint64          // of the newest checkpoint, 0: there is none
	removed map[string]bool // objects that are not live any more
}

func newLogState() *logState {
	return &logState{writers: map[string]*writerState{}, removed: map[string]bool{}}
}

func (l *logState) empty() bool { return len(l.writers) == 0 && l.number == 0 }

func (l *logState) writer(name string) *writerState {
	s := l.writers[name]
	if s == nil {
		s = &writerState{Writer: name}
		l.writers[name] = s
	}
	return s
}

// base begins with a checkpoint, which may be nil.
func (l *logState) base(c *archive.Checkpoint) {
	if c == nil {
		return
	}
	l.number = c.Number
	for i := range c.Removed {
		l.removed[c.Removed[i].Key] = true
	}
	for name, p := range c.Positions {
		s := l.writer(name)
		s.Epoch, s.Sequence, s.covered = p.Epoch, p.Sequence, p.EpochTo
	}
}

// object is one that the checkpoint lists.
func (l *logState) object(m *archive.ObjectMeta) {
	if n, ok := parseObjectKey(m.Key); ok {
		s := l.writer(n.writer)
		s.Objects++
		s.Rows += m.Rows
	}
}

func (l *logState) add(r *archive.LogRecord) {
	s := l.writer(r.Writer)
	if r.Epoch > s.Epoch {
		s.Epoch, s.covered = r.Epoch, 0
	}
	s.Sequence = max(s.Sequence, r.Sequence)
	if r.Kind == archive.KindClaim {
		s.LastClaim = time.Unix(0, r.Time).UTC()
		return
	}
	s.Commits++
	s.LastCommit = time.Unix(0, r.Time).UTC()
	s.Objects += int64(len(r.Objects))
	for i := range r.Objects {
		s.Rows += r.Objects[i].Rows
	}
	if r.WAL != nil && r.Epoch == s.Epoch {
		s.covered = max(s.covered, r.WAL.To)
	}
}

// objectName is what the name of a data object says.
type objectName struct {
	tenant, date, hour string // of the path; tenant as it is written there
	writer             string
	epoch, from, to    uint64
	hash               string
}

// parseObjectKey takes the key of a data object apart; ok is false for keys that no writer makes.
func parseObjectKey(key string) (n objectName, ok bool) {
	dir, name := path.Split(key)
	rest, found := strings.CutPrefix(dir, "logs/")
	if !found {
		return n, false
	}
	levels := strings.Split(strings.TrimSuffix(rest, "/"), "/")
	if len(levels) == 3 {
		if n.tenant, found = strings.CutPrefix(levels[0], "tenant="); !found {
			return n, false
		}
		levels = levels[1:]
	}
	if len(levels) != 2 {
		return n, false
	}
	var okDate, okHour bool
	n.date, okDate = strings.CutPrefix(levels[0], "date=")
	n.hour, okHour = strings.CutPrefix(levels[1], "hour=")
	name, found = strings.CutSuffix(name, ".parquet")
	parts := strings.Split(name, "-")
	if !okDate || !okHour || !found || len(parts) < 5 {
		return n, false
	}
	last := parts[len(parts)-4:]
	n.writer, n.hash = strings.Join(parts[:len(parts)-4], "-"), last[3]
	for i, to := range []*uint64{&n.epoch, &n.from, &n.to} {
		v, err := strconv.ParseUint(last[i], 10, 64)
		if err != nil {
			return n, false
		}
		*to = v
	}
	return n, archive.ValidateWriter(n.writer) == nil
}

// States of a data object.
const (
	stateLive    = "live"
	stateOrphan  = "orphan"  // no commit names it, and none ever will
	statePending = "pending" // no commit names it yet: an upload under way, or left over by a writer that did not come back
	stateForeign = "foreign" // no writer makes such a key
	stateRemoved = "removed" // replaced or expired: deleted when the grace is over
)

// compactedName is the name of an object that was made of others, for a checkpoint of that number.
var compactedName = regexp.MustCompile(`^compacted-([0-9]+)-[0-9a-f]+\.parquet$`)

// stateOf tells what an object is that is not live, after the rule of FORMAT.md.
func (l *logState) stateOf(key string) string {
	if l.removed[key] {
		return stateRemoved
	}
	if m := compactedName.FindStringSubmatch(path.Base(key)); m != nil {
		if n, err := strconv.ParseUint(m[1], 10, 64); err == nil && n <= l.number {
			return stateOrphan
		}
		return statePending
	}
	n, ok := parseObjectKey(key)
	if !ok {
		return stateForeign
	}
	s := l.writers[n.writer]
	switch {
	case s == nil || n.epoch > s.Epoch:
		return statePending
	case n.epoch < s.Epoch || n.to <= s.covered:
		return stateOrphan
	}
	return statePending
}

// eachUnnamed calls visit with the data objects that are not live. live holds the keys of those that one does.
// The commit log must have been read after the listing began, or what was committed in between looks unnamed: so the
// caller lists first, and gives what the log says then.
func (l *logState) eachUnnamed(listed []archive.ObjectInfo, live map[string]int64, visit func(info archive.ObjectInfo, state string)) {
	for _, info := range listed {
		if _, ok := live[info.Key]; !ok {
			visit(info, l.stateOf(info.Key))
		}
	}
}

// listData lists all data objects. It holds a key of each.
func listData(ctx context.Context, b archive.BucketReader) (list []archive.ObjectInfo, err error) {
	for info, err := range b.List(ctx, "logs/", "") {
		if err != nil {
			return nil, fmt.Errorf("list objects of %s: %w", b.Name(), err)
		}
		list = append(list, info)
	}
	return list, nil
}
