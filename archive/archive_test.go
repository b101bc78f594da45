// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// commit writes each batch as a commit of its own and returns the log writer.
func commit(t testing.TB, b Bucket, writer string, arrival time.Time, batches ...plog.Logs) *LogWriter {
	t.Helper()
	ctx := context.Background()
	w, err := NewLogWriter(b, writer, "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(ctx))
	for _, ld := range batches {
		n := w.Committed() + 1
		enc := NewEncoder(EncoderOptions{})
		enc.Append(ld, arrival)
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: writer, Epoch: w.Epoch(), From: n, To: n}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, n, n, objects))
	}
	return w
}

func scanAll(t testing.TB, b BucketReader, req ScanRequest) []*Record {
	t.Helper()
	r, err := Open(context.Background(), b, ReaderOptions{})
	require.NoError(t, err)
	var list []*Record
	stats, err := r.Snapshot().Scan(context.Background(), req, func(r *Record) error {
		list = append(list, r.Clone())
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	return list
}

// randomLogs makes records with every kind of value and the nastiest of each.
func randomLogs(r *rand.Rand, records int, arrival time.Time) plog.Logs {
	ld := plog.NewLogs()
	for ld.LogRecordCount() < records {
		rl := ld.ResourceLogs().AppendEmpty()
		randomMap(r, rl.Resource().Attributes(), 0)
		if r.IntN(2) == 0 {
			rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", r.IntN(4)))
		}
		if r.IntN(10) == 0 {
			rl.Resource().SetDroppedAttributesCount(r.Uint32())
		}
		rl.SetSchemaUrl(randomString(r))
		for range r.IntN(3) {
			sl := rl.ScopeLogs().AppendEmpty()
			sl.SetSchemaUrl(randomString(r))
			sl.Scope().SetName(randomString(r))
			sl.Scope().SetVersion(randomString(r))
			randomMap(r, sl.Scope().Attributes(), 0)
			for range r.IntN(20) {
				lr := sl.LogRecords().AppendEmpty()
				switch r.IntN(8) {
				case 0:
				case 1:
					lr.SetTimestamp(pcommon.Timestamp(r.Uint64()))
				case 2:
					lr.SetTimestamp(1)
				case 3:
					lr.SetTimestamp(math.MaxUint64)
				default:
					lr.SetTimestamp(pcommon.Timestamp(arrival.UnixNano() - r.Int64N(int64(3*time.Hour))))
				}
				if r.IntN(3) > 0 {
					lr.SetObservedTimestamp(pcommon.Timestamp(arrival.UnixNano() - r.Int64N(int64(3*time.Hour))))
				}
				if r.IntN(2) == 0 {
					var id pcommon.TraceID
					for i := range id {
						id[i] = byte(r.Uint32())
					}
					lr.SetTraceID(id)
					lr.SetSpanID(pcommon.SpanID(id[8:]))
					lr.SetFlags(plog.LogRecordFlags(r.Uint32()))
				}
				lr.SetSeverityNumber(plog.SeverityNumber(r.Int32()))
				lr.SetSeverityText(randomString(r))
				lr.SetEventName(randomString(r))
				randomValue(r, lr.Body(), 0)
				randomMap(r, lr.Attributes(), 0)
				switch r.IntN(4) {
				case 0:
					lr.Attributes().PutStr(AttributeRecordUID, fmt.Sprint(r.Uint64()))
					lr.Attributes().PutStr(AttributeSamplingThreshold, "8")
				case 1:
					lr.Attributes().PutInt(AttributeRecordUID, r.Int64()) // not a string: stays a plain attribute
					randomValue(r, lr.Attributes().PutEmpty(AttributeRecordCount), 0)
				}
				if r.IntN(20) == 0 {
					lr.SetDroppedAttributesCount(r.Uint32())
				}
			}
		}
	}
	return ld
}

var nastyStrings = []string{"", "plain", "\xff\xfe", "a\x00b", "\"quoted\" \\ \n\r\t\x1f", "ünïcödé 💥", "null", "{}", "\u2028", "\xed\xa0\x80", "<html>&"}

func randomString(r *rand.Rand) string {
	if r.IntN(3) == 0 {
		return nastyStrings[r.IntN(len(nastyStrings))]
	}
	return fmt.Sprintf("value %d", r.IntN(5))
}

func randomMap(r *rand.Rand, m pcommon.Map, depth int) {
	for range r.IntN(4) {
		randomValue(r, m.PutEmpty(randomString(r)), depth)
	}
}

func randomValue(r *rand.Rand, v pcommon.Value, depth int) {
	kinds := 8
	if depth > 3 {
		kinds = 6
	}
	switch r.IntN(kinds) {
	case 0:
	case 1:
		v.SetStr(randomString(r))
	case 2:
		v.SetInt([]int64{0, 1, -1, math.MaxInt64, math.MinInt64, 1 << 53, r.Int64()}[r.IntN(7)])
	case 3:
		v.SetDouble([]float64{
			0, math.Copysign(0, -1), 1, -1.5, 1e300, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1),
			math.Float64frombits(0x7ff8000000000123), r.NormFloat64(), math.Float64frombits(r.Uint64()),
		}[r.IntN(13)])
	case 4:
		v.SetBool(r.IntN(2) == 0)
	case 5:
		v.SetEmptyBytes().FromRaw([]byte(randomString(r)))
	case 6:
		randomMap(r, v.SetEmptyMap(), depth+1)
	case 7:
		s := v.SetEmptySlice()
		for range r.IntN(4) {
			randomValue(r, s.AppendEmpty(), depth+1)
		}
	}
}

// canonical takes logs apart into records, each alone with its resource and scope, as bytes that are equal
// for equal records.
func canonical(t testing.TB, ld plog.Logs) []string {
	t.Helper()
	var list []string
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				one := plog.NewLogs()
				to := one.ResourceLogs().AppendEmpty()
				rl.Resource().CopyTo(to.Resource())
				to.SetSchemaUrl(rl.SchemaUrl())
				scope := to.ScopeLogs().AppendEmpty()
				sl.Scope().CopyTo(scope.Scope())
				scope.SetSchemaUrl(sl.SchemaUrl())
				lr.CopyTo(scope.LogRecords().AppendEmpty())
				sortMap(to.Resource().Attributes())
				sortMap(scope.Scope().Attributes())
				sortMap(scope.LogRecords().At(0).Attributes())
				b, err := (&plog.ProtoMarshaler{}).MarshalLogs(one)
				require.NoError(t, err)
				list = append(list, string(b))
			}
		}
	}
	return list
}

// requireSame compares multisets and prints the first difference only.
func requireSame(t testing.TB, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	require.Equal(t, len(want), len(got))
	for i := range want {
		if want[i] != got[i] {
			t.Fatalf("record %d of %d:\nwant %.2000q\ngot  %.2000q", i, len(want), want[i], got[i])
		}
	}
}

// sortMap sorts the attributes by key: their order means nothing.
func sortMap(m pcommon.Map) {
	keys := make([]string, 0, m.Len())
	for k := range m.All() {
		keys = append(keys, k)
	}
	sorted := pcommon.NewMap()
	for i := 1; i < len(keys); i++ {
		for j := i; j > 0 && keys[j] < keys[j-1]; j-- {
			keys[j], keys[j-1] = keys[j-1], keys[j]
		}
	}
	for _, k := range keys {
		v, _ := m.Get(k)
		v.CopyTo(sorted.PutEmpty(k))
	}
	sorted.CopyTo(m)
}

func TestRecordReadBackEqualsRecordWritten(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		written := randomLogs(r, 300, arrival)
		b := mapBucket{}
		commit(t, b, "w", arrival, written)
		back := plog.NewLogs()
		last := int64(math.MinInt64)
		for _, record := range scanAll(t, b, All()) {
			require.LessOrEqual(t, last, record.Timestamp)
			last = record.Timestamp
			require.NoError(t, record.AppendTo(back))
		}
		requireSame(t, canonical(t, written), canonical(t, back))
	}
}

func TestScanOrderAndStop(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	b := mapBucket{}
	r := rand.New(rand.NewPCG(7, 7))
	for w := range 3 {
		var batches []plog.Logs
		for range 5 {
			batches = append(batches, randomLogs(r, 100, arrival))
		}
		commit(t, b, fmt.Sprintf("w%d", w), arrival, batches...)
	}
	up := scanAll(t, b, All())
	req := All()
	req.Descending = true
	down := scanAll(t, b, req)
	require.Len(t, down, len(up))
	for i := range up {
		assert.Equal(t, up[i].Timestamp, down[len(down)-1-i].Timestamp)
	}

	reader, err := Open(context.Background(), b, ReaderOptions{Parallelism: 1})
	require.NoError(t, err)
	n := 0
	stats, err := reader.Snapshot().Scan(context.Background(), req, func(*Record) error {
		if n++; n == 10 {
			return ErrStop
		}
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, 10, n)
	assert.Less(t, stats.ObjectsRead, stats.ObjectsTotal)

	boom := errors.New("boom")
	_, err = reader.Snapshot().Scan(context.Background(), All(), func(*Record) error { return boom })
	require.ErrorIs(t, err, boom)

	// Ranges and services agree with a filter of everything.
	for range 50 {
		start := arrival.UnixNano() - r.Int64N(int64(3*time.Hour))
		q := ScanRequest{Start: start, End: start + r.Int64N(int64(time.Hour)), Service: func(s string) bool { return s == "service-1" || s == "" }}
		var want int
		for _, rec := range up {
			if rec.Timestamp >= q.Start && rec.Timestamp < q.End && q.Service(rec.ServiceName) {
				want++
			}
		}
		assert.Len(t, scanAll(t, b, q), want)
	}
}
