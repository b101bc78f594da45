// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/processor/transformprocessor"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/processor"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/grokprocessor"
)

// stage is a processor with a configuration, fed with records of some lines.
type stage struct {
	lines, name string
	config      map[string]any
	factory     processor.Factory
	line        func(*maker) string

	process processor.Logs
	source  plog.Logs
	perSec  []float64
	allocs  float64
	got     counted // in the first batch
}

// counted is what the records of a batch hold afterwards.
type counted struct{ records, attributes, timed, severe, failed int }

func (c *counted) look(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				c.records++
				c.attributes += lr.Attributes().Len()
				if lr.Timestamp() != 0 {
					c.timed++
				}
				if lr.SeverityNumber() != plog.SeverityNumberUnspecified {
					c.severe++
				}
				if _, failed := lr.Attributes().Get("logboom.parse.error"); failed {
					c.failed++
				}
			}
		}
	}
}

const batchRecords = 500

func own1(parsers ...map[string]any) map[string]any {
	list := make([]any, len(parsers))
	for i, p := range parsers {
		list[i] = p
	}
	return map[string]any{"rules": []any{map[string]any{"name": "lines", "parsers": list}}}
}

func statements(list ...string) map[string]any {
	all := make([]any, len(list))
	for i, s := range list {
		all[i] = s
	}
	return map[string]any{"error_mode": "propagate", "log_statements": []any{map[string]any{"context": "log", "statements": all}}}
}

func quoted(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) }

// ottlRegexp takes from a regular expression what ExtractPatterns refuses: unnamed options are fine, names must be plain.
func ottlRegexp(name string) string {
	for _, b := range append([]bench{access}, applications...) {
		if b.name == name {
			return quoted(b.hand)
		}
	}
	panic(name)
}

func syslogLine(m *maker) string {
	return fmt.Sprintf("<134>%s %s %s[%s]: %s", m.time(time.Stamp), m.host(), m.word(), m.number(30000), m.text())
}

func nestedLine(m *maker) string {
	return fmt.Sprintf("<134>%s %s %s[%s]: %s", m.time(time.Stamp), m.host(), m.word(), m.number(30000), jsonLine(m))
}

func jsonLine(m *maker) string {
	return fmt.Sprintf(`{"timestamp":"%s","level":"%s","logger":"%s","message":"%s","request_id":"%s","http":{"method":"%s","status":%s}}`,
		m.time("2006-01-02T15:04:05.000Z"), m.level(), m.class(), strings.NewReplacer(`"`, "", `\`, "").Replace(m.text()), m.hex(32), m.method(), m.status())
}

func logfmtLine(m *maker) string {
	return fmt.Sprintf(`timestamp=%s level=%s logger=%s message="%s" request_id=%s status=%s`,
		m.time("2006-01-02T15:04:05.000Z"), m.level(), m.class(), strings.NewReplacer(`"`, "", `\`, "").Replace(m.text()), m.hex(32), m.status())
}

func stages() []*stage {
	own, contrib := grokprocessor.NewFactory(), transformprocessor.NewFactory()
	apacheTime := `set(log.time, Time(log.attributes["timestamp"], "%d/%b/%Y:%H:%M:%S %z"))`
	javaTime := `set(log.time, Time(log.attributes["timestamp"], "%Y-%m-%d %H:%M:%S,%L"))`
	isoTime := `set(log.time, Time(log.attributes["timestamp"], "%Y-%m-%dT%H:%M:%S.%LZ"))`
	level := `set(log.severity_number, SEVERITY_NUMBER_INFO) where log.attributes["level"] == "INFO"`
	var java bench
	var mixed []func(*maker) string
	for _, b := range applications {
		if b.name == "LOG4J" {
			java = b
		}
		mixed = append(mixed, b.line)
	}
	return []*stage{
		{lines: "access log", name: "grok", factory: own, line: access.line, config: own1(map[string]any{"grok": access.own})},
		{lines: "access log", name: "grok, names as the pattern has them", factory: own, line: access.line, config: func() map[string]any {
			c := own1(map[string]any{"grok": access.own})
			c["semantic_conventions"] = false
			return c
		}()},
		{lines: "access log", name: "grok, regex", factory: own, line: access.line, config: own1(map[string]any{"regex": access.hand})},
		{lines: "access log", name: "transform, ExtractPatterns", factory: contrib, line: access.line, config: statements(
			`merge_maps(log.attributes, ExtractPatterns(log.body, "`+ottlRegexp(access.name)+`"), "upsert")`, apacheTime)},
		{lines: "access log", name: "transform, ExtractGrokPatterns", factory: contrib, line: access.line, config: statements(
			`merge_maps(log.attributes, ExtractGrokPatterns(log.body, "`+quoted(access.goGrok)+`", true), "upsert")`, apacheTime)},
		{lines: "Java", name: "grok", factory: own, line: java.line, config: own1(map[string]any{"grok": java.own})},
		{lines: "Java", name: "transform, ExtractGrokPatterns", factory: contrib, line: java.line, config: statements(
			`merge_maps(log.attributes, ExtractGrokPatterns(log.body, "`+quoted(java.goGrok)+`", true), "upsert")`, javaTime, level)},
		{lines: "syslog", name: "grok", factory: own, line: syslogLine, config: own1(map[string]any{"grok": `\A%{SYSLOG_LINE}`})},
		{lines: "JSON", name: "grok, json", factory: own, line: jsonLine, config: own1(map[string]any{"json": map[string]any{}})},
		{lines: "JSON", name: "transform, ParseJSON", factory: contrib, line: jsonLine, config: statements(
			`merge_maps(log.attributes, ParseJSON(log.body), "upsert")`, isoTime, level)},
		{lines: "logfmt", name: "grok, logfmt", factory: own, line: logfmtLine, config: own1(map[string]any{"logfmt": map[string]any{}})},
		{lines: "logfmt", name: "transform, ParseKeyValue", factory: contrib, line: logfmtLine, config: statements(
			`merge_maps(log.attributes, ParseKeyValue(log.body), "upsert")`, isoTime, level)},
		{lines: "JSON in syslog", name: "grok, nested json", factory: own, line: nestedLine, config: map[string]any{"rules": []any{map[string]any{
			"name": "lines", "parsers": []any{map[string]any{"grok": `\A%{SYSLOG_LINE}`}},
			"nested": []any{map[string]any{"from": "message", "parsers": []any{map[string]any{"json": map[string]any{}}}}},
		}}}},
		{lines: "19 formats, one source", name: "grok, auto", factory: own, line: func(m *maker) string { return mixed[m.IntN(len(mixed))](m) }, config: own1(map[string]any{"auto": map[string]any{}})},
		{lines: "Java", name: "grok, auto", factory: own, line: java.line, config: own1(map[string]any{"auto": map[string]any{}})},
		{lines: "access log", name: "grok, auto", factory: own, line: access.line, config: own1(map[string]any{"auto": map[string]any{}})},
	}
}

func (s *stage) start(t *testing.T) {
	t.Helper()
	cfg := s.factory.CreateDefaultConfig()
	require.NoError(t, confmap.NewFromStringMap(s.config).Unmarshal(cfg))
	var err error
	s.process, err = s.factory.CreateLogs(t.Context(), processortest.NewNopSettings(s.factory.Type()), cfg, consumertest.NewNop())
	require.NoError(t, err)
	require.NoError(t, s.process.Start(t.Context(), componenttest.NewNopHost()))
	t.Cleanup(func() { require.NoError(t, s.process.Shutdown(context.WithoutCancel(t.Context()))) })
	s.source = plog.NewLogs()
	rl := s.source.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "shop")
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	observed := pcommon.NewTimestampFromTime(time.Date(2026, 1, 15, 1, 0, 0, 0, time.UTC))
	for _, line := range linesOf(batchRecords, s.line) {
		lr := records.AppendEmpty()
		lr.Body().SetStr(line)
		lr.SetObservedTimestamp(observed)
	}
	// Once with a look at the result.
	ld := plog.NewLogs()
	s.source.CopyTo(ld)
	require.NoError(t, s.process.ConsumeLogs(t.Context(), ld))
	s.got.look(ld)
}

// measure processes batches for about d; making them is not counted.
func (s *stage) measure(t *testing.T, d time.Duration) {
	t.Helper()
	const ahead = 8
	var busy time.Duration
	var mallocs uint64
	records := 0
	for busy < d {
		batches := make([]plog.Logs, ahead)
		for i := range batches {
			batches[i] = plog.NewLogs()
			s.source.CopyTo(batches[i])
		}
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpuTime()
		for _, ld := range batches {
			if err := s.process.ConsumeLogs(t.Context(), ld); err != nil {
				t.Fatal(err)
			}
			records += batchRecords
		}
		busy += cpuTime() - start
		runtime.ReadMemStats(&after)
		mallocs += after.Mallocs - before.Mallocs
	}
	s.perSec = append(s.perSec, float64(records)/busy.Seconds())
	s.allocs = float64(mallocs) / float64(records)
}

// TestProcessor measures whole processors on records: text in, attributes, time and severity out.
func TestProcessor(t *testing.T) {
	oneCore(t)
	_, repetitions, d := plan(t)
	list := stages()
	for _, s := range list {
		s.start(t)
		require.Equal(t, batchRecords, s.got.records)
		require.Equal(t, batchRecords, s.got.timed, "%s, %s: records without a time", s.lines, s.name)
		require.Zero(t, s.got.failed, "%s, %s", s.lines, s.name)
	}
	for range repetitions {
		for _, s := range list {
			s.measure(t, d)
		}
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "\nProcessors, on records:\t")
	fmt.Fprintln(w, "| lines\t| processor\t| records/s\t| attributes\t| allocations a record\t| with severity\t|")
	fmt.Fprintln(w, "|"+strings.Repeat(" ---\t|", 6))
	for _, s := range list {
		slices.Sort(s.perSec)
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %.1f\t| %.1f\t| %d %%\t|\n", s.lines, s.name, human(s.perSec[len(s.perSec)/2]),
			float64(s.got.attributes)/float64(s.got.records), s.allocs, 100*s.got.severe/s.got.records)
	}
	w.Flush()
}
