// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

// withActions returns a configuration with an action of its own for mail addresses and sensitive keys.
func withActions(action string) *Config {
	cfg := defaults()
	cfg.Detectors = map[string]DetectorConfig{"email": {Action: action}, "sensitive_key": {Action: action}}
	return cfg
}

// attributesOf masks the attributes of a record and returns them.
func attributesOf(t *testing.T, cfg *Config, raw map[string]any) map[string]any {
	t.Helper()
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	require.NoError(t, lr.Attributes().FromRaw(raw))
	out := masked(t, cfg, ld)
	first := out.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
	again := masked(t, cfg, out).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().AsRaw()
	require.Equal(t, first, again, "a second pass changes nothing")
	return first
}

func TestDropAttribute(t *testing.T) {
	got := attributesOf(t, withActions("drop_attribute"), map[string]any{
		"to":          "mail " + email,
		"in " + email: "key",
		"card":        card,
		"db.password": "x",
		"secret":      map[string]any{"inner": []any{"x"}},
		"headers":     []any{[]any{"authorization", "x"}, []any{"host", "h"}},
		"env":         []any{map[string]any{"name": "DB_PASSWORD", "value": "x"}},
		"deep":        map[string]any{"list": []any{"a", email, map[string]any{"x": email, "y": 1}}},
		"raw":         []byte(email),
		"kept":        "x",
	})
	assert.Equal(t, map[string]any{
		"card":    "[REDACTED:payment_card]",
		"headers": []any{[]any{"host", "h"}},
		"env":     []any{map[string]any{"name": "DB_PASSWORD"}},
		"deep":    map[string]any{"list": []any{"a", map[string]any{"y": int64(1)}}},
		"kept":    "x",
	}, got)
}

// TestDropAttributeElsewhere has findings where there is no attribute to be removed.
func TestDropAttributeElsewhere(t *testing.T) {
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	sl.Scope().SetName(email)
	lr := sl.LogRecords().AppendEmpty()
	lr.Body().SetStr("of " + email)
	lr.SetEventName(email)
	lr.SetSeverityText(email)
	sl = masked(t, withActions("drop_attribute"), ld).ResourceLogs().At(0).ScopeLogs().At(0)
	lr = sl.LogRecords().At(0)
	for _, text := range []string{sl.Scope().Name(), lr.EventName(), lr.SeverityText()} {
		assert.Equal(t, "[REDACTED:email]", text)
	}
	assert.Equal(t, "of [REDACTED:email]", lr.Body().Str())
}

// dropping is a batch of three resources with findings (one in itself, one in a scope, one in a record) and an empty one.
func dropping() plog.Logs {
	ld := plog.NewLogs()
	record := func(sl plog.ScopeLogs, body string) { sl.LogRecords().AppendEmpty().Body().SetStr(body) }

	resource := ld.ResourceLogs().AppendEmpty()
	resource.Resource().Attributes().PutStr("owner", email)
	record(resource.ScopeLogs().AppendEmpty(), "one")
	record(resource.ScopeLogs().AppendEmpty(), "two")

	scopes := ld.ResourceLogs().AppendEmpty()
	bad := scopes.ScopeLogs().AppendEmpty()
	bad.Scope().SetName(email)
	record(bad, "three")
	record(bad, email)
	record(bad, "five")
	record(scopes.ScopeLogs().AppendEmpty(), "stays")

	records := ld.ResourceLogs().AppendEmpty()
	record(records.ScopeLogs().AppendEmpty(), email)
	ld.ResourceLogs().AppendEmpty() // empty from the start
	return ld
}

// counted runs a processor and returns what it passed on, and its metrics: findings by detector and action, items dropped
// by signal and reason.
func counted(t *testing.T, cfg *Config, ld plog.Logs) (out []plog.Logs, findings, dropped map[string]int64) {
	t.Helper()
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeLogs(context.Background(), ld))
	findings, dropped = findingsOf(t, tel), map[string]int64{}
	if m, err := tel.GetMetric("otelcol_processor_redact_dropped_items"); err == nil {
		for _, dp := range m.Data.(metricdata.Sum[int64]).DataPoints {
			signal, _ := dp.Attributes.Value("otel.signal")
			reason, _ := dp.Attributes.Value("reason")
			dropped[signal.AsString()+"/"+reason.AsString()] += dp.Value
		}
	}
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))
	return sink.AllLogs(), findings, dropped
}

func TestDropRecord(t *testing.T) {
	in := dropping().LogRecordCount()
	out, findings, dropped := counted(t, withActions("drop_record"), dropping())
	require.Len(t, out, 1)
	assert.Equal(t, 1, out[0].LogRecordCount())
	assert.Equal(t, 2, out[0].ResourceLogs().Len(), "what nothing is left of is removed, what was empty stays")
	assert.Equal(t, 1, out[0].ResourceLogs().At(0).ScopeLogs().Len())
	assert.Equal(t, "stays", out[0].ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Str())
	assert.Equal(t, map[string]int64{"logs/resource": 2, "logs/scope": 3, "logs/record": 1}, dropped)
	assert.Equal(t, in, out[0].LogRecordCount()+2+3+1, "in = out + dropped")
	assert.Equal(t, map[string]int64{"email/drop_record": 3}, findings, "what goes with a scope is not read")

	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(email)
	out, _, dropped = counted(t, withActions("drop_record"), ld)
	assert.Empty(t, out, "nothing is passed on when nothing is left")
	assert.Equal(t, map[string]int64{"logs/record": 1}, dropped)
}

func TestDropSpan(t *testing.T) {
	td := ptrace.NewTraces()
	spans := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	spans.AppendEmpty().SetName("GET /")
	spans.AppendEmpty().Events().AppendEmpty().Attributes().PutStr("to", email)
	spans.AppendEmpty().Links().AppendEmpty().Attributes().PutEmptyMap("a").PutStr(email, "")
	other := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	other.Scope().Attributes().PutStr("x", email)
	other.Spans().AppendEmpty()
	sink := new(consumertest.TracesSink)
	p, err := NewFactory().CreateTraces(context.Background(), processortest.NewNopSettings(metadata.Type), withActions("drop_record"), sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeTraces(context.Background(), td))
	out := sink.AllTraces()[0]
	require.Equal(t, 1, out.SpanCount())
	require.Equal(t, 1, out.ResourceSpans().Len())
	assert.Equal(t, "GET /", out.ResourceSpans().At(0).ScopeSpans().At(0).Spans().At(0).Name())

	td = ptrace.NewTraces()
	td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans().AppendEmpty().SetName(email)
	require.NoError(t, p.ConsumeTraces(context.Background(), td))
	assert.Len(t, sink.AllTraces(), 1, "nothing is passed on when nothing is left")
	require.NoError(t, p.Shutdown(context.Background()))
}

func TestTag(t *testing.T) {
	cfg := withActions("tag")
	got := attributesOf(t, cfg, map[string]any{"to": "mail " + email, "card": card, "password": "Hx7Lq2Pz", "n": 1})
	assert.Equal(t, map[string]any{
		"to": "mail " + email, "card": "[REDACTED:payment_card]", "password": "Hx7Lq2Pz", "n": int64(1),
		"logboom.redact.detectors": []any{"email", "sensitive_key"},
	}, got)

	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("owner", email)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(email)
	lr := sl.LogRecords().AppendEmpty()
	lr.Body().SetStr(email)
	list := lr.Attributes().PutEmptySlice("found")
	list.AppendEmpty().SetStr("zeal")
	list.AppendEmpty().SetStr("email")
	sl.LogRecords().AppendEmpty().Body().SetStr("clean")
	cfg.TagAttribute = "found"
	out := masked(t, cfg, ld).ResourceLogs().At(0)
	for _, m := range []pcommon.Map{out.Resource().Attributes(), out.ScopeLogs().At(0).Scope().Attributes()} {
		v, ok := m.Get("found")
		require.True(t, ok)
		assert.Equal(t, []any{"email"}, v.AsRaw())
	}
	v, _ := out.ScopeLogs().At(0).LogRecords().At(0).Attributes().Get("found")
	assert.Equal(t, []any{"email", "zeal"}, v.AsRaw(), "merged, in order")
	assert.Equal(t, email, out.ScopeLogs().At(0).LogRecords().At(0).Body().Str())
	assert.Zero(t, out.ScopeLogs().At(0).LogRecords().At(1).Attributes().Len())
}

// TestDryRunOfEveryAction: nothing changes, whatever the action, and the same is counted.
func TestDryRunOfEveryAction(t *testing.T) {
	for _, action := range []string{"mask", "partial", "drop_attribute", "drop_record", "tag"} {
		cfg := withActions(action)
		cfg.DryRun = true
		before, err := new(plog.ProtoMarshaler).MarshalLogs(dropping())
		require.NoError(t, err)
		out, findings, dropped := counted(t, cfg, dropping())
		after, err := new(plog.ProtoMarshaler).MarshalLogs(out[0])
		require.NoError(t, err)
		assert.Equal(t, before, after, action)
		assert.Equal(t, map[string]int64{"email/none": 4}, findings, action)
		assert.Empty(t, dropped, action)
	}
}

func TestDryRunChangesNothingAndCounts(t *testing.T) {
	cfg := defaults()
	cfg.DryRun = true
	before, err := new(plog.ProtoMarshaler).MarshalLogs(everywhere(email))
	require.NoError(t, err)
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), set, cfg, sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeLogs(context.Background(), everywhere(email)))
	after, err := new(plog.ProtoMarshaler).MarshalLogs(sink.AllLogs()[0])
	require.NoError(t, err)
	assert.Equal(t, before, after)
	points := findingsOf(t, tel)
	assert.Equal(t, map[string]int64{"email/none": 19}, points)
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, tel.Shutdown(context.Background()))
}
