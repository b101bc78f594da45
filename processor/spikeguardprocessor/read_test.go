// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/severity"
	"github.com/logboom/logboom/internal/weight"
)

func newReader(t testing.TB, key ...string) *reader {
	levels, err := severity.New(nil)
	require.NoError(t, err)
	return &reader{key: key, severity: levels}
}

// names are the sources of the records of a batch.
func names(r *reader, b *batch, ld plog.Logs) (list []string) {
	r.read(b, ld)
	for i := range b.items {
		list = append(list, b.names[b.items[i].Source])
	}
	return list
}

// TestSource: the record's attributes, else its resource's, each by itself.
func TestSource(t *testing.T) {
	r := newReader(t, "tenant", "service.name")
	b := newBatch(2)
	for range 2 { // a batch is used again
		ld := plog.NewLogs()
		add := func(resource map[string]any, records ...map[string]any) {
			rl := ld.ResourceLogs().AppendEmpty()
			require.NoError(t, rl.Resource().Attributes().FromRaw(resource))
			for _, attrs := range records {
				require.NoError(t, rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Attributes().FromRaw(attrs))
			}
		}
		add(map[string]any{"tenant": "acme", "service.name": "shop"},
			nil, map[string]any{"tenant": "umbrella"}, nil, map[string]any{"service.name": "pay"}, map[string]any{"tenant": 7, "service.name": true})
		add(map[string]any{"service.name": "shop"}, nil, map[string]any{"tenant": "acme"}, map[string]any{"tenant": ""})
		add(nil, nil)
		add(map[string]any{"service.name": strings.Repeat("n", 300), "tenant": "t"}, nil)
		add(map[string]any{"service.name": strings.Repeat("ä", 300), "tenant": "t"}, nil)
		add(map[string]any{"service.name": strings.Repeat("\x80", 300), "tenant": "t"}, nil)
		assert.Equal(t, []string{
			"acme/shop", "umbrella/shop", "acme/shop", "acme/pay", "7/true",
			"unknown/shop", "acme/shop", "unknown/shop", "unknown/unknown", "t/" + strings.Repeat("n", 254), "t/" + strings.Repeat("ä", 127), "t/" + strings.Repeat("\x80", 251),
		}, names(r, b, ld))
		assert.Len(t, b.names, 9)
		b.reset()
	}
}

// TestItem: what the engine is told of a record.
func TestItem(t *testing.T) {
	r := newReader(t, "service.name")
	b := newBatch(1)
	one := func(fill func(lr plog.LogRecord)) int {
		ld := plog.NewLogs()
		lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		fill(lr)
		b.reset()
		r.read(b, ld)
		require.Len(t, b.items, 1)
		assert.Equal(t, (&plog.ProtoMarshaler{}).LogRecordSize(lr), b.items[0].Bytes)
		return 0
	}
	for severityText, want := range map[string]uint8{"": 0, "ERROR": 17, "[warn]": 13, "nonsense": 0} {
		one(func(lr plog.LogRecord) { lr.SetSeverityText(severityText) })
		assert.Equal(t, want, b.items[0].Severity, severityText)
	}
	one(func(lr plog.LogRecord) { lr.SetSeverityNumber(300) })
	assert.Zero(t, b.items[0].Severity)
	one(func(lr plog.LogRecord) {
		lr.SetSeverityNumber(plog.SeverityNumberError)
		lr.SetSeverityText("debug")
		lr.SetTraceID([16]byte{5})
		lr.SetTimestamp(7)
		lr.SetObservedTimestamp(8)
		lr.Body().SetStr("text")
	})
	assert.Equal(t, uint8(17), b.items[0].Severity)
	assert.Equal(t, [16]byte{5}, b.items[0].TraceID)
	assert.Equal(t, int64(7), b.items[0].Time)
	assert.Equal(t, "text", b.items[0].Text)
	one(func(lr plog.LogRecord) { lr.SetObservedTimestamp(8) })
	assert.Equal(t, int64(8), b.items[0].Time)
	for _, never := range []pcommon.Timestamp{0, 1<<64 - 1} {
		one(func(lr plog.LogRecord) { lr.SetTimestamp(never) })
		assert.InDelta(t, time.Now().UnixNano(), b.items[0].Time, 1e10)
	}
	for want, body := range map[string]any{
		"": nil, "a message": map[string]any{"a": "x", "message": "a message"}, "some text": map[string]any{"n": 1, "other": "some text"},
	} {
		one(func(lr plog.LogRecord) { require.NoError(t, lr.Body().FromRaw(body)) })
		assert.Equal(t, want, b.items[0].Text)
		one(func(lr plog.LogRecord) {
			require.NoError(t, lr.Body().FromRaw(body))
			lr.SetEventName("event")
		})
		if want != "a message" {
			want = "event"
		}
		assert.Equal(t, want, b.items[0].Text)
	}
}

// TestIncomingThresholds: what came sampled goes on with both shares, or as it came.
func TestIncomingThresholds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionThin, 100))
		for range 300 {
			ld := lines(100, "loud", "quiet")
			ld.ResourceLogs().At(1).ScopeLogs().At(0).LogRecords().RemoveIf(func(plog.LogRecord) bool { return true })
			addLine(ld.ResourceLogs().At(1).ScopeLogs().At(0), "quiet", 9)
			eachRecord(ld, func(_ plog.ResourceLogs, lr plog.LogRecord) { // one in four was kept before
				lr.Attributes().PutStr(weight.ThresholdAttribute, "c")
				lr.Attributes().PutStr(weight.RandomnessAttribute, "d0000000000000")
			})
			r.send(ld)
			time.Sleep(100 * time.Millisecond)
		}
		r.stop()
		r.balanced()
		assert.InEpsilon(t, 4*30_000, weights(r.sink.came("loud")), 0.1)
		for _, g := range r.sink.came("quiet") {
			require.Equal(t, map[string]any{weight.ThresholdAttribute: "c", weight.RandomnessAttribute: "d0000000000000"}, g.attrs)
		}
	})
}

// FuzzRecords: no record, whatever is in it, makes a guard fail, or lose it.
func FuzzRecords(f *testing.F) {
	for _, ld := range []plog.Logs{plog.NewLogs(), lines(3, "a", "b"), both(7)} {
		data, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
		require.NoError(f, err)
		f.Add(data, byte(0))
		f.Add(data, byte(1))
	}
	var rigs []*rig
	for _, action := range actions {
		cfg := fixed(action, 1)
		cfg.Truncate.MaxBodyBytes = 256
		rigs = append(rigs, newRigWith(f, cfg, nil)) // nothing in the background: a fuzzer wants the same to happen each time
	}
	f.Cleanup(func() {
		for _, r := range rigs {
			r.stop()
		}
	})
	f.Fuzz(func(t *testing.T, data []byte, n byte) {
		r := *rigs[int(n)%len(rigs)]
		r.TB = t
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(data)
		if err != nil {
			t.Skip()
		}
		before, sent := r.metric("received_items")+r.metric("refused_items"), ld.LogRecordCount()
		if err := r.ConsumeLogs(t.Context(), ld); err != nil {
			require.ErrorIs(t, err, errBudget)
		}
		require.Equal(t, before+int64(sent), r.metric("received_items")+r.metric("refused_items"))
		r.sink.mu.Lock()
		r.sink.records = nil
		r.sink.mu.Unlock()
	})
}
