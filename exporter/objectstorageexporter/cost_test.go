// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
)

// List prices of Amazon S3 Standard, US East (N. Virginia), in dollars a request: https://aws.amazon.com/s3/pricing/.
const (
	pricePUT  = 0.005 / 1000 // LIST costs the same
	priceGET  = 0.0004 / 1000
	day       = 24 * time.Hour
	hoursADay = 24
)

// putsPerFlush is a data object for each hour (and tenant) that the flush has records of, and the commit.
func putsPerFlush(partitions int) int { return partitions + 1 }

// flushesPerDay of one writer that always has something to flush, but never max_raw_mib of it within an interval.
func flushesPerDay(interval time.Duration) int { return int(day / interval) }

// putsPerDay of writers whose records are of the present: a flush has one hour's, but for one flush an hour, which has two.
func putsPerDay(interval time.Duration, writers int) int {
	return writers * (flushesPerDay(interval)*putsPerFlush(1) + hoursADay*(putsPerFlush(2)-putsPerFlush(1)))
}

// getsPerDay of a reader that looks for new commits at that interval: one for the next checkpoint, and one for the next record
// of each writer, unless it lists.
func getsPerDay(refresh time.Duration, writers int) int {
	return (int(day/refresh) - int(day/max(refresh, 30*time.Second))) * (writers + 1)
}

// listsPerDay of it: every 30 s one of the checkpoints and one of the log, for every 1,000 keys that archive_compactor
// leaves of the last hour, with a flush every 30 s.
func listsPerDay(refresh time.Duration, writers int) int {
	const keys = int(time.Hour / (30 * time.Second))
	return int(day/max(refresh, 30*time.Second)) * (1 + (writers*keys+999)/1000)
}

var (
	costIntervals = []time.Duration{5 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}
	costRefreshes = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, time.Minute}
	costWriters   = []int{1, 10, 100}
)

// costTables are the tables of the README's section on requests and money.
func costTables() string {
	var b strings.Builder
	b.WriteString("| `flush::interval` | writers | flushes a day | PUT a day | $ a day | GET a day, each reader | $ a day |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, interval := range costIntervals {
		for _, writers := range costWriters {
			flushes, puts := writers*flushesPerDay(interval), putsPerDay(interval, writers)
			fmt.Fprintf(&b, "| %s | %d | %s | %s | %.3f | %s | %.3f |\n", short(interval), writers, thousands(flushes),
				thousands(puts), float64(puts)*pricePUT, thousands(flushes), float64(flushes)*priceGET)
		}
	}
	b.WriteString("\n| `refresh_interval` of a reader |")
	for _, writers := range costWriters {
		fmt.Fprintf(&b, " GET a day, %d writers | LIST a day | $ a day |", writers)
	}
	b.WriteString("\n| --- |" + strings.Repeat(" --- | --- | --- |", len(costWriters)) + "\n")
	for _, refresh := range costRefreshes {
		fmt.Fprintf(&b, "| %s |", short(refresh))
		for _, writers := range costWriters {
			gets, lists := getsPerDay(refresh, writers), listsPerDay(refresh, writers)
			fmt.Fprintf(&b, " %s | %s | %.3f |", thousands(gets), thousands(lists), float64(gets)*priceGET+float64(lists)*pricePUT)
		}
		b.WriteString("\n")
	}
	return strings.ReplaceAll(b.String(), " 1 writers", " 1 writer")
}

// short is a duration without the zeros at its end.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	return s
}

func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// TestCostTable recomputes the tables of the README.
func TestCostTable(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(readme), "\n## Requests and money\n")
	require.True(t, found, "README.md has no section Requests and money")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, table := range strings.Split(costTables(), "\n\n") {
		require.Contains(t, section, strings.TrimSpace(table)+"\n", "README.md has another table; this one is right:\n%s", costTables())
	}
}

// TestPutsPerFlush counts what one flush creates, for records of several hours.
func TestPutsPerFlush(t *testing.T) {
	for _, hours := range []int{1, 2, 5} {
		dir := t.TempDir()
		cfg := createDefaultConfig().(*Config)
		cfg.Bucket.URL = "file://" + dir + "/archive"
		cfg.Writer = "w"
		cfg.WAL.Directory = filepath.Join(dir, "wal")
		exp, err := NewFactory().CreateLogs(context.Background(), exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		require.NoError(t, exp.Start(context.Background(), componenttest.NewNopHost()))
		atStart := countFiles(t, filepath.Join(dir, "archive"))

		ld := plog.NewLogs()
		records := ld.ResourceLogs().AppendEmpty().ScopeLogs().AppendEmpty().LogRecords()
		for i := range 10 * hours {
			r := records.AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(time.Now().Add(-time.Duration(i%hours) * time.Hour)))
			r.Body().SetStr("line")
		}
		require.NoError(t, exp.ConsumeLogs(context.Background(), ld))
		require.NoError(t, exp.Shutdown(context.Background()))
		require.Equal(t, putsPerFlush(hours), countFiles(t, filepath.Join(dir, "archive"))-atStart, "objects created by a flush of %d hours", hours)
	}
}

func countFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			n++
		}
		return err
	}))
	return n
}
