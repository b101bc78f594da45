// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/internal/logformat"
	"github.com/logboom/logboom/processor/grokprocessor"
)

// TestProcessor sends the samples through the processor: the times and levels that the patterns capture must be such that it
// can read them.
func TestProcessor(t *testing.T) {
	factory := grokprocessor.NewFactory()
	cfg := factory.CreateDefaultConfig()
	parsers := []any{map[string]any{"auto": map[string]any{}}}
	require.NoError(t, confmap.NewFromStringMap(map[string]any{"rules": []any{map[string]any{"name": "all", "parsers": parsers}}}).Unmarshal(cfg))
	sink := &consumertest.LogsSink{}
	p, err := factory.CreateLogs(t.Context(), processortest.NewNopSettings(factory.Type()), cfg, sink)
	require.NoError(t, err)
	seen := time.Date(2026, 1, 15, 23, 0, 0, 0, time.UTC)
	for _, s := range logformat.Samples() {
		sink.Reset()
		ld := plog.NewLogs()
		lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.Body().SetStr(s.Text)
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(seen))
		require.NoError(t, p.ConsumeLogs(t.Context(), ld))
		require.Len(t, sink.AllLogs(), 1)
		lr = sink.AllLogs()[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
		got := lr.Attributes().AsRaw()
		assert.Equal(t, s.Format, got["logboom.parse.format"], s.Text)
		if _, ok := got["timestamp"]; ok {
			age := seen.Sub(lr.Timestamp().AsTime())
			assert.True(t, age > 0 && age < 366*24*time.Hour, "time %v of %s", lr.Timestamp().AsTime(), s.Text)
		}
		if _, ok := got["level"]; ok && s.Format != "macos_unified" { // macOS has Default, which says nothing
			assert.NotZero(t, lr.SeverityNumber(), "severity of %s", s.Text)
		}
	}
}
