// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/gorilla/websocket"
	"go.opentelemetry.io/otel/attribute"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

const (
	// maxTailLines and maxTailBytes bound what a tail holds for its client: of more, the newest are sent. The bytes are an
	// estimate of the memory.
	maxTailLines = 5000
	maxTailBytes = 16 << 20
	// maxTailDropped bounds the dropped lines that a message tells of.
	maxTailDropped = 1000
	// maxTailBatch is how many lines a message has.
	maxTailBatch = 100
)

const fateKey = attribute.Key("fate")

// tailing is one tail under way, all of it on one goroutine: what the client does not take stays where it is, in the
// archive, and the next look is for the newest of it.
type tailing struct {
	call  *call
	ctx   context.Context
	req   *tailRequest
	conn  *websocket.Conn
	times tailTimes

	follower *archive.Follower
	sent     sentLines
	pinged   time.Time

	waiting []tailEntry // for the delay, in the order of time
	bytes   int64       // of them
	dropped []tailEntry // not told yet
	message []byte
}

// tailEntry is a line on its way.
type tailEntry struct {
	time     int64
	line     string
	labels   logql.Labels
	metadata logql.Labels
	parsed   logql.Labels
	due      time.Time
}

func (e *tailEntry) size() int64 {
	return int64(len(e.line)+labelsSize(e.labels)+labelsSize(e.metadata)+labelsSize(e.parsed)) + 192 // the labels may be its own
}

// run sends what there is, and what comes, until the context or max_duration ends it, or something fails.
func (t *tailing) run() error {
	end := time.NewTimer(t.call.a.cfg.Tail.MaxDuration)
	defer end.Stop()
	ticker := time.NewTicker(t.times.look)
	defer ticker.Stop()
	t.pinged = time.Now()
	if err := t.begin(); err != nil {
		return err
	}
	for {
		if err := t.flush(); err != nil {
			return err
		}
		select {
		case <-t.ctx.Done():
			return t.ctx.Err()
		case <-end.C:
			return nil
		case <-ticker.C:
		}
		if now := time.Now(); now.Sub(t.pinged) >= t.times.ping {
			t.pinged = now
			if err := t.conn.WriteControl(websocket.PingMessage, nil, now.Add(t.times.write)); err != nil {
				return t.gone()
			}
		}
		if err := t.look(); err != nil {
			return err
		}
	}
}

// gone is the error of a write: the client's end of it is no failure.
func (t *tailing) gone() error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	return errTailClient
}

// begin sends the newest lines that are there.
func (t *tailing) begin() error {
	s, release := t.call.a.reader.Load().SnapshotWithFresh(t.ctx, t.call.a.fresh.list()...)
	defer release()
	t.follower = archive.NewFollower(s)
	entries, err := t.eval(s, t.req.limit, false)
	if err != nil {
		return err
	}
	if err := t.know(s.Uncommitted()); err != nil {
		return err
	}
	t.wait(entries, time.Now())
	return nil
}

// know takes note of the lines of a snapshot, the newest as far as there is room, so that they are not sent when they are committed:
// those behind the limit, too, are not new then.
func (t *tailing) know(s *archive.Snapshot) error {
	if len(s.Fresh()) == 0 {
		return nil
	}
	return t.query(s, func(ctx context.Context, source *archivesource.Source, p logql.Params) error {
		_, err := logql.Each(ctx, source, t.req.expr, p, func(ts int64, labels logql.Labels, line string) error {
			t.sent.remember([]tailEntry{{time: ts, line: line, labels: labels}})
			if t.sent.lines >= maxSentLines/2 { // the other half is for what comes
				return logql.ErrStop
			}
			return nil
		})
		return err
	})
}

// look finds what is new.
func (t *tailing) look() error {
	s, release := t.call.a.reader.Load().SnapshotWithFresh(t.ctx, t.call.a.fresh.list()...)
	defer release()
	news := t.follower.Next(t.ctx, s)
	if news.Empty() {
		return nil
	}
	now := time.Now()
	if news.Mixed.Len() > 0 && t.sent.complete() {
		entries, err := t.eval(news.Mixed, maxSentLines, false)
		if err != nil {
			return err
		}
		t.wait(t.sent.without(entries), now)
	}
	if news.Settled {
		t.sent.rotate()
	}
	entries, err := t.eval(news.Sure, maxTailLines, true)
	if err != nil {
		return err
	}
	if len(news.Sure.Fresh()) > 0 {
		t.sent.remember(entries)
	}
	t.wait(entries, now)
	return nil
}

// query looks at the lines of a snapshot that the tail may see, as soon as it has a turn.
func (t *tailing) query(s *archive.Snapshot, look func(context.Context, *archivesource.Source, logql.Params) error) error {
	ctx, cancel := context.WithTimeout(t.ctx, t.call.a.cfg.Query.Timeout)
	defer cancel()
	leave, _, err := t.call.a.turn(ctx, t.call.tenants)
	if err != nil {
		return err
	}
	defer leave()
	source := archivesource.New(s, t.call.a.mapper, archivesource.Options{Tenants: t.call.tenants, MaxBytes: t.call.limit.readBytes})
	defer func() { t.count(source.Stats()) }()
	return look(ctx, source, logql.Params{
		Start: t.req.start, End: math.MaxInt64, Descending: true, Categorize: t.req.categorize,
		Limits: logql.Limits{MaxMemoryBytes: maxTailBytes},
	})
}

// eval returns the newest lines of a snapshot, oldest first. Those that are too many are dropped, which is told if tell says so.
func (t *tailing) eval(s *archive.Snapshot, limit int, tell bool) (entries []tailEntry, err error) {
	err = t.query(s, func(ctx context.Context, source *archivesource.Source, p logql.Params) error {
		p.Limit = limit
		res, err := logql.Eval(ctx, source, t.req.expr, p)
		for tooLong := (*logql.LimitError)(nil); errors.As(err, &tooLong) && p.Limit > 1; {
			p.Limit = max(p.Limit/10, 1) // the lines are long
			res, err = logql.Eval(ctx, source, t.req.expr, p)
		}
		if err != nil {
			return err
		}
		entries = entriesOf(res)
		if tell && res.Stats.Returned >= int64(p.Limit) {
			return t.drop(ctx, source, p)
		}
		return nil
	})
	return entries, err
}

// count takes note of what a look has read, and could not read: the client of a tail cannot be told.
func (t *tailing) count(stats archive.ScanStats) {
	if stats.Partial() && !t.call.read.Partial() {
		t.call.a.set.Logger.Warn("a live tail goes on without what cannot be read", zap.Error(stats.Errors[0]))
	}
	t.call.read.Add(&stats)
	ctx := context.WithoutCancel(t.ctx)
	t.call.a.telemetry.ExtensionArchiveQueryScannedRecords.Add(ctx, stats.RowsScanned)
	t.call.a.telemetry.ExtensionArchiveQueryReadSize.Add(ctx, stats.BytesRead)
}

// told counts lines.
func (t *tailing) told(sent, dropped int) {
	lines := t.call.a.telemetry.ExtensionArchiveQueryTailedLines
	ctx := context.WithoutCancel(t.ctx)
	lines.Add(ctx, int64(sent), withAttributes(fateKey.String("sent")))
	if dropped > 0 {
		lines.Add(ctx, int64(dropped), withAttributes(fateKey.String("dropped")))
	}
}

// entriesOf are the lines of a result that is in descending order, in ascending order.
func entriesOf(res *logql.Result) []tailEntry {
	entries := make([]tailEntry, 0, res.Stats.Returned)
	for i := range res.Streams {
		stream := &res.Streams[i]
		for j := len(stream.Entries) - 1; j >= 0; j-- {
			e := &stream.Entries[j]
			entries = append(entries, tailEntry{time: e.Timestamp, line: e.Line, labels: stream.Labels, metadata: e.Metadata, parsed: e.Parsed})
		}
	}
	slices.SortStableFunc(entries, func(a, b tailEntry) int { return cmp.Compare(a.time, b.time) })
	return entries
}

// drop takes note of the lines behind the first p.Limit.
func (t *tailing) drop(ctx context.Context, source *archivesource.Source, p logql.Params) error {
	kept := p.Limit
	p.Limit = 0
	_, err := logql.Each(ctx, source, t.req.expr, p, func(ts int64, labels logql.Labels, _ string) error {
		if kept--; kept >= 0 {
			return nil
		}
		if len(t.dropped) >= maxTailDropped {
			return logql.ErrStop
		}
		t.dropped = append(t.dropped, tailEntry{time: ts, labels: labels.Clone()})
		return nil
	})
	return err
}

// wait puts lines, which are in order, among those that wait for the delay.
func (t *tailing) wait(entries []tailEntry, now time.Time) {
	if len(entries) == 0 {
		return
	}
	due := now.Add(t.req.delay)
	for i := range entries {
		entries[i].due = due
		t.bytes += entries[i].size()
	}
	t.waiting = append(t.waiting, entries...)
	slices.SortStableFunc(t.waiting, func(a, b tailEntry) int { return cmp.Compare(a.time, b.time) })
	n := 0
	for n < len(t.waiting)-1 && (len(t.waiting)-n > 2*maxTailLines || t.bytes > 2*maxTailBytes) {
		if len(t.dropped) < maxTailDropped {
			t.dropped = append(t.dropped, tailEntry{time: t.waiting[n].time, labels: t.waiting[n].labels})
		}
		t.bytes -= t.waiting[n].size()
		n++
	}
	t.waiting = slices.Delete(t.waiting, 0, n)
}

// due takes the lines that have waited long enough, in the order of time.
func (t *tailing) due(now time.Time) (due []tailEntry) {
	t.waiting = slices.DeleteFunc(t.waiting, func(e tailEntry) bool {
		if e.due.After(now) {
			return false
		}
		t.bytes -= e.size()
		due = append(due, e)
		return true
	})
	return due
}

// flush sends the lines that are due.
func (t *tailing) flush() error {
	now := time.Now()
	due := t.due(now)
	for len(due) > 0 || len(t.dropped) > 0 {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		n := min(len(due), maxTailBatch)
		t.message = appendTail(t.message[:0], due[:n], t.dropped, t.req.categorize)
		err := t.conn.SetWriteDeadline(now.Add(t.times.write))
		if err == nil {
			err = t.conn.WriteMessage(websocket.TextMessage, t.message)
		}
		if err != nil {
			return t.gone()
		}
		t.told(n, len(t.dropped))
		due, t.dropped, now = due[n:], t.dropped[:0], time.Now()
	}
	if cap(t.message) > maxTailBytes/16 {
		t.message = nil
	}
	return nil
}
