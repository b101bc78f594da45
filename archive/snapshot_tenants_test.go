// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// tenantLogs are ten records of each tenant, one a minute from start on; their bodies name the tenant.
func tenantLogs(start time.Time, tenants ...string) plog.Logs {
	ld := plog.NewLogs()
	for _, tenant := range tenants {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "shop")
		if tenant != "" {
			rl.Resource().Attributes().PutStr("tenant", tenant)
		}
		records := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range 10 {
			lr := records.AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(i) * time.Minute)))
			lr.Body().SetStr("of " + tenant)
			lr.Attributes().PutStr(AttributeRecordUID, fmt.Sprint("uid-", i)) // the same for all tenants
		}
	}
	return ld
}

// commitTenants commits each batch in objects of its tenants.
func commitTenants(t testing.TB, bucket Bucket, sequence uint64, arrival time.Time, ld plog.Logs) {
	enc := NewEncoder(EncoderOptions{})
	enc.AppendBatch(NewBatch(ld, arrival, BatchOptions{TenantAttribute: "tenant"}))
	rec := LogRecord{
		Format: FormatVersion, Kind: KindCommit, Writer: "w", Sequence: sequence, Epoch: 1,
		WAL: &WALRange{ID: "wal", From: sequence, To: sequence},
	}
	require.NoError(t, enc.Encode(ObjectName{Writer: "w", Epoch: 1, From: sequence, To: sequence}, func(o Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return bucket.Create(t.Context(), o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	require.NoError(t, bucket.Create(t.Context(), LogKey("w", sequence), body))
}

// TestTenantsSeeTheirOwn asks for every set of tenants in all ways that there are, in what is committed and what is not.
func TestTenantsSeeTheirOwn(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 5, 0, 0, time.UTC)
	arrival := start.Add(time.Hour)
	for _, onDisk := range []bool{false, true} {
		bucket := mapBucket{}
		commitTenants(t, bucket, 1, arrival, tenantLogs(start, "a", "b", ""))
		held := []*Batch{
			NewBatch(tenantLogs(start, "a", "b"), arrival, BatchOptions{TenantAttribute: "tenant"}), // committed
			NewBatch(tenantLogs(start.Add(15*time.Minute), "a", "c", ""), arrival, BatchOptions{TenantAttribute: "tenant"}),
			NewBatch(tenantLogs(start.Add(30*time.Minute), "b"), arrival, BatchOptions{TenantAttribute: "tenant"}),
		}
		reader, err := Open(t.Context(), bucket, ReaderOptions{})
		require.NoError(t, err)
		all, release := reader.SnapshotWithFresh(t.Context(), &freshOf{first: 1, sequence: 1, batches: held, onDisk: onDisk})
		defer release()
		for _, tt := range []struct {
			tenants []string
			want    map[string]int64
		}{
			{nil, map[string]int64{}},
			{[]string{"nobody"}, map[string]int64{}},
			{[]string{""}, map[string]int64{"": 20}},
			{[]string{"a"}, map[string]int64{"a": 20}},
			{[]string{"c"}, map[string]int64{"c": 10}},
			{[]string{"a", "b"}, map[string]int64{"a": 20, "b": 20}},
			{[]string{"a", "b", "c", "", "d"}, map[string]int64{"": 20, "a": 20, "b": 20, "c": 10}},
		} {
			s := all.ForTenants(tt.tenants...)
			total := int64(0)
			for _, n := range tt.want {
				total += n
			}
			for _, req := range []ScanRequest{
				All(),
				{Start: math.MinInt64, End: math.MaxInt64, Descending: true, Service: func(s string) bool { return s == "shop" }},
				{Start: math.MinInt64, End: math.MaxInt64, Lines: []LineFilter{{Text: "of "}}},
			} {
				got := map[string]int64{}
				stats, err := s.Scan(t.Context(), req, func(r *Record) error {
					got[r.Tenant]++
					require.Equal(t, "of "+r.Tenant, r.Body)
					return nil
				})
				require.NoError(t, err)
				require.Empty(t, stats.Errors)
				require.Equal(t, tt.want, got, "%q", tt.tenants)

				require.LessOrEqual(t, stats.RowsScanned, total, "of others not even the number is told")

				rows, stats, err := s.Count(t.Context(), CountRequest{ScanRequest: req})
				require.NoError(t, err)
				require.LessOrEqual(t, stats.RowsScanned, total)
				counted := int64(0)
				for _, r := range rows {
					counted += r.Rows
				}
				require.Equal(t, total, counted, "%q", tt.tenants)
			}
			stats, err := s.EachResources(t.Context(), ResourceRequest{Start: math.MinInt64, End: math.MaxInt64}, func(*ObjectMeta, *ResourceCounts) error { return nil })
			require.NoError(t, err)
			require.LessOrEqual(t, stats.RowsScanned, total)
			if total == 0 { // else they look at some rows more than once
				stats, err = s.ScanUnordered(t.Context(), All(), func() func(*Record) error { return func(*Record) error { return nil } })
				require.NoError(t, err)
				require.Zero(t, stats.RowsScanned)
				_, stats, err = s.CountResources(t.Context(), ResourceCountRequest{Edges: []int64{math.MinInt64, math.MaxInt64}, MaxRows: 1000}, func(*ResourceCount) {})
				require.NoError(t, err)
				require.Zero(t, stats.RowsScanned)
			}

			objects, errs := s.Objects(t.Context(), math.MinInt64, math.MaxInt64)
			require.Empty(t, errs)
			for _, o := range objects {
				require.Contains(t, tt.tenants, o.Tenant)
			}
			if !onDisk {
				rows := int64(0)
				for _, f := range s.Fresh() {
					rows += f.Rows
				}
				for _, o := range objects {
					rows += o.Rows
				}
				require.Equal(t, total, rows, "%q", tt.tenants)
			}
			require.Empty(t, scanOf(t, s.ForTenants("nobody")), "no way back to others")
			require.Len(t, scanOf(t, s.ForTenants("a", "b", "c", "")), int(total))
		}
	}
}

func scanOf(t testing.TB, s *Snapshot) (bodies []string) {
	_, err := s.Scan(t.Context(), All(), func(r *Record) error {
		bodies = append(bodies, r.Body)
		return nil
	})
	require.NoError(t, err)
	return bodies
}

// TestVersions follows the versions of two hours and of their union through what changes them.
func TestVersions(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	arrival := start.Add(3 * time.Hour)
	hour := func(n int) int64 { return start.Add(time.Duration(n) * time.Hour).UnixNano() }
	ranges := []TimeRange{{hour(0), hour(1)}, {hour(1), hour(2)}, {hour(0), hour(2)}, {hour(0), math.MaxInt64}, {hour(5), hour(6)}}
	versions := func(s *Snapshot) []Version {
		v, err := s.Versions(t.Context(), ranges)
		require.NoError(t, err)
		return v
	}
	changed := func(a, b []Version) (which []int) {
		for i := range a {
			if a[i] != b[i] {
				which = append(which, i)
			}
		}
		return which
	}
	bucket := mapBucket{}
	reader, err := Open(t.Context(), bucket, ReaderOptions{})
	require.NoError(t, err)
	seq := uint64(0)
	add := func(at time.Time, tenants ...string) {
		seq++
		commitTenants(t, bucket, seq, arrival, tenantLogs(at, tenants...))
		require.NoError(t, reader.Refresh(t.Context()))
	}
	none := versions(reader.Snapshot())
	for _, v := range none {
		require.True(t, v.Whole)
		require.Zero(t, v.Live)
	}
	add(start.Add(5*time.Minute), "a")
	first := versions(reader.Snapshot())
	require.Equal(t, []int{0, 2, 3}, changed(none, first))
	add(start.Add(65*time.Minute), "a")
	second := versions(reader.Snapshot())
	require.Equal(t, []int{1, 2, 3}, changed(first, second))
	require.Equal(t, second, versions(reader.Snapshot()))

	// Late records of the first hour.
	add(start.Add(7*time.Minute), "b")
	late := versions(reader.Snapshot())
	require.Equal(t, []int{0, 2, 3}, changed(second, late))

	// Each tenant has its own versions.
	require.Equal(t, second, versions(reader.Snapshot().ForTenants("a")))
	require.Equal(t, late, versions(reader.Snapshot().ForTenants("a", "b")))
	require.Equal(t, none, versions(reader.Snapshot().ForTenants("c")))

	// Another order of the same objects.
	objects, _ := reader.Snapshot().Objects(t.Context(), math.MinInt64, math.MaxInt64)
	require.Len(t, objects, 3)
	require.Equal(t, late, versions(reader.Snapshot().Only(objects[2], objects[0], objects[1])))
	require.Equal(t, []int{1, 2, 3}, changed(late, versions(reader.Snapshot().Only(objects[0], objects[1]))), "an object is gone")

	// What is not committed.
	fresh := func(tenants ...string) []Version {
		s, release := reader.SnapshotWithFresh(t.Context(), &freshOf{first: seq + 1, sequence: seq, batches: []*Batch{
			NewBatch(tenantLogs(start.Add(65*time.Minute), "a"), arrival, BatchOptions{TenantAttribute: "tenant"}),
		}})
		defer release()
		if tenants != nil {
			s = s.ForTenants(tenants...)
		}
		return versions(s)
	}
	for i, v := range fresh() {
		require.Equal(t, i == 0 || i == 4, v.Whole, "range %d", i)
		require.Equal(t, late[i].Live, v.Live)
	}
	for _, v := range fresh("b") {
		require.True(t, v.Whole, "the records of another tenant")
	}
	broken := *reader.Snapshot()
	broken.errs = []error{fmt.Errorf("a record of the log is damaged")}
	for _, v := range versions(&broken) {
		require.False(t, v.Whole)
	}
}
