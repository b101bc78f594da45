// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/test/harness"
)

// testArchive is an archive in a directory.
type testArchive struct {
	dir  string
	url  string
	want *rowset // every live row
	duck *rowset // the same with times as DuckDB has them, in microseconds
	rows []*row  // what these were made of; nil for large archives
}

// files are the live objects as `logboomctl archive ls --live` lists them, as paths.
func (a *testArchive) files(t *testing.T) []string {
	t.Helper()
	r := harness.Run(t, harness.CtlBinary(t), "archive", "ls", "--live", a.url)
	require.Zero(t, r.Code, r.Stderr)
	var files []string
	for key := range strings.Lines(r.Stdout) {
		files = append(files, filepath.Join(a.dir, filepath.FromSlash(strings.TrimSpace(key))))
	}
	require.NotEmpty(t, files)
	return files
}

// archiveOptions say how a test archive is written.
type archiveOptions struct {
	tenants     bool
	large       bool // keep hashes of the rows only
	compression archive.Compression
}

// writeArchive writes each of the batches as one commit, plants what a crash leaves behind, and returns the archive with the
// rows that readers must find.
func writeArchive(t *testing.T, opts archiveOptions, batches ...plog.Logs) *testArchive {
	t.Helper()
	ctx := context.Background()
	a := &testArchive{dir: harness.TempDir(t), want: &rowset{hashOnly: opts.large}, duck: &rowset{hashOnly: opts.large}}
	a.url = "file://" + filepath.ToSlash(a.dir)
	b, err := bucket.Open(ctx, bucket.Config{URL: a.url})
	require.NoError(t, err)
	defer b.Close()
	w, err := archive.NewLogWriter(b, "interop", "wal-1", 0)
	require.NoError(t, err)
	require.NoError(t, w.Claim(ctx))
	var batchOpts archive.BatchOptions
	if opts.tenants {
		batchOpts = archive.BatchOptions{Tenant: "default", TenantAttribute: tenantAttribute}
	}
	var leftOver archive.Object
	for i, ld := range batches {
		enc := archive.NewEncoder(archive.EncoderOptions{Compression: opts.compression})
		enc.AppendBatch(archive.NewBatch(ld, arrival, batchOpts))
		var metas []archive.ObjectMeta
		n := uint64(i + 1)
		require.NoError(t, enc.Encode(archive.ObjectName{Writer: "interop", Epoch: 1, From: n, To: n}, func(o archive.Object) error {
			metas = append(metas, o.Meta)
			leftOver = o
			return b.Create(ctx, o.Meta.Key, o.Body)
		}))
		require.NoError(t, w.Commit(ctx, n, n, metas))
		wantRows(ld, func(_ string, r *row) {
			a.want.add(r)
			a.duck.add(duckTimes(r))
			if !opts.large {
				a.rows = append(a.rows, r)
			}
		})
	}
	// An object that no commit names: its rows must not be seen.
	orphan := strings.Replace(leftOver.Meta.Key, "/interop-1-", "/interop-0-", 1)
	require.NotEqual(t, leftOver.Meta.Key, orphan)
	require.NoError(t, b.Create(ctx, orphan, leftOver.Body))
	return a
}

// parquetFiles are all Parquet files below a directory.
func parquetFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".parquet") {
			files = append(files, path)
		}
		return err
	}))
	slices.Sort(files)
	return files
}

// eachArchive runs check on archives of the corpora: with and without tenants, in every compression.
func eachArchive(t *testing.T, check func(t *testing.T, a *testArchive)) {
	for _, c := range []struct {
		name    string
		opts    archiveOptions
		batches func() []plog.Logs
	}{
		{"odd", archiveOptions{}, func() []plog.Logs { return []plog.Logs{oddCorpus()} }},
		{"dense", archiveOptions{compression: archive.CompressionBest}, func() []plog.Logs { return []plog.Logs{denseCorpus(5000, time.Hour)} }},
		{"mixed, tenants", archiveOptions{tenants: true, compression: archive.CompressionBetter}, func() []plog.Logs {
			return []plog.Logs{oddCorpus(), denseCorpus(700, time.Hour), harness.Logs("late", "a", "b")}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := writeArchive(t, c.opts, c.batches()...)
			require.Greater(t, len(parquetFiles(t, a.dir)), len(a.files(t)), "there is an orphan")
			check(t, a)
		})
	}
}

func sqlString(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// sqlList is a DuckDB list of texts.
func sqlList(texts []string) string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		quoted[i] = sqlString(s)
	}
	return fmt.Sprintf("[%s]", strings.Join(quoted, ", "))
}
