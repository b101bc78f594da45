// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/sampling"

	"github.com/logboom/logboom/internal/weight"
)

// estimates adds up what kept records stand for, and the squares of that.
type estimates struct {
	mu                   sync.Mutex
	logs, spans, squares float64
}

func (e *estimates) add(to *float64, threshold uint64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := float64(weight.All) / float64(weight.All-threshold)
	*to += w
	e.squares += w * w
}

// TestEstimates: however requests were sampled before and come together, what is kept stands for all of them.
func TestEstimates(t *testing.T) {
	const requests, half = 4000, weight.All / 2
	rnd := rand.New(rand.NewPCG(1, 9))
	number := func() uint64 { return rnd.Uint64() >> 8 }
	sampled := func(lr plog.LogRecord, randomness uint64) {
		lr.Attributes().PutStr(weight.ThresholdAttribute, weight.ThresholdText(half))
		lr.Attributes().PutStr(weight.RandomnessAttribute, weight.RandomnessText(randomness))
	}
	for name, send := range map[string]func(r *sender){
		"logs sampled before, by a number of their own": func(r *sender) {
			if n := number(); n >= half {
				r.log(true, "", func(lr plog.LogRecord) { sampled(lr, n) })
			}
			r.span(nil)
		},
		"logs and spans sampled before, by two numbers": func(r *sender) {
			if n := number(); n >= half {
				r.log(true, "", func(lr plog.LogRecord) { sampled(lr, n) })
			}
			if n := number(); n >= half {
				r.span(func(s ptrace.Span) {
					s.TraceState().FromRaw("ot=rv:" + weight.RandomnessText(n) + ";th:" + weight.ThresholdText(half))
				})
			}
		},
		"spans sampled before, by the trace id": func(r *sender) {
			r.log(true, "", nil)
			if weight.OfTrace(r.id) >= half {
				r.span(func(s ptrace.Span) { s.TraceState().FromRaw("ot=th:" + weight.ThresholdText(half)) })
			}
		},
		"a part that is known by another key is decided long before": func(r *sender) {
			r.log(false, fmt.Sprint("r", r.n), nil)
			time.Sleep(time.Minute)
			r.log(true, fmt.Sprint("r", r.n), nil)
			r.span(nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cfg := createDefaultConfig().(*Config)
				cfg.Correlation = []string{"request_id"}
				cfg.Policies = []PolicyConfig{{Name: "rest", Rate: ptr(0.2)}}
				r := newRig(t, cfg)
				var got, sent estimates
				logs, spans := r.logs(countLogs(t, &got)), r.traces(countTraces(t, &got))
				r.start(logs, spans)
				for n := range requests {
					s := &sender{t: t, logs: logs, spans: spans, n: n, sent: &sent}
					binary.BigEndian.PutUint64(s.id[:], uint64(n)+1)
					binary.BigEndian.PutUint64(s.id[8:], rnd.Uint64())
					send(s)
				}
				r.shutdown(logs, spans)
				truth := float64(requests)
				if sent.logs > 1.5*requests {
					truth *= 2
				}
				t.Logf("logs %.0f of %.0f, spans %.0f of %d", got.logs, truth, got.spans, requests)
				sd := math.Sqrt(got.squares) // at most
				assert.InDelta(t, truth, got.logs, 4*sd)
				assert.InDelta(t, requests, got.spans, 4*sd)
			})
		})
	}
}

// sender sends one request.
type sender struct {
	t     *testing.T
	logs  consumer.Logs
	spans consumer.Traces
	id    [16]byte
	n     int
	sent  *estimates
}

func (s *sender) log(trace bool, request string, fill func(plog.LogRecord)) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	if trace {
		lr.SetTraceID(s.id)
	}
	if request != "" {
		lr.Attributes().PutStr("request_id", request)
	}
	if fill != nil {
		fill(lr)
	}
	s.sent.logs++
	require.NoError(s.t, s.logs.ConsumeLogs(s.t.Context(), ld))
}

func (s *sender) span(fill func(ptrace.Span)) {
	td := ptrace.NewTraces()
	span := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(s.id)
	if fill != nil {
		fill(span)
	}
	s.sent.spans++
	require.NoError(s.t, s.spans.ConsumeTraces(s.t.Context(), td))
}

func countLogs(t *testing.T, e *estimates) consumer.Logs {
	c, err := consumer.NewLogs(func(_ context.Context, ld plog.Logs) error {
		for _, lr := range benchLogRecords(ld) {
			v, ok := lr.Attributes().Get(weight.ThresholdAttribute)
			require.True(t, ok)
			threshold, ok := weight.ParseThreshold(v.Str())
			require.True(t, ok)
			e.add(&e.logs, threshold)
		}
		return nil
	})
	require.NoError(t, err)
	return c
}

func countTraces(t *testing.T, e *estimates) consumer.Traces {
	c, err := consumer.NewTraces(func(_ context.Context, td ptrace.Traces) error {
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					state, err := sampling.NewW3CTraceState(span.TraceState().AsRaw())
					require.NoError(t, err)
					th, ok := state.OTelValue().TValueThreshold()
					require.True(t, ok)
					e.add(&e.spans, th.Unsigned())
				}
			}
		}
		return nil
	})
	require.NoError(t, err)
	return c
}
