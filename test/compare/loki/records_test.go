// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/logboom/logboom/logql"
)

// base is the time of the first record: a whole five minutes, so that steps are easy to read, and young enough for Loki
// to look for it where it still is.
var base = time.Now().Add(-90 * time.Minute).Truncate(5 * time.Minute).UnixNano()

const (
	span       = time.Hour
	maxEntries = 5000
)

// record is one log record, as every program gets it.
type record struct {
	stream, metadata map[string]string
	ts               int64
	line             string
}

// oddLines are lines that parsers and filters meet in the dark.
var oddLines = []string{
	`{}`, `{"a":1}`, `{"a":{"b":{"c":"deep"}},"x":[1,2,{"y":"z"}],"n":null,"t":true,"f":1.50,"e":1e3}`,
	`{"a":"dup","a":"second"}`, `{"a.b":"dot","a-b":"dash","a b":"blank","0a":"digit","é":"letter","":"empty","_":"under"}`,
	`{"level":"error","msg":"a \"quoted\" text\twith\nescapes é \ud83d\ude00 \u00e9"}`, `{"a":"\u0000\ud800"}`,
	`{"app":"stolen","level":"other","service_name":"evil"}`, `[1,2,3]`, `"text"`, `12`, `null`, `{"a":1`, `{"a":}`, `{"a":1,}`, `{"a" 1}`,
	`{"ok":"yes","bad":tru}`, `not json {"a":1}`, `{"a":1} trailing`, `  {"a":"spaces"}  `, `{"a":{"b":[{"c":1},{"c":2}]},"pod":{"uuid":"foo","id":[10,20]}}`,
	`{"_entry":"inner line","app":"packed","z":"1"}`, `{"_entry":{"x":1},"z":"2"}`, `{"_entry":"x","n":5}`, `{"duration":"1m30s","size":"5KB","ip":"10.1.2.3","n":"12.5"}`,
	`{"big":123456789012345678901234567890,"neg":-0.0,"exp":1E-5,"zero":0}`, `{"a":{"":1,"b c":2,"__d__":3}}`, `{"a":[],"b":{},"c":"","d":false}`,
	`a=1 b=2 c="three four" d= e f="" g="q\"uote" h='single'`, `level=info msg="hello world" duration=1.5s size=10MB`, `a=b=c d="x"y e=1`,
	`="novalue" =x k=v`, `key-with-dash=1 key.with.dot=2 0digit=3 é=4`, `a="unterminated b=2`, `a="tab\tnew\nline\u00e9\\" b=ok`, `a=1 a=2 a=3`,
	`app=stolen level=warn service_name=evil`, `  lead=1   gap=2  `, `a=1,b=2;c=3`, `msg="nested {\"a\":1}" json={"a":1}`, `x=%20 y=a%2Fb z="<b>&amp;</b>"`,
	``, ` `, `x`, `=`, `"`, `\`, "tab\there", "two\nlines", "\x1b[31mred\x1b[0m text \x1b[1;32mgreen", "bell\x07 nul\x01", "ünïcödé 日本語 😀 ſ K",
	`192.168.1.10 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 0.123`, `10.0.0.1:8080 connect from [2001:db8::1]:443 and ::1`,
	`ip=256.1.1.1 other=1.2.3 v=1.2.3.4.5`, `addr=fe80::1%eth0 x=2001:DB8:0:0:0:0:0:FF`, `from 10.0.0.5, to 10.0.0.200;172.16.5.4`, `::ffff:10.1.2.3 mapped`,
	`<1> text <2>`, `foo bar baz qux`, `foo bar`, `bar foo bar foo`, `Level=ERROR Msg="Upper Case"`, `100% of $5.00 costs a+b (c) [d] {e} ^f$ g|h \i`,
	`ts=2026-05-01T12:00:00Z val=-12.75 count=007 hex=0x1F inf=+Inf nan=NaN`, `latency=250ms size=1.5GiB took=1h2m3s bytes=1024 neg=-5s`, `json:{"inner":{"k":"v"}} end`,
	`{"message":"{\"inner\":\"json\"}","took":"3ms","code":200}`, `{"code":"404","took":"bad","size":"big"}`, `code=500 took=12.5ms size=2kb user=alice`, `code=oops took=1d size=3kib user=bob`,
	`{"user":{"name":"eve","roles":["a","b"],"age":30},"code":201}`, `status=200 path="/api/v1/items?id=5&x=y" method=GET`, `aaa aab aba abb baa bab bba bbb`,
}

var streams = []map[string]string{
	{"service_name": "api", "k8s_namespace_name": "shop", "k8s_pod_name": "api-0"},
	{"service_name": "api", "k8s_namespace_name": "shop", "k8s_pod_name": "api-1"},
	{"service_name": "web", "k8s_namespace_name": "shop", "k8s_pod_name": "web-0"},
	{"service_name": "db", "k8s_namespace_name": "data"},
}

// records makes the odd lines, and as many made ones as asked for, spread over an hour.
func records(rng *rand.Rand, made int) []record {
	lines := append([]string(nil), oddLines...)
	for range made {
		lines = append(lines, madeLine(rng))
	}
	gap := int64(span) / int64(len(lines)+1)
	out := make([]record, len(lines))
	for i, line := range lines {
		m := map[string]string{"detected_level": "unknown"}
		if rng.IntN(2) == 0 {
			m["trace_id"] = fmt.Sprintf("%032x", rng.IntN(5)+1)
		}
		if rng.IntN(3) == 0 {
			m["level"] = pick(rng, "debug", "info", "warn", "error")
		}
		if rng.IntN(4) == 0 {
			m["user"] = pick(rng, "alice", "bob")
		}
		if rng.IntN(5) == 0 {
			m["size"] = pick(rng, "10", "5KB", "1.5MiB", "huge")
		}
		out[i] = record{
			stream: streams[rng.IntN(len(streams))], metadata: m, line: line,
			ts: base + gap*int64(i) + int64(rng.IntN(1000))*int64(time.Millisecond),
		}
	}
	return out
}

func pick[T any](rng *rand.Rand, of ...T) T { return of[rng.IntN(len(of))] }

func madeLine(rng *rand.Rand) string {
	code := pick(rng, 200, 200, 200, 204, 301, 404, 500, 503)
	took := fmt.Sprintf("%d%s", rng.IntN(900)+1, pick(rng, "ms", "ms", "us", "s"))
	size := fmt.Sprintf("%d%s", rng.IntN(2000), pick(rng, "", "B", "kB", "KiB", "MB"))
	method := pick(rng, "GET", "POST", "PUT")
	path := pick(rng, "/", "/api/items", "/api/items/42", "/login", "/static/a.js")
	user := pick(rng, "alice", "bob", "carol", "")
	ip := fmt.Sprintf("10.%d.%d.%d", rng.IntN(3), rng.IntN(256), rng.IntN(256))
	value := fmt.Sprintf("%.3f", rng.NormFloat64()*50+100)
	switch rng.IntN(4) {
	case 0:
		return fmt.Sprintf(`{"level":%q,"method":%q,"path":%q,"code":%d,"took":%q,"size":%q,"ip":%q,"value":%s,"user":{"name":%q,"id":%d},"tags":[%q,"x"]}`,
			pick(rng, "info", "warn", "error"), method, path, code, took, size, ip, value, user, rng.IntN(9), method)
	case 1:
		return fmt.Sprintf(`level=%s method=%s path=%q code=%d took=%s size=%s ip=%s value=%s user=%q`,
			pick(rng, "info", "warn", "error"), method, path, code, took, size, ip, value, user)
	case 2:
		return fmt.Sprintf(`%s - %s [01/May/2026:12:00:00 +0000] "%s %s HTTP/1.1" %d %d %s`, ip, pick(rng, user, "-"), method, path, code, rng.IntN(9999), value)
	}
	return strings.Repeat(pick(rng, "timeout ", "retry ", "ok "), 1+rng.IntN(3)) + "after " + took + " to " + ip + " code " + fmt.Sprint(code)
}

// entries are the records as the engine takes them.
func entries(records []record) []logql.Entry {
	out := make([]logql.Entry, len(records))
	for i, r := range records {
		out[i] = logql.Entry{Timestamp: r.ts, Line: r.line, Stream: logql.LabelsOf(r.stream), Metadata: logql.LabelsOf(r.metadata)}
	}
	return out
}
