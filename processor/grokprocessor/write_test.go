// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

// TestWriting: what captures become beside what the record has and what other captures became.
func TestWriting(t *testing.T) {
	for name, tc := range map[string]struct {
		rule   RuleConfig
		before map[string]any
		line   string
		want   map[string]any
	}{
		"a name twice is a list": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `(?<a>\w) (?<a>\w) (?<a>\w)`}}},
			nil, "x y z",
			map[string]any{"a": []any{"x", "y", "z"}},
		},
		"a list stays out of what the record has": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `(?<a>\w) (?<a>\w) (?<b>\w)`}}},
			map[string]any{"a": "own"},
			"x y z",
			map[string]any{"a": "own", "b": "z"},
		},
		"a list replaces what the record has": {
			RuleConfig{Overwrite: true, Parsers: []ParserConfig{{Grok: `(?<a>\w) (?<a>\w) (?<b>\w)`}}},
			map[string]any{"a": []any{"own"}, "b": int64(1)},
			"x y z",
			map[string]any{"a": []any{"x", "y"}, "b": "z"},
		},
		"types in a list": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `%{NOTSPACE:a:int} %{NOTSPACE:a:float} %{NOTSPACE:a:int} %{NOTSPACE:b:bool}`}}},
			nil, "1 2.5 x true",
			map[string]any{"a": []any{int64(1), 2.5, "x"}, "b": true},
		},
		"two names for one attribute, the same text": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `%{NOTSPACE:[http][request][method]} %{IP:[source][address]} %{IP:[client][address]}`}}},
			nil, "GET 192.0.2.1 192.0.2.1",
			map[string]any{"http.request.method": "GET", "client.address": "192.0.2.1"},
		},
		"two names for one attribute, two texts": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `%{NOTSPACE:[http][request][method]} %{IP:[source][address]} %{IP:[client][address]}`}}},
			nil, "GET 192.0.2.1 192.0.2.2",
			map[string]any{"http.request.method": "GET", "client.address": []any{"192.0.2.1", "192.0.2.2"}},
		},
		"a URL in parts, beside a query the record has": {
			RuleConfig{Parsers: []ParserConfig{{Grok: `%{NOTSPACE:[url][original]} %{NOTSPACE:[http][request][referrer]}`}}},
			map[string]any{"url.query": "own"},
			"/a?b=c ref",
			map[string]any{"url.query": "own", "url.path": "/a", "http.request.header.referer": "ref"},
		},
		"what is inside replaces, what is around does not": {
			RuleConfig{
				Overwrite: true, Parsers: []ParserConfig{{JSON: &JSONConfig{}}},
				Nested: []NestedConfig{{From: "in", Parsers: []ParserConfig{{Logfmt: &LogfmtConfig{}}}}, {From: "also.in", Parsers: []ParserConfig{{Logfmt: &LogfmtConfig{}}}}},
			},
			map[string]any{"a": "own", "b": "own", "c": "own", "d": "own"},
			`{"a":"outer","b":"outer","in":"a=inner x=1","also":{"in":"a=second e=5","f":6}}`,
			map[string]any{"a": "inner", "b": "outer", "c": "own", "d": "own", "x": "1", "e": "5", "also": map[string]any{"f": int64(6)}},
		},
		"names that the text gives": {
			RuleConfig{Parsers: []ParserConfig{{Dissect: `%{*k}=%{&k} %{a}`}}},
			map[string]any{"own": "x"},
			"own=1 b",
			map[string]any{"own": "x", "a": "b"},
		},
		"captures of a body that stays": {
			RuleConfig{Body: "a", Parsers: []ParserConfig{{Grok: `^(?<a>\w*) (?<b>\w+)$`}}},
			nil, " z",
			map[string]any{"b": "z"},
		},
		"a stack trace with a name": {
			RuleConfig{Parsers: []ParserConfig{{JSON: &JSONConfig{}}}},
			nil, `{"stack_trace":"java.io.IOException: full\n\tat a.B.c(B.java:1)"}`,
			map[string]any{
				"stack_trace": "java.io.IOException: full\n\tat a.B.c(B.java:1)", "exception.type": "java.io.IOException", "exception.message": "full",
				"exception.stacktrace": "java.io.IOException: full\n\tat a.B.c(B.java:1)",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := createDefaultConfig().(*Config)
			tc.rule.Name = "r"
			cfg.Rules = []RuleConfig{tc.rule}
			require.NoError(t, cfg.Validate())
			p := newTestProcessor(t, cfg)
			ld := plog.NewLogs()
			lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			lr.Body().SetStr(tc.line)
			require.NoError(t, lr.Attributes().FromRaw(tc.before))
			for range 2 { // the second time on a record that has all already
				_, err := p.processLogs(t.Context(), ld)
				require.NoError(t, err)
				if !tc.rule.Overwrite {
					assert.Equal(t, tc.want, lr.Attributes().AsRaw())
				}
			}
			assert.Equal(t, tc.want, lr.Attributes().AsRaw())
			assert.Equal(t, tc.line, lr.Body().Str())
		})
	}
}

// TestBatchesAtOnce: workers share nothing but what is read.
func TestBatchesAtOnce(t *testing.T) {
	p := newTestProcessor(t, loadConfig(t, "testdata/config/everything.yaml"))
	want := map[string]any{}
	for _, lr := range process(t, p, time.Unix(1768435205, 0), seeds...) {
		want[lr.Body().Str()] = lr.Attributes().AsRaw()
	}
	t.Run("all", func(t *testing.T) {
		for range 4 {
			t.Run("one", func(t *testing.T) {
				t.Parallel()
				for range 20 {
					for _, lr := range process(t, p, time.Unix(1768435205, 0), seeds...) {
						assert.Equal(t, want[lr.Body().Str()], lr.Attributes().AsRaw())
					}
				}
			})
		}
	})
}

// TestAddress: a captured address with a port becomes two attributes, unless the pattern has the port itself.
func TestAddress(t *testing.T) {
	p := newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{{Grok: `^c %{NOTSPACE:[client][address]}$`}, {Grok: `^s %{NOTSPACE:[server][address]} %{INT:[server][port]}$`}}}))
	recs := process(t, p, time.Now(), "c 192.0.2.1:5555", "c 192.0.2.1", "c [2001:db8::1]:80", "c web1:80", "s 192.0.2.1:5555 7")
	var got []map[string]any
	for _, lr := range recs {
		got = append(got, lr.Attributes().AsRaw())
	}
	assert.Equal(t, []map[string]any{
		{"client.address": "192.0.2.1", "client.port": int64(5555)},
		{"client.address": "192.0.2.1"},
		{"client.address": "2001:db8::1", "client.port": int64(80)},
		{"client.address": "web1:80"},
		{"server.address": "192.0.2.1:5555", "server.port": int64(7)},
	}, got)
}

// TestEmptyKey: there is no attribute without a name.
func TestEmptyKey(t *testing.T) {
	p := newTestProcessor(t, testConfig(RuleConfig{Parsers: []ParserConfig{{JSON: &JSONConfig{}}, {Dissect: "%{*k}:%{&k}"}}}))
	recs := process(t, p, time.Now(), `{"":1}`, `{"":1,"a":2}`, ":x")
	assert.Empty(t, recs[0].Attributes().AsRaw())
	assert.Equal(t, map[string]any{"a": int64(2)}, recs[1].Attributes().AsRaw())
	_, there := recs[2].Attributes().Get("")
	assert.False(t, there)
}
