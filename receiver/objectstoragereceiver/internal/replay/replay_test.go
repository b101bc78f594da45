// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mixed fills an archive with n records of some services and tenants. Times are as close as ties says: of 1, all are equal.
func mixed(t testing.TB, n, ties int, rng *rand.Rand) *archivetest.Archive {
	a := archivetest.New(t)
	for from := 0; from < n; from += 1 + n/5 {
		ld := plog.NewLogs()
		for i := from; i < min(n, from+1+n/5); i++ {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("service-", rng.IntN(3)))
			lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(archivetest.Base.Add(time.Duration(rng.IntN(ties)) * time.Second)))
			lr.Body().SetStr(fmt.Sprint("line ", i))
			if i%7 == 0 {
				lr.Body().SetStr("the same line") // equal records are as many as there are
			}
			if i%5 == 0 {
				lr.Attributes().PutStr(archive.AttributeRecordUID, fmt.Sprint("uid-", i))
			}
			if i%11 == 0 {
				lr.Attributes().PutStr("bad", "not UTF-8: \xff")
			}
			lr.Attributes().PutInt("n", int64(rng.IntN(4)))
		}
		a.Put(t, fmt.Sprint("tenant-", from%2), ld)
	}
	return a
}

// texts are the records of logs, each as a text that holds all of it.
func texts(t testing.TB, logs ...plog.Logs) []string {
	var out []string
	m := plog.JSONMarshaler{}
	for _, ld := range logs {
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
					text, err := m.MarshalLogs(one)
					require.NoError(t, err)
					out = append(out, string(text))
				}
			}
		}
	}
	slices.Sort(out)
	return out
}

func everything(t testing.TB, a *archivetest.Archive) []string {
	var all []plog.Logs
	for _, list := range a.Everything(t) {
		all = append(all, list...)
	}
	return texts(t, all...)
}

var errEnough = errors.New("enough")

// run makes passes from a position on until the end, or until deliver returns errEnough.
func run(t testing.TB, a *archivetest.Archive, plan Plan, from Position, deliver func(*Batch) error) (at Position, done bool) {
	plan.Request = archive.All()
	plan.Seed = 42
	at = from
	for range 10_000 {
		r, err := archive.Open(t.Context(), a.Bucket, archive.ReaderOptions{})
		require.NoError(t, err)
		p := Pass{Plan: plan, From: at, Tolerate: func(error) bool { return false }, Deliver: func(_ context.Context, b *Batch) error {
			require.Equal(t, b.Records, b.Logs.LogRecordCount())
			if err := deliver(b); err != nil {
				return err
			}
			at = b.After
			return nil
		}}
		done, _, err := p.Run(t.Context(), r.Snapshot())
		if done {
			require.NoError(t, err)
			return at, true
		}
		if errors.Is(err, errEnough) {
			return at, false
		}
		require.NoError(t, err)
	}
	require.Fail(t, "the replay does not end")
	return at, false
}

func TestReplayIsExact(t *testing.T) {
	for _, ties := range []int{1, 3, 40, 100_000} {
		for _, plan := range []Plan{
			{MaxRecords: 1, MaxBytes: 1 << 20, MaxHeldBytes: 1 << 20},
			{MaxRecords: 7, MaxBytes: 1 << 20, MaxHeldBytes: 1 << 20},
			{MaxRecords: 7, MaxBytes: 1 << 20, MaxHeldBytes: 3000},
			{MaxRecords: 1000, MaxBytes: 700, MaxHeldBytes: 1 << 20},
			{MaxRecords: 1000, MaxBytes: 1, MaxHeldBytes: 1},
			{MaxRecords: 10_000, MaxBytes: 1 << 30, MaxHeldBytes: 1 << 30},
			{MaxRecords: 10_000, MaxBytes: 1 << 30, MaxHeldBytes: 1 << 30, MaxSpan: 2 * time.Second},
			{MaxRecords: 5, MaxBytes: 1 << 30, MaxHeldBytes: 1 << 30, MaxAge: 1}, // each batch from a snapshot of its own
		} {
			t.Run(fmt.Sprintf("%d times, %d records, %d bytes, %d held, %s, %s", ties, plan.MaxRecords, plan.MaxBytes, plan.MaxHeldBytes, plan.MaxSpan, plan.MaxAge), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(ties), 1))
				a := mixed(t, 80, ties, rng)
				want := everything(t, a)
				require.Len(t, want, 80)
				var got []plog.Logs
				last := int64(math.MinInt64)
				_, done := run(t, a, plan, Position{Time: math.MinInt64}, func(b *Batch) error {
					require.LessOrEqual(t, b.Records, plan.MaxRecords)
					require.True(t, b.Bytes <= plan.MaxBytes || b.Records == 1, "%d bytes, %d records", b.Bytes, b.Records)
					require.GreaterOrEqual(t, b.Last, last)
					last = b.Last
					got = append(got, b.Logs)
					return nil
				})
				require.True(t, done)
				require.Equal(t, want, texts(t, got...))
			})
		}
	}
}

func TestBatcherLeavesBadRecordsOut(t *testing.T) {
	var got []*Batch
	b := newBatcher(limits{records: 10, bytes: 1000, held: 1000}, 1, Position{}, func(b *Batch) error {
		got = append(got, b)
		return nil
	})
	good := &archive.Record{Timestamp: 5, Body: "good"}
	require.NoError(t, b.add("", good))
	err := b.add("", &archive.Record{Timestamp: 6, Body: "bad", BodyType: archive.TypeInt})
	var bad *RecordError
	require.ErrorAs(t, err, &bad)
	require.EqualValues(t, 6, bad.Time)
	require.ErrorContains(t, err, "restore record of 1970-01-01T00:00:00.000000006Z: ")
	require.NotContains(t, err.Error(), "bad")
	good.Timestamp = 7
	require.NoError(t, b.add("", good))
	require.NoError(t, b.finish())
	require.Len(t, got, 1)
	require.Equal(t, 2, got[0].Records)
	require.Equal(t, Position{Time: 8}, got[0].After)
}

// TestEndOfTime has records of the last time there is, behind which is no other.
func TestEndOfTime(t *testing.T) {
	for _, size := range []int{2, 100} {
		a := archivetest.New(t)
		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := range 9 {
			lr := records.AppendEmpty()
			lr.SetTimestamp(math.MaxInt64)
			lr.Body().SetStr(fmt.Sprint(i))
		}
		a.Put(t, "", ld)
		plan := Plan{MaxRecords: size, MaxBytes: 1 << 20, MaxHeldBytes: 1 << 20}
		n := 0
		at, done := run(t, a, plan, Position{Time: math.MinInt64}, func(b *Batch) error {
			n += b.Records
			return nil
		})
		require.True(t, done)
		require.Equal(t, 9, n)
		_, done = run(t, a, plan, at, func(*Batch) error { return errors.New("it is delivered") })
		require.True(t, done)
	}
}

// TestRestarts stops behind every batch, has the archive laid out anew, and goes on.
func TestRestarts(t *testing.T) {
	for _, ties := range []int{1, 3, 40, 100_000} {
		for _, plan := range []Plan{
			{MaxRecords: 1, MaxBytes: 1 << 20, MaxHeldBytes: 1 << 20},
			{MaxRecords: 9, MaxBytes: 1 << 20, MaxHeldBytes: 1 << 20},
			{MaxRecords: 9, MaxBytes: 1 << 20, MaxHeldBytes: 2000},
			{MaxRecords: 1000, MaxBytes: 1000, MaxHeldBytes: 1 << 20, MaxSpan: 1500 * time.Millisecond},
		} {
			t.Run(fmt.Sprintf("%d times, %d records, %d held", ties, plan.MaxRecords, plan.MaxHeldBytes), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(uint64(ties), uint64(plan.MaxRecords)))
				a := mixed(t, 36, ties, rng)
				want := everything(t, a)
				var got []plog.Logs
				at, done := Position{Time: math.MinInt64}, false
				for range 1000 {
					taken := false
					at, done = run(t, a, plan, at, func(b *Batch) error {
						if taken {
							return errEnough // as if killed: this one was not delivered
						}
						taken = true
						got = append(got, b.Logs)
						return nil
					})
					if done {
						break
					}
					a.Rewrite(t, rng, 4)
				}
				require.True(t, done)
				require.Equal(t, want, texts(t, got...))
			})
		}
	}
}
