// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// arrival is when every batch of the corpus came; event times are chosen around it.
var arrival = time.Date(2026, 3, 4, 5, 30, 0, 123_456_789, time.UTC)

// tenantAttribute names the tenant of a resource where the corpus is written with tenants.
const tenantAttribute = "tenant"

// oddStrings are texts that a reader or a writer may trip over.
var oddStrings = []string{
	"", " ", "a", "NULL", "null", `\N`, "\x00", "a\x00b", "\n", "tab\tquote\"back\\slash", "'; DROP TABLE logs; --",
	"größe 日本語 🪵", "\u2028", "\xff", "caf\xe9 latin1", "\xed\xa0\x80", strings.Repeat("x", 70_000), strings.Repeat("ab\xfe", 999),
	"4bf92f3577b34da6a3ce929d0e0e4736", "0", "-1", "1e5", "true", "{}", "[]",
}

// oddNumbers are integers at the edges of what columns, JSON and doubles hold.
var oddNumbers = []int64{0, 1, -1, 42, math.MaxInt32, math.MinInt32, 1<<53 + 1, -(1<<53 + 1), math.MaxInt64, math.MinInt64}

// oddDoubles are doubles of every sort.
var oddDoubles = []float64{
	0, math.Copysign(0, -1), 1, -1.5, 0.1, 1e21, 1e-7, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Pi,
	math.NaN(), math.Float64frombits(0x7ff8_0000_dead_beef), math.Inf(1), math.Inf(-1),
}

// oddValues sets a value to each kind and each edge, one function each.
func oddValues() []func(pcommon.Value) {
	var list []func(pcommon.Value)
	for _, s := range oddStrings {
		list = append(list, func(v pcommon.Value) { v.SetStr(s) })
	}
	for _, n := range oddNumbers {
		list = append(list, func(v pcommon.Value) { v.SetInt(n) })
	}
	for _, f := range oddDoubles {
		list = append(list, func(v pcommon.Value) { v.SetDouble(f) })
	}
	list = append(list,
		func(pcommon.Value) {}, // empty
		func(v pcommon.Value) { v.SetBool(true) },
		func(v pcommon.Value) { v.SetBool(false) },
		func(v pcommon.Value) { v.SetEmptyBytes() },
		func(v pcommon.Value) { v.SetEmptyBytes().FromRaw([]byte{0, 1, 2, 0xfe, 0xff}) },
		func(v pcommon.Value) { v.SetEmptyMap() },
		func(v pcommon.Value) { v.SetEmptySlice() },
		func(v pcommon.Value) {
			m := v.SetEmptyMap()
			m.PutStr("", "empty key")
			m.PutStr("text", "quote\" and \\ and \n and \u0001 and 日本語")
			m.PutInt("int", math.MaxInt64)
			m.PutDouble("whole", 3)
			m.PutDouble("tiny", 5e-324)
			m.PutBool("yes", true)
			m.PutEmpty("nothing")
			inner := m.PutEmptySlice("list")
			inner.AppendEmpty().SetInt(-7)
			inner.AppendEmpty().SetStr("x")
			inner.AppendEmpty()
			inner.AppendEmpty().SetEmptyMap().PutEmptyMap("deep").PutEmptySlice("er")
		},
		func(v pcommon.Value) { // what JSON cannot say
			m := v.SetEmptyMap()
			m.PutEmptyBytes("raw").FromRaw([]byte("abc"))
			m.PutDouble("nan", math.NaN())
			m.PutDouble("inf", math.Inf(-1))
			m.PutStr("bad", "\xc3\x28")
		},
		func(v pcommon.Value) { // a slice of every kind
			s := v.SetEmptySlice()
			s.AppendEmpty().SetStr("a")
			s.AppendEmpty().SetInt(1)
			s.AppendEmpty().SetDouble(1)
			s.AppendEmpty().SetBool(false)
			s.AppendEmpty()
			s.AppendEmpty().SetEmptySlice().AppendEmpty().SetEmptyBytes()
		},
		func(v pcommon.Value) { // deeper than JSON is trusted
			for range 130 {
				v = v.SetEmptySlice().AppendEmpty()
			}
			v.SetStr("bottom")
		},
	)
	return list
}

// oddCorpus are records that hold every kind of value in every place, in several hours and tenants.
func oddCorpus() plog.Logs {
	rng := rand.New(rand.NewPCG(1, 2))
	values := oddValues()
	ld := plog.NewLogs()
	times := oddTimes()
	n := 0
	add := func(sl plog.ScopeLogs) plog.LogRecord {
		lr := sl.LogRecords().AppendEmpty()
		lr.SetTimestamp(times[n%len(times)])
		if n%3 != 0 {
			lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(arrival.Add(time.Duration(-n) * time.Millisecond)))
		}
		if n%2 == 0 {
			lr.SetTraceID(pcommon.TraceID{byte(n >> 8), byte(n), 3: 0xab, 15: 1})
			lr.SetSpanID(pcommon.SpanID{7: byte(1 + n%255)})
		}
		lr.SetFlags(plog.LogRecordFlags([]uint32{0, 1, 0xff, math.MaxUint32}[n%4]))
		lr.SetSeverityNumber(plog.SeverityNumber(int32([]int{0, 1, 5, 9, 10, 13, 17, 21, 24, -3, math.MaxInt32, math.MinInt32}[n%12])))
		lr.SetSeverityText([]string{"", "INFO", "warn", "\xffbad"}[n%4])
		lr.SetEventName([]string{"", "user.login", ""}[n%3])
		n++
		return lr
	}
	// Every value as body, as attribute, as a resource's and as a scope's attribute, as the attributes with a column of their own.
	for i, set := range values {
		rl := ld.ResourceLogs().AppendEmpty()
		res := rl.Resource().Attributes()
		if i%5 != 0 {
			set(res.PutEmpty("service.name"))
		} else {
			res.PutStr("service.name", []string{"checkout", "cart", "web"}[i/5%3])
		}
		set(res.PutEmpty("value"))
		if i%4 != 0 {
			res.PutStr(tenantAttribute, []string{"", "acme", "größe/../x y", strings.Repeat("t", 300)}[i%4])
		}
		if i%7 == 0 {
			rl.Resource().SetDroppedAttributesCount(3)
			rl.SetSchemaUrl("https://opentelemetry.io/schemas/1.26.0")
		}
		sl := rl.ScopeLogs().AppendEmpty()
		if i%2 == 0 {
			sl.Scope().SetName("scope\xff"[:5+i%2])
			sl.Scope().SetVersion("1.0")
			set(sl.Scope().Attributes().PutEmpty("value"))
			sl.SetSchemaUrl([]string{"", "schema", "\xfe"}[i%3])
		}
		if i%9 == 0 {
			sl.Scope().SetDroppedAttributesCount(1)
		}
		set(add(sl).Body())
		for _, key := range []string{"value", "", "z\x00", "\xffkey", "log.record.uid", "sampling.threshold", "logboom.record.count"} {
			lr := add(sl)
			lr.Body().SetStr(key)
			set(lr.Attributes().PutEmpty(key))
		}
		lr := add(sl) // many attributes, of random kinds
		for range i {
			values[rng.IntN(len(values))](lr.Attributes().PutEmpty(fmt.Sprintf("k%02d", rng.IntN(50))))
		}
		lr.SetDroppedAttributesCount(uint32(i % 2))
	}
	rl := ld.ResourceLogs().AppendEmpty() // nothing at all
	add(rl.ScopeLogs().AppendEmpty())
	addDuplicates(ld, add)
	addMarked(ld, add)
	return ld
}

// oddTimes are event times: none, in several hours before and after the arrival, and far from it.
func oddTimes() []pcommon.Timestamp {
	at := func(d time.Duration) pcommon.Timestamp { return pcommon.NewTimestampFromTime(arrival.Add(d)) }
	return []pcommon.Timestamp{
		at(0), at(-time.Second), at(-time.Second), 0, at(-time.Hour), at(-5 * time.Hour), at(-26 * time.Hour), at(20 * time.Minute), at(50 * time.Minute),
		at(-6 * 24 * time.Hour), at(-8 * 24 * time.Hour), at(2 * time.Hour), 1, 0, math.MaxInt64 - 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64,
		pcommon.NewTimestampFromTime(arrival.Truncate(time.Hour)), pcommon.NewTimestampFromTime(arrival.Truncate(time.Hour)) - 1,
	}
}

// addDuplicates adds records with a key twice in a map, which a MAP column cannot hold.
func addDuplicates(ld plog.Logs, add func(plog.ScopeLogs) plog.LogRecord) {
	const attrs = `[{"key":"a","value":{"stringValue":"first"}},{"key":"b","value":{"intValue":"1"}},{"key":"a","value":{"intValue":"2"}}]`
	// Only the wire can hold a key twice.
	twice, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(`{"resourceLogs":[{"resource":{"attributes":` + attrs + `},"scopeLogs":[
		{"scope":{"attributes":` + attrs + `},"logRecords":[
			{"attributes":` + attrs + `},
			{"body":{"kvlistValue":{"values":` + attrs + `}},"attributes":[{"key":"m","value":{"kvlistValue":{"values":` + attrs + `}}}]}]}]}]}`))
	if err != nil {
		panic(err)
	}
	twice.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	// Two keys that become one when what is not UTF-8 is replaced.
	m := add(ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty()).Attributes()
	m.PutStr("\xff", "becomes U+FFFD")
	m.PutStr("\ufffd", "is U+FFFD already")
}

// addMarked adds records as samplers, summaries and retries leave them: thresholds, counts, uids that come twice.
func addMarked(ld plog.Logs, add func(plog.ScopeLogs) plog.LogRecord) {
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "marked")
	sl := rl.ScopeLogs().AppendEmpty()
	for i, threshold := range []string{"0", "8", "c", "e", "f", "fd70a4", "ffffffffffffff", "8000000000000", "xyz", "", "123456789012345"} {
		for repeat := range 1 + i%2 {
			lr := add(sl)
			lr.SetTimestamp(pcommon.NewTimestampFromTime(arrival.Add(time.Duration(i) * time.Second)))
			lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(arrival.Add(time.Duration(repeat) * time.Minute)))
			lr.Attributes().PutStr("sampling.threshold", threshold)
			lr.Attributes().PutStr("log.record.uid", fmt.Sprintf("uid-%d", i))
			lr.Attributes().PutInt("logboom.record.count", int64(1+i*i))
		}
	}
}

// denseCorpus are n plain records whose attributes are the same keys in nearly all: what a busy service writes in that time,
// which goes from half an hour before an hour's end.
func denseCorpus(n int, within time.Duration) plog.Logs {
	rng := rand.New(rand.NewPCG(3, 4))
	ld := plog.NewLogs()
	from := arrival.Truncate(time.Hour).Add(-30 * time.Minute)
	for s := range 4 {
		rl := ld.ResourceLogs().AppendEmpty()
		res := rl.Resource().Attributes()
		res.PutStr("service.name", []string{"checkout", "cart", "edge", "payment"}[s])
		res.PutStr("host.name", fmt.Sprintf("node-%d", s%2))
		res.PutInt("process.pid", int64(1000+s))
		sl := rl.ScopeLogs().AppendEmpty()
		sl.Scope().SetName("http")
		for i := s; i < n; i += 4 {
			lr := sl.LogRecords().AppendEmpty()
			at := pcommon.NewTimestampFromTime(from.Add(time.Duration(float64(within) * float64(i) / float64(n))))
			lr.SetTimestamp(at)
			lr.SetObservedTimestamp(at + 1000)
			lr.SetSeverityNumber(plog.SeverityNumber([]int{9, 9, 9, 13, 17}[rng.IntN(5)]))
			lr.SetSeverityText("info")
			if i%10 != 0 {
				lr.SetTraceID(pcommon.TraceID{0: byte(i >> 16), 1: byte(i >> 8), 2: byte(i), 15: 9})
				lr.SetSpanID(pcommon.SpanID{0: byte(i), 7: 1})
			}
			status, path, took := []int64{200, 200, 200, 404, 500}[rng.IntN(5)], fmt.Sprintf("/item/%d", rng.IntN(300)), rng.Float64()*100
			lr.Body().SetStr(fmt.Sprintf("GET %s %d in %.3f ms, request %d", path, status, took, i))
			a := lr.Attributes()
			a.PutStr("http.path", path)
			a.PutInt("http.status_code", status)
			a.PutDouble("took_ms", took)
			a.PutBool("cached", i%3 == 0)
			a.PutStr("log.record.uid", fmt.Sprintf("u%07d", i))
			switch i % 50 {
			case 1:
				a.PutStr("rare", "yes")
			case 2:
				a.PutStr("http.status_code", "a text for once")
			case 3:
				a.Remove("took_ms")
			case 4:
				a.PutStr("http.path", "")
			}
		}
	}
	return ld
}
