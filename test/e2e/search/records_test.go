// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// record is a record as the test knows it; labels are those that LogQL sees and the test asks for.
type record struct {
	ts     int64
	body   string
	weight float64
	uid    string
	number int32
	labels map[string]string
	pdata  plog.LogRecord
	res    map[string]string
}

// identity is what records with a uid are counted once by.
func (r *record) identity() string {
	return fmt.Sprint(r.labels["service_name"], "\x00", r.ts, "\x00", r.uid)
}

// generator makes records.
type generator struct {
	*rand.Rand
	base    time.Time // of the first cluster of records; the second is two hours later, on both sides of a full hour
	ids     []string
	traces  []pcommon.TraceID
	uids    int
	service []string
}

func newGenerator(seed uint64, base time.Time) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 8)), base: base, service: []string{"cart", "checkout", "edge-1", "söme \"odd\" one", "a.b/c", ""}} //nolint:gosec // repeatable
	for range 60 {
		g.ids = append(g.ids, g.uuid())
		var t pcommon.TraceID
		for i := range t {
			t[i] = byte(g.IntN(256))
		}
		g.traces = append(g.traces, t)
	}
	return g
}

func (g *generator) uuid() string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", g.Uint32(), g.Uint32()&0xffff, g.Uint32()&0xfff, g.Uint32()&0xfff, g.Uint64()&(1<<48-1))
}

func pick[T any](g *rand.Rand, list []T) T { return list[g.IntN(len(list))] }

// words that are near each other, and near what an index may take for an id, a placeholder or a separator.
var words = []string{
	"error", "Error", "ERROR", "errors", "terror", "timeout", "Timeout", "time", "out", "card", "declined", "cafe", "deadbeef", "DEADBEEF",
	"beef42", "f00d", "0x1f", "a1", "1a", "_", "__", "a_b", "<*>", "%s", "\\d+", "{}", "[]", "\"", "\\", "`", "'", ":", "=", "==", "日本語", "İstanbul",
	"straße", "STRASSE", "ſ", "K", "k", "é", "e\u0301", "🚀", "\x00", "\x01", "\x02", "\x1f", "\x7f", "\n", "\r\n", "\t", "\u2028", "\ufffd", "0", "00", "007", "42", "1e9",
	"-1", "3.14", "192.168.1.17", "::1", "2026-01-15T00:00:00Z", "user=anna", "user=", "path=/a/b/c", "GET", "http://x.y/z?q=1&r=2", "AKIA1234567890ABCDEF",
}

var templates = []func(g *generator) string{
	func(g *generator) string {
		return fmt.Sprintf("request %s took %d ms", pick(g.Rand, g.ids), g.IntN(2000))
	},
	func(g *generator) string {
		return fmt.Sprintf(`{"level":"info","msg":"cache lookup","hit":%t,"key":"k%d","id":%q}`, g.IntN(2) == 0, g.IntN(500), pick(g.Rand, g.ids))
	},
	func(g *generator) string {
		return fmt.Sprintf("10.0.%d.%d - - \"GET /products/SKU-%05d HTTP/1.1\" %d %d", g.IntN(256), g.IntN(256), g.IntN(9999), 200+100*g.IntN(4), g.IntN(1e6))
	},
	func(g *generator) string {
		return fmt.Sprintf("user=%d card declined code=%x", g.IntN(100), g.Uint32())
	},
	func(g *generator) string {
		return fmt.Sprintf("worker-%d: job %016x done, %d left", g.IntN(9), g.Uint64(), g.IntN(5))
	},
	func(*generator) string { return "checkout started" },
	func(*generator) string { return "" },
}

func (g *generator) text() string {
	switch g.IntN(12) {
	case 0, 1, 2, 3, 4, 5, 6:
		return pick(g.Rand, templates)(g)
	case 7: // long, around the limits that an index has
		return strings.Repeat(pick(g.Rand, words)+" ", 1+g.IntN(1500)) + pick(g.Rand, g.ids)
	case 8: // glued to an id
		return pick(g.Rand, words) + pick(g.Rand, g.ids) + pick(g.Rand, words)
	}
	var b strings.Builder
	for range 1 + g.IntN(8) {
		b.WriteString(pick(g.Rand, words))
		b.WriteString(pick(g.Rand, []string{" ", "", "-", ".", ", ", "/", "\t"}))
	}
	return b.String()
}

func (g *generator) time() int64 {
	if g.IntN(2) == 0 { // some times are shared by many
		return g.base.Add(time.Duration(g.IntN(1200)) * time.Second).UnixNano()
	}
	return g.base.Add(2*time.Hour - 5*time.Minute + time.Duration(g.Int64N(int64(20*time.Minute)))).UnixNano()
}

var levels = []string{"trace", "debug", "info", "warn", "error", "fatal"}

// record makes one.
func (g *generator) record() *record {
	r := &record{ts: g.time(), weight: 1, pdata: plog.NewLogRecord(), labels: map[string]string{"detected_level": "unknown"}, res: map[string]string{}}
	lr := r.pdata
	lr.SetTimestamp(pcommon.Timestamp(r.ts)) //nolint:gosec // a time
	switch g.IntN(25) {
	case 0:
		n := g.Int64()
		lr.Body().SetInt(n)
		r.body = strconv.FormatInt(n, 10)
	case 1:
		lr.Body().SetBool(true)
		r.body = "true"
	default:
		r.body = g.text()
		lr.Body().SetStr(r.body)
	}
	service := pick(g.Rand, g.service)
	r.labels["service_name"] = service
	if service == "" {
		r.labels["service_name"] = "unknown_service"
	} else {
		r.res["service.name"] = service
	}
	if g.IntN(3) > 0 {
		r.res["k8s.namespace.name"] = pick(g.Rand, []string{"shop", "pay", "Shop"})
		r.labels["k8s_namespace_name"] = r.res["k8s.namespace.name"]
	}
	if g.IntN(4) == 0 {
		r.res["host.name"] = pick(g.Rand, g.ids)
		r.labels["host_name"] = r.res["host.name"]
	}
	switch g.IntN(6) {
	case 0:
	case 1:
		text := pick(g.Rand, []string{"WARN", "critical", "Error", "nonsense", "INFO"})
		lr.SetSeverityText(text)
		r.labels["detected_level"] = map[string]string{"WARN": "warn", "critical": "critical", "Error": "error", "nonsense": "unknown", "INFO": "info"}[text]
	default:
		r.number = int32(1 + g.IntN(24)) //nolint:gosec // small
		lr.SetSeverityNumber(plog.SeverityNumber(r.number))
		r.labels["detected_level"] = levels[(r.number-1)/4]
		if g.IntN(3) == 0 {
			lr.SetSeverityText("said otherwise")
		}
	}
	if g.IntN(2) == 0 {
		trace := pick(g.Rand, g.traces)
		lr.SetTraceID(trace)
		r.labels["trace_id"] = hex.EncodeToString(trace[:])
	}
	put := func(key, label, value string) {
		lr.Attributes().PutStr(key, value)
		r.labels[label] = value
	}
	if g.IntN(2) == 0 {
		put("request.id", "request_id", pick(g.Rand, g.ids))
	}
	if g.IntN(3) == 0 {
		put("user", "user", pick(g.Rand, append([]string{"anna", "Anna", "an\"na", "anna b", "x"}, words[:40]...)))
	}
	if g.IntN(5) == 0 {
		code := g.IntN(5)
		lr.Attributes().PutInt("code", int64(code))
		r.labels["code"] = strconv.Itoa(code)
	}
	if g.IntN(10) == 0 {
		n := 2 + g.IntN(9)
		lr.Attributes().PutInt("logboom.record.count", int64(n))
		r.weight *= float64(n)
	}
	if g.IntN(3) == 0 {
		g.uids++
		r.uid = fmt.Sprint("uid-", g.uids)
		lr.Attributes().PutStr("log.record.uid", r.uid)
	}
	return r
}

func (g *generator) records(n int) []*record {
	list := make([]*record, n)
	for i := range list {
		list[i] = g.record()
	}
	return list
}

// logs puts records into requests of their own resources.
func logs(list []*record) plog.Logs {
	ld := plog.NewLogs()
	for _, r := range list {
		rl := ld.ResourceLogs().AppendEmpty()
		for k, v := range r.res {
			rl.Resource().Attributes().PutStr(k, v)
		}
		r.pdata.CopyTo(rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty())
	}
	return ld
}
