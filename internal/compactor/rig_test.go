// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start is the first hour of the tests' archives.
var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// rig is an archive, its writers, a clock, and the records that were put in.
type rig struct {
	t       testing.TB
	store   *store
	other   archive.Bucket // instead of the store
	now     time.Time
	writers map[string]*archive.LogWriter
	written []line
	bare    bool // writers say nothing of indexes
}

// line is a record.
type line struct {
	id       string // in the body
	tenant   string
	service  string
	severity int32
	at       time.Time
	user     string
	uid      string // log.record.uid; "": none
	wide     bool   // its time is displaced
}

func newRig(t testing.TB) *rig {
	return &rig{t: t, store: newStore(), now: start.Add(4 * time.Hour), writers: map[string]*archive.LogWriter{}}
}

// fork returns a rig on a copy of the bucket.
func (r *rig) fork() *rig {
	return &rig{t: r.t, store: r.store.clone(), now: r.now, writers: map[string]*archive.LogWriter{}, written: slices.Clone(r.written)}
}

func (r *rig) config() Config {
	c := DefaultConfig()
	c.Holder, c.LeaseTTL, c.Compression = "test", time.Hour, archive.CompressionDefault
	c.Grace = 3 * time.Hour
	c.TargetBytes, c.MemoryBytes = 1<<20, 256<<20
	c.Now = func() time.Time { return r.now }
	return c
}

// compactor returns one of a process of its own.
func (r *rig) compactor(p archive.Bucket, change func(*Config)) *Compactor {
	config := r.config()
	if change != nil {
		change(&config)
	}
	c, err := New(p, config)
	require.NoError(r.t, err)
	return c
}

func (r *rig) process() *process { return &process{store: r.store} }

// bucket is one to which nothing happens.
func (r *rig) bucket() archive.Bucket {
	if r.other != nil {
		return r.other
	}
	return r.process()
}

// keys are those of what is in the bucket.
func (r *rig) keys(prefix string) (list []string) {
	for info, err := range r.bucket().List(context.Background(), prefix, "") {
		require.NoError(r.t, err)
		list = append(list, info.Key)
	}
	return list
}

// write commits lines as one flush of a writer.
func (r *rig) write(writer string, lines ...line) {
	r.t.Helper()
	w := r.writers[writer]
	b := r.bucket()
	if w == nil {
		var err error
		w, err = archive.NewLogWriter(b, writer, "wal", 0)
		require.NoError(r.t, err)
		require.NoError(r.t, w.Claim(context.Background()))
		r.writers[writer] = w
	}
	enc := archive.NewEncoder(archive.EncoderOptions{})
	for _, l := range lines {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", l.service)
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(l.at))
		lr.SetSeverityNumber(plog.SeverityNumber(l.severity))
		lr.Body().SetStr("this is " + l.id)
		if l.user != "" {
			lr.Attributes().PutStr("user.id", l.user)
		}
		if l.uid != "" {
			lr.Attributes().PutStr(archive.AttributeRecordUID, l.uid)
		}
		arrival := l.at
		if l.wide {
			arrival = start
		}
		enc.AppendBatch(archive.NewBatch(ld, arrival, archive.BatchOptions{Tenant: l.tenant}))
	}
	n := w.Committed() + 1
	var objects []archive.ObjectMeta
	require.NoError(r.t, enc.Encode(archive.ObjectName{Writer: writer, Epoch: w.Epoch(), From: n, To: n}, func(o archive.Object) error {
		if r.bare {
			o.Meta.Index = nil
		}
		objects = append(objects, o.Meta)
		return b.Create(context.Background(), o.Meta.Key, o.Body)
	}))
	require.NoError(r.t, w.Commit(context.Background(), n, n, objects))
	r.written = append(r.written, lines...)
}

// lines makes n records of a service from a time on, a second apart.
func lines(n int, prefix, service string, severity int32, at time.Time) (list []line) {
	for i := range n {
		list = append(list, line{id: fmt.Sprintf("%s-%d", prefix, i), service: service, severity: severity, at: at.Add(time.Duration(i) * time.Second)})
	}
	return list
}

func (r *rig) open() *archive.Reader {
	r.t.Helper()
	reader, err := archive.Open(context.Background(), r.bucket(), archive.ReaderOptions{ListInterval: -1, CountsByMinute: true})
	require.NoError(r.t, err)
	return reader
}

// live are the live objects.
func (r *rig) live() []*archive.ObjectMeta {
	r.t.Helper()
	list, errs := r.open().Snapshot().Objects(context.Background(), minTime, maxTime)
	require.Empty(r.t, errs)
	return list
}

// bodies are those that a scan of the snapshot yields, in order.
func bodies(t testing.TB, s *archive.Snapshot) (list []string) {
	t.Helper()
	stats, err := s.Scan(context.Background(), archive.All(), func(record *archive.Record) error {
		list = append(list, record.Tenant+"/"+record.Body)
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	slices.Sort(list)
	return list
}

// want are the bodies of the lines that keep accepts, each uid once.
func (r *rig) want(keep func(line) bool) (list []string) {
	seen := map[string]bool{}
	for _, l := range r.written {
		key := fmt.Sprint(l.tenant, "/", l.service, "/", l.uid, "/", l.at)
		if keep != nil && !keep(l) || l.uid != "" && seen[key] {
			continue
		}
		seen[key] = true
		list = append(list, l.tenant+"/this is "+l.id)
	}
	slices.Sort(list)
	return list
}

// check compares what is live with what is wanted, reads every live object whole, and looks for rows that are there twice.
func (r *rig) check(keep func(line) bool) {
	r.t.Helper()
	s := r.open().Snapshot()
	require.Equal(r.t, r.want(keep), bodies(r.t, s))
	for _, o := range r.live() {
		require.NoError(r.t, archive.VerifyObject(context.Background(), r.bucket(), o))
	}
}
