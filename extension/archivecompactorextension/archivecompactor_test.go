// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/extension/archivecompactorextension/internal/metadata"
	"github.com/logboom/logboom/internal/archivefiles"
	"github.com/logboom/logboom/internal/bucket"
)

// now is the clock of the tests, and base an hour of long ago.
var (
	now  = time.Date(2026, 3, 14, 12, 30, 0, 0, time.UTC)
	base = time.Date(2026, 3, 4, 10, 5, 0, 0, time.UTC)
)

// writeArchive commits n objects of ten records each, half of which are DEBUG.
func writeArchive(t testing.TB, b archive.Bucket, n int) {
	t.Helper()
	ctx := context.Background()
	w, err := archive.NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(ctx))
	for i := range n {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "shop")
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for j := range 10 {
			lr := records.AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(10*i+j) * time.Second)))
			lr.SetSeverityNumber([]plog.SeverityNumber{plog.SeverityNumberDebug, plog.SeverityNumberInfo}[j%2])
			lr.Body().SetStr(fmt.Sprintf("record %d of batch %d", j, i))
		}
		enc := archive.NewEncoder(archive.EncoderOptions{})
		enc.Append(ld, base)
		number := w.Committed() + 1
		var objects []archive.ObjectMeta
		require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: w.Epoch(), From: number, To: number}, func(o archive.Object) error {
			objects = append(objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, number, number, objects))
	}
}

// rig is an extension with ears.
type rig struct {
	*archiveCompactor
	t      *testing.T
	bucket archive.Bucket
	tel    *componenttest.Telemetry
	logs   *observer.ObservedLogs
	host   *statusHost
}

func newRig(t *testing.T, change func(*Config)) *rig {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = fmt.Sprintf("mem://compactor-%d", rand.Uint64())
	if change != nil {
		change(cfg)
	}
	require.NoError(t, cfg.Validate())
	r := &rig{t: t, tel: componenttest.NewTelemetry(), host: &statusHost{Host: componenttest.NewNopHost(), changed: make(chan struct{}, 100)}}
	t.Cleanup(func() { require.NoError(t, r.tel.Shutdown(context.Background())) })
	set := extensiontest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	var core zapcore.Core
	core, r.logs = observer.New(zapcore.DebugLevel)
	set.Logger = zap.New(core)
	var err error
	r.archiveCompactor, err = newExtension(set, cfg)
	require.NoError(t, err)
	r.now = func() time.Time { return now }
	r.bucket, err = bucket.Open(context.Background(), cfg.Bucket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.bucket.Close()) })
	return r
}

// metric is the sum of a metric over the points that have the value in an attribute, "" for all.
func (r *rig) metric(name, value string) (sum float64) {
	m, err := r.tel.GetMetric("otelcol_extension_archive_compactor_" + name)
	if err != nil {
		return -1 // not there
	}
	match := func(set attribute.Set) bool {
		for _, kv := range set.ToSlice() {
			if kv.Value.AsString() == value {
				return true
			}
		}
		return value == ""
	}
	switch data := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range data.DataPoints {
			if match(p.Attributes) {
				sum += float64(p.Value)
			}
		}
	case metricdata.Gauge[int64]:
		sum = float64(data.DataPoints[0].Value)
	case metricdata.Gauge[float64]:
		sum = data.DataPoints[0].Value
	case metricdata.Histogram[float64]:
		sum = float64(data.DataPoints[0].Count)
	}
	return sum
}

// count is how many records are live, by a reader that was just opened.
func (r *rig) count() (rows int) {
	reader, err := archive.Open(context.Background(), r.bucket, archive.ReaderOptions{})
	require.NoError(r.t, err)
	stats, err := reader.Snapshot().Scan(context.Background(), archive.All(), func(*archive.Record) error {
		rows++
		return nil
	})
	require.NoError(r.t, err)
	require.Empty(r.t, stats.Errors)
	return rows
}

func (r *rig) read(key string) string {
	rc, err := r.bucket.Get(context.Background(), key)
	require.NoError(r.t, err)
	defer rc.Close()
	b, err := io.ReadAll(rc)
	require.NoError(r.t, err)
	return string(b)
}

type statusHost struct {
	component.Host
	mu      sync.Mutex
	events  []*componentstatus.Event
	changed chan struct{}
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	h.events = append(h.events, e)
	h.mu.Unlock()
	h.changed <- struct{}{}
}

func (h *statusHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.events) == 0 {
		return componentstatus.StatusNone
	}
	return h.events[len(h.events)-1].Status()
}

// TestCycle: small objects of an hour that is over become one, the lists name it, and the metrics tell.
func TestCycle(t *testing.T) {
	r := newRig(t, nil)
	writeArchive(t, r.bucket, 5)
	require.NoError(t, r.Start(context.Background(), r.host))
	<-r.host.changed // the first cycle is over
	require.NoError(t, r.Shutdown(context.Background()))
	assert.Equal(t, componentstatus.StatusOK, r.host.last())
	assert.Equal(t, 50, r.count())
	assert.EqualValues(t, 5, r.metric("merged_objects", "in"))
	assert.EqualValues(t, 1, r.metric("merged_objects", "out"))
	list := r.read(archivefiles.ListKey)
	assert.Equal(t, 1, strings.Count(list, "\n"), list)
	assert.Contains(t, list, "/logs/date=2026-03-04/hour=10/compacted-")
	assert.Contains(t, r.read(archivefiles.ViewKey), "CREATE OR REPLACE VIEW logs AS SELECT * FROM read_parquet([\n  '"+strings.TrimSpace(list)+"'\n], union_by_name = true, hive_partitioning = true);")
}

// TestMetrics after one cycle that was made by hand.
func TestMetrics(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Retention.Rules = []RuleConfig{{Service: "shop", MaxSeverity: "debug", MaxAge: Age(2 * day)}}
	})
	writeArchive(t, r.bucket, 4)
	require.NoError(t, r.open(r.bucket))
	r.archiveCompactor.bucket = r.bucket
	r.state.start(now)
	require.NoError(t, r.observe())
	require.NoError(t, r.cycle(context.Background()))
	assert.Equal(t, 20, r.count(), "DEBUG is gone")
	assert.EqualValues(t, 1, r.metric("cycles", "ok"))
	assert.EqualValues(t, 1, r.metric("cycle_duration", ""))
	assert.EqualValues(t, 20, r.metric("deleted_records", "retention"))
	assert.Positive(t, r.metric("rewritten_size", ""))
	assert.EqualValues(t, 20, r.metric("live_records", ""))
	assert.EqualValues(t, 1, r.metric("live_objects", ""))
	assert.Positive(t, r.metric("live_size", ""))
	assert.EqualValues(t, 0, r.metric("backlog_objects", ""))
	assert.EqualValues(t, 1, r.metric("leader", ""))
	assert.EqualValues(t, 0, r.metric("since_success", ""))
	assert.NotEmpty(t, r.logs.FilterMessageSnippet("").All())
}

// TestDryRunDeletesNothing, and says what would go.
func TestDryRunDeletesNothing(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Retention.DryRun = true
		c.Retention.MaxAge = Age(3 * day)
		c.Retention.Sizes = []SizeConfig{{MaxSizeMiB: 1}}
	})
	writeArchive(t, r.bucket, 4)
	require.NoError(t, r.open(r.bucket))
	for range 2 {
		require.NoError(t, r.cycle(context.Background()))
	}
	assert.Equal(t, 40, r.count())
	logs := r.logs.FilterMessage("retention would delete in all (dry_run)").All()
	require.Len(t, logs, 1, "once an hour")
	assert.EqualValues(t, 40, logs[0].ContextMap()["records"])
	logs = r.logs.FilterMessage("retention would delete (dry_run)").All()
	require.Len(t, logs, 1)
	assert.Contains(t, logs[0].ContextMap()["why"], "max_age=72h")
	assert.LessOrEqual(t, r.metric("deleted_records", "retention")+r.metric("deleted_records", "size"), 0.0)
}

// TestNotLeading: while another process has the lease, this one waits, and that is no error.
func TestNotLeading(t *testing.T) {
	r := newRig(t, nil)
	writeArchive(t, r.bucket, 3)
	lease, err := archive.AcquireLease(context.Background(), r.bucket, archive.LeaseOptions{Holder: "other", TTL: time.Hour, Now: r.now})
	require.NoError(t, err)
	require.NoError(t, r.open(r.bucket))
	require.NoError(t, r.observe())
	require.NoError(t, r.cycle(context.Background()))
	assert.EqualValues(t, 1, r.metric("cycles", "not_leader"))
	assert.EqualValues(t, 0, r.metric("leader", ""))
	assert.EqualValues(t, -1, r.metric("live_records", ""), "who does not lead does not know")
	require.NoError(t, lease.Release(context.Background()))
	require.NoError(t, r.cycle(context.Background()))
	assert.EqualValues(t, 1, r.metric("leader", ""))
	assert.EqualValues(t, 30, r.metric("live_records", ""))
}

// awayBucket cannot create objects while it is away.
type awayBucket struct {
	archive.Bucket
	mu   sync.Mutex
	away bool
}

var errAway = errors.New("away")

func (b *awayBucket) set(away bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = away
}

func (b *awayBucket) Create(ctx context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return errAway
	}
	return b.Bucket.Create(ctx, key, body)
}

func (b *awayBucket) Put(ctx context.Context, key string, body []byte) error {
	return bucket.Put(ctx, b.Bucket, key, body)
}

// TestStatus: trouble with the bucket is a recoverable error until a cycle ends well, and logged once.
func TestStatus(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Interval = minInterval })
	writeArchive(t, r.bucket, 3)
	away := &awayBucket{Bucket: r.bucket, away: true}
	r.openBucket = func(context.Context) (archive.Bucket, error) { return away, nil }
	require.NoError(t, r.Start(context.Background(), r.host))
	<-r.host.changed
	assert.Equal(t, componentstatus.StatusRecoverableError, r.host.last())
	away.set(false)
	<-r.host.changed
	assert.Equal(t, componentstatus.StatusOK, r.host.last())
	require.NoError(t, r.Shutdown(context.Background()))
	require.NoError(t, r.Shutdown(context.Background()), "twice")
	assert.Equal(t, 1, r.logs.FilterMessageSnippet("cannot be looked after").Len())
	assert.Equal(t, 30, r.count())
}

// TestLogHandler: what the engine logs arrives as it was meant.
func TestLogHandler(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	h := newLogger(zap.New(core))
	h.Debug("not enabled")
	h.With("a", 1).WithGroup("g").Warn("careful", "b", "x", "error", errAway)
	entries := logs.All()
	require.Len(t, entries, 1)
	assert.Equal(t, zapcore.WarnLevel, entries[0].Level)
	assert.Equal(t, map[string]any{"a": int64(1), "g.b": "x", "g.error": "away"}, entries[0].ContextMap())
}
