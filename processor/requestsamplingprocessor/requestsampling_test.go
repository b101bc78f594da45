// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/tailsample"
)

// outcomes keeps requests with an error or of two seconds, and drops the rest.
func outcomes() *Config {
	return policies(
		PolicyConfig{Name: "errors", Severity: "error"},
		PolicyConfig{Name: "slow", Latency: &LatencyConfig{Min: 2 * time.Second}},
	)
}

const (
	info   = plog.SeverityNumberInfo
	failed = plog.SeverityNumberError
)

// TestErrorKeepsTheSpans: what an ERROR log record decides, holds for the spans that came before, in a pipeline of their own.
func TestErrorKeepsTheSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		var sink sink
		logs, traces := r.logs(&sink), r.traces(&sink)
		r.start(logs, traces)
		require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "a", time.Millisecond)))
		require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(2, "b", time.Millisecond)))
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "one", info, nil}, record{2, "two", info, nil})))
		synctest.Wait()
		gotLogs, gotSpans := sink.got()
		assert.Empty(t, gotLogs)
		assert.Empty(t, gotSpans)
		_, _, _, held := r.balanced()
		assert.Equal(t, int64(4), held)
		assert.Equal(t, int64(2), r.metric("held_items", "otel.signal", "traces"))
		assert.Equal(t, int64(2), r.metric("held_requests"))
		assert.Positive(t, r.metric("held_bytes"))

		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "error", failed, nil})))
		time.Sleep(time.Second)
		synctest.Wait()
		gotLogs, gotSpans = sink.got()
		assert.Equal(t, []string{"error", "one"}, gotLogs)
		assert.Equal(t, []string{"a"}, gotSpans)

		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "late", info, nil})))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(2, "late", time.Millisecond)))
		gotLogs, gotSpans = sink.got()
		assert.Equal(t, []string{"error", "late", "one"}, gotLogs)
		assert.Equal(t, []string{"a"}, gotSpans)
		received, kept, dropped, held := r.balanced()
		assert.Equal(t, []int64{7, 4, 3, 0}, []int64{received, kept, dropped, held})
		assert.Equal(t, int64(3), r.metric("kept_items", "otel.signal", "logs", "policy", "errors"))
		assert.Equal(t, int64(2), r.metric("dropped_items", "otel.signal", "traces", "policy", "rest", "reason", "policy", "service.name", "svc"))
		assert.Positive(t, r.metric("dropped_bytes"))
		assert.Equal(t, int64(1), r.metric("decisions", "policy", "errors", "outcome", "kept", "trigger", "record"))
		assert.Equal(t, int64(1), r.metric("decisions", "policy", "rest", "outcome", "dropped", "trigger", "wait"))
		assert.Equal(t, int64(2), r.metric("remembered_decisions"))
		assert.GreaterOrEqual(t, r.metric("late_items", "otel.signal", "logs", "outcome", "kept"), int64(1))
		assert.Equal(t, int64(1), r.metric("late_items", "otel.signal", "traces", "outcome", "dropped"))
		r.shutdown(logs, traces)
	})
}

// TestSlowSpanKeepsTheLogs: DEBUG lines are kept because a span was slow.
func TestSlowSpanKeepsTheLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		var sink sink
		logs, traces := r.logs(&sink), r.traces(&sink)
		r.start(logs, traces)
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t,
			record{1, "debug 1", plog.SeverityNumberDebug, nil}, record{2, "debug 2", plog.SeverityNumberDebug, nil})))
		require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "slow", 3*time.Second)))
		require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(2, "quick", time.Second)))
		time.Sleep(time.Second)
		synctest.Wait()
		gotLogs, gotSpans := sink.got()
		assert.Equal(t, []string{"debug 1"}, gotLogs)
		assert.Equal(t, []string{"slow"}, gotSpans)
		lr := benchLogRecords(sink.last)[0]
		assert.Equal(t, map[string]any{"sampling.threshold": "0"}, lr.Attributes().AsRaw())
		assert.Equal(t, "ot=th:0", sink.lastTD.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceState().AsRaw())
		r.shutdown(logs, traces)
		r.balanced()
	})
}

// TestRootSpanEnds: the end of the root span, and the grace after it, end a request before the wait is over.
func TestRootSpanEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		var sink sink
		logs, traces := r.logs(&sink), r.traces(&sink)
		r.start(logs, traces)
		root := spanOf(1, "root", time.Millisecond)
		root.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).SetParentSpanID(pcommon.SpanID{})
		require.NoError(t, traces.ConsumeTraces(t.Context(), root))
		time.Sleep(9 * time.Second)
		assert.Equal(t, int64(1), r.metric("held_requests"))
		time.Sleep(2 * time.Second)
		assert.Zero(t, r.metric("held_requests"))
		assert.Equal(t, int64(1), r.metric("decisions", "trigger", "end"))
		r.shutdown(logs, traces)
	})
}

// TestLink: an access line without a trace id joins its request by a record that has both.
func TestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := outcomes()
		cfg.Correlation = []string{"request_id"}
		r := newRig(t, cfg)
		var sink sink
		logs := r.logs(&sink)
		r.start(logs)
		id := map[string]any{"request_id": "r-1"}
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{-1, "access", info, id}, record{1, "both", info, id}, record{2, "other", info, nil})))
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "error", failed, nil})))
		time.Sleep(time.Second)
		synctest.Wait()
		got, _ := sink.got()
		assert.Equal(t, []string{"access", "both", "error"}, got)
		r.shutdown(logs)
		r.balanced()
	})
}

// TestPolicyAttributeEndToEnd writes names to streamed and held records alike.
func TestPolicyAttributeEndToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := outcomes()
		cfg.PolicyAttribute = "sampling.policy"
		r := newRig(t, cfg)
		var sink sink
		logs := r.logs(&sink)
		r.start(logs)
		for _, rec := range []record{{1, "held", info, nil}, {1, "streamed", failed, nil}} {
			require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, rec)))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		got, _ := sink.got()
		assert.Equal(t, []string{"held", "streamed"}, got)
		assert.Equal(t, map[string]any{"sampling.threshold": "0", "sampling.policy": "errors"}, benchLogRecords(sink.last)[0].Attributes().AsRaw())
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{-1, "keyless", info, nil})))
		assert.Equal(t, map[string]any{"sampling.threshold": "0", "sampling.policy": "keyless"}, benchLogRecords(sink.last)[0].Attributes().AsRaw())
		r.shutdown(logs)
	})
}

// TestKeyless: records without a key have their own rate, and weights that make up for it.
func TestKeyless(t *testing.T) {
	const records = 20_000
	cfg := outcomes()
	cfg.Keyless.Rate = 0.25
	r := newRig(t, cfg)
	var sink sink
	logs := r.logs(&sink)
	r.start(logs)
	batch := make([]record, 100)
	for i := range batch {
		batch[i] = record{-1, "x", info, nil}
	}
	for range records / len(batch) {
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, batch...)))
	}
	received, kept, dropped, held := r.balanced()
	assert.Equal(t, int64(records), received)
	assert.InEpsilon(t, records/4, kept, 0.1)
	assert.Equal(t, dropped, r.metric("dropped_items", "policy", "keyless"))
	assert.Zero(t, held)
	for _, lr := range benchLogRecords(sink.last) {
		th, _ := lr.Attributes().Get("sampling.threshold")
		rv, _ := lr.Attributes().Get("sampling.randomness")
		assert.Equal(t, "c", th.Str())
		assert.GreaterOrEqual(t, rv.Str(), "c0000000000000")
	}
	r.shutdown(logs)
}

// TestShared: three pipelines share what they decide; each gets its own data back.
func TestShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		var one, two, spans sink
		a, b, c := r.logs(&one), r.logs(&two), r.traces(&spans)
		r.start(a, b, c)
		require.NoError(t, a.ConsumeLogs(t.Context(), logsOf(t, record{1, "of one", info, nil})))
		require.NoError(t, b.ConsumeLogs(t.Context(), logsOf(t, record{1, "of two", info, nil})))
		require.NoError(t, c.ConsumeTraces(t.Context(), spanOf(1, "of three", time.Millisecond)))
		require.NoError(t, b.ConsumeLogs(t.Context(), logsOf(t, record{1, "error", failed, nil})))
		time.Sleep(time.Second)
		synctest.Wait()
		got, _ := one.got()
		assert.Equal(t, []string{"of one"}, got)
		got, _ = two.got()
		assert.Equal(t, []string{"error", "of two"}, got)
		_, got = spans.got()
		assert.Equal(t, []string{"of three"}, got)
		assert.Equal(t, int64(1), r.metric("decisions"), "one request, decided once")

		assert.Same(t, a.(*logsProcessor).sampler, c.(*tracesProcessor).sampler)
		r.shutdown(a, c)
		other := r.logs(&one)
		assert.Same(t, b.(*logsProcessor).sampler, other.(*logsProcessor).sampler, "b is not shut down yet")
		r.shutdown(other, b, b, other)
		fresh := r.logs(&one)
		assert.NotSame(t, b.(*logsProcessor).sampler, fresh.(*logsProcessor).sampler)
		another := newRig(t, outcomes())
		q := another.logs(&one)
		r.shutdown(fresh)
		another.shutdown(q)
		r.balanced()
	})
}

// TestConfigurationsDoNotShare: two components have two engines.
func TestConfigurationsDoNotShare(t *testing.T) {
	f := newRig(t, outcomes())
	a := f.logs(&sink{})
	f.cfg = outcomes()
	b := f.logs(&sink{})
	assert.NotSame(t, a.(*logsProcessor).sampler, b.(*logsProcessor).sampler)
	f.shutdown(a, b)
}

func TestShutdownWithoutStart(t *testing.T) {
	r := newRig(t, outcomes())
	a, b := r.logs(&sink{}), r.traces(&sink{})
	r.shutdown(a, a, b, b)
	require.Error(t, a.ConsumeLogs(t.Context(), logsOf(t, record{1, "x", info, nil})), "it is over")
	assert.Zero(t, r.metric("held_items"))
}

// TestShutdownDecides: without a storage the shutdown decides with what is known, and waits for the next consumer.
func TestShutdownDecides(t *testing.T) {
	r := newRig(t, keepsLate())
	var sink sink
	logs, traces := r.logs(&sink), r.traces(&sink)
	r.start(logs, traces)
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "a", info, nil}, record{2, "b", info, nil})))
	require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "s", time.Millisecond)))
	r.shutdown(logs, traces)
	gotLogs, gotSpans := sink.got()
	assert.Equal(t, []string{"a", "b"}, gotLogs)
	assert.Equal(t, []string{"s"}, gotSpans)
	_, kept, _, held := r.balanced()
	assert.Equal(t, int64(3), kept)
	assert.Zero(t, held)
}

var errDown = errors.New("the next component is down")

// TestRefusedWhileStreaming: one record of the batch is streamed, another held. The error is not the sender's concern, which would
// send both again; the streamed one is tried again.
func TestRefusedWhileStreaming(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		sink := sink{fail: func() error { return errDown }}
		logs := r.logs(&sink)
		r.start(logs)
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "held", info, nil}, record{2, "error", failed, nil})))
		_, kept, dropped, held := r.balanced()
		assert.Equal(t, []int64{0, 0, 2}, []int64{kept, dropped, held})
		assert.Positive(t, r.metric("delivery_failures", "otel.signal", "logs"))
		sink.setFail(nil)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		got, _ := sink.got()
		assert.Equal(t, []string{"error"}, got, "as it was, although the consumer that failed changed it")
		assert.Equal(t, map[string]any{"sampling.threshold": "0"}, benchLogRecords(sink.last)[0].Attributes().AsRaw())
		_, kept, dropped, held = r.balanced()
		assert.Equal(t, []int64{1, 0, 1}, []int64{kept, dropped, held})
		r.shutdown(logs)
		r.balanced()
	})
}

// TestRefusedWithNothingHeld: the sender gets the error and sends again, as if the component were not there.
func TestRefusedWithNothingHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		sink := sink{fail: func() error { return errDown }}
		logs := r.logs(&sink)
		r.start(logs)
		for _, rec := range []record{{2, "error", failed, nil}, {-1, "keyless", info, nil}} {
			require.ErrorIs(t, logs.ConsumeLogs(t.Context(), logsOf(t, rec)), errDown)
		}
		received, _, _, _ := r.balanced()
		assert.Zero(t, received)
		assert.Equal(t, int64(2), r.metric("refused_items"))
		sink.setFail(nil)
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{2, "error", failed, nil})))
		got, _ := sink.got()
		assert.Equal(t, []string{"error"}, got)
		r.shutdown(logs)
		received, kept, _, _ := r.balanced()
		assert.Equal(t, []int64{1, 1}, []int64{received, kept})
	})
}

// TestRefusedForGood: what is streamed and refused for good is lost, counted, and told the sender.
func TestRefusedForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		sink := sink{fail: func() error { return consumererror.NewPermanent(errDown) }}
		logs, traces := r.logs(&sink), r.traces(&sink)
		r.start(logs, traces)
		err := logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "held", info, nil}, record{2, "error", failed, nil}))
		require.ErrorIs(t, err, errDown)
		assert.True(t, consumererror.IsPermanent(err))
		err = traces.ConsumeTraces(t.Context(), spanOf(2, "late", time.Millisecond))
		require.ErrorIs(t, err, errDown)
		_, kept, dropped, held := r.balanced()
		assert.Equal(t, []int64{0, 2, 1}, []int64{kept, dropped, held})
		for _, signal := range []string{"logs", "traces"} {
			attrs := []string{"otel.signal", signal, "reason", "refused", "policy", "errors", "service.name", "svc"}
			assert.Equal(t, int64(1), r.metric("dropped_items", attrs...))
			assert.Positive(t, r.metric("dropped_bytes", attrs...))
		}
		r.shutdown(logs, traces)
		r.balanced()
	})
}

// TestHeldIsRefused: held data is tried again after an error, and dropped after one for good.
func TestHeldIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		kept int64
	}{"not for good": {errDown, 3}, "for good": {consumererror.NewPermanent(errDown), 0}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := keepsLate()
				r := newRig(t, cfg)
				sink := sink{fail: func() error { return c.err }}
				logs, traces := r.logs(&sink), r.traces(&sink)
				r.start(logs, traces)
				require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "a", info, nil}, record{1, "b", info, nil})))
				require.NoError(t, traces.ConsumeTraces(t.Context(), spanOf(1, "s", time.Millisecond)))
				time.Sleep(cfg.Wait + 5*time.Second)
				synctest.Wait()
				assert.Positive(t, r.metric("delivery_failures", "otel.signal", "logs"))
				assert.Positive(t, r.metric("delivery_failures", "otel.signal", "traces"))
				r.balanced()
				sink.setFail(nil)
				time.Sleep(time.Minute)
				synctest.Wait()
				_, kept, dropped, held := r.balanced()
				assert.Equal(t, []int64{c.kept, 3 - c.kept, 0}, []int64{kept, dropped, held})
				r.shutdown(logs, traces)
			})
		})
	}
}

// TestShutdownWhileTheNextIsDown: the shutdown ends, and what it could not pass on is counted.
func TestShutdownWhileTheNextIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, keepsLate())
		sink := sink{fail: func() error { return errDown }}
		logs := r.logs(&sink)
		r.start(logs)
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "a", info, nil})))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_ = logs.Shutdown(ctx)
		_, kept, dropped, held := r.balanced()
		assert.Equal(t, []int64{0, 1, 0}, []int64{kept, dropped, held})
		assert.Equal(t, int64(1), r.metric("dropped_items", "reason", "shutdown"))
	})
}

// TestFull: while the next component is down, what is held grows to its bound; then senders get an error that is not for good, and
// nothing that was taken is lost.
func TestFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := policies(PolicyConfig{Name: "errors", Severity: "error"})
		cfg.Policies[1].Rate = ptr(0.5)
		cfg.MaxHeldMiB, cfg.MaxRequestMiB = 1, 1
		r := newRig(t, cfg)
		sink := sink{fail: func() error { return errDown }}
		logs := r.logs(&sink)
		r.start(logs)
		body := strings.Repeat("x", 10_000)
		sent, refused, full := int64(0), int64(0), 0
		for n := range 300 {
			// One record is streamed and refused, the other held: both are taken, until there is no room.
			err := logs.ConsumeLogs(t.Context(), logsOf(t, record{n, body, info, nil}, record{-1, body, info, nil}))
			switch {
			case err == nil:
				sent += 2
			case errors.Is(err, tailsample.ErrFull):
				full++
				fallthrough
			default:
				refused += 2
				assert.False(t, consumererror.IsPermanent(err))
			}
			time.Sleep(100 * time.Millisecond)
		}
		assert.Positive(t, full)
		assert.Equal(t, refused, r.metric("refused_items"))
		assert.LessOrEqual(t, r.metric("held_bytes"), int64(1<<20))
		received, _, _, _ := r.balanced()
		assert.Equal(t, sent, received)
		sink.setFail(nil)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		_, kept, dropped, held := r.balanced()
		assert.Equal(t, []int64{sent, 0, 0}, []int64{kept, dropped, held})
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{-1, body, info, nil}, record{2000, body, failed, nil})))
		r.shutdown(logs)
		r.balanced()
	})
}

// TestNothingAfterShutdown is the contract of all processors.
func TestNothingAfterShutdown(t *testing.T) {
	processortest.VerifyShutdown(t, NewFactory(), keepsLate())
}

// TestEmptyBatches go through.
func TestEmptyBatches(t *testing.T) {
	r := newRig(t, outcomes())
	var sink sink
	logs, traces := r.logs(&sink), r.traces(&sink)
	r.start(logs, traces)
	require.NoError(t, logs.ConsumeLogs(t.Context(), plog.NewLogs()))
	require.NoError(t, traces.ConsumeTraces(t.Context(), ptrace.NewTraces()))
	ld := logsOf(t, record{1, "a", failed, nil})
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	require.NoError(t, logs.ConsumeLogs(t.Context(), ld))
	got, _ := sink.got()
	assert.Equal(t, []string{"a"}, got)
	r.shutdown(logs, traces)
}

// TestInconsistentThresholds are counted once, streamed or held.
func TestInconsistentThresholds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, outcomes())
		var sink sink
		logs, traces := r.logs(&sink), r.traces(&sink)
		r.start(logs, traces)
		bad := map[string]any{"sampling.threshold": "what"}
		td := spanOf(1, "s", 0)
		td.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).TraceState().FromRaw("ot=th:ffffffffffffff")
		require.NoError(t, traces.ConsumeTraces(t.Context(), td))
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "held", info, bad}, record{2, "dropped", info, bad})))
		require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "error", failed, bad})))
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, int64(2), r.metric("inconsistent_thresholds", "otel.signal", "logs"))
		assert.Equal(t, int64(1), r.metric("inconsistent_thresholds", "otel.signal", "traces"))
		r.shutdown(logs, traces)
	})
}

// TestConditionErrors are counted by policy.
func TestConditionErrors(t *testing.T) {
	r := newRig(t, policies(PolicyConfig{Name: "json", OTTL: &OTTLConfig{Logs: []string{`ParseJSON(body)["level"] == "error"`}}}))
	var sink sink
	logs := r.logs(&sink)
	r.start(logs)
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "not JSON", info, nil}, record{2, `{"level": "error"}`, info, nil})))
	assert.Equal(t, int64(1), r.metric("condition_errors", "otel.signal", "logs", "policy", "json"))
	got, _ := sink.got()
	assert.Equal(t, []string{`{"level": "error"}`}, got)
	r.shutdown(logs)
}
