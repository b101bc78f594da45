// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/internal/tailsample"
)

// TestFailuresAreLogged: an error of the next component about what is held goes to nobody else.
func TestFailuresAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.WarnLevel)
		set := componenttest.NewNopTelemetrySettings()
		set.Logger = zap.New(core)
		tel, err := newTelemetry(set, outcomes())
		require.NoError(t, err)
		for range 30 {
			tel.Failed(tailsample.Traces, errDown, true)
			time.Sleep(time.Second)
		}
		require.Equal(t, 3, logs.Len(), "once in ten seconds")
		assert.Equal(t, map[string]any{"otel.signal": "traces", "permanent": true, "error": errDown.Error()}, logs.All()[0].ContextMap())
		assert.Equal(t, int64(30), tel.failures[tailsample.Traces].n.Load())
		tel.shutdown(t.Context())
	})
}

// TestCountsSurviveTheShutdown: what was counted since the last collection is there after the shutdown.
func TestCountsSurviveTheShutdown(t *testing.T) {
	r := newRig(t, outcomes())
	logs := r.logs(&sink{})
	r.start(logs)
	require.NoError(t, logs.ConsumeLogs(t.Context(), logsOf(t, record{1, "a", info, nil}, record{2, "b", failed, nil})))
	r.shutdown(logs)
	received, kept, dropped, held := r.balanced()
	assert.Equal(t, []int64{2, 1, 1, 0}, []int64{received, kept, dropped, held})
	m, err := r.telemetry.GetMetric("otelcol_processor_request_sampling_decision_delay")
	require.NoError(t, err)
	assert.Equal(t, uint64(2), m.Data.(metricdata.Histogram[float64]).DataPoints[0].Count)
}

// TestServicesAreBounded: a service's name is whatever somebody sends.
func TestServicesAreBounded(t *testing.T) {
	r := newRig(t, outcomes())
	p := r.logs(&sink{}).(*logsProcessor)
	for i := range maxDroppedSeries + 1000 {
		p.telemetry.Dropped(tailsample.Logs, tailsample.ReasonRefused, 0, string(rune(i))+"\xff", 1, 10)
	}
	p.telemetry.Dropped(tailsample.Logs, tailsample.ReasonRefused, 0, string(make([]byte, 1000)), 1, 10)
	p.telemetry.Dropped(tailsample.Logs, tailsample.ReasonRefused, 0, "", 1, 10)
	assert.LessOrEqual(t, len(p.telemetry.dropped), maxDroppedSeries+1)
	assert.Equal(t, int64(maxDroppedSeries+1002), r.metric("dropped_items"))
	assert.GreaterOrEqual(t, r.metric("dropped_items", "service.name", "other"), int64(1002))
	r.shutdown(p)
}
