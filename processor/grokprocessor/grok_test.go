// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/golden"
	"github.com/open-telemetry/opentelemetry-collector-contrib/pkg/pdatatest/plogtest"

	"github.com/logboom/logboom/processor/grokprocessor/internal/metadata"
	"github.com/logboom/logboom/processor/grokprocessor/internal/metadatatest"
)

var update = flag.Bool("update", false, "write the expected files anew")

// TestCases runs testdata/cases: a configuration, what goes in, what must come out.
func TestCases(t *testing.T) {
	dirs, err := filepath.Glob("testdata/cases/*")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			cfg := loadConfig(t, filepath.Join(dir, "config.yaml"))
			in, err := golden.ReadLogs(filepath.Join(dir, "input.yaml"))
			require.NoError(t, err)
			sink := new(consumertest.LogsSink)
			p, err := NewFactory().CreateLogs(t.Context(), processortest.NewNopSettings(metadata.Type), cfg, sink)
			require.NoError(t, err)
			require.NoError(t, p.Start(t.Context(), componenttest.NewNopHost()))
			require.NoError(t, p.ConsumeLogs(t.Context(), in))
			require.NoError(t, p.Shutdown(t.Context()))
			require.Len(t, sink.AllLogs(), 1)
			expected := filepath.Join(dir, "expected.yaml")
			if *update {
				require.NoError(t, golden.WriteLogsToFile(expected, sink.AllLogs()[0]))
			}
			want, err := golden.ReadLogs(expected)
			require.NoError(t, err)
			require.NoError(t, plogtest.CompareLogs(want, sink.AllLogs()[0]))
		})
	}
}

// TestTelemetry: the sum over outcomes is what went in, and every kind of failure is counted.
func TestTelemetry(t *testing.T) {
	tel := componenttest.NewTelemetry()
	defer func() { require.NoError(t, tel.Shutdown(t.Context())) }()
	cfg := createDefaultConfig().(*Config)
	cfg.MaxRecordBytes = 100
	cfg.MaxJSONDepth = 3
	cfg.MaxFields = 5
	cfg.Rules = []RuleConfig{
		{Name: "numbers", Conditions: []string{`IsMatch(body, "^n")`}, Parsers: []ParserConfig{{Grok: `^n %{NOTSPACE:n:int} %{NOTSPACE:timestamp} %{NOTSPACE:level}`}}},
		{Name: "auto", Conditions: []string{`IsMatch(body, "^I0")`}, Parsers: []ParserConfig{{Auto: &AutoConfig{}}}},
		{
			Name: "json", Parsers: []ParserConfig{{JSON: &JSONConfig{}}},
			Nested: []NestedConfig{{From: "in", Parsers: []ParserConfig{{Logfmt: &LogfmtConfig{}}}}},
		},
	}
	require.NoError(t, cfg.Validate())
	p, err := newGrokProcessor(metadatatest.NewSettings(tel), cfg)
	require.NoError(t, err)
	process(t, p, time.Now(),
		"n 12 2026-01-01T00:00:00Z info",
		"n 1x yesterday loud",
		"n",
		`{"a":1,"log.record.uid":"x"}`,
		`{"a":{"b":{"c":{"d":1}}}}`,
		`{"a":[1,2,3,4,5,6]}`,
		`{"a":1`,
		strings.Repeat("x", 101),
		`I0114 23:59:59.429000       1 main.go:12] started`,
		`{"in":"a=1 b=2"}`,
		`{"in":"words"}`,
		`{"in":"a=1 b=2 c=3 d=4 e=5"}`, // with what is around it more fields than a record may have
	)
	// A body that is no text is none of any rule's business.
	ld := plog.NewLogs()
	ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetInt(1)
	_, err = p.processLogs(t.Context(), ld)
	require.NoError(t, err)

	point := func(n int64, kv ...string) metricdata.DataPoint[int64] {
		var attrs []attribute.KeyValue
		for i := 0; i < len(kv); i += 2 {
			attrs = append(attrs, attribute.String(kv[i], kv[i+1]))
		}
		return metricdata.DataPoint[int64]{Value: n, Attributes: attribute.NewSet(attrs...)}
	}
	metadatatest.AssertEqualProcessorGrokRecords(t, tel, []metricdata.DataPoint[int64]{
		point(2, "rule", "numbers", "outcome", "parsed"),
		point(4, "rule", "json", "outcome", "parsed"),
		point(1, "rule", "auto", "outcome", "parsed"),
		point(2, "rule", "json", "outcome", "no_match"),
		point(1, "rule", "json", "outcome", "too_deep"),
		point(1, "rule", "json", "outcome", "too_many_fields"),
		point(1, "rule", "json", "outcome", "too_large"),
		point(1, "rule", "", "outcome", "not_selected"),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorGrokRuleMisses(t, tel, []metricdata.DataPoint[int64]{
		point(1, "rule", "numbers"), point(5, "rule", "json"),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorGrokConversionFailures(t, tel, []metricdata.DataPoint[int64]{
		point(1, "rule", "numbers", "field", "type"), point(1, "rule", "numbers", "field", "timestamp"),
		point(1, "rule", "numbers", "field", "severity"), point(1, "rule", "json", "field", "reserved"),
	}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorGrokNestedMisses(t, tel, []metricdata.DataPoint[int64]{point(2, "rule", "json")}, metricdatatest.IgnoreTimestamp())
	metadatatest.AssertEqualProcessorGrokAutoFormats(t, tel, []metricdata.DataPoint[int64]{point(1, "rule", "auto", "format", "klog")}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, p.shutdown(t.Context()))
}

func TestConfig(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Library = "newest"
	cfg.MaxRecordBytes, cfg.MaxFields, cfg.MaxJSONDepth, cfg.MaxMatchSteps, cfg.MaxSources = 0, -1, 0, 0, -5
	cfg.Definitions = map[string]string{"A-B": "x"}
	tooDeep := []NestedConfig{{From: "a", Parsers: []ParserConfig{{JSON: &JSONConfig{}}}}}
	for range maxNesting {
		tooDeep = []NestedConfig{{From: "a", Parsers: []ParserConfig{{JSON: &JSONConfig{}}}, Nested: &tooDeep}}
	}
	cfg.Rules = []RuleConfig{
		{},
		{Name: "a", From: "resource", Parsers: []ParserConfig{{}, {Grok: "x", JSON: &JSONConfig{}}, {Regex: "("}, {Regex: "x"}, {Dissect: "%{a}%{b}"}, {Auto: &AutoConfig{}, Dissect: "%{a}"}}},
		{
			Name: "a", Parsers: []ParserConfig{{Grok: "x"}}, Timestamp: TimestampConfig{Location: "Mars/Base", Layouts: []string{"hello", "2006"}},
			Severity: SeverityConfig{Mapping: map[string]string{"hot": "burning"}},
		},
		{Name: "b", Resource: map[string]string{"": "x"}, Attributes: map[string]string{"": "x"}, Parsers: []ParserConfig{{JSON: &JSONConfig{}}}, Nested: []NestedConfig{{}}},
		{Name: "c", Parsers: []ParserConfig{{JSON: &JSONConfig{}}}, Nested: tooDeep},
	}
	err := cfg.Validate()
	for _, want := range []string{
		`library must be one of ecs-v1, legacy, none, got "newest"`,
		`definitions: name of a pattern must be letters, digits and _, got "A-B"`,
		`max_record_bytes must be positive, got 0`, `max_fields must be positive, got -1`, `max_json_depth must be positive, got 0`, `max_match_steps must be positive, got 0`, `max_sources must be positive, got -5`,
		`rules[0]: name must not be empty`, `rules[0]: parsers must hold at least one parser`,
		`rule "a": from must be body or attributes["key"], got "resource"`,
		`rule "a": parsers[0] must have exactly one of grok, regex, dissect, json: {}, logfmt: {}, auto: {}, got none (in YAML a key without a value, as in ` + "`auto:`, is nothing: write `auto: {}`)", `rule "a": parsers[1] must have exactly one of grok, regex, dissect, json: {}, logfmt: {}, auto: {}, got 2`,
		`rule "a": parsers[2]: regex: `, `rule "a": parsers[3]: regex: must have a named group`,
		`rules[2]: name must be unique, "a" is taken`, `rules[2]: timestamp: location must be a time zone such as UTC, Local or Europe/Berlin, got "Mars/Base"`,
		`rule "a": parsers[4]: dissect: there must be a delimiter between two keys`, `rule "a": parsers[5] must have exactly one of`,
		`rule "b": resource: key must not be empty`, `rule "b": attributes: key must not be empty`,
		`rule "b": nested[0]: from must be the name of a capture, got ""`, `rule "b": nested[0]: parsers must hold at least one parser`,
		`nested[0]: nested must be at most 8 deep`,
		`timestamp: layouts: must be a Go layout`, `severity: mapping["hot"] must be one of trace`,
	} {
		assert.ErrorContains(t, err, want)
	}
	require.ErrorContains(t, createDefaultConfig().(*Config).Validate(), "rules must hold at least one rule")

	// Patterns and definitions are looked at together with the rest where no file is needed, and a broken definition is told once.
	cfg = createDefaultConfig().(*Config)
	cfg.Definitions = map[string]string{"A": "(", "X-Y": "a", "B": "%{A}"}
	cfg.Rules = []RuleConfig{
		{Name: "one", Parsers: []ParserConfig{{Grok: "%{NOSUCH:a}"}, {Grok: "%{A:a}"}}, Timestamp: TimestampConfig{Layouts: []string{"UNIX", "ISO8601"}}},
		{Name: "two", Parsers: []ParserConfig{{Grok: "plain"}, {Regex: "(?=x)"}}},
	}
	require.EqualError(t, cfg.Validate(), `definitions: name of a pattern must be letters, digits and _, got "X-Y"
definition: ( is not closed (write \( for the text itself) (definition A, offset 0)
  (
  ^
rule "one": parsers[0]: grok: unknown pattern "NOSUCH" (pattern, offset 2)
  %{NOSUCH:a}
    ^
rule "one": timestamp: layouts: must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got "UNIX" (it is unix_s here)
rule "one": timestamp: layouts: must be a Go layout of the time Mon Jan 2 15:04:05 MST 2006, or unix_s, unix_ms, unix_us, unix_ns, got "ISO8601" (without layouts it is read by itself, and so are Unix times)
rule "two": parsers[0]: grok: must have a capture such as %{WORD:level} or (?<level>\w+) (to select records there are conditions), got "plain"
rule "two": parsers[1]: regex: look-ahead and look-behind are not in Go's syntax (RE2); a grok pattern may have them (pattern, offset 0)
  (?=x)
  ^`)

	// With pattern files, they are an error of the start: first the definitions, then the rules.
	file := filepath.Join(t.TempDir(), "own")
	require.NoError(t, os.WriteFile(file, []byte("NOEXPR\nBAD-NAME x\nBROKEN (\n"), 0o600))
	cfg.PatternFiles, cfg.Definitions, cfg.Rules = []string{file}, map[string]string{"C": "["}, []RuleConfig{{Name: "one", Parsers: []ParserConfig{{Grok: "x"}}}}
	require.NoError(t, cfg.Validate())
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.EqualError(t, err, strings.ReplaceAll(`pattern_files: read pattern file FILE, line 1: definition must be NAME REGEX, got "NOEXPR"
pattern_files: read pattern file FILE, line 2: name of a pattern must be letters, digits and _, got "BAD-NAME"
pattern file FILE, line 3: ( is not closed (write \( for the text itself) (definition BROKEN, offset 0)
  (
  ^
definition: [ is not closed (write \[ for the text itself) (definition C, offset 0)
  [
  ^`, "FILE", file))
	require.NoError(t, os.WriteFile(file, []byte("FINE x\n"), 0o600))
	cfg.Definitions = nil
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, `rule "one": parsers[0]: grok: must have a capture`)

	// What only compiling shows is an error of the start, with all mistakes at once.
	cfg = createDefaultConfig().(*Config)
	cfg.Rules = []RuleConfig{
		{Name: "one", Parsers: []ParserConfig{{Grok: "%{NOSUCH:a}"}}},
		{Name: "two", Conditions: []string{"body =="}, Parsers: []ParserConfig{{JSON: &JSONConfig{}}}},
	}
	require.ErrorContains(t, cfg.Validate(), `rule "one": parsers[0]: grok: unknown pattern "NOSUCH"`)
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, "rule \"one\": parsers[0]: grok: unknown pattern \"NOSUCH\" (pattern, offset 2)\n  %{NOSUCH:a}\n    ^")
	require.ErrorContains(t, err, `rule "two": conditions: `)

	// A name that no parser captures is a mistake, unless a parser takes its names from the text.
	word := ParserConfig{Grok: `%{WORD:[http][request][method]} %{WORD:text}`}
	cfg.Rules = []RuleConfig{
		{
			Name: "names", Parsers: []ParserConfig{word}, Body: "message", Severity: SeverityConfig{Field: "urgency"}, Timestamp: TimestampConfig{Field: "-"},
			Nested: []NestedConfig{{From: "txt", Parsers: []ParserConfig{word}}},
		},
		{Name: "open", Parsers: []ParserConfig{word, {JSON: &JSONConfig{}}}, Body: "message", Nested: []NestedConfig{{From: "txt", Parsers: []ParserConfig{word}}}},
		{Name: "inner", Parsers: []ParserConfig{word}, Body: "inside", Nested: []NestedConfig{{From: "text", Parsers: []ParserConfig{{Grok: "%{WORD:inside}"}}}}},
	}
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, `rule "names": nested[0]: from must be what a parser captures, got "txt"; there are ["http.request.method" "text"]`)
	require.NotContains(t, err.Error(), `rule "open"`)
	require.NotContains(t, err.Error(), `rule "inner"`)
	cfg.Rules[0].Nested = nil
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, `severity: field must be what a parser captures, got "urgency"`)
	require.ErrorContains(t, err, `rule "names": body must be what a parser captures, got "message"`)

	// Definitions that no rule uses are checked too.
	cfg.Rules, cfg.Definitions = []RuleConfig{{Name: "r", Parsers: []ParserConfig{word}}}, map[string]string{"UNUSED": "(a", "OTHER": "%{NOSUCH}"}
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, "definition UNUSED, offset ")
	require.ErrorContains(t, err, `unknown pattern "NOSUCH"`)

	cfg.Definitions = nil
	cfg.Rules, cfg.PatternFiles = nil, []string{filepath.Join(t.TempDir(), "*.grok")}
	_, err = newGrokProcessor(processortest.NewNopSettings(metadata.Type), cfg)
	require.ErrorContains(t, err, "pattern_files: ")
}

func TestPatternFilesAndDefinitions(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.grok"), []byte("COLOUR red|green\nSHAPE round\n"), 0o600))
	cfg := createDefaultConfig().(*Config)
	cfg.PatternFiles = []string{filepath.Join(dir, "*.grok")}
	cfg.Definitions = map[string]string{"SHAPE": "square"}
	cfg.Rules = []RuleConfig{{Name: "r", Conditions: []string{`log.body != ""`, `resource.attributes["x"] == "y"`}, Parsers: []ParserConfig{{Grok: "^%{COLOUR:colour} %{SHAPE:shape}"}}}}
	p := newTestProcessor(t, cfg)
	recs := process(t, p, time.Now(), "green square", "green round")
	assert.Equal(t, map[string]any{"colour": "green", "shape": "square"}, recs[0].Attributes().AsRaw())
	assert.Equal(t, map[string]any{errorAttribute: "no_match"}, recs[1].Attributes().AsRaw())
	// Parsed later after all: the reason goes.
	recs[1].Body().SetStr("red square")
	ld := plog.NewLogs()
	recs[1].CopyTo(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	_, err := p.processLogs(t.Context(), ld)
	require.NoError(t, err)
	_, failed := ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Get(errorAttribute)
	assert.False(t, failed)
}

var _ component.Config = (*Config)(nil)
