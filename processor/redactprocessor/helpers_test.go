// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

const (
	card   = "4111111111111111"
	email  = "bob@example.com"
	github = "ghp_" + "ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"
)

func defaults() *Config { return createDefaultConfig().(*Config) }

func masked(t testing.TB, cfg *Config, ld plog.Logs) plog.Logs {
	t.Helper()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, sink)
	require.NoError(t, err)
	require.True(t, p.Capabilities().MutatesData)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	require.NoError(t, p.ConsumeLogs(context.Background(), ld))
	require.NoError(t, p.Shutdown(context.Background()))
	require.Len(t, sink.AllLogs(), 1)
	return sink.AllLogs()[0]
}

// everywhere builds a record with the texts in every place that a log record has.
func everywhere(text string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.SetSchemaUrl("https://x/" + text)
	rl.Resource().Attributes().PutStr("resource", text)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.SetSchemaUrl(text)
	sl.Scope().SetName("scope " + text)
	sl.Scope().SetVersion(text)
	sl.Scope().Attributes().PutStr("scope", text)
	lr := sl.LogRecords().AppendEmpty()
	lr.SetSeverityText("INFO " + text)
	lr.SetEventName(text)
	lr.Body().SetStr("body " + text)
	a := lr.Attributes()
	a.PutStr("plain", text)
	a.PutStr("key "+text, "value")
	a.PutEmptyBytes("bytes").FromRaw([]byte("in bytes: " + text + "."))
	m := a.PutEmptyMap("map").PutEmptyMap("nested")
	m.PutStr("deep", text)
	m.PutStr(text, "deep")
	s := m.PutEmptySlice("slice")
	s.AppendEmpty().SetStr(text)
	s.AppendEmpty().SetEmptySlice().AppendEmpty().SetEmptyMap().PutStr("x", `{"json":"`+text+`"}`)
	sl.LogRecords().AppendEmpty().Body().SetEmptyMap().PutEmptySlice("list").AppendEmpty().SetStr(text)
	sl.LogRecords().AppendEmpty().Body().SetEmptyBytes().FromRaw([]byte(text))
	sl.LogRecords().AppendEmpty().Body().SetEmptySlice().AppendEmpty().SetStr(text)
	return ld
}

func findingsOf(t *testing.T, tel *componenttest.Telemetry) map[string]int64 {
	t.Helper()
	m, err := tel.GetMetric("otelcol_processor_redact_findings")
	require.NoError(t, err)
	points := map[string]int64{}
	for _, dp := range m.Data.(metricdata.Sum[int64]).DataPoints {
		detector, _ := dp.Attributes.Value("detector")
		action, _ := dp.Attributes.Value("action")
		points[detector.AsString()+"/"+action.AsString()] += dp.Value
	}
	return points
}
