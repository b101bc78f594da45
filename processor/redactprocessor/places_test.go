// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/xpdata"
	"go.opentelemetry.io/collector/processor/processortest"

	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

func TestEveryPlaceOfALog(t *testing.T) {
	for _, text := range []string{card, email, github} {
		out := masked(t, defaults(), everywhere(text))
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(out)
		require.NoError(t, err)
		assert.NotContains(t, string(wire), text)
		assert.Equal(t, 4, out.LogRecordCount())
		assert.Equal(t, 19, bytes.Count(wire, []byte("[REDACTED:")))
	}
}

func TestEveryPlaceOfASpan(t *testing.T) {
	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("resource", email)
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName(email)
	ss.Scope().SetVersion(email)
	span := ss.Spans().AppendEmpty()
	span.SetName("GET /users/" + email)
	span.TraceState().FromRaw("vendor=" + github)
	span.Status().SetMessage("no such user " + email)
	span.Attributes().PutStr("url.full", "https://u:"+"Hx7Lq2Pz"+"@host/?mail="+url.QueryEscape(email))
	span.Attributes().PutStr("http.request.header.authorization", "Hx7Lq2Pz")
	event := span.Events().AppendEmpty()
	event.SetName("mail " + email)
	event.Attributes().PutStr("to", email)
	link := span.Links().AppendEmpty()
	link.TraceState().FromRaw("vendor=" + github)
	link.Attributes().PutStr("to", email)

	sink := new(consumertest.TracesSink)
	p, err := NewFactory().CreateTraces(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), sink)
	require.NoError(t, err)
	require.NoError(t, p.ConsumeTraces(context.Background(), td))
	wire, err := new(ptrace.ProtoMarshaler).MarshalTraces(sink.AllTraces()[0])
	require.NoError(t, err)
	for _, secret := range []string{email, url.QueryEscape(email), github, "Hx7Lq2Pz"} {
		assert.NotContains(t, string(wire), secret)
	}
	assert.Equal(t, 13, bytes.Count(wire, []byte("[REDACTED:")))
	require.NoError(t, p.Shutdown(context.Background()))
}

func TestNumbersAndKeys(t *testing.T) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.Body().SetInt(4111111111111111)
	a := lr.Attributes()
	a.PutInt("card", 4111111111111111)
	a.PutDouble("card.double", 4111111111111111)
	a.PutInt("bytes", 4111111111111112)
	a.PutInt("ts", 1768435208976)
	a.PutInt("cvv", 123)
	a.PutStr("db.password", "x")
	a.PutStr("empty.password", "")
	a.PutBool("has_password", true)
	a.PutStr("next_page_token", "abcdef0123456789")
	a.PutEmptyMap("secret").PutStr("inner", "open")
	a.PutStr("span_id", card)
	a.PutStr("key", "q7Lm2ZxT9vKp4Rb8Wn1Yc6Ds")
	a.PutStr("cache.key", "user")
	a.PutEmptySlice("api_key").AppendEmpty().SetStr("one")
	a.PutStr(email, "first")
	a.PutStr("[REDACTED:email]", "taken")
	out := masked(t, defaults(), ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
	assert.Equal(t, "[REDACTED:payment_card]", out.Body().AsRaw())
	assert.Equal(t, map[string]any{
		"card": "[REDACTED:payment_card]", "card.double": "[REDACTED:payment_card]", "bytes": int64(4111111111111112), "ts": int64(1768435208976),
		"cvv": "[REDACTED:sensitive_key]", "db.password": "[REDACTED:sensitive_key]", "empty.password": "", "has_password": true,
		"span_id": card, "key": "[REDACTED:sensitive_key]", "cache.key": "user",
		"next_page_token": "abcdef0123456789", "secret": map[string]any{"inner": "[REDACTED:sensitive_key]"}, "api_key": []any{"[REDACTED:sensitive_key]"},
		"[REDACTED:email]": "taken", "[REDACTED:email]_2": "first",
	}, out.Attributes().AsRaw())
}

// TestManyKeysWithOneMask has a map of addresses: the masks of its keys get numbers, and the entries stay in order.
func TestManyKeysWithOneMask(t *testing.T) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	const n = 1 << 16
	addresses(n).MoveTo(lr.Body().SetEmptyMap())
	body := masked(t, defaults(), ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Map()
	require.Equal(t, n+1, body.Len())
	next := int64(0)
	for _, v := range body.All() {
		if v.Int() >= 0 {
			require.Equal(t, next, v.Int())
			next++
		}
	}
	for key, want := range map[string]int64{"": 0, "_2": 1, "_3": -3, "_4": 2, "_65537": n - 1} {
		v, ok := body.Get("[REDACTED:email]" + key)
		require.True(t, ok, key)
		require.Equal(t, want, v.Int(), key)
	}
}

// addresses is a map with mail addresses for keys, and a mask with a number among them.
func addresses(n int) pcommon.Map {
	var built xpdata.MapBuilder
	for i := range n {
		if i == 1 {
			built.AppendEmpty("[REDACTED:email]_3").SetInt(-3)
		}
		built.AppendEmpty(fmt.Sprintf("bob%d@example.com", i)).SetInt(int64(i))
	}
	m := pcommon.NewMap()
	built.UnsafeIntoMap(m)
	return m
}

// BenchmarkRename shows by its time for a key that the time for a map grows with its length.
func BenchmarkRename(b *testing.B) {
	for _, n := range []int{1 << 14, 1 << 16} {
		b.Run(fmt.Sprintf("keys=%d", n), func(b *testing.B) {
			names := make([]string, 0, 2*n)
			for key := range addresses(n).All() {
				if !strings.HasPrefix(key, "[") {
					names = append(names, key, "[REDACTED:email]")
				}
			}
			for b.Loop() {
				b.StopTimer()
				m := addresses(n)
				b.StartTimer()
				rename(m, names)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/key")
		})
	}
}

func TestTooDeepIsMasked(t *testing.T) {
	ld := plog.NewLogs()
	v := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty().Body()
	for range 200 {
		v = v.SetEmptySlice().AppendEmpty()
	}
	v.SetStr(email)
	wire, err := new(plog.ProtoMarshaler).MarshalLogs(masked(t, defaults(), ld))
	require.NoError(t, err)
	assert.NotContains(t, string(wire), email)
	assert.Contains(t, string(wire), "[REDACTED:unscanned]")
}
