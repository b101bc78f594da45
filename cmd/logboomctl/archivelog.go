// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
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

// eachLogRecord calls visit with every log record of the archive, writer by writer in order; a record that cannot be
// understood comes as an error that names it. An error of the bucket ends it.
func eachLogRecord(ctx context.Context, b archive.BucketReader, visit func(key string, r *archive.LogRecord, damaged error) error) error {
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
			if err == nil && !logKey.MatchString(info.Key) {
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

// writerStates follows the logs of all writers.
type writerStates map[string]*writerState

func (w writerStates) add(r *archive.LogRecord) {
	s := w[r.Writer]
	if s == nil {
		s = &writerState{Writer: r.Writer}
		w[r.Writer] = s
	}
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
)

// stateOf tells what an object is that no commit names, after the rule of FORMAT.md.
func (w writerStates) stateOf(key string) string {
	n, ok := parseObjectKey(key)
	if !ok {
		return stateForeign
	}
	s := w[n.writer]
	switch {
	case s == nil || n.epoch > s.Epoch:
		return statePending
	case n.epoch < s.Epoch || n.to <= s.covered:
		return stateOrphan
	}
	return statePending
}

// eachUnnamed calls visit with the data objects that no commit names. live holds the keys of those that one does.
// The commit log must have been read after the listing began, or what was committed in between looks unnamed: so the
// caller lists first, and gives what the log says then.
func (w writerStates) eachUnnamed(listed []archive.ObjectInfo, live map[string]int64, visit func(info archive.ObjectInfo, state string)) {
	for _, info := range listed {
		if _, ok := live[info.Key]; !ok {
			visit(info, w.stateOf(info.Key))
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
