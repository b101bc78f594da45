// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archivetest makes archives for tests, and lays their records out anew as a compaction does.
package archivetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// Base is the time of the first record of [Logs].
var Base = time.Date(2026, 3, 4, 10, 5, 0, 0, time.UTC)

// Archive is an archive that one writer writes.
type Archive struct {
	Config   bucket.Config
	Bucket   archive.Bucket
	encoder  *archive.Encoder
	sequence uint64
	log      []string
	objects  []string
}

// New makes an empty archive in memory.
func New(t testing.TB) *Archive {
	a := &Archive{
		Config:  bucket.Config{URL: fmt.Sprintf("mem://replay-%d", rand.Uint64())},
		encoder: archive.NewEncoder(archive.EncoderOptions{}),
	}
	b, err := bucket.Open(context.Background(), a.Config)
	require.NoError(t, err)
	a.Bucket = b
	t.Cleanup(func() { _ = b.Close() })
	return a
}

// Put commits logs of a tenant as objects of their own.
func (a *Archive) Put(t testing.TB, tenant string, logs ...plog.Logs) {
	ctx := context.Background()
	a.sequence++
	enc := a.encoder
	enc.Reset()
	for _, ld := range logs {
		enc.AppendBatch(archive.NewBatch(ld, Base, archive.BatchOptions{Tenant: tenant}))
	}
	rec := archive.LogRecord{
		Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "w", Sequence: a.sequence, Epoch: 1,
		WAL: &archive.WALRange{ID: "a", From: a.sequence, To: a.sequence},
	}
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: 1, From: a.sequence, To: a.sequence}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		a.objects = append(a.objects, o.Meta.Key)
		return a.Bucket.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	key := archive.LogKey("w", a.sequence)
	a.log = append(a.log, key)
	require.NoError(t, a.Bucket.Create(ctx, key, body))
}

// Everything returns the records of each tenant, one to a Logs, as the archive gives them.
func (a *Archive) Everything(t testing.TB) map[string][]plog.Logs {
	ctx := context.Background()
	r, err := archive.Open(ctx, a.Bucket, archive.ReaderOptions{})
	require.NoError(t, err)
	all := map[string][]plog.Logs{}
	stats, err := r.Snapshot().Scan(ctx, archive.All(), func(r *archive.Record) error {
		ld := plog.NewLogs()
		if err := r.AppendTo(ld); err != nil {
			return err
		}
		all[r.Tenant] = append(all[r.Tenant], ld)
		return nil
	})
	require.NoError(t, err)
	require.False(t, stats.Partial(), "%v", stats.Errors)
	return all
}

// Rewrite lays the records out anew: in up to parts commits, in an order of chance, as a compaction might in the worst case.
func (a *Archive) Rewrite(t testing.TB, rng *rand.Rand, parts int) {
	ctx := context.Background()
	all := a.Everything(t)
	for _, key := range slices.Concat(a.log, a.objects) {
		require.NoError(t, a.Bucket.Delete(ctx, key))
	}
	a.log, a.objects, a.sequence = nil, nil, 0
	for tenant, records := range all {
		rng.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		for n := 1 + rng.IntN(parts); n > 0; n-- {
			some := records[:len(records)/n]
			records = records[len(some):]
			if len(some) > 0 {
				a.Put(t, tenant, some...)
			}
		}
	}
}

// Objects are the keys of the data objects.
func (a *Archive) Objects() []string { return slices.Clone(a.objects) }

// Count returns how many data objects the bucket holds.
func (a *Archive) Count(t testing.TB) (n int) {
	for _, err := range a.Bucket.List(context.Background(), "logs/", "") {
		require.NoError(t, err)
		n++
	}
	return n
}
