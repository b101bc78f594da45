// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The lines of the benchmarks: what programs write, made up.
const (
	lineAccess = `198.51.100.23 - frank [10/Oct/2023:13:55:36 -0700] "GET /apache_pb.gif?size=large&x=1 HTTP/1.1" 200 2326 "https://www.example.com/start.html" "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"`
	lineJSON   = `{"timestamp":"2026-01-15T00:00:01.224Z","level":"INFO","logger":"router","message":"request received","request_id":"e88a44e8-bb8b-439a-9b32-db31e057cd93","trace_id":"4d60b181d5a64bec76027b3dedb61e0a","http":{"method":"POST","status":201}}`
	lineLogfmt = `ts=2026-01-14T23:59:58.886278761Z level=debug caller=middleware.go:41 msg="validating session" request_id=e88a44e8-bb8b-439a-9b32-db31e057cd93`
	lineJava   = `2026-01-14 23:59:59,429 INFO  [http-nio-8080-exec-15] org.example.CheckoutController - Checkout started for user u13841`
	lineSyslog = `<134>Jan 14 23:59:59 host-1 shipping[10690]: rate request order=ORD-430fd17`
	lineNested = `<134>Jan 14 23:59:59 host-1 shipping[10690]: {"level":"warn","msg":"rate request","order":"ORD-430fd17","took":12.5}`
	lineProse  = `the quick brown fox jumps over the lazy dog and then some more words follow, none of them known`
)

// BenchmarkProcessor measures the processor on pdata: parse, attributes, timestamp, severity, ids. One goroutine. The
// records are made outside the measured time; allocs/record includes everything that stays on the record.
func BenchmarkProcessor(b *testing.B) {
	rule := func(parsers ...ParserConfig) RuleConfig { return RuleConfig{Name: "r", Parsers: parsers} }
	grokRule := func(expr string) RuleConfig { return rule(ParserConfig{Grok: expr}) }
	shop := loadConfig(b, "testdata/config/shop.yaml").Rules[0]
	auto := rule(ParserConfig{Auto: &AutoConfig{}})
	nested := grokRule(`\A%{SYSLOG_LINE}`)
	nested.Nested = []NestedConfig{{From: "message", Parsers: []ParserConfig{{JSON: &JSONConfig{}}}}}
	fifty := rule()
	for i := range 50 {
		fifty.Parsers = append(fifty.Parsers, ParserConfig{Grok: fmt.Sprintf(`\A%%{TIMESTAMP_ISO8601:timestamp} service-%d %%{LOGLEVEL:level} %%{GREEDYDATA:message}`, i)})
	}
	for _, bm := range []struct {
		name string
		rule RuleConfig
		line string
	}{
		{"access", grokRule(`\A%{HTTPD_COMBINEDLOG}`), lineAccess},
		{"access/unanchored", grokRule(`%{HTTPD_COMBINEDLOG}`), lineAccess},
		{"syslog", grokRule(`\A%{SYSLOG_LINE}`), lineSyslog},
		{"java", grokRule(`\A%{LOG4J_MDC}`), lineJava},
		{"json", rule(ParserConfig{JSON: &JSONConfig{}}), lineJSON},
		{"logfmt", rule(ParserConfig{Logfmt: &LogfmtConfig{}}), lineLogfmt},
		{"dissect", rule(ParserConfig{Dissect: `%{timestamp} %{+timestamp} %{level->} [%{thread}] %{logger} - %{message}`}), lineJava},
		{"regex", rule(ParserConfig{Regex: `^(?P<timestamp>\S+ \S+) (?P<level>\w+) +\[(?P<thread>[^\]]*)\] (?P<logger>\S+) - (?P<message>.*)`}), lineJava},
		{"nested", nested, lineNested},
		{"list_of_9/access", shop, lineAccess},
		{"list_of_9/syslog", shop, lineSyslog},
		{"list_of_9/no_match", shop, lineProse},
		{"auto/access", auto, lineAccess},
		{"auto/json", auto, lineJSON},
		{"auto/java", auto, lineJava},
		{"auto/no_match", auto, lineProse},
		{"none_of_50", fifty, lineProse},
	} {
		b.Run(bm.name, func(b *testing.B) { benchmark(b, bm.rule, bm.line) })
	}
}

func benchmark(b *testing.B, rule RuleConfig, line string) {
	cfg := createDefaultConfig().(*Config)
	cfg.Rules = []RuleConfig{rule}
	require.NoError(b, cfg.Validate())
	p := newTestProcessor(b, cfg)
	const batch = 100
	src := plog.NewLogs()
	rl := src.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "edge")
	lrs := rl.ScopeLogs().AppendEmpty().LogRecords()
	for range batch {
		lr := lrs.AppendEmpty()
		lr.Body().SetStr(line)
		lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	}
	b.ReportAllocs()
	b.SetBytes(int64(batch * len(line)))
	var ld plog.Logs
	for b.Loop() {
		b.StopTimer()
		ld = plog.NewLogs()
		src.CopyTo(ld)
		b.StartTimer()
		if _, err := p.processLogs(b.Context(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(onlyRecord(ld).Attributes().Len()), "attributes/record")
}

// TestAllocations: a record costs its attributes, the slice that holds them, and no garbage.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector throws pooled memory away at random")
	}
	for name, tc := range map[string]struct {
		parser ParserConfig
		line   string
		extra  int // of values inside of values
	}{
		"access":   {ParserConfig{Grok: `\A%{HTTPD_COMBINEDLOG}`}, `198.51.100.23 - frank [10/Oct/2023:13:55:36 -0700] "GET /a?b=c HTTP/1.1" 200 2326 "-" "curl/8.5.0"`, 0},
		"referrer": {ParserConfig{Grok: `\A%{HTTPD_COMBINEDLOG}`}, lineAccess, 0},
		"syslog":   {ParserConfig{Grok: `\A%{SYSLOG_LINE}`}, lineSyslog, 0},
		"java":     {ParserConfig{Grok: `\A%{LOG4J_MDC}`}, lineJava, 0},
		"logfmt":   {ParserConfig{Logfmt: &LogfmtConfig{}}, lineLogfmt, 0},
		"json":     {ParserConfig{JSON: &JSONConfig{}}, lineJSON, 4},
		"auto":     {ParserConfig{Auto: &AutoConfig{}}, lineJava, 0},
		"no match": {ParserConfig{Grok: `\A%{HTTPD_COMBINEDLOG}`}, lineProse, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			cfg.Rules = []RuleConfig{{Name: "r", Parsers: []ParserConfig{tc.parser}}}
			p := newTestProcessor(t, cfg)
			w := newWorker(p)
			rl := plog.NewLogs().ResourceLogs().AppendEmpty()
			w.rl, w.sl = rl, rl.ScopeLogs().AppendEmpty()
			clear(w.selected)
			for i := range w.selected {
				w.selected[i] = true
			}
			empty, attributes := pcommon.NewMap(), 0
			w.lr = w.sl.LogRecords().AppendEmpty()
			w.lr.Body().SetStr(tc.line)
			n := testing.AllocsPerRun(100, func() {
				w.attrs = w.lr.Attributes()
				w.record(t.Context())
				attributes = w.attrs.Len()
				empty.MoveTo(w.attrs) // takes the slice away, as the next record has none
			})
			require.LessOrEqual(t, n, float64(attributes+1+tc.extra))
		})
	}
}
