// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componentstatus"

	"github.com/logboom/logboom/archive"
)

// copyOf copies a write-ahead log's directory, as a person would.
func copyOf(t *testing.T, dir string) string {
	to := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

// withoutDone is a wal.json that does not know what the last Remove was called for.
func withoutDone(t *testing.T, state []byte) []byte {
	var m map[string]any
	require.NoError(t, json.Unmarshal(state, &m))
	delete(m, "done")
	state, err := json.Marshal(m)
	require.NoError(t, err)
	return state
}

// elsewhere is the same exporter on another host, with the directory there.
func elsewhere(cfg *Config, dir string) *Config {
	c := *cfg
	c.WAL.Directory = dir
	return &c
}

// requireRefused starts an exporter that must not start because of its log, and checks that it deletes nothing.
func requireRefused(t *testing.T, cfg *Config) {
	t.Helper()
	before := segmentsOf(t, cfg)
	require.NotEmpty(t, before)
	r := newRig(t, cfg)
	err := r.start(context.Background(), r.host)
	require.ErrorIs(t, err, errCopied)
	require.ErrorContains(t, err, cfg.WAL.Directory)
	require.ErrorContains(t, err, "nothing is deleted")
	require.ErrorContains(t, err, "logboomctl wal cat")
	assert.NotContains(t, err.Error(), "record 1")
	assert.Equal(t, before, segmentsOf(t, cfg))
	assert.Zero(t, r.metric("committed_records", ""))
	require.NoError(t, r.shutdown(context.Background()))
}

// segmentsOf are the segments' contents, by file name.
func segmentsOf(t *testing.T, cfg *Config) map[string]string {
	files, err := filepath.Glob(filepath.Join(cfg.WAL.Directory, "*.wal"))
	require.NoError(t, err)
	contents := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		require.NoError(t, err)
		contents[filepath.Base(f)] = string(b)
	}
	return contents
}

// TestCopiedLog: a directory that was copied to a second host, which then committed numbers that the first gave to
// records of its own. These must not pass for committed.
func TestCopiedLog(t *testing.T) {
	for name, bucketAway := range map[string]bool{"fenced": false, "away": true} {
		t.Run(name, func(t *testing.T) {
			a := testConfig(t)
			r := startRig(t, a)
			r.send(newLogs(0, 1))
			r.eventually("committed_records", "", 1)
			r.stop()
			b := elsewhere(a, copyOf(t, a.WAL.Directory))

			ra := startRig(t, a)
			ra.bucket.set(func(string, func() error) error { return errFault })
			if !bucketAway {
				ra.bucket.set(nil)
			}
			rb := startRig(t, b) // fences a
			for i := range 5 {
				if ra.consume(context.Background(), newLogs(1+i, 1)) != nil {
					break // it knows already
				}
			}
			for i := range 5 {
				rb.send(newLogs(100+i, 1))
				rb.eventually("committed_records", "", float64(i+1))
			}
			rb.stop()
			ra.crash()
			held := segmentsOf(t, a)
			require.NotEmpty(t, held)

			requireRefused(t, a)
			requireRefused(t, a) // as often as it is tried
			// What the error says helps: the copy goes on, and so does the first with an empty directory.
			rb = startRig(t, b)
			rb.send(newLogs(200, 1))
			rb.stop()
			require.NoError(t, os.Rename(a.WAL.Directory, a.WAL.Directory+"-kept"))
			ra = startRig(t, a)
			ra.send(newLogs(201, 1))
			ra.stop()
			got := archived(t, a)
			assert.Len(t, got, 1+5+2)
			for body, n := range got {
				assert.Equal(t, 1, n, body)
			}
			assert.Equal(t, held, segmentsOf(t, elsewhere(a, a.WAL.Directory+"-kept")))
		})
	}
}

// TestCopiedLogWithoutRecords: an empty log that was copied goes on behind what the copy has committed.
func TestCopiedLogWithoutRecords(t *testing.T) {
	a := testConfig(t)
	r := startRig(t, a)
	r.send(newLogs(0, 1))
	r.stop()
	b := elsewhere(a, copyOf(t, a.WAL.Directory))
	r = startRig(t, b)
	r.send(newLogs(1, 1))
	r.stop()
	for i := range 2 {
		r = startRig(t, a)
		r.send(newLogs(2+i, 1))
		r.stop()
	}
	requireOnce(t, a, 4)
}

// TestCopiedLogWhileTheBucketIsAway: what a copy took while it could not see the archive has the numbers that the
// original gave to other records and committed. It knows the original's claim; that must not pass for its own, also
// not in a later process, nor in one between that never saw the archive.
func TestCopiedLogWhileTheBucketIsAway(t *testing.T) {
	mem := testConfig(t)
	ra := startRig(t, mem)
	ra.send(newLogs(0, 1))
	ra.eventually("held_records", "", 0)
	away := elsewhere(mem, copyOf(t, mem.WAL.Directory))
	away.Bucket.URL = "s3://elsewhere" // not local: waited for
	copied := func() *rig {
		r := newRig(t, away)
		r.openBucket = r.bucket.open(mem)
		return r
	}
	for i := range 2 {
		r := copied()
		r.bucket.set(func(string, func() error) error { return errFault })
		require.NoError(t, r.start(context.Background(), r.host))
		r.send(newLogs(100+2*i, 2))
		r.crash()
	}
	for i := range 3 {
		ra.send(newLogs(1+i, 1))
		ra.eventually("held_records", "", 0)
	}
	ra.stop()
	away.Bucket = mem.Bucket
	requireRefused(t, away)
	requireOnce(t, mem, 4)

	// Likewise in the process that took them, which has started already.
	away.Bucket.URL = "s3://elsewhere"
	away.WAL.Directory = copyOf(t, mem.WAL.Directory)
	ra = startRig(t, mem)
	ra.send(newLogs(4, 1))
	ra.stop()
	r := copied()
	r.bucket.set(func(string, func() error) error { return errFault })
	require.NoError(t, r.start(context.Background(), r.host))
	r.send(newLogs(200, 1))
	r.bucket.set(nil)
	require.Eventually(t, func() bool { return r.host.last() == componentstatus.StatusPermanentError }, time.Minute, time.Millisecond)
	require.ErrorIs(t, r.consume(context.Background(), newLogs(201, 1)), errStopped)
	r.requireBalance()
	assert.EqualValues(t, 1, r.metric("held_records", ""))
	r.stop()
	requireOnce(t, mem, 5)
}

// TestClaimIsNotedFirst: a process that dies right after its claim, or its commit, is known to the next, on a disk that
// has taken nothing since.
func TestClaimIsNotedFirst(t *testing.T) {
	cfg := testConfig(t)
	r := newRig(t, cfg)
	noted := false
	var image string
	r.bucket.set(func(key string, do func() error) error {
		if key == archive.LogKey("w", 1) {
			image = copyOf(t, cfg.WAL.Directory) // of the disk at the claim
			state, err := os.ReadFile(filepath.Join(image, "wal.json"))
			if err != nil {
				return err
			}
			var s struct{ Claims []struct{ Nonce string } }
			noted = json.Unmarshal(state, &s) == nil && len(s.Claims) == 1 && s.Claims[0].Nonce == r.nonce
		}
		return do()
	})
	require.NoError(t, r.start(context.Background(), r.host))
	require.True(t, noted)
	r.bucket.set(func(key string, do func() error) error {
		if key != archive.LogKey("w", 2) {
			return do()
		}
		_ = do()
		return errFault // committed, without an answer
	})
	r.send(newLogs(0, 3))
	require.Eventually(t, func() bool { return len(archived(t, cfg)) == 3 }, time.Minute, time.Millisecond)
	r.crash()
	// The segment is there, and wal.json as it was at the claim.
	state, err := os.ReadFile(filepath.Join(image, "wal.json"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(cfg.WAL.Directory, "wal.json"), state, 0o600))
	require.NotEmpty(t, segmentsOf(t, cfg))
	r = startRig(t, cfg)
	r.eventually("committed_records", "", 3)
	r.stop()
	requireOnce(t, cfg, 3)
}
