// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestServiceName(t *testing.T) {
	for text, want := range map[string]string{
		"cart": "cart", " sshd ": "sshd", "": "", "-": "", "  ": "", "two words": "two words", "a\nb": "", `{"name":"x"}`: "", "caf\xe9": "", "café": "café",
		strings.Repeat("x", 255): strings.Repeat("x", 255), strings.Repeat("x", 256): "",
	} {
		got, ok := serviceName(text)
		assert.Equal(t, want, got, text)
		assert.Equal(t, want != "", ok, text)
	}
}

func TestProgramName(t *testing.T) {
	for text, want := range map[string]string{
		"sshd": "sshd", "\tcron\t": "cron", "postfix/smtpd": "postfix/smtpd", "/usr/sbin/cron": "/usr/sbin/cron", "systemd[1]": "systemd", "sshd(pam_unix)": "sshd",
		"kworker/0": "kworker/0", "getty@tty1": "getty@tty1", "org.example.Shop": "org.example.Shop", "node_exporter": "node_exporter", "café": "café", "a": "a", "alertmanager": "alertmanager", "CRON": "CRON",
		strings.Repeat("x", 255): strings.Repeat("x", 255),
	} {
		got, ok := programName(text)
		assert.Equal(t, want, got, text)
		assert.True(t, ok, text)
	}
	for _, text := range []string{
		"", " ", "-", "45", "%ASA-6-302013", "1,2023/10/10 13", "2023-10-10 13", "ERROR", "info", "Warning", "10.0.0.7", "fe80::1", "In(166) Hostd", "In(166)", "two words", "Oct", "UTC", "null",
		"a,b", "{}", "[x]", "(x)", "a\nb", "caf\xe9", "a\u00a0b", "-bash", "/", "/1", "a1b2c3d4e5f6", "f47ac10b-58cc-4372-a567-0e02b2c3d479", strings.Repeat("x", 256),
	} {
		_, ok := programName(text)
		assert.False(t, ok, text)
	}
}

// TestServices: the service is a name that is meant to be one, or the program of a line that is a syslog line; under a configured name
// it is what stands there.
func TestServices(t *testing.T) {
	check := func(rule RuleConfig, line, want string) {
		t.Helper()
		ld := plog.NewLogs()
		ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body().SetStr(line)
		out, err := newTestProcessor(t, testConfig(rule)).processLogs(t.Context(), ld)
		require.NoError(t, err)
		assert.Equal(t, want, serviceOf(out.ResourceLogs().At(0)), line)
	}
	rule := RuleConfig{Parsers: []ParserConfig{{JSON: &JSONConfig{}}, {Logfmt: &LogfmtConfig{}}, {Auto: &AutoConfig{}}}}
	check(rule, `Oct 10 13:55:36 web1 sshd[71]: hello`, "sshd")
	check(rule, `Oct 10 13:55:36 web1 45: hello`, "")
	check(rule, `<166>Oct 10 13:55:36 10.0.0.7 %ASA-6-302013: Built outbound`, "")
	check(rule, `[2023-10-10 13:55:36,123: INFO/ForkPoolWorker-3] hello`, "")
	check(rule, `{"process.name":"MainProcess","message":"x"}`, "")
	check(rule, `{"process":{"name":"MainProcess"},"service":{"name":"shop"}}`, "shop")
	check(rule, `{"service":"10.0.0.7"}`, "")
	check(rule, `{"SYSLOG_IDENTIFIER":"sshd","MESSAGE":"x"}`, "sshd")
	check(rule, `date=2023-10-10 time=13:55:36 service="HTTPS" policyid=4 dstip=192.0.2.1`, "")

	own := RuleConfig{Parsers: []ParserConfig{{Grok: `^%{WORD:process.name} %{GREEDYDATA:what}`}}}
	check(own, "shop 45", "")
	own.ServiceName.Field = "process.name"
	check(own, "shop 45", "shop")
	own.ServiceName.Field = "what"
	check(own, "shop 45 b", "45 b")
	inner := RuleConfig{
		Parsers: []ParserConfig{{Logfmt: &LogfmtConfig{}}},
		Nested:  []NestedConfig{{From: "msg", Parsers: []ParserConfig{{JSON: &JSONConfig{}}}}},
	}
	check(inner, `app=shop msg="{\"app\":\"45\"}"`, "shop")
	check(inner, `app=shop msg="{\"app\":\"cart\"}"`, "cart")
}

func TestLacksService(t *testing.T) {
	check := func(want bool, value any) {
		t.Helper()
		rl := plog.NewResourceLogs()
		if value != nil {
			require.NoError(t, rl.Resource().Attributes().PutEmpty(serviceKey).FromRaw(value))
		}
		assert.Equal(t, want, lacksService(rl.Resource()), value)
	}
	check(true, nil)
	check(true, "")
	check(true, "unknown_service")
	check(true, "unknown_service:java")
	check(false, "cart")
	check(false, int64(1))
}

// batch makes resources of scopes of records; a record is named resource.scope.record.
func batch(shape ...[]int) plog.Logs {
	ld := plog.NewLogs()
	for r, scopes := range shape {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.SetSchemaUrl("resource schema")
		rl.Resource().Attributes().PutInt("resource", int64(r))
		for s, records := range scopes {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.SetSchemaUrl("scope schema")
			sl.Scope().SetName(fmt.Sprint("scope ", s))
			for i := range records {
				sl.LogRecords().AppendEmpty().Body().SetStr(fmt.Sprintf("%d.%d.%d", r, s, i))
			}
		}
	}
	return ld
}

func serviceOf(rl plog.ResourceLogs) string {
	if v, ok := rl.Resource().Attributes().Get(serviceKey); ok {
		return v.AsString()
	}
	return ""
}

// lines prints where each record is: resource, service, scope, records in their order.
func lines(ld plog.Logs) []string {
	var out []string
	for _, rl := range ld.ResourceLogs().All() {
		r, _ := rl.Resource().Attributes().Get("resource")
		service := serviceOf(rl)
		for _, sl := range rl.ScopeLogs().All() {
			line := fmt.Sprintf("%d %s %s:", r.Int(), service, sl.Scope().Name())
			for _, lr := range sl.LogRecords().All() {
				line += " " + lr.Body().Str()
			}
			if rl.SchemaUrl() != "resource schema" || sl.SchemaUrl() != "scope schema" {
				line += " without schema"
			}
			out = append(out, line)
		}
	}
	return out
}

func TestServiceNotes(t *testing.T) {
	var n serviceNotes
	ld := batch([]int{2}, []int{3, 0, 2}, []int{0}, []int{1})
	n.add(0, 0, 0, "a")
	n.add(0, 0, 1, "a")
	n.add(1, 0, 0, "a")
	n.add(1, 0, 1, "b")
	n.add(1, 0, 2, "\x00") // no name
	n.add(1, 2, 0, "b")
	n.add(1, 2, 1, "a")
	n.regroup(ld)
	assert.Equal(t, []string{
		"0 a scope 0: 0.0.0 0.0.1",
		"1  scope 0: 1.0.2",
		"1  scope 1:",
		"2  scope 0:",
		"3  scope 0: 3.0.0",
		"1 a scope 0: 1.0.0",
		"1 a scope 2: 1.2.1",
		"1 b scope 0: 1.0.1",
		"1 b scope 2: 1.2.0",
	}, lines(ld))

	// The notes of the next batch know nothing of the last one.
	ld = batch([]int{2}, []int{1})
	n.add(0, 0, 0, "b")
	n.add(0, 0, 1, "c")
	n.regroup(ld)
	assert.Equal(t, []string{"1  scope 0: 1.0.0", "0 b scope 0: 0.0.0", "0 c scope 0: 0.0.1"}, lines(ld))
	n.regroup(ld)
	assert.Equal(t, 3, ld.LogRecordCount())
}

// TestServiceBound: a batch with ever new services is split by some of them only, and loses nothing.
func TestServiceBound(t *testing.T) {
	var n serviceNotes
	ld := batch([]int{1000})
	for i := range 1000 {
		n.add(0, 0, i, fmt.Sprint("s", i))
	}
	n.regroup(ld)
	assert.Equal(t, 1000, ld.LogRecordCount())
	assert.Equal(t, maxServices+1, ld.ResourceLogs().Len())
	assert.Equal(t, 1000-maxServices, recordsOf(ld.ResourceLogs().At(0)))
}

// TestServiceRandom: whatever the notes, every record is there once, under its service, in its order.
func TestServiceRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var n serviceNotes
	for range 300 {
		var shape [][]int
		for range rnd.IntN(4) {
			scopes := make([]int, rnd.IntN(4))
			for i := range scopes {
				scopes[i] = rnd.IntN(5)
			}
			shape = append(shape, scopes)
		}
		ld := batch(shape...)
		want := map[string]string{} // record to service
		services := 1 + rnd.IntN(3)
		for r, scopes := range shape {
			for s, records := range scopes {
				for i := range records {
					service := ""
					if rnd.IntN(4) > 0 {
						service = string(rune('a' + rnd.IntN(services)))
						n.add(r, s, i, service)
					}
					want[fmt.Sprintf("%d.%d.%d", r, s, i)] = service
				}
			}
		}
		n.regroup(ld)
		seen := 0
		for _, rl := range ld.ResourceLogs().All() {
			service := serviceOf(rl)
			last := ""
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					seen++
					require.Equal(t, want[lr.Body().Str()], service, lr.Body().Str())
					require.Less(t, last, lr.Body().Str(), "order")
					last = lr.Body().Str()
				}
			}
		}
		require.Len(t, want, seen)
	}
}

func BenchmarkServiceNotes(b *testing.B) {
	var n serviceNotes
	b.ReportAllocs()
	for b.Loop() {
		for i := range 1000 {
			n.add(0, 0, i, "sshd")
		}
		n.notes, n.names = n.notes[:0], n.names[:0]
		clear(n.index)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/record")
}
