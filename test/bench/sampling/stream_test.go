// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sampling

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

const (
	perRequest   = 8   // records or spans
	batchRecords = 512 // of several services, as an agent sends them
	failing      = 50  // one request in so many fails
	failsAt      = 4   // with the record of this number
)

// stream is the arrival of the records of many requests. So many of them at a time get their records, any of them the next one; the
// others wait for their first one or are complete. With all of them at a time no record comes soon after another of its request.
type stream struct {
	first, requests int  // their numbers
	active          int  // at a time
	short           bool // log records of three attributes and one service a batch
	open            []progress
	begun           int
	rnd             *rand.Rand
	logs            []plog.Logs // batches to copy
	traces          []ptrace.Traces
	copies          int
}

// progress is how far a request is.
type progress struct{ request, number int }

func newStream(requests, active int, short bool) *stream {
	return &stream{requests: requests, active: min(active, requests), short: short, rnd: rand.New(rand.NewPCG(3, 1))}
}

// next returns a request and which of its records it is; false after the last.
func (s *stream) next() (request, number int, ok bool) {
	for len(s.open) < s.active && s.begun < s.requests {
		s.open = append(s.open, progress{request: s.first + s.begun})
		s.begun++
	}
	if len(s.open) == 0 {
		return 0, 0, false
	}
	at := s.rnd.IntN(len(s.open))
	p := &s.open[at]
	request, number = p.request, p.number
	if p.number++; p.number == perRequest {
		*p = s.open[len(s.open)-1]
		s.open = s.open[:len(s.open)-1]
	}
	return request, number, true
}

// more is another stream, of the requests behind these, made of the same batches.
func (s *stream) more() *stream {
	out := newStream(s.requests, s.active, s.short)
	out.first, out.logs, out.traces = s.first+s.requests, s.logs, s.traces
	return out
}

// traceID is that of a request: random, as the specification asks of its lower 56 bits.
func traceID(request int) (id pcommon.TraceID) {
	binary.BigEndian.PutUint64(id[:], mix(2*uint64(request)))    //nolint:gosec // not negative
	binary.BigEndian.PutUint64(id[8:], mix(2*uint64(request)+1)) //nolint:gosec // not negative
	return id
}

// mix is splitmix64.
func mix(x uint64) uint64 {
	x = (x + 1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func failed(request int) bool { return request%failing == 0 }

var (
	services = strings.Fields("edge api-gateway auth cart")
	phrases  = []string{
		"request received", "cache miss, asking the store for the product", "cart loaded with 19 items in 4 ms", "stock reserved in warehouse W3",
		"response written", "session is valid for another 3729 s", "upstream answered with status 200 after 12 ms", "query plan uses 8 shards and 2 terms",
	}
)

// attributes puts what a parsed access or application line has: ten.
func attributes(m pcommon.Map, rnd *rand.Rand) {
	m.EnsureCapacity(12)
	m.PutStr("log.file.name", "api-gateway.log")
	m.PutStr("k8s.pod.name", fmt.Sprintf("api-gateway-7c9f8d6b5-%05x", rnd.IntN(1<<20)))
	m.PutStr("http.request.method", "GET")
	m.PutStr("url.path", fmt.Sprintf("/products/SKU-%05d", rnd.IntN(100_000)))
	m.PutInt("http.response.status_code", 200)
	m.PutStr("client.address", fmt.Sprintf("192.0.2.%d", rnd.IntN(256)))
	m.PutStr("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")
	m.PutStr("user.id", fmt.Sprintf("u%05d", rnd.IntN(100_000)))
	m.PutDouble("duration_ms", float64(rnd.IntN(100_000))/1000)
	m.PutStr("thread.name", fmt.Sprintf("http-nio-8080-exec-%d", rnd.IntN(64)))
}

func resource(r pcommon.Resource, service string) {
	r.Attributes().PutStr("service.name", service)
	r.Attributes().PutStr("service.version", "2.4.1")
	r.Attributes().PutStr("deployment.environment.name", "prod")
}

// makeLogs makes a batch to copy.
func (s *stream) makeLogs() plog.Logs {
	ld, rnd := plog.NewLogs(), s.rnd
	services := services
	if s.short {
		at := rnd.IntN(len(services))
		services = services[at : at+1]
	}
	for _, service := range services {
		rl := ld.ResourceLogs().AppendEmpty()
		resource(rl.Resource(), service)
		sl := rl.ScopeLogs().AppendEmpty()
		sl.LogRecords().EnsureCapacity(batchRecords / len(services))
		for range batchRecords / len(services) {
			lr := sl.LogRecords().AppendEmpty()
			lr.SetSeverityText("INFO")
			lr.Body().SetStr(fmt.Sprintf("%s id=%08x took=%dms", phrases[rnd.IntN(len(phrases))], rnd.Uint32(), rnd.IntN(900)))
			if s.short {
				lr.Attributes().PutStr("k8s.pod.name", fmt.Sprintf("api-gateway-7c9f8d6b5-%05x", rnd.IntN(1<<20)))
				lr.Attributes().PutStr("url.path", fmt.Sprintf("/products/SKU-%05d", rnd.IntN(100_000)))
				lr.Attributes().PutInt("http.response.status_code", 200)
				continue
			}
			attributes(lr.Attributes(), rnd)
		}
	}
	return ld
}

func makeTraces(rnd *rand.Rand) ptrace.Traces {
	td := ptrace.NewTraces()
	for _, service := range services {
		rs := td.ResourceSpans().AppendEmpty()
		resource(rs.Resource(), service)
		ss := rs.ScopeSpans().AppendEmpty()
		ss.Spans().EnsureCapacity(batchRecords / len(services))
		for range batchRecords / len(services) {
			sp := ss.Spans().AppendEmpty()
			sp.SetName("GET /products/{sku}")
			sp.SetKind(ptrace.SpanKindServer)
			attributes(sp.Attributes(), rnd)
		}
	}
	return td
}

const differentBatches = 64 // enough that no cache holds them

// nextLogs makes the next batch; false when there are no more. It is the caller's.
func (s *stream) nextLogs() (plog.Logs, bool) {
	if s.logs == nil {
		for range differentBatches {
			s.logs = append(s.logs, s.makeLogs())
		}
	}
	ld := plog.NewLogs()
	s.logs[s.copies%differentBatches].CopyTo(ld)
	s.copies++
	now := pcommon.NewTimestampFromTime(time.Now())
	some := false
	for _, rl := range ld.ResourceLogs().All() {
		rl.ScopeLogs().At(0).LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
			request, number, ok := s.next()
			if !ok {
				return true
			}
			some = true
			lr.SetTraceID(traceID(request))
			lr.SetTimestamp(now)
			lr.SetObservedTimestamp(now)
			lr.SetSeverityNumber(plog.SeverityNumberInfo)
			if failed(request) && number == failsAt {
				lr.SetSeverityNumber(plog.SeverityNumberError)
			}
			return false
		})
	}
	return ld, some
}

// nextTraces is nextLogs for spans.
func (s *stream) nextTraces() (ptrace.Traces, bool) {
	if s.traces == nil {
		for range differentBatches {
			s.traces = append(s.traces, makeTraces(s.rnd))
		}
	}
	td := ptrace.NewTraces()
	s.traces[s.copies%differentBatches].CopyTo(td)
	s.copies++
	now := time.Now()
	some := false
	for _, rs := range td.ResourceSpans().All() {
		rs.ScopeSpans().At(0).Spans().RemoveIf(func(sp ptrace.Span) bool {
			request, number, ok := s.next()
			if !ok {
				return true
			}
			some = true
			sp.SetTraceID(traceID(request))
			var id pcommon.SpanID
			binary.BigEndian.PutUint64(id[:], mix(uint64(request*perRequest+number))) //nolint:gosec // not negative
			sp.SetSpanID(id)
			binary.BigEndian.PutUint64(id[:], mix(uint64(request*perRequest))) //nolint:gosec // not negative
			if number > 0 {
				sp.SetParentSpanID(id)
			}
			sp.SetStartTimestamp(pcommon.NewTimestampFromTime(now))
			sp.SetEndTimestamp(pcommon.NewTimestampFromTime(now.Add(20 * time.Millisecond)))
			if failed(request) && number == failsAt {
				sp.Status().SetCode(ptrace.StatusCodeError)
			}
			return false
		})
	}
	return td, some
}
