// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/internal/weight"
)

// reader turns records and spans into items. It does not change: any number of goroutines may use one, each with its own batch.
type reader struct {
	keys         keyIndex
	correlation  []int // slots, in the order in which they are tried
	randomness   int   // slot of sampling.randomness
	threshold    int   // slot of sampling.threshold
	service      int   // slot of service.name
	logs, spans  []bit
	ends         condition // log records that end their request, or nil
	rootSpanEnds bool
}

// batch is what was read from one. Batches are used again.
type batch struct {
	items    []tailsample.Item
	services []string // of each ResourceLogs or ResourceSpans
	keyed    bool     // whether any item has a key
	view     view
}

func newBatch(slots int) *batch {
	return &batch{view: view{record: make([]pcommon.Value, slots), resource: make([]pcommon.Value, slots)}}
}

// reset lets go of everything that belongs to the batch read last.
func (b *batch) reset() {
	clear(b.services)
	clear(b.view.record)
	clear(b.view.resource)
	*b = batch{
		items:    b.items[:0],
		services: b.services[:0],
		view:     view{record: b.view.record, resource: b.view.resource},
	}
}

func (r *reader) readLogs(b *batch, ld plog.Logs) {
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		b.view.resourceLogs = rl
		r.readResource(b, rl.Resource())
		for j := range rl.ScopeLogs().Len() {
			sl := rl.ScopeLogs().At(j)
			b.view.scopeLogs = sl
			records := sl.LogRecords()
			for k := range records.Len() {
				b.items = append(b.items, tailsample.Item{Randomness: tailsample.NoRandomness, DefaultRandomness: tailsample.NoRandomness})
				r.readLog(b, records.At(k), &b.items[len(b.items)-1])
			}
		}
	}
}

func (r *reader) readTraces(b *batch, td ptrace.Traces) {
	for i := range td.ResourceSpans().Len() {
		rs := td.ResourceSpans().At(i)
		b.view.resourceSpans = rs
		r.readResource(b, rs.Resource())
		for j := range rs.ScopeSpans().Len() {
			ss := rs.ScopeSpans().At(j)
			b.view.scopeSpans = ss
			spans := ss.Spans()
			for k := range spans.Len() {
				b.items = append(b.items, tailsample.Item{Randomness: tailsample.NoRandomness, DefaultRandomness: tailsample.NoRandomness})
				r.readSpan(b, spans.At(k), &b.items[len(b.items)-1])
			}
		}
	}
}

func (r *reader) readResource(b *batch, res pcommon.Resource) {
	v := &b.view
	r.keys.fill(res.Attributes(), v.resource)
	service := ""
	if s := v.resource[r.service]; s != (pcommon.Value{}) && s.Type() == pcommon.ValueTypeStr {
		service = s.Str()
	}
	b.services = append(b.services, service)
}

func (r *reader) readLog(b *batch, lr plog.LogRecord, it *tailsample.Item) {
	v := &b.view
	v.lr = lr
	r.keys.fill(lr.Attributes(), v.record)
	r.readKey(b, lr.TraceID(), it)
	t := lr.Timestamp()
	if t == 0 {
		t = lr.ObservedTimestamp()
	}
	it.Start = nanoseconds(t)
	it.End = it.Start
	if a := v.record[r.randomness]; a != (pcommon.Value{}) && a.Type() == pcommon.ValueTypeStr {
		if n, ok := weight.ParseRandomness(a.Str()); ok {
			it.Randomness = n
			if t := v.record[r.threshold]; t != (pcommon.Value{}) && t.Type() == pcommon.ValueTypeStr {
				it.Came, _ = weight.ParseThreshold(t.Str()) // 0 if it cannot be read
			}
		}
	}
	for i := range r.logs {
		if r.logs[i].holds(v) {
			it.Conditions |= r.logs[i].mask
		}
	}
	it.Ends = r.ends != nil && r.ends.holds(v)
}

func (r *reader) readSpan(b *batch, span ptrace.Span, it *tailsample.Item) {
	v := &b.view
	v.span = span
	r.keys.fill(span.Attributes(), v.record)
	r.readKey(b, span.TraceID(), it)
	it.Start = nanoseconds(span.StartTimestamp())
	it.End = max(it.Start, nanoseconds(span.EndTimestamp()))
	if it.Start == 0 {
		it.Start = it.End // not since 1970
	}
	if state := span.TraceState().AsRaw(); state != "" {
		if n, came, ok := stateRandomness(state); ok {
			it.Randomness, it.Came = n, came
		}
	}
	for i := range r.spans {
		if r.spans[i].holds(v) {
			it.Conditions |= r.spans[i].mask
		}
	}
	it.Ends = r.rootSpanEnds && span.ParentSpanID().IsEmpty()
}

// readKey sets Key, Link and DefaultRandomness.
func (r *reader) readKey(b *batch, id pcommon.TraceID, it *tailsample.Item) {
	correlated := false
	var key tailsample.Key
	var randomness uint64
	for _, slot := range r.correlation {
		if a, ok := b.view.attribute(slot); ok {
			if key, randomness, correlated = correlationKey(a); correlated {
				break
			}
		}
	}
	switch {
	case !id.IsEmpty():
		it.Key, it.DefaultRandomness = tailsample.Key(id), weight.OfTrace(id)
		if correlated {
			it.Link = key
		}
	case correlated:
		it.Key, it.DefaultRandomness = key, randomness
	default:
		return
	}
	b.keyed = true
}

// keySeed makes the second half of a correlation key another hash than the first. Both stay the same for good: gateways must
// agree, and decisions outlive a restart.
const keySeed = 0x6c6f67626f6f6d00

// correlationKey is 128 bits of hash of a value, and 56 bits of randomness. A number is the same request as its text: formats
// differ in what they keep as a string. Empty strings, the "-" of access logs, booleans, bytes, maps and lists tell no request.
func correlationKey(v pcommon.Value) (key tailsample.Key, randomness uint64, ok bool) {
	var digest xxhash.Digest
	digest.ResetWithSeed(keySeed)
	var first uint64
	switch v.Type() {
	case pcommon.ValueTypeStr:
		s := v.Str()
		if s = strings.TrimSpace(s); s == "" || s == "-" { // "-" is what servers of the web write where there is none
			return key, 0, false
		}
		if id, ok := traceIDOf(s); ok {
			return tailsample.Key(id), weight.OfTrace(id), true
		}
		first = xxhash.Sum64String(s)
		_, _ = digest.WriteString(s)
	case pcommon.ValueTypeInt, pcommon.ValueTypeDouble:
		var buf [32]byte
		text := buf[:0]
		if v.Type() == pcommon.ValueTypeInt {
			text = strconv.AppendInt(text, v.Int(), 10)
		} else {
			text = strconv.AppendFloat(text, v.Double(), 'f', -1, 64)
		}
		first = xxhash.Sum64(text)
		_, _ = digest.Write(text)
	default:
		return key, 0, false
	}
	binary.BigEndian.PutUint64(key[:8], first)
	binary.BigEndian.PutUint64(key[8:], digest.Sum64())
	return key, first >> 8, key != tailsample.Key{}
}

// traceIDOf reads 32 hexadecimal digits: a trace id in an attribute names the request of the spans that have it.
func traceIDOf(s string) (id pcommon.TraceID, ok bool) {
	if len(s) != 2*len(id) {
		return id, false
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return id, false
	}
	return id, !id.IsEmpty()
}

// nanoseconds returns 0, unknown, for times beyond 2262.
func nanoseconds(t pcommon.Timestamp) int64 {
	if t > math.MaxInt64 {
		return 0
	}
	return int64(t)
}
