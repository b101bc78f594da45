// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// similarLogs makes records whose attributes mostly have the keys of the record before, as real ones do: in the same
// order, in another, one more, one less, one twice, one that is not text.
func similarLogs(r *rand.Rand, records int, arrival time.Time) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "similar")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	keys := []string{"z", "a", "m.k", "http.status", "empty", "b"}
	for i := range records {
		switch r.IntN(6) {
		case 0:
			r.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
		case 1:
			keys = append(keys, fmt.Sprintf("k%d", r.IntN(5)))
		case 2:
			keys = keys[:len(keys)-min(len(keys), r.IntN(2))]
		case 3:
			if r.IntN(4) == 0 {
				keys = append(keys, "bad\xff")
			}
		}
		if len(keys) > 9 {
			keys = keys[3:]
		}
		lr := list.AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(arrival.UnixNano() - r.Int64N(int64(time.Minute))))
		lr.Body().SetStr(fmt.Sprintf("line %d", i))
		for _, k := range keys {
			// Equal keys come one behind the other here, too.
			lr.Attributes().PutEmpty(k + "\x00")
		}
		// pdata's Put replaces; what comes over the wire may repeat a key.
		m := lr.Attributes()
		m.Clear()
		raw := map[string]any{}
		for _, k := range keys {
			raw[k] = k
		}
		_ = m.FromRaw(raw)
		for _, k := range keys {
			v, _ := m.Get(k)
			randomValue(r, v, 2)
		}
	}
	return ld
}

// repeatKeys gives records over the wire a key twice, which pdata's own API cannot.
func repeatKeys(t *testing.T, ld plog.Logs) plog.Logs {
	t.Helper()
	b, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	require.NoError(t, err)
	s := strings.ReplaceAll(string(b), "k1", "k2")
	ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs([]byte(s))
	require.NoError(t, err)
	return ld
}

func TestRecordsWithSimilarAttributesReadBackEqual(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		written := repeatKeys(t, similarLogs(r, 200, arrival))
		b := mapBucket{}
		commit(t, b, "w", arrival, written)
		back := plog.NewLogs()
		for _, record := range scanAll(t, b, All()) {
			require.NoError(t, record.AppendTo(back))
		}
		requireSame(t, canonical(t, written), canonical(t, back))
	}
}

// TestObjectsOfSeveralRowGroups checks what one row group hands over to the next.
func TestObjectsOfSeveralRowGroups(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := shopLogs(r, rowGroupRows+100, arrival)
	for _, compression := range []Compression{CompressionDefault, CompressionBetter, CompressionBest}[:unlessRace(3, 2)] {
		enc := NewEncoder(EncoderOptions{Compression: compression})
		enc.Append(ld, arrival)
		b := mapBucket{}
		w, err := NewLogWriter(b, "w", "wal", 0)
		require.NoError(t, err)
		require.NoError(t, w.Claim(t.Context()))
		var objects []ObjectMeta
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
			objects = append(objects, o.Meta)
			return b.Create(t.Context(), o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(t.Context(), 1, 1, objects))
		back := plog.NewLogs()
		for _, record := range scanAll(t, b, All()) {
			require.NoError(t, record.AppendTo(back))
		}
		requireSame(t, canonical(t, ld), canonical(t, back))
		for i := range objects {
			require.NoError(t, VerifyObject(t.Context(), b, &objects[i]))
		}
	}
}

func TestEqualBatchesGiveEqualObjects(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := randomLogs(rand.New(rand.NewPCG(4, 4)), 500, arrival)
	encode := func() (objects []Object) {
		enc := NewEncoder(EncoderOptions{})
		enc.Append(ld, arrival)
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
			objects = append(objects, o)
			return nil
		}))
		return objects
	}
	assert.Equal(t, encode(), encode())
}

func TestTenantsHaveObjectsOfTheirOwn(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := plog.NewLogs()
	tenants := []string{"acme", "", "b/../c", "Ä%", "~~x_.__y.", strings.Repeat("long", 60), "acme "}
	for i := range 70 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("team", tenants[i%len(tenants)])
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.Timestamp(arrival.Add(-time.Duration(i%3) * time.Hour).UnixNano()))
		lr.Body().SetStr("of<" + tenants[i%len(tenants)] + ">")
	}
	enc := NewEncoder(EncoderOptions{})
	enc.AppendBatch(NewBatch(ld, arrival, BatchOptions{Tenant: "rest", TenantAttribute: "team"}))
	b := mapBucket{}
	rows := map[string]int64{}
	prefixes := map[string]string{}
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		require.NoError(t, b.Create(t.Context(), o.Meta.Key, o.Body))
		rows[o.Meta.Tenant] += o.Meta.Rows
		prefix, _, ok := strings.Cut(o.Meta.Key, "/date=")
		require.True(t, ok)
		if other, ok := prefixes[prefix]; ok {
			require.Equal(t, other, o.Meta.Tenant, "two tenants below %s", prefix)
		}
		prefixes[prefix] = o.Meta.Tenant
		own := o.Meta.Tenant
		if own == "rest" {
			own = ""
		}
		file, err := openObject(&o.Meta, o.Body[o.Meta.Bytes-o.Meta.TailBytes:])
		require.NoError(t, err)
		all := All()
		for i := range file.groups {
			sum := file.groups[i].sum
			records, _, err := file.readGroup(i, o.Body[sum.Offset:sum.Offset+sum.Bytes], &all)
			require.NoError(t, err)
			for _, r := range records {
				assert.Equal(t, "of<"+own+">", r.Body)
			}
		}
		return nil
	}))
	assert.Equal(t, map[string]int64{"acme": 10, "rest": 10, tenants[2]: 10, tenants[3]: 10, tenants[4]: 10, tenants[5]: 10, tenants[6]: 10}, rows)
	assert.Contains(t, prefixes, "logs/tenant=b~2F~2E~2E~2Fc")
	for prefix := range prefixes {
		assert.LessOrEqual(t, len(prefix), len("logs/tenant=")+maxTenantName)
	}
}

func TestPromotedColumns(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "s")
	rl.Resource().Attributes().PutStr("k8s.pod.name", "pod-1")
	list := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := range 1000 {
		a := list.AppendEmpty().Attributes()
		a.PutInt("status", int64(200+i%5))
		a.PutDouble("ratio", float64(i)/3)
		a.PutBool("ok", i%2 == 0)
		a.PutStr("unique", fmt.Sprint("id-", i)) // nearly unique: stays in the map alone
		a.PutStr("level", []string{"a", "b"}[i%2])
		a.PutStr("Level", "x") // not to be told from level by many readers
		a.PutStr("bad name", "x")
		a.PutStr(AttributeRecordUID, fmt.Sprint(i))
		if i%50 == 0 {
			a.PutStr("rare", "x")
		}
		if i%3 == 0 {
			a.PutStr("mixed", "x")
		} else {
			a.PutInt("mixed", 1)
		}
	}
	enc := NewEncoder(EncoderOptions{})
	enc.Append(ld, arrival)
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		file, err := openObject(&o.Meta, o.Body[o.Meta.Bytes-o.Meta.TailBytes:])
		require.NoError(t, err)
		var names []string
		for _, f := range file.file.Schema().Fields()[len(fields):] {
			names = append(names, f.Name()+" "+f.Type().String())
		}
		assert.Equal(t, []string{
			"LogAttributes.Level STRING", "LogAttributes.ok BOOLEAN", "LogAttributes.ratio DOUBLE", "LogAttributes.status INT64",
			"ResourceAttributes.k8s.pod.name STRING",
		}, names)
		return nil
	}))
}

func TestExactBoundsOfDoubles(t *testing.T) {
	c := promotedColumn{kind: TypeDouble}
	for i, text := range []string{"0", "-0", "1.5"} {
		c.set(i, []byte(text), TypeDouble)
	}
	lo, hi := c.bounds()
	assert.Equal(t, []byte{0, 0, 0, 0, 0, 0, 0, 0x80}, lo, "a least zero is negative")
	assert.Equal(t, appendInt(nil, int64(math.Float64bits(1.5)), 8), hi)
	c.set(3, []byte("NaN"), TypeDouble)
	lo, hi = c.bounds()
	assert.Nil(t, lo)
	assert.Nil(t, hi)
}

// TestTenantsDoNotShareUIDs: what is a repetition within a tenant is a record of its own in another.
func TestTenantsDoNotShareUIDs(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	ld := plog.NewLogs()
	lr := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
	lr.SetTimestamp(pcommon.Timestamp(arrival.UnixNano()))
	lr.Attributes().PutStr(AttributeRecordUID, "1")
	enc := NewEncoder(EncoderOptions{})
	for _, tenant := range []string{"a", "b", "a"} {
		enc.AppendBatch(NewBatch(ld, arrival, BatchOptions{Tenant: tenant}))
	}
	b := mapBucket{}
	w, err := NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(t.Context()))
	var objects []ObjectMeta
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		objects = append(objects, o.Meta)
		return b.Create(t.Context(), o.Meta.Key, o.Body)
	}))
	require.NoError(t, w.Commit(t.Context(), 1, 1, objects))
	assert.Len(t, scanAll(t, b, All()), 2)
}

// TestAnInexactResourceIsKeptOnce: what every record of a resource shares must not be multiplied by their number.
func TestAnInexactResourceIsKeptOnce(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().SetDroppedAttributesCount(1)
	rl.Resource().Attributes().PutStr("annotation", strings.Repeat("x", 10_000))
	sl := rl.ScopeLogs().AppendEmpty()
	sl.Scope().Attributes().PutStr("large", strings.Repeat("y", 50_000))
	for range 1000 {
		sl.LogRecords().AppendEmpty().Body().SetStr("short")
	}
	b := NewBatch(ld, time.Now(), BatchOptions{})
	assert.Less(t, b.Size(), int64(500_000))
	assert.Greater(t, b.Size(), int64(120_000), "the texts and their OTLP are in memory")
	require.NoError(t, b.Err())
}

func TestTenantsOfOddNamesStayApart(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{
		"a", strings.Repeat("x", 256), strings.Repeat("x", 257), strings.Repeat("x", 258), "\xff", "\xfe", "\uFFFD", strings.Repeat("ä", 200),
	} {
		ld := plog.NewLogs()
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("tenant", name)
		rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		enc := NewEncoder(EncoderOptions{})
		enc.AppendBatch(NewBatch(ld, time.Now(), BatchOptions{TenantAttribute: "tenant"}))
		require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
			assert.True(t, utf8.ValidString(o.Meta.Tenant))
			assert.LessOrEqual(t, len(o.Meta.Tenant), 2*maxTenant)
			prefix, _, _ := strings.Cut(o.Meta.Key, "/date=")
			require.NotContains(t, seen, prefix, "%q and %q", name, seen[prefix])
			seen[prefix] = name
			require.NotContains(t, seen, o.Meta.Tenant)
			seen[o.Meta.Tenant] = name
			return nil
		}))
	}
}
