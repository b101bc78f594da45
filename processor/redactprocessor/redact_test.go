// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/processor/processortest"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor/internal/metadata"
)

const (
	card   = "4111111111111111"
	email  = "bob@example.com"
	github = "ghp_ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"
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

// TestManyKeysWithOneMask has a map of addresses: the masks of its keys get numbers, in a time that does not grow with
// the third power.
func TestManyKeysWithOneMask(t *testing.T) {
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	const n = 3000
	users := lr.Body().SetEmptyMap()
	users.PutInt("[REDACTED:email]_3", -3)
	for i := range n {
		users.PutInt(fmt.Sprintf("bob%d@example.com", i), int64(i))
	}
	began := time.Now()
	body := masked(t, defaults(), ld).ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Body().Map()
	require.Less(t, time.Since(began), 5*time.Second)
	require.Equal(t, n+1, body.Len())
	for key, want := range map[string]int64{"": 0, "_2": 1, "_3": -3, "_4": 2, "_3001": n - 1} {
		v, ok := body.Get("[REDACTED:email]" + key)
		require.True(t, ok, key)
		require.Equal(t, want, v.Int(), key)
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

// TestNothingInOwnTelemetry sends records full of secrets through a processor, also with a consumer behind it that
// fails, and searches all that the processor says about itself.
func TestNothingInOwnTelemetry(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	tel := componenttest.NewTelemetry()
	set := processortest.NewNopSettings(metadata.Type)
	set.TelemetrySettings = tel.NewTelemetrySettings()
	set.Logger = zap.New(core)
	cfg := defaults()
	cfg.Limits.MaxRecordBytes = 2000
	p, err := NewFactory().CreateLogs(context.Background(), set, cfg, consumertest.NewErr(errors.New("away")))
	require.NoError(t, err)
	require.NoError(t, p.Start(context.Background(), componenttest.NewNopHost()))
	for _, secret := range []string{card, email, github, "password=Hx7Lq2Pz", strings.Repeat(email+" ", 500)} {
		err := p.ConsumeLogs(context.Background(), everywhere(secret))
		require.EqualError(t, err, "away", "the next consumer's error comes back as it is")
	}
	require.NoError(t, p.Shutdown(context.Background()))
	var said strings.Builder
	for _, l := range logs.All() {
		fmt.Fprintln(&said, l.Message, l.ContextMap())
	}
	for _, name := range []string{"otelcol_processor_redact_findings", "otelcol_processor_redact_unscanned"} {
		m, err := tel.GetMetric(name)
		require.NoError(t, err)
		text, err := json.Marshal(m)
		require.NoError(t, err)
		said.Write(text)
		fmt.Fprintf(&said, "%+v", m)
	}
	for _, secret := range []string{card, email, github, "Hx7Lq2Pz"} {
		assert.NotContains(t, said.String(), secret)
	}
	assert.Contains(t, said.String(), "max_record_bytes")
	require.NoError(t, tel.Shutdown(context.Background()))
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

// TestPlantedAnywhere builds random nested records with secrets at random places, in random ways of writing, and
// searches the bytes that would go over the wire.
func TestPlantedAnywhere(t *testing.T) {
	sink := new(consumertest.LogsSink)
	redactor, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), sink)
	require.NoError(t, err)
	defer func() { require.NoError(t, redactor.Shutdown(context.Background())) }()
	for seed := range uint64(1000) {
		p := &planter{r: rand.New(rand.NewPCG(seed, 1))}
		ld := p.logs()
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
		require.NoError(t, err)
		for _, s := range p.planted {
			require.Contains(t, string(wire), s, "the test plants what it says")
		}
		require.NoError(t, redactor.ConsumeLogs(context.Background(), ld))
		wire, err = new(plog.ProtoMarshaler).MarshalLogs(sink.AllLogs()[0])
		require.NoError(t, err)
		sink.Reset()
		for _, s := range p.planted {
			if i := bytes.Index(wire, []byte(s)); i >= 0 {
				t.Errorf("seed %d: %q stands in %q", seed, s, wire[max(0, i-80):min(len(wire), i+len(s)+40)])
			}
		}
	}
}

type planter struct {
	r       *rand.Rand
	planted []string
}

func (p *planter) pick(alphabet string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[p.r.IntN(len(alphabet))])
	}
	return b.String()
}

const (
	digits = "0123456789"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	lower  = "abcdefghijklmnopqrstuvwxyz"
	alnum  = digits + upper + lower
)

// secret returns a new secret and the text around it that makes it one.
func (p *planter) secret() (value, context string) {
	switch p.r.IntN(12) {
	case 0:
		value = "AKIA" + p.pick(upper[:26]+"234567", 16)
	case 1:
		value = "ghp_" + p.pick(alnum, 36)
	case 2:
		value = "xoxb-" + p.pick("123456789", 12) + "-" + p.pick("123456789", 12) + "-" + p.pick(alnum, 24)
	case 3:
		value = "sk_live_" + p.pick(alnum, 24)
	case 4:
		value = "AIza" + p.pick(alnum, 35)
	case 5:
		value = "eyJhbGciOiJIUzI1NiJ9." + p.pick(alnum, 40) + "." + p.pick(alnum, 43)
	case 6:
		value = "Q" + p.pick(alnum+"!#*-_", 12) + "7"
		return value, "password=" + value
	case 7:
		value = "Q" + p.pick(alnum+"!#*-_", 12) + "7"
		return value, "postgres://app:" + value + "@db.internal:5432/x"
	case 8:
		value = p.pick(lower, 6) + "." + p.pick(lower, 5) + "@" + p.pick(lower, 7) + ".example"
	case 9:
		value = withLuhn("4" + p.pick(digits, 14))
	case 10:
		value = "+1 212-555-01" + p.pick(digits, 2)
	case 11:
		value = "-----BEGIN PRIVATE KEY-----\n" + p.pick(alnum, 64) + "\n-----END PRIVATE KEY-----"
	}
	return value, value
}

func withLuhn(s string) string {
	sum := 0
	for i := range s {
		d := int(s[len(s)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

// text returns a text, sometimes with secrets in it.
func (p *planter) text() string {
	words := []string{"order", "4711", "done", "in", "12ms", "user=17", "é漢", `"quoted"`, "[x]", "a,b;", "\t", "100%", "{}", "commit 9f86d081884c7d65"}
	var b strings.Builder
	for range 1 + p.r.IntN(5) {
		b.WriteString(words[p.r.IntN(len(words))])
		b.WriteByte(' ')
		if p.r.IntN(3) == 0 {
			value, context := p.secret()
			switch p.r.IntN(4) {
			case 0: // in JSON
				text, _ := json.Marshal(map[string]any{"a": 1, "message": context, "z": []int{2}})
				quoted, _ := json.Marshal(value)
				p.planted = append(p.planted, string(quoted[1:len(quoted)-1]))
				b.Write(text)
			case 1: // in JSON in JSON
				inner, _ := json.Marshal(map[string]string{"m": context})
				outer, _ := json.Marshal(map[string]string{"log": string(inner)})
				quoted, _ := json.Marshal(value)
				quoted, _ = json.Marshal(string(quoted[1 : len(quoted)-1]))
				p.planted = append(p.planted, string(quoted[1:len(quoted)-1]))
				b.Write(outer)
			case 2: // percent-encoded
				p.planted = append(p.planted, url.QueryEscape(value))
				b.WriteString("GET /x?q=" + url.QueryEscape(context) + "&y=1")
			default:
				p.planted = append(p.planted, value)
				b.WriteString(context)
			}
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func (p *planter) value(v pcommon.Value, depth int) {
	switch n := p.r.IntN(8); {
	case n == 0 && depth < 6:
		p.attributes(v.SetEmptyMap(), depth+1)
	case n == 1 && depth < 6:
		s := v.SetEmptySlice()
		for range 1 + p.r.IntN(3) {
			p.value(s.AppendEmpty(), depth+1)
		}
	case n == 2:
		v.SetEmptyBytes().FromRaw([]byte(p.text()))
	case n == 3:
		v.SetInt(p.r.Int64())
	default:
		v.SetStr(p.text())
	}
}

func (p *planter) attributes(m pcommon.Map, depth int) {
	for i := range 1 + p.r.IntN(4) {
		key := fmt.Sprintf("k%d", i)
		if p.r.IntN(8) == 0 {
			key = p.text()
		}
		p.value(m.PutEmpty(key), depth)
	}
}

func (p *planter) logs() plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	p.attributes(rl.Resource().Attributes(), 0)
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().SetName(p.text())
	sl.Scope().SetVersion(p.text())
	p.attributes(sl.Scope().Attributes(), 0)
	for range 1 + p.r.IntN(3) {
		lr := sl.LogRecords().AppendEmpty()
		lr.SetSeverityText(p.text())
		lr.SetEventName(p.text())
		p.value(lr.Body(), 0)
		p.attributes(lr.Attributes(), 0)
	}
	return ld
}

func TestConcurrentBatches(t *testing.T) {
	sink := new(consumertest.LogsSink)
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), sink)
	require.NoError(t, err)
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				err = errors.Join(err, p.ConsumeLogs(context.Background(), everywhere(email)))
			}
			done <- err
		}()
	}
	for range 8 {
		require.NoError(t, <-done)
	}
	for _, ld := range sink.AllLogs() {
		wire, err := new(plog.ProtoMarshaler).MarshalLogs(ld)
		require.NoError(t, err)
		require.NotContains(t, string(wire), email)
	}
	require.NoError(t, p.Shutdown(context.Background()))
	require.NoError(t, p.Shutdown(context.Background()), "twice is safe")
}

func TestConfigErrors(t *testing.T) {
	cfg := defaults()
	cfg.Action = "erase"
	cfg.Detectors = map[string]DetectorConfig{"emial": {}}
	cfg.Limits.MaxRecordBytes = 0
	err := cfg.Validate()
	for _, want := range []string{`action must be one of`, `"emial"`, "limits.max_record_bytes must be positive, got 0"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NoError(t, defaults().Validate())
	_, err = NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), cfg, consumertest.NewNop())
	require.Error(t, err)
}

func TestReadmeListsEveryDetector(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for _, name := range redact.Names() {
		assert.Contains(t, string(readme), "`"+name+"`")
	}
	assert.Contains(t, string(readme), fmt.Sprintf("| %d built in", len(redact.Names())))
}

func TestHashKeyIsNotPrinted(t *testing.T) {
	cfg := defaults()
	cfg.Hash.Key = "a-key-that-nobody-may-see"
	assert.NotContains(t, fmt.Sprintf("%v %+v", cfg, *cfg), "nobody-may-see")
}

func BenchmarkConsumeLogs(b *testing.B) {
	var next consumer.Logs = consumertest.NewNop()
	p, err := NewFactory().CreateLogs(context.Background(), processortest.NewNopSettings(metadata.Type), defaults(), next)
	require.NoError(b, err)
	line := `203.0.113.9 - - [15/Jan/2026:00:00:08 +0000] "GET /products/SKU-34294?ref=home HTTP/1.1" 200 5124 "-" "Mozilla/5.0 (X11; Linux x86_64)" rt=0.042 rid=` + base64.RawURLEncoding.EncodeToString([]byte("request"))
	ld := plog.NewLogs()
	sl := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()
	for range 1000 {
		lr := sl.LogRecords().AppendEmpty()
		lr.Body().SetStr(line)
		lr.Attributes().PutStr("log.file.name", "access.log")
		lr.Attributes().PutStr("service.name", "edge")
	}
	b.SetBytes(int64(1000 * len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.ConsumeLogs(context.Background(), ld); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*1000)/b.Elapsed().Seconds(), "records/s")
}
