// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

var wildWords = []string{
	"timeout", "Timeout", "TIMEOUT", "card declined", "user", "é", "日本", "K", "k", "ſ", "s", "\x00", "a\x00b", "=", "\"", "{}", "error", "Error",
	"abc123def", "0af7651916cd43dd8448eb211c80319c", "550e8400-e29b-41d4-a716-446655440000", "10.0.0.1", "status=500", "status=200", "\n", " ", "x",
}

func wildBody(r *rand.Rand) string {
	if r.IntN(12) == 0 {
		return ""
	}
	var b strings.Builder
	n := r.IntN(8)
	if r.IntN(200) == 0 {
		n = 3000
	}
	for range n {
		switch r.IntN(6) {
		case 0:
			fmt.Fprintf(&b, "id=%04x", r.IntN(300))
		case 1:
			fmt.Fprintf(&b, "%d", r.IntN(1000))
		default:
			b.WriteString(wildWords[r.IntN(len(wildWords))])
		}
		if r.IntN(3) > 0 {
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// wildLogs makes records whose services, times, severities and ids recur, and repeats some of them whole.
func wildLogs(r *rand.Rand, records int, start time.Time, width time.Duration, uids bool) plog.Logs {
	ld := plog.NewLogs()
	for n := 0; n < records; {
		rl := ld.ResourceLogs().AppendEmpty()
		if s := r.IntN(7); s > 0 {
			rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s))
		}
		if r.IntN(2) == 0 {
			rl.Resource().Attributes().PutStr("zone", wildWords[r.IntN(len(wildWords))])
		}
		rl.Resource().Attributes().PutInt("shard", int64(r.IntN(3)))
		sl := rl.ScopeLogs().AppendEmpty()
		if r.IntN(2) == 0 {
			sl.Scope().Attributes().PutStr("lib", fmt.Sprint(r.IntN(3)))
		}
		for range min(records-n, 1+r.IntN(40)) {
			n++
			if n > 1 && uids && r.IntN(6) == 0 && sl.LogRecords().Len() > 0 {
				sl.LogRecords().At(r.IntN(sl.LogRecords().Len())).CopyTo(sl.LogRecords().AppendEmpty())
				continue
			}
			lr := sl.LogRecords().AppendEmpty()
			at := start.UnixNano() + r.Int64N(int64(width))
			if r.IntN(2) == 0 {
				at -= at % int64(time.Second)
			}
			lr.SetTimestamp(pcommon.Timestamp(at))
			if r.IntN(3) == 0 {
				lr.SetObservedTimestamp(pcommon.Timestamp(at + 5))
			}
			switch r.IntN(4) {
			case 0:
				lr.SetSeverityText([]string{"", "info", "WARN", "weird"}[r.IntN(4)])
				lr.SetSeverityNumber(plog.SeverityNumber([]int32{0, 0, 25, -1}[r.IntN(4)]))
			case 1:
				lr.SetSeverityNumber(plog.SeverityNumber(r.IntN(25)))
			default:
				lr.SetSeverityNumber(plog.SeverityNumberInfo)
				lr.SetSeverityText("INFO")
			}
			if r.IntN(2) == 0 {
				lr.SetTraceID(pcommon.TraceID{1, byte(r.IntN(40))})
				lr.SetSpanID(pcommon.SpanID{2, byte(r.IntN(40))})
			}
			if r.IntN(5) == 0 {
				lr.SetEventName(wildWords[r.IntN(4)])
			}
			lr.Body().SetStr(wildBody(r))
			if r.IntN(30) == 0 {
				lr.Body().SetEmptyMap().PutStr("k", wildBody(r))
			}
			if r.IntN(2) == 0 {
				lr.Attributes().PutStr("user", fmt.Sprintf("u%d", r.IntN(20)))
			}
			if r.IntN(3) == 0 {
				lr.Attributes().PutInt("status", int64(200+r.IntN(3)))
			} else if r.IntN(3) == 0 {
				lr.Attributes().PutStr("status", fmt.Sprint(200+r.IntN(3)))
			}
			if r.IntN(10) == 0 {
				lr.Attributes().PutStr("empty", "")
			}
			if uids && r.IntN(2) == 0 {
				lr.Attributes().PutStr(AttributeRecordUID, fmt.Sprint(r.IntN(1000000)))
			}
			if r.IntN(10) == 0 {
				lr.Attributes().PutStr(AttributeSamplingThreshold, []string{"8", "c", "zz"}[r.IntN(3)])
			}
			if r.IntN(10) == 0 {
				lr.Attributes().PutInt(AttributeRecordCount, int64(1+r.IntN(5)))
			}
		}
	}
	return ld
}

// reference is the records of an archive, to be filtered in the slow and obvious way.
type reference struct{ records []*Record }

func (ref *reference) add(ld plog.Logs, arrival time.Time) {
	b := NewBatch(ld, arrival, BatchOptions{})
	for i := range b.rows {
		r := &Record{}
		b.record(i, r)
		ref.records = append(ref.records, r)
	}
}

func referenceMatches(t testing.TB, req *ScanRequest, r *Record) bool {
	if r.Timestamp < req.Start || r.Timestamp >= req.End && req.End != math.MaxInt64 {
		return false
	}
	if req.Service != nil && !req.Service(r.ServiceName) || req.Severity != nil && !req.Severity(r.SeverityNumber, r.SeverityText) {
		return false
	}
	for _, l := range req.Lines {
		found := strings.Contains(r.Body, l.Text)
		if l.Kind == LineRegexp {
			found = regexp.MustCompile(l.Text).MatchString(r.Body)
		}
		if found == l.Not {
			return false
		}
	}
	for _, v := range req.Values {
		var have []string
		of := func(attrs []Attribute, key string) {
			value := ""
			for _, a := range attrs {
				if a.Key == key {
					value = a.Value
				}
			}
			have = append(have, value)
		}
		family, key, _ := strings.Cut(v.Field, ".")
		switch family {
		case "TraceId":
			have = append(have, r.TraceID)
		case "SpanId":
			have = append(have, r.SpanID)
		case "EventName":
			have = append(have, r.EventName)
		case "LogAttributes":
			of(r.LogAttributes, key)
		case "ResourceAttributes":
			of(r.ResourceAttributes, key)
		case "ScopeAttributes":
			of(r.ScopeAttributes, key)
		case "":
			have = append(have, r.TraceID, r.SpanID, r.EventName)
			for _, attrs := range [][]Attribute{r.LogAttributes, r.ResourceAttributes, r.ScopeAttributes} {
				for _, a := range attrs {
					have = append(have, a.Value)
				}
			}
		default:
			require.Fail(t, v.Field)
		}
		if !slices.Contains(have, v.Value) {
			return false
		}
	}
	if req.Early != nil && !req.Early()(r) {
		return false
	}
	return req.Keep == nil || req.Keep(r)
}

func (ref *reference) find(t testing.TB, req *ScanRequest) (found []*Record) {
	seen := map[uidKey]bool{}
	for _, r := range ref.records {
		if !referenceMatches(t, req, r) {
			continue
		}
		if r.RecordUID != "" {
			key := uidKey{r.ServiceName, r.RecordUID, r.Timestamp}
			if seen[key] {
				continue
			}
			seen[key] = true
		}
		found = append(found, r)
	}
	return found
}

// printed is a record as text, with the fields that were asked for.
func printed(r *Record, c Columns) string {
	if c == 0 {
		c = ColumnsAll
	}
	p := Record{Timestamp: r.Timestamp, ServiceName: r.ServiceName, SeverityNumber: r.SeverityNumber, SeverityText: r.SeverityText, RecordUID: r.RecordUID}
	if c&ColumnBody != 0 {
		p.Body, p.BodyType = r.Body, r.BodyType
	}
	if c&ColumnObservedTimestamp != 0 {
		p.ObservedTimestamp = r.ObservedTimestamp
	}
	if c&ColumnTraceID != 0 {
		p.TraceID = r.TraceID
	}
	if c&ColumnSpanID != 0 {
		p.SpanID = r.SpanID
	}
	if c&ColumnTraceFlags != 0 {
		p.TraceFlags = r.TraceFlags
	}
	if c&ColumnEventName != 0 {
		p.EventName = r.EventName
	}
	if c&ColumnResourceAttributes != 0 {
		p.ResourceAttributes, p.ResourceSchemaURL = r.ResourceAttributes, r.ResourceSchemaURL
	}
	if c&ColumnScope != 0 {
		p.ScopeName, p.ScopeVersion, p.ScopeAttributes, p.ScopeSchemaURL = r.ScopeName, r.ScopeVersion, r.ScopeAttributes, r.ScopeSchemaURL
	}
	if c&ColumnLogAttributes != 0 {
		p.LogAttributes = r.LogAttributes
	}
	if c&ColumnWeight != 0 {
		p.SamplingThreshold, p.RecordCount = r.SamplingThreshold, r.RecordCount
	}
	if c&ColumnExact != 0 {
		p.source, p.exact = r.source, r.exact
	}
	return fmt.Sprintf("%d %q %+v", p.Timestamp, p.ServiceName, p)
}

func wildRequest(r *rand.Rand, ref *reference) ScanRequest {
	req := All()
	some := func() *Record { return ref.records[r.IntN(len(ref.records))] }
	switch r.IntN(4) {
	case 0:
		req.Start = some().Timestamp
	case 1:
		req.End = some().Timestamp
	case 2:
		req.Start, req.End = some().Timestamp, some().Timestamp+int64(r.IntN(2))
	}
	req.Descending = r.IntN(2) == 0
	if r.IntN(3) == 0 {
		a, b := some().ServiceName, some().ServiceName
		req.Service = func(s string) bool { return s == a || s == b }
	}
	if r.IntN(4) == 0 {
		n, text := some().SeverityNumber, some().SeverityText
		req.Severity = func(number int32, t string) bool {
			if numbered(number) {
				return number == n
			}
			return t == text
		}
	}
	for range []int{0, 0, 1, 1, 1, 2, 3}[r.IntN(7)] {
		l := LineFilter{Not: r.IntN(4) == 0, Text: wildWords[r.IntN(len(wildWords))]}
		if body := some().Body; r.IntN(2) == 0 && len(body) > 0 {
			from := r.IntN(len(body))
			l.Text = body[from:min(len(body), from+1+r.IntN(12))]
		}
		if r.IntN(2) == 0 {
			l.Kind = LineRegexp
			quoted := regexp.QuoteMeta(strings.ToValidUTF8(l.Text, ""))
			l.Text = []string{
				quoted, "(?i)" + quoted, quoted + ".*" + "e", "^" + quoted, quoted + "$", "(?:" + quoted + "|error)", "(?i)timeout|card", "id=[0-9a-f]{3}1",
				`status=\d00`, "(?s).*" + quoted + ".*", "[kK]", "(?i)k", "(?i)ſ", "\\d+ ", "(" + quoted + ")+", "(?:" + quoted + ")?", ".",
			}[r.IntN(17)]
		}
		req.Lines = append(req.Lines, l)
	}
	for range []int{0, 0, 0, 1, 1, 2}[r.IntN(6)] {
		s := some()
		v := ValueFilter{Field: []string{
			"TraceId", "SpanId", "EventName", "LogAttributes.user", "LogAttributes.status", "LogAttributes.empty", "ResourceAttributes.zone",
			"ResourceAttributes.shard", "ResourceAttributes.service.name", "ScopeAttributes.lib", "LogAttributes." + AttributeRecordUID, "LogAttributes." + AttributeSamplingThreshold,
			"LogAttributes.none", "", "",
		}[r.IntN(15)]}
		v.Value = []string{s.TraceID, s.SpanID, s.EventName, s.RecordUID, s.SamplingThreshold, s.ServiceName, "u7", "200", "1", "", "timeout"}[r.IntN(11)]
		req.Values = append(req.Values, v)
	}
	if r.IntN(6) == 0 {
		n := int64(r.IntN(3) + 2)
		req.Keep = func(r *Record) bool { return (r.Timestamp/1000)%n == 0 }
	}
	if r.IntN(3) == 0 {
		req.Columns = Columns(r.IntN(ColumnsAll) + 1)
	}
	if r.IntN(4) == 0 {
		req.EarlyColumns = Columns(r.IntN(ColumnsAll + 1))
		rest, columns := uint64(r.IntN(3)), req.EarlyColumns
		req.Early = func() func(*Record) bool {
			busy := false // fails under the race detector when it is called by two goroutines at a time
			return func(r *Record) bool {
				busy = !busy
				return !hashed(r, columns, 3, rest)
			}
		}
	}
	if r.IntN(4) == 0 {
		req.Expect = r.IntN(100)
	}
	return req
}

// hashed tells records apart by the fields of some columns.
func hashed(r *Record, c Columns, n, rest uint64) bool {
	h := uint64(r.Timestamp) + uint64(r.SeverityNumber)
	if c&ColumnBody != 0 {
		h += uint64(len(r.Body))
	}
	if c&ColumnTraceID != 0 {
		h += uint64(len(r.TraceID)) / 32
	}
	if c&ColumnLogAttributes != 0 {
		h += uint64(len(r.LogAttributes))
	}
	if c&ColumnResourceAttributes != 0 {
		h += uint64(len(r.ResourceAttributes))
	}
	return h%n == rest
}

// wildArchive commits the batches and returns a reference of them. Without index, commit records do not tell of it.
func wildArchive(t testing.TB, bucket Bucket, index bool, batches []plog.Logs, arrival time.Time) *reference {
	t.Helper()
	ctx := t.Context()
	ref := &reference{}
	for i, ld := range batches {
		w, err := NewLogWriter(bucket, fmt.Sprintf("w%d", i%3), "wal", 0)
		require.NoError(t, err)
		require.NoError(t, w.Claim(ctx))
		n := w.Committed() + 1
		enc := NewEncoder(EncoderOptions{})
		enc.Append(ld, arrival)
		ref.add(ld, arrival)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: w.writer, Epoch: w.Epoch(), From: n, To: n}, func(o Object) error {
			if !index {
				o.Meta.Index = nil
			}
			objects = append(objects, o.Meta)
			return bucket.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, n, n, objects))
	}
	return ref
}

// TestQueriesOfWildData compares generated requests with the reference: in order, with limits, with a memory budget and a cache
// from nothing to plenty.
func TestQueriesOfWildData(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	requests := 60
	if testing.Short() {
		requests = 15
	}
	for seed := range uint64(unlessRace(8, 3)) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			if seed%2 == 1 { // as if bodies were many
				raw, packed := rawBytes, packBytes
				rawBytes, packBytes = 1, 100
				defer func() { rawBytes, packBytes = raw, packed }()
			}
			var batches []plog.Logs
			for i := range 1 + r.IntN(5) {
				ld := wildLogs(r, 1+r.IntN(1500), start.Add(time.Duration(i)*10*time.Minute), 20*time.Minute, seed%2 == 0)
				batches = append(batches, ld)
				if seed%4 == 0 && r.IntN(2) == 0 {
					batches = append(batches, ld) // everything came twice
				}
			}
			bucket := mapBucket{}
			ref := wildArchive(t, bucket, seed%3 > 0, batches, start.Add(time.Hour))
			var readers []*Reader
			for _, o := range []ReaderOptions{
				{},
				{QueryMemoryBytes: 1, CacheBytes: 1, Parallelism: 1},
				{QueryMemoryBytes: 3 << 20, CacheBytes: 64 << 10, Parallelism: 4, CountsByMinute: true},
			} {
				reader, err := Open(t.Context(), bucket, o)
				require.NoError(t, err)
				readers = append(readers, reader)
			}
			for range requests {
				req := wildRequest(r, ref)
				checkScan(t, r, readers, ref, req)
				checkCount(t, r, readers, ref, req)
			}
		})
	}
}

func describe(req *ScanRequest) string {
	return fmt.Sprintf("start %d end %d descending %v service %v severity %v lines %#v values %#v keep %v early %v (%b) columns %b limit %d", req.Start, req.End, req.Descending, req.Service != nil,
		req.Severity != nil, req.Lines, req.Values, req.Keep != nil, req.Early != nil, req.EarlyColumns, req.Columns, req.Limit)
}

func checkScan(t *testing.T, r *rand.Rand, readers []*Reader, ref *reference, req ScanRequest) {
	t.Helper()
	var want []string
	for _, m := range ref.find(t, &req) {
		want = append(want, printed(m, req.Columns))
	}
	slices.Sort(want)
	var first []string
	for i, reader := range readers {
		got := scanPrinted(t, reader, req)
		times := slices.Clone(got)
		if req.Descending {
			slices.Reverse(times)
		}
		require.True(t, slices.IsSortedFunc(times, func(a, b string) int { return strings.Compare(a[:19], b[:19]) }), "order: %s", describe(&req))
		checkUnordered(t, r, reader, req, want)
		if i == 0 {
			first = got
			sorted := slices.Sorted(slices.Values(got))
			if !assert.ObjectsAreEqual(want, sorted) {
				require.Equal(t, want, sorted, describe(&req))
			}
			continue
		}
		require.Equal(t, first, got, "the order is not always the same: %s", describe(&req))
		req.Limit = 1 + r.IntN(20)
		require.Equal(t, first[:min(req.Limit, len(first))], append(first[:0:0], scanPrinted(t, reader, req)...), describe(&req))
		req.Limit = 0
	}
}

func scanPrinted(t *testing.T, reader *Reader, req ScanRequest) (list []string) {
	t.Helper()
	stats, err := reader.Snapshot().Scan(t.Context(), req, func(r *Record) error {
		r.Tenant = ""
		list = append(list, printed(r, req.Columns))
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors, describe(&req))
	require.Equal(t, int64(len(list)), stats.RowsYielded)
	return list
}

func checkCount(t *testing.T, r *rand.Rand, readers []*Reader, ref *reference, req ScanRequest) {
	t.Helper()
	count := CountRequest{ScanRequest: req, BySeverity: r.IntN(2) == 0, Bytes: r.IntN(3) == 0}
	if r.IntN(3) > 0 {
		for range r.IntN(6) {
			edge := ref.records[r.IntN(len(ref.records))].Timestamp + int64(r.IntN(3)) - 1
			if r.IntN(3) == 0 {
				edge -= edge % int64(time.Minute)
			}
			count.Edges = append(count.Edges, edge)
		}
		slices.Sort(count.Edges)
	}
	rows := map[string]*CountRow{}
	for _, m := range ref.find(t, &count.ScanRequest) {
		bucket := 0
		if len(count.Edges) > 0 {
			bucket = -1
			for i := range len(count.Edges) - 1 {
				if m.Timestamp >= count.Edges[i] && m.Timestamp < count.Edges[i+1] {
					bucket = i
				}
			}
			if bucket < 0 {
				continue
			}
		}
		row := CountRow{Service: m.ServiceName, Bucket: bucket}
		if count.BySeverity {
			row.SeverityNumber = m.SeverityNumber
			if !numbered(m.SeverityNumber) {
				row.SeverityText = m.SeverityText
			}
		}
		key := fmt.Sprintf("%q %d %q %d", row.Service, row.SeverityNumber, row.SeverityText, bucket)
		if rows[key] == nil {
			rows[key] = &row
		}
		rows[key].Rows++
		rows[key].Weight += m.Weight()
		if count.Bytes {
			rows[key].Bytes += int64(len(m.Body))
			rows[key].WeightedBytes += m.Weight() * float64(len(m.Body))
		}
	}
	for _, reader := range readers {
		got, stats, err := reader.Snapshot().Count(t.Context(), count)
		require.NoError(t, err)
		require.Empty(t, stats.Errors)
		text := fmt.Sprintf("%s edges %v by severity %v bytes %v", describe(&count.ScanRequest), count.Edges, count.BySeverity, count.Bytes)
		require.Len(t, got, len(rows), text)
		for _, g := range got {
			want := rows[fmt.Sprintf("%q %d %q %d", g.Service, g.SeverityNumber, g.SeverityText, g.Bucket)]
			require.NotNil(t, want, "%s: %+v", text, g)
			require.InEpsilon(t, want.Weight, g.Weight, 1e-9, text)
			require.InDelta(t, want.WeightedBytes, g.WeightedBytes, 1e-9*want.WeightedBytes+1e-9, text)
			want.Weight, want.WeightedBytes = g.Weight, g.WeightedBytes
			require.Equal(t, *want, g, text)
		}
	}
}
