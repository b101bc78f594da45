// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/archivefiles"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
	"github.com/logboom/logboom/test/harness"
)

// TestDuckDBView: the view that the compactor leaves in the bucket counts what the archive's own reader counts, after merging and
// after retention, although the merged objects are in the bucket still.
func TestDuckDBView(t *testing.T) {
	t.Parallel()
	for name, tenants := range map[string]bool{"tenants": true, "no tenants": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			twice := harness.Logs("twice", "delivered", "again")
			for i, lr := range twice.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
				lr.SetTimestamp(1_700_000_000_000_000_000)
				lr.Attributes().PutStr(archive.AttributeRecordUID, fmt.Sprint("uid-", i))
			}
			later := denseCorpus(600, time.Hour)
			for _, rl := range later.ResourceLogs().All() {
				for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
					lr.SetTimestamp(lr.Timestamp() + 5000) // other records than those of before
				}
			}
			a := writeArchive(t, archiveOptions{tenants: tenants}, denseCorpus(700, time.Hour), twice, later, twice,
				harness.Logs("late", "a", "b"))
			ctx := context.Background()
			b, err := bucket.Open(ctx, bucket.Config{URL: a.url})
			require.NoError(t, err)
			defer b.Close()
			writer := archivefiles.NewWriter(b)

			cfg := compactor.DefaultConfig()
			cfg.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
			engine, err := compactor.New(b, cfg)
			require.NoError(t, err)
			before := len(a.files(t))
			_, err = engine.Compact(ctx)
			require.NoError(t, err)
			require.NoError(t, writer.Write(ctx, engine.Reader().Snapshot()))
			require.Less(t, len(a.files(t)), before, "objects were merged")
			require.Greater(t, len(parquetFiles(t, a.dir)), len(a.files(t)), "and are there still")
			total := a.compareView(t, b)

			cfg.Retention.Rules = []compactor.Rule{{Service: "late", MaxAge: time.Hour}, {Service: "twice", MaxAge: time.Hour}}
			engine, err = compactor.New(b, cfg)
			require.NoError(t, err)
			report, err := engine.Cycle(ctx)
			require.NoError(t, err)
			require.True(t, report.Leader)
			require.NoError(t, writer.Write(ctx, engine.Reader().Snapshot()))
			require.Equal(t, total-4, a.compareView(t, b), "two records of each service are gone")
		})
	}
}

// compareView compares counts by service, severity and a word of DuckDB's view and of the archive's reader, and returns how many records
// there are.
func (a *testArchive) compareView(t *testing.T, b archive.Bucket) (total int) {
	t.Helper()
	view, err := os.ReadFile(filepath.Join(a.dir, filepath.FromSlash(archivefiles.ViewKey)))
	require.NoError(t, err)
	list, err := os.ReadFile(filepath.Join(a.dir, filepath.FromSlash(archivefiles.ListKey)))
	require.NoError(t, err)
	require.ElementsMatch(t, a.files(t), strings.Fields(string(list)))
	want := map[string]int{}
	words := 0
	reader, err := archive.Open(context.Background(), b, archive.ReaderOptions{})
	require.NoError(t, err)
	stats, err := reader.Snapshot().Scan(context.Background(), archive.All(), func(r *archive.Record) error {
		want[fmt.Sprintf("%q %d", r.ServiceName, r.SeverityNumber)]++
		if strings.Contains(r.Body, "a") {
			words++
		}
		total++
		return nil
	})
	require.NoError(t, err)
	require.Empty(t, stats.Errors)
	results := duck(t, string(view), "SELECT ServiceName, SeverityNumber::VARCHAR, count(*)::INTEGER FROM logs GROUP BY ALL",
		"SELECT count(*)::INTEGER FROM logs WHERE Body LIKE '%a%'", "SELECT count(*)::INTEGER FROM logs WHERE ServiceName = 'twice'")
	got := map[string]int{}
	for _, row := range results[1].Rows {
		n, ok := row[2].(float64)
		require.True(t, ok, "%T", row[2])
		got[fmt.Sprintf("%q %s", row[0], row[1])] = int(n)
	}
	require.Equal(t, want, got)
	require.EqualValues(t, words, results[2].Rows[0][0])
	require.LessOrEqual(t, results[3].Rows[0][0], 2.0, "what was delivered twice is there once")
	return total
}
