// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestCountsAreThoseOfTheRows(t *testing.T) {
	arrival := time.Date(2026, 11, 23, 1, 30, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(5, 5))
	ld := plog.NewLogs()
	type cell struct {
		service  string
		severity int32
		minute   int64
	}
	type sums struct {
		rows, bytes, uids, repeats int64
		weight                     float64
	}
	want := map[cell]sums{}
	seen := map[string]bool{}
	for range 3000 {
		rl := ld.ResourceLogs().AppendEmpty()
		service := fmt.Sprintf("s%d", r.IntN(5))
		rl.Resource().Attributes().PutStr("service.name", service)
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		at := arrival.Add(-time.Duration(r.IntN(240)) * time.Second).UnixNano()
		lr.SetTimestamp(pcommon.Timestamp(at))
		severity := int32(1 + 4*r.IntN(3))
		lr.SetSeverityNumber(plog.SeverityNumber(severity))
		lr.Body().SetStr("body"[:r.IntN(5)])
		c := want[cell{service, severity, floorMinute(at)}]
		weight := 1.0
		if r.IntN(3) == 0 {
			lr.Attributes().PutStr(AttributeSamplingThreshold, "c")
			weight *= 4
		}
		if r.IntN(3) == 0 {
			lr.Attributes().PutInt(AttributeRecordCount, 10)
			weight *= 10
		}
		if r.IntN(2) == 0 {
			uid := fmt.Sprint(r.IntN(40))
			lr.Attributes().PutStr(AttributeRecordUID, uid)
			c.uids++
			if key := fmt.Sprint(service, " ", at, " ", uid); seen[key] {
				c.repeats++
			} else {
				seen[key] = true
			}
		}
		c.rows++
		c.bytes += int64(len(lr.Body().Str()))
		c.weight += weight
		want[cell{service, severity, floorMinute(at)}] = c
	}
	enc := NewEncoder(EncoderOptions{})
	enc.Append(ld, arrival)
	got := map[cell]sums{}
	b := mapBucket{}
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: 1, To: 1}, func(o Object) error {
		text, err := json.Marshal(o.Meta.Counts)
		require.NoError(t, err)
		var counts Counts
		require.NoError(t, json.Unmarshal(text, &counts))
		require.Equal(t, *o.Meta.Counts, counts)
		require.NoError(t, counts.check(o.Meta.Rows))
		for _, c := range counts.Cells {
			key := cell{counts.Services[c.Service], c.SeverityNumber, c.Minute}
			s := got[key]
			got[key] = sums{s.rows + c.Rows, s.bytes + c.Bytes, s.uids + c.UIDs, s.repeats + c.Repeats, s.weight + c.Weight}
		}
		require.NoError(t, b.Create(t.Context(), o.Meta.Key, o.Body))
		require.NoError(t, VerifyObject(t.Context(), b, &o.Meta))
		o.Meta.Counts.Cells[0].Rows++
		require.Error(t, VerifyObject(t.Context(), b, &o.Meta), "verify must see a wrong count")
		return nil
	}))
	assert.Equal(t, want, got)
	repeats := int64(0)
	for _, c := range want {
		repeats += c.repeats
	}
	assert.Positive(t, repeats)
}

func TestCountsWidenWhenThereAreMany(t *testing.T) {
	for _, tt := range []struct {
		name     string
		services int
		times    func(i int) int64
		minutes  int64
		cells    int
	}{
		{"few", 2, func(i int) int64 { return int64(i) * int64(time.Minute) / 100 }, 1, 200},
		{"minutes over years", 1, func(i int) int64 { return int64(i) * int64(time.Minute) }, 60, 167},
		{"hours over centuries", 1, func(i int) int64 { return int64(i) * int64(time.Hour) }, 0, 1},
		{"before 1970", 1, func(i int) int64 { return -int64(i) * int64(time.Hour) / 100 }, 60, 101},
	} {
		c := newCounter()
		for i := range 10000 {
			c.add(int32(i%tt.services), 9, tt.times(i), 1, 2, false, false)
		}
		services := []string{"a", "b"}[:tt.services]
		counts := c.counts(services)
		require.NotNil(t, counts, tt.name)
		assert.Equal(t, tt.minutes, counts.Minutes, tt.name)
		assert.Len(t, counts.Cells, tt.cells, tt.name)
		require.NoError(t, counts.check(10000), tt.name)
		weight := 0.0
		for i := range counts.Cells {
			weight += counts.Cells[i].Weight
		}
		assert.InDelta(t, 20000, weight, 1e-6, tt.name)
	}
}

func TestCountsThatMakeNoSense(t *testing.T) {
	for _, text := range []string{
		`{"services":["a"],"cells":[[1,9,0,1,0,1,0,0]]}`,  // no such service
		`{"services":["a"],"cells":[[0,9,0,-1,0,1,0,0]]}`, // fewer than no rows
		`{"services":["a"],"cells":[[0,9,0,1,0,1,2,0]]}`,  // more uids than rows
		`{"services":["a"],"cells":[[0,9,0,1,0,1,1,2]]}`,
		`{"services":["a"],"cells":[[0,9,0.5,1,0,1,0,0]]}`,
		`{"services":["a"],"cells":[[0,9,0,1]]}`,
		`{"services":["a"],"cells":[["x",9,0,1,0,1,0,0]]}`,
		`{"services":["a"],"cells":[[0,99999999999,0,1,0,1,0,0]]}`,
	} {
		assert.Error(t, json.Unmarshal([]byte(text), new(Counts)), text)
	}
}

func TestLogRecordLeavesCountsOutWhenItIsTooLarge(t *testing.T) {
	c := newCounter()
	for i := range 1000 {
		c.add(0, 9, int64(i)*int64(time.Minute), 1, 1, false, false)
	}
	r := LogRecord{Format: FormatVersion, Kind: KindCommit, Writer: "w", Sequence: 1, Objects: []ObjectMeta{{Key: "logs/a", Counts: c.counts([]string{"s"})}}}
	full, err := r.marshalWithin(1 << 20)
	require.NoError(t, err)
	assert.Contains(t, string(full), "cells")
	bare, err := r.marshalWithin(1000)
	require.NoError(t, err)
	assert.NotContains(t, string(bare), "cells")
	assert.NotNil(t, r.Objects[0].Counts, "the caller's record stays as it is")
	_, err = r.marshalWithin(100)
	require.ErrorContains(t, err, "1 objects take")
}

// TestCountsOfTextsAlone: rows whose level is in the text alone are counted, and what older writers do not say is not known.
func TestCountsOfTextsAlone(t *testing.T) {
	ld := plog.NewLogs()
	records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
	for _, one := range []struct {
		number plog.SeverityNumber
		text   string
	}{{0, "warn"}, {9, "info"}, {0, ""}, {25, "x"}, {-1, "y"}, {24, "z"}} {
		lr := records.AppendEmpty()
		lr.SetTimestamp(1)
		lr.SetSeverityNumber(one.number)
		lr.SetSeverityText(one.text)
	}
	b := mapBucket{}
	commit(t, b, "w", testArrival, ld)
	r, err := Open(t.Context(), b, ReaderOptions{})
	require.NoError(t, err)
	o := liveObjects(t, r.Snapshot())[0]
	assert.EqualValues(t, 3, o.Counts.Unnumbered)
	require.NoError(t, VerifyObject(t.Context(), b, o))
	wrong := *o
	wrong.Counts = &Counts{Services: o.Counts.Services, Cells: o.Counts.Cells, Unnumbered: 2}
	require.ErrorContains(t, VerifyObject(t.Context(), b, &wrong), "counts by service")

	var c Counts
	require.NoError(t, json.Unmarshal([]byte(`{"minutes":0,"start":0,"services":[""],"cells":[[0,0,0,2,0,2,0,0]]}`), &c))
	assert.EqualValues(t, -1, c.Unnumbered)
	require.NoError(t, c.check(2))
	text, err := json.Marshal(&c)
	require.NoError(t, err)
	assert.NotContains(t, string(text), "unnumbered")
	c.Unnumbered = 3
	require.Error(t, c.check(2))
}
