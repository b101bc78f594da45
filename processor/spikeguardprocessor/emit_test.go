// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/internal/spike"
)

func newTestEmitter(t *testing.T, next *sink) *emitter {
	cfg := createDefaultConfig().(*Config)
	tel, err := newTelemetry(componenttest.NewNopTelemetrySettings(), cfg)
	require.NoError(t, err)
	t.Cleanup(tel.shutdown)
	return newEmitter(cfg, next, tel)
}

// TestWaitingIsBounded: whatever waits, memory is bounded and no count is lost.
func TestWaitingIsBounded(t *testing.T) {
	var next sink
	e := newTestEmitter(t, &next)
	sum := int64(0)
	for i := range 3 * maxWaitingSummaries {
		for range 2 {
			e.put(nil, []spike.Summary{{
				Key: fmt.Sprint("key-", i%7000), Template: fmt.Sprint(i), Over: spike.Total{Records: int64(i + 1), Bytes: 2}, First: 5, Last: 9,
				TraceIDs: [][16]byte{{1}, {2}, {3}},
			}}, nil)
			sum += int64(i + 1)
		}
	}
	for range 2 * maxWaitingNotices {
		e.put([]spike.Notice{{Key: "k"}}, nil, nil)
	}
	assert.Len(t, e.waiting.notices, maxWaitingNotices)
	assert.LessOrEqual(t, len(e.waiting.order), maxWaitingSummaries+1)
	assert.Len(t, e.waiting.summaries, len(e.waiting.order))
	large := &last{key: "k", size: maxLastBytes / 4, logs: lines(1, "s")}
	for range 10 {
		e.put(nil, nil, []*last{large})
	}
	assert.Len(t, e.waiting.lasts, 4)
	e.start()
	require.NoError(t, e.shutdown(t.Context()))
	stood := int64(0)
	for _, s := range next.event(eventSummary) {
		stood += s.count
		if ids, ok := s.attrs["logboom.spike_guard.trace_ids"].([]any); ok {
			assert.LessOrEqual(t, len(ids), maxTraceIDs)
		}
	}
	assert.Equal(t, sum, stood)
	assert.NotEmpty(t, next.all(func(g *got) bool { return g.event == eventSummary && g.service == otherKey }), "of all sources beyond")
	assert.Len(t, next.event(eventBegin), maxWaitingNotices)
	assert.Greater(t, next.batches, 10, "in parts")
	left := e.take()
	assert.True(t, left.empty())
	assert.Zero(t, e.waiting.lastBytes)
}

// TestLastsAreBounded: what may be the last of a burst is replaced, bounded by source and in all, and taken when it is time.
func TestLastsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newLasts()
		put := func(key string, template uint64, body string) {
			ld := lines(1, key)
			rl := ld.ResourceLogs().At(0)
			sl := rl.ScopeLogs().At(0)
			sl.LogRecords().At(0).Body().SetStr(body)
			s.put(newLast(key, &spike.Item{Template: template, Bytes: len(body)}, rl, sl, sl.LogRecords().At(0)))
		}
		put("a", 1, "first")
		put("a", 1, "second")
		put("b", 1, "other")
		assert.Len(t, s.held, 2)
		body := strings.Repeat("x", 100_000)
		for i := range 300 {
			put("a", uint64(2+i%20), body)
			put(fmt.Sprint("c", i), 1, body)
		}
		assert.LessOrEqual(t, s.keys["a"], maxLastBytesOfKey)
		assert.Greater(t, s.keys["a"], maxLastBytesOfKey-150_000)
		assert.LessOrEqual(t, s.bytes, maxLastBytes)
		assert.Greater(t, s.bytes, maxLastBytes-150_000)
		time.Sleep(time.Second)
		put("a", 1, "third")
		time.Sleep(time.Second)
		taken := s.take(time.Now().Add(-lastAfter))
		assert.Len(t, s.held, 1)
		for _, l := range taken {
			assert.NotEqual(t, "third", l.logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
		}
		taken = s.take(time.Now())
		require.Len(t, taken, 1)
		assert.Equal(t, map[string]any{attributeLast: true}, taken[0].logs.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw())
		assert.Zero(t, s.bytes)
		assert.Empty(t, s.keys)
	})
}

// TestSeveralBursts: a loop that comes and goes has a last record each time.
func TestSeveralBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, fixed(actionThin, 20))
		for range 3 {
			for i := range 50 {
				ld := lines(10, "loud")
				r.send(ld)
				_ = i
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(5 * time.Second)
		}
		assert.Len(t, r.sink.all(func(g *got) bool { return g.attrs[attributeLast] == true }), 3)
		r.stop()
		r.balanced()
	})
}

// TestEncode: names, and what is not valid UTF-8.
func TestEncode(t *testing.T) {
	var next sink
	e := newTestEmitter(t, &next)
	e.cfg.Key = []string{"ns", "svc"}
	ld := e.encode(&chunk{
		notices: []spike.Notice{{Key: "a/b/c"}, {Key: "other"}, {Key: "\xff/x", Ended: true, Template: "bad \xfe", TemplateShare: 0.5}},
		summaries: []*spike.Summary{
			{Key: "a/b/c", Over: spike.Total{Records: 1}, TraceIDs: [][16]byte{{1}}, FirstText: "same", LastText: "same", Severity: 17},
		},
	})
	require.Equal(t, 3, ld.ResourceLogs().Len())
	assert.Equal(t, map[string]any{"ns": "a", "svc": "b/c"}, ld.ResourceLogs().At(0).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"ns": "other"}, ld.ResourceLogs().At(1).Resource().Attributes().AsRaw())
	assert.Equal(t, map[string]any{"ns": "\uFFFD", "svc": "x"}, ld.ResourceLogs().At(2).Resource().Attributes().AsRaw())
	summary := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(1)
	assert.Equal(t, pcommon.TraceID{1}, summary.TraceID())
	assert.Equal(t, "ERROR", summary.SeverityText())
	assert.Equal(t, "records of several templates (seen 1 times in 0.0 s)", summary.Body().Str())
	assert.NotContains(t, summary.Attributes().AsRaw(), "logboom.spike_guard.last_example")
	assert.Contains(t, ld.ResourceLogs().At(2).ScopeLogs().At(0).LogRecords().At(0).Body().Str(), "50 % of it is: bad \uFFFD")
}

func TestNumbersInSentences(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0 B", 7: "7 B", 999: "999 B", 999.7: "1.0 kB", 1000: "1.0 kB", 1049: "1.0 kB", 9940: "9.9 kB", 9960: "10 kB", 123_456: "123 kB",
		999_600: "1.0 MB", 5e9: "5.0 GB", 7.7e12: "8 TB",
	} {
		assert.Equal(t, want, bytesText(n))
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 48210: "48,210", 1234567: "1,234,567"} {
		assert.Equal(t, want, count(n))
	}
	assert.Equal(t, "nothing", rateText(spike.Rate{}))
	assert.Equal(t, "1.5 kB/s and 20 records/s", rateText(spike.Rate{Bytes: 1500, Records: 20}))
}

// TestKeysOfMetricsAreBounded: a source's name is whatever somebody sends.
func TestKeysOfMetricsAreBounded(t *testing.T) {
	r := newRig(t, fixed(actionDrop, 1))
	ld := plog.NewLogs()
	for i := range 150 {
		lines(10, fmt.Sprintf("svc-%d\xff", i)).ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	}
	r.send(ld)
	r.stop()
	r.balanced()
	assert.InDelta(t, 8, r.metric("over_items", "key", "svc-0\uFFFD"), 3, "all but a burst of two seconds")
	assert.InDelta(t, 50*8, r.metric("over_items", "key", otherKey), 30)
	assert.InDelta(t, 150*8, r.metric("over_items"), 60)
}

// TestFailuresAreLogged: an error about what the processor wrote goes to nobody else.
func TestFailuresAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		set := componenttest.NewNopTelemetrySettings()
		set.Logger = zap.New(core)
		tel, err := newTelemetry(set, createDefaultConfig().(*Config))
		require.NoError(t, err)
		for range 30 {
			tel.failed(errDown, true)
			time.Sleep(time.Second)
		}
		require.Equal(t, 3, logs.Len(), "once in ten seconds")
		assert.Equal(t, map[string]any{"permanent": true, "error": errDown.Error()}, logs.All()[0].ContextMap())
		tel.shutdown()
	})
}
