// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
)

// TestWriterIsKeptWithTheLog: two logs on one host are two writers; a log stays the same writer, and is not
// read as another's while it holds something.
func TestWriterIsKeptWithTheLog(t *testing.T) {
	cfg := testConfig(t)
	cfg.Writer = ""
	e := startExporter(t, cfg)
	first := e.writer
	assert.Equal(t, e.wal.ID()[:8], first[len(first)-8:])
	require.NoError(t, e.shutdown(context.Background()))
	e = startExporter(t, cfg)
	assert.Equal(t, first, e.writer)
	require.NoError(t, e.wal.SetWriter("from-another-host-00000000")) // as if the directory came with a disk
	require.NoError(t, e.shutdown(context.Background()))
	r := startRig(t, cfg)
	assert.Equal(t, "from-another-host-00000000", r.writer)
	r.bucket.set(func(string, func() error) error { return errFault })
	r.send(newLogs(0, 1))
	r.crash()

	cfg.Writer = "other"
	e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
	require.NoError(t, err)
	err = e.start(context.Background(), componenttest.NewNopHost())
	require.ErrorContains(t, err, `writer is "other"`)
	require.ErrorContains(t, err, `"from-another-host-00000000"`)
	require.NoError(t, e.shutdown(context.Background()))
	cfg.Writer = ""
	e = startExporter(t, cfg)
	require.NoError(t, e.shutdown(context.Background()))
	cfg.Writer = "other" // now it is empty
	e = startExporter(t, cfg)
	assert.Equal(t, "other", e.writer)
	require.NoError(t, e.shutdown(context.Background()))
	requireOnce(t, cfg, 1)

	cfg.Writer = ""
	another := testConfig(t)
	another.Writer, another.Bucket = "", cfg.Bucket
	a, b := startExporter(t, cfg), startExporter(t, another)
	assert.NotEqual(t, a.writer, b.writer)
	require.NoError(t, a.consume(context.Background(), newLogs(1, 1)))
	require.NoError(t, b.consume(context.Background(), newLogs(2, 1)))
	require.NoError(t, a.shutdown(context.Background()))
	require.NoError(t, b.shutdown(context.Background()))
	requireOnce(t, cfg, 3)
}

// TestLogFromACopy: a directory that was put back to an earlier state has numbers again that are in the archive. With the
// bucket there, new batches get other ones; without it, nothing is committed that might be taken for done.
func TestLogFromACopy(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Millisecond
	r := startRig(t, cfg)
	r.stop()
	copied := filepath.Join(t.TempDir(), "wal")
	require.NoError(t, os.CopyFS(copied, os.DirFS(cfg.WAL.Directory)))
	r = startRig(t, cfg)
	r.send(newLogs(0, 1))
	r.eventually("committed_records", "", 1)
	r.stop()
	back := func() {
		require.NoError(t, os.RemoveAll(cfg.WAL.Directory))
		require.NoError(t, os.CopyFS(cfg.WAL.Directory, os.DirFS(copied)))
	}
	back()
	r = startRig(t, cfg)
	r.send(newLogs(1, 1))
	r.stop()
	requireOnce(t, cfg, 2)

	back()
	r = newRig(t, cfg)
	mem := cfg.Bucket
	cfg.Bucket.URL = "s3://elsewhere"
	open := *cfg
	open.Bucket = mem
	r.openBucket = r.bucket.open(&open)
	r.bucket.set(func(string, func() error) error { return errFault })
	require.NoError(t, r.start(context.Background(), r.host))
	r.send(newLogs(2, 1))
	r.bucket.set(nil)
	require.Eventually(t, func() bool { return r.consume(context.Background(), newLogs(3, 1)) != nil }, time.Minute, 10*time.Millisecond)
	assert.Positive(t, r.metric("held_records", ""))
	r.requireBalance()
	r.stop()
	cfg.Bucket = mem
	requireOnce(t, cfg, 2)
}

// TestPartCommitted: of a segment whose first entries are in the archive, only the others go there. It comes to be when
// the disk refuses entries, and a power cut brings them back behind the ones that were committed.
func TestPartCommitted(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	save := func(name string) string {
		to := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.CopyFS(to, os.DirFS(cfg.WAL.Directory)))
		return to
	}
	r := startRig(t, cfg)
	r.send(newLogs(0, 2))
	r.send(newLogs(2, 3))
	two := save("two")
	r.send(newLogs(5, 4))
	three := save("three")
	r.crash()
	cfg.WAL.Directory = two
	r = startRig(t, cfg)
	r.wal.Rotate(0)
	r.eventually("committed_records", "", 5)
	state, err := os.ReadFile(filepath.Join(two, "wal.json"))
	require.NoError(t, err)
	r.crash()
	require.NoError(t, os.WriteFile(filepath.Join(three, "wal.json"), withoutDone(t, state), 0o600)) // it is one directory
	cfg.WAL.Directory = three
	r = startRig(t, cfg)
	r.stop()
	requireOnce(t, cfg, 9)
}
