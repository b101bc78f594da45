// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"io"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
)

// rig is an exporter with a bucket that fails on demand, and with ears for its metrics and status.
type rig struct {
	*objectStorageExporter
	t      testing.TB
	bucket *faultyBucket
	host   *statusHost
	tel    *componenttest.Telemetry
}

func newRig(t testing.TB, cfg *Config) *rig {
	r := &rig{t: t, bucket: &faultyBucket{}, host: &statusHost{Host: componenttest.NewNopHost()}, tel: componenttest.NewTelemetry()}
	t.Cleanup(func() { require.NoError(t, r.tel.Shutdown(context.Background())) })
	set := exportertest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = r.tel.NewTelemetrySettings()
	e, err := newExporter(set, cfg)
	require.NoError(t, err)
	e.openBucket = r.bucket.open(cfg)
	r.objectStorageExporter = e
	return r
}

func startRig(t testing.TB, cfg *Config) *rig {
	r := newRig(t, cfg)
	require.NoError(t, r.start(context.Background(), r.host))
	return r
}

func (r *rig) send(ld plog.Logs) { require.NoError(r.t, r.consume(context.Background(), ld)) }

func (r *rig) stop() { require.NoError(r.t, r.shutdown(context.Background())) }

// metric is the sum of a metric, over the points that have the value in an attribute, "" for all.
func (r *rig) metric(name, value string) (sum float64) {
	m, err := r.tel.GetMetric("otelcol_exporter_object_storage_" + name)
	if err != nil {
		return 0 // nothing was added yet
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

// requireBalance: what came in is somewhere. A moment passes between the removal of a segment and its count.
func (r *rig) requireBalance() {
	r.t.Helper()
	require.EventuallyWithT(r.t, func(c *assert.CollectT) {
		in := r.metric("accepted_records", "") + r.metric("recovered_records", "")
		out := r.metric("committed_records", "") + r.metric("dropped_records", "") + r.metric("held_records", "")
		assert.Equal(c, in, out, "accepted %v + recovered %v = committed %v + dropped %v + held %v",
			r.metric("accepted_records", ""), r.metric("recovered_records", ""),
			r.metric("committed_records", ""), r.metric("dropped_records", ""), r.metric("held_records", ""))
	}, time.Minute, time.Millisecond)
}

// eventually waits for a metric.
func (r *rig) eventually(name, value string, want float64) {
	r.t.Helper()
	require.EventuallyWithT(r.t, func(c *assert.CollectT) { assert.Equal(c, want, r.metric(name, value), "%s %s", name, value) },
		3*time.Minute, time.Millisecond)
}

// objects are the live objects, whole.
func (r *rig) objects() map[string]archive.ObjectMeta {
	ctx := context.Background()
	b, err := bucket.Open(ctx, r.cfg.Bucket)
	require.NoError(r.t, err)
	defer b.Close()
	reader, err := archive.Open(ctx, b, archive.ReaderOptions{})
	require.NoError(r.t, err)
	objects := map[string]archive.ObjectMeta{}
	live, errs := reader.Snapshot().Objects(ctx, math.MinInt64, math.MaxInt64)
	require.Empty(r.t, errs)
	for _, o := range live {
		_, twice := objects[o.Key]
		require.False(r.t, twice, "%s is live twice", o.Key)
		objects[o.Key] = *o
		require.NoError(r.t, archive.VerifyObject(ctx, b, o))
	}
	return objects
}

// rigBucket is the bucket itself.
func (r *rig) rigBucket() archive.Bucket {
	b, err := bucket.Open(context.Background(), r.cfg.Bucket)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { b.Close() })
	return b
}

// read returns the bytes of an object.
func (r *rig) read(key string) []byte {
	b, err := bucket.Open(context.Background(), r.cfg.Bucket)
	require.NoError(r.t, err)
	defer b.Close()
	body, err := b.Get(context.Background(), key)
	require.NoError(r.t, err)
	defer body.Close()
	all, err := io.ReadAll(body)
	require.NoError(r.t, err)
	return all
}

// statusHost remembers what was reported.
type statusHost struct {
	component.Host
	mu     sync.Mutex
	events []*componentstatus.Event
}

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
}

func (h *statusHost) all() (list []componentstatus.Status) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		list = append(list, e.Status())
	}
	return list
}

func (h *statusHost) last() componentstatus.Status {
	list := h.all()
	if len(list) == 0 {
		return componentstatus.StatusNone
	}
	return list[len(list)-1]
}
