// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/base64"
	"net/url"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// secret is something invented that must not leave the host, and the text that makes it recognisable.
type secret struct{ value, text string }

// secrets returns one of many kinds each. The values are written in parts, so that nothing takes this file for a leak.
func secrets() []secret {
	plain := func(parts ...string) secret { s := strings.Join(parts, ""); return secret{s, "sent " + s + " on"} }
	behind := func(text string, parts ...string) secret {
		s := strings.Join(parts, "")
		return secret{s, strings.ReplaceAll(text, "{}", s)}
	}
	return []secret{
		plain("AKIA", "Q3EGVKOSM2BPYTZL"),
		plain("ghp_", "ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"),
		plain("sk_live_", "9dK2mZxQ7vRb4Tn8Wp3Yc6Ls"),
		plain("xoxb-", "238471928374-918273645546-", "aZ3kQ9mX7vR2bT5nW8pY1cL4"),
		plain("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", "eyJzdWIiOiJqb2huIn0.", "KwKtyu5B5C2QH3ABip9vnfN7SGJ1x0uT"),
		plain("-----BEGIN PRIVATE ", "KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n-----END PRIVATE KEY-----"),
		plain("4111", "1111", "1111", "1111"),
		plain("margaret.hamilton", "@", "navigation.example"),
		behind("login with password={} done", "Zq8#vLm2", "Wt6r"),
		behind("dial postgres://app:{}@db.internal:5432/x", "Hx7Lq2", "PzRk9s"),
		behind("Authorization: Bearer {}", "q7Lm2ZxT9v", "Kp4Rb8Wn1Yc6Ds3Fh5"),
	}
}

// forms are ways of writing a text, and what of a value is searched then.
var forms = []struct {
	write, search func(string) string
}{
	{func(s string) string { return s }, func(s string) string { return s }},
	{func(s string) string { return `{"level":"info","message":` + quoted(s) + `}` }, func(s string) string { q := quoted(s); return q[1 : len(q)-1] }},
	{func(s string) string { return "GET /x?q=" + url.QueryEscape(s) + "&y=1" }, url.QueryEscape},
	{func(s string) string { return "payload=" + base64.StdEncoding.EncodeToString([]byte(s)) }, nil},
}

// written returns every secret in every form: the texts that are sent, and what must not come out.
func written() (texts, needles []string) {
	for _, s := range secrets() {
		for _, f := range forms {
			texts = append(texts, f.write(s.text))
			if f.search == nil {
				needles = append(needles, base64.RawStdEncoding.EncodeToString([]byte(s.text)))
				continue
			}
			needles = append(needles, f.search(s.value))
		}
	}
	return texts, needles
}

func fill(m pcommon.Map, text string) {
	m.PutStr("plain", text)
	m.PutStr("in a key: "+text, "")
	list := m.PutEmptyMap("nested").PutEmptySlice("list")
	list.AppendEmpty().SetStr(text)
	list.AppendEmpty().SetEmptyBytes().FromRaw([]byte(text))
	list.AppendEmpty().SetInt(5555555555554444) // a card of another number
}

// logsWith puts the text everywhere that a log has room for one.
func logsWith(text string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "planted")
	fill(rl.Resource().Attributes(), text)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(text)
	sl.Scope().SetVersion(text)
	fill(sl.Scope().Attributes(), text)
	lr := sl.LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.NewTimestampFromTime(time.Now()))
	lr.SetSeverityText(text)
	lr.SetEventName(text)
	lr.Body().SetStr(text)
	fill(lr.Attributes(), text)
	fill(sl.LogRecords().AppendEmpty().Body().SetEmptyMap(), text)
	return ld
}

// tracesWith does the same for spans.
func tracesWith(text string) ptrace.Traces {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "planted")
	fill(rs.Resource().Attributes(), text)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(text)
	span := ss.Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1, 2, 3})
	span.SetSpanID(pcommon.SpanID{4, 5, 6})
	span.SetName(text)
	span.TraceState().FromRaw("vendor=" + text)
	span.Status().SetMessage(text)
	fill(span.Attributes(), text)
	event := span.Events().AppendEmpty()
	event.SetName(text)
	fill(event.Attributes(), text)
	fill(span.Links().AppendEmpty().Attributes(), text)
	return td
}
