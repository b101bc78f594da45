// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// seeds are lines of every kind that the rules of everything.yaml know, and of some that they do not.
var seeds = []string{
	`{"log":"{\"level\":\"warn\",\"detail\":\"took=12 unit=ms\"}","level":"info","time":"2026-01-15T00:00:01.5Z"}`,
	`{"log":"192.0.2.7 - - [14/Jan/2026:23:59:59 +0000] \"GET /a?b=c HTTP/2\" 200 12 \"-\" \"curl/8.5.0\"","sampling.threshold":"c"}`,
	`<30>Jan 14 23:59:59 host-1 app[7]: {"level":"error","message":"inner","logboom.parse.error":"none"}`,
	`<30>Jan 14 23:59:59 host-1 app[7]: left|right`,
	`INFO: a message`,
	`xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx`,
	`x y=12 z`,
	`ts=2026-01-14T23:59:58.886Z level=debug msg="validating \"session\"" log.record.uid=1`,
	`OPS-12 1.5 7 true`,
	`OPS-12 1.5 99999999999999999999 true`,
	`192.0.2.7 - frank [14/Jan/2026:23:59:59 +0000] "GET http://a.example/ HTTP/1.1" 200 12 "https://b.example/" "curl/8.5.0"`,
	"2026-01-14 23:59:59,429 ERROR [main] org.example.Shop - failed\njava.lang.IllegalStateException: x\n\tat org.example.Shop.run(Shop.java:12)",
	`2026-01-14T23:59:59Z [warn] dissected`,
	`I0114 23:59:59.429000       1 main.go:12] started`,
	`{"a":[[[[[[[[[[1]]]]]]]]]]}`,
	`{"a":{"b":{"c":null}},"a":1,"é\u00e9":"\ud83d"}`,
	`just some words`,
	"",
	"\xff\xfe{\"\xff\":1}",
	strings.Repeat("long ", 5000),
}

// record fills a record; kind chooses what surrounds the line.
func testRecord(lr plog.LogRecord, kind byte, line []byte) {
	lr.SetObservedTimestamp(pcommon.NewTimestampFromTime(time.Date(2026, 1, 15, 0, 0, 5, 0, time.UTC)))
	if kind&1 != 0 {
		lr.Body().SetEmptyBytes().FromRaw(line)
	} else {
		lr.Body().SetStr(string(line))
	}
	if kind&2 != 0 {
		lr.Attributes().PutStr("log.iostream", "stdout")
	}
	if kind&4 != 0 {
		lr.Attributes().PutStr("level", "own")
		lr.Attributes().PutInt("message", 7)
	}
	if kind&8 != 0 {
		lr.Attributes().PutStr("payload", string(line))
		lr.Body().SetInt(1)
	}
	if kind&16 != 0 {
		lr.Attributes().PutStr("log.record.uid", "own")
		lr.Attributes().PutStr("sampling.threshold", "own")
	}
}

// checkInvariants says what must hold of a record whatever was parsed. before is the record as it came.
func checkInvariants(t *testing.T, before, after plog.LogRecord, kind byte, moves bool) {
	t.Helper()
	if !moves {
		require.True(t, before.Body().Equal(after.Body()), "the body changed")
		for key, v := range before.Attributes().All() {
			got, ok := after.Attributes().Get(key)
			require.True(t, ok && v.Equal(got), "attribute %s changed", key)
		}
	}
	seen := map[string]bool{}
	for key, v := range after.Attributes().All() {
		require.False(t, seen[key], "attribute %s occurs twice", key)
		seen[key] = true
		_, had := before.Attributes().Get(key)
		switch {
		case had:
		case key == errorAttribute || key == formatAttribute:
		default:
			require.False(t, isReserved(key), "a line set %s", key)
		}
		require.True(t, utf8.ValidString(key))
		if !had {
			require.True(t, utf8.ValidString(v.AsString()))
		}
	}
	if kind&16 != 0 {
		v, _ := after.Attributes().Get("log.record.uid")
		require.Equal(t, "own", v.Str())
	}
}

// FuzzProcessor: whatever the text and whatever surrounds it, the record comes out, counted once, with what it had.
func FuzzProcessor(f *testing.F) {
	for i, s := range seeds {
		f.Add(byte(i), []byte(s)) //nolint:gosec // few
		f.Add(byte(2), []byte(s))
	}
	p := newTestProcessor(f, loadConfig(f, "testdata/config/everything.yaml"))
	w := newWorker(p)
	f.Fuzz(func(t *testing.T, kind byte, line []byte) {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		moves := kind&32 != 0
		if moves {
			rl.Resource().Attributes().PutStr("service.name", "the mover 7")
		}
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		testRecord(lr, kind, line)
		before := plog.NewLogRecord()
		lr.CopyTo(before)
		w.batch(t.Context(), ld)
		require.Equal(t, 1, ld.LogRecordCount())
		require.Equal(t, int64(1), takeRecords(w))
		checkInvariants(t, before, onlyRecord(ld), kind, moves)
	})
}

func onlyRecord(ld plog.Logs) (only plog.LogRecord) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				only = lr
			}
		}
	}
	return only
}

// takeRecords returns how many outcomes w has counted, and begins anew.
func takeRecords(w *worker) (n int64) {
	for _, c := range w.tally.records {
		n += c
	}
	clear(w.tally.records)
	return n
}

// TestEveryRecordComesOut: as many records come out of random batches as went in, each once and with what it had, also
// where lines move to the resource of their service.
func TestEveryRecordComesOut(t *testing.T) {
	p := newTestProcessor(t, loadConfig(t, "testdata/config/everything.yaml"))
	w := newWorker(p)
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // to be repeated
	for range 300 {
		ld := plog.NewLogs()
		total, id := int64(0), 0
		before := map[string]plog.LogRecord{}
		kinds := map[string]byte{}
		for range rnd.IntN(4) {
			rl := ld.ResourceLogs().AppendEmpty()
			if rnd.IntN(2) == 0 {
				rl.Resource().Attributes().PutStr("service.name", "shop")
			}
			for range rnd.IntN(3) {
				sl := rl.ScopeLogs().AppendEmpty()
				for range rnd.IntN(12) {
					line := []byte(seeds[rnd.IntN(len(seeds))])
					if len(line) > 0 && rnd.IntN(3) == 0 {
						line[rnd.IntN(len(line))] = byte(rnd.IntN(256)) //nolint:gosec // any byte
					}
					if rnd.IntN(10) == 0 {
						line = bytes.Repeat(line, 3)
					}
					kind := byte(rnd.IntN(32)) //nolint:gosec // small
					lr := sl.LogRecords().AppendEmpty()
					testRecord(lr, kind, line)
					id++
					key := string(rune('A' + id))
					lr.Attributes().PutStr("test.id", key)
					c := plog.NewLogRecord()
					lr.CopyTo(c)
					before[key], kinds[key] = c, kind
					total++
				}
			}
		}
		w.batch(t.Context(), ld)
		require.Equal(t, total, takeRecords(w))
		require.EqualValues(t, total, ld.LogRecordCount())
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					v, ok := lr.Attributes().Get("test.id")
					require.True(t, ok)
					b, ok := before[v.Str()]
					require.True(t, ok, "record %s came out twice", v.Str())
					delete(before, v.Str())
					checkInvariants(t, b, lr, kinds[v.Str()], false)
				}
			}
		}
		require.Empty(t, before)
	}
}

// TestHugeLines: lines of 10 MB, made to be slow, come out like any other. Whatever takes more than linear time in them
// would keep this test from ending.
func TestHugeLines(t *testing.T) {
	cfg := loadConfig(t, "testdata/config/everything.yaml")
	cfg.MaxRecordBytes, cfg.MaxFields, cfg.MaxJSONDepth = 20<<20, 1000, 64
	w := newWorker(newTestProcessor(t, cfg))
	fill := func(s string) string { return strings.Repeat(s, 10<<20/len(s)) }
	for _, line := range []string{
		fill("a"), fill("x"), fill("1"), fill(" "), fill("\n"), fill("\xff"), fill("{"), fill(`"`), fill("["), fill("word "), fill("a=b "), fill("a:"), fill("1.1.1.1 "),
		`{"` + fill("a"), `{"` + fill(`\\`), `{"a":` + fill("[1,"), "{" + fill(`"k":1,`) + `"z":2}`, `{"a":[` + fill(`"",`) + "1]}", "a=" + fill("b"),
		"2026-01-14 23:59:59,429 ERROR [main] org.example.Shop - failed\n" + fill("\tat a.B.c(B.java:1)\n"),
		"2026-01-14 23:59:59,429 ERROR [main] org.example.Shop - failed\n" + fill("Caused by: x\n"),
		"x\n" + fill("Traceback (most recent call last):\n"), "x\n" + fill("    at "), "panic: x\n\n" + fill("goroutine 1 [running]:\n"),
		"<30>Jan 14 23:59:59 host-1 app[7]: " + fill("x "),
		`192.0.2.7 - frank [14/Jan/2026:23:59:59 +0000] "GET /` + fill("a/") + ` HTTP/1.1" 200 12 "-" "curl"`,
		`192.0.2.7 - frank [14/Jan/2026:23:59:59 +0000] "GET /` + fill(`\"`),
	} {
		ld := plog.NewLogs()
		lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		testRecord(lr, 0, []byte(line))
		before := plog.NewLogRecord()
		lr.CopyTo(before)
		w.batch(t.Context(), ld)
		require.Equal(t, int64(1), takeRecords(w))
		checkInvariants(t, before, onlyRecord(ld), 0, false)
	}
}
