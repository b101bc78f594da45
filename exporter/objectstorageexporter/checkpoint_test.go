// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// sumUp makes a checkpoint of everything and deletes what it has, as when the grace was over, and the time of claims, too.
func sumUp(t *testing.T, cfg *Config) *archive.Checkpoint {
	t.Helper()
	ctx := context.Background()
	b, err := bucket.Open(ctx, cfg.Bucket)
	require.NoError(t, err)
	defer b.Close()
	var c *archive.Checkpoint
	for i := range 2 {
		r, err := archive.Open(ctx, b, archive.ReaderOptions{CountsByMinute: true})
		require.NoError(t, err)
		at := time.Now()
		if prev := r.Snapshot().Checkpoint(); prev != nil {
			at = time.Unix(0, prev.Time)
		}
		at = at.Add(time.Duration(i) * 60 * 24 * time.Hour)
		c, err = archive.CommitCheckpoint(ctx, b, r.Snapshot(), archive.CheckpointEdit{Epoch: 1, Time: at})
		require.NoError(t, err)
		_, err = archive.CollectGarbage(ctx, b, archive.GarbageOptions{Time: at})
		require.NoError(t, err)
	}
	for info, err := range b.List(ctx, "_log/"+cfg.Writer+"/", "") {
		require.NoError(t, err)
		t.Fatalf("%s is still there", info.Key)
	}
	return c
}

// TestWriterWhoseLogIsGone: a writer goes on where it was, however much of its log was summed up and deleted, once or
// while it runs, with a log on disk or without.
func TestWriterWhoseLogIsGone(t *testing.T) {
	for _, acknowledge := range []string{AcknowledgeWAL, AcknowledgeBucket} {
		t.Run(acknowledge, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Writer, cfg.Acknowledge = "w", acknowledge
			n := 0
			for round := range 4 {
				r := startRig(t, cfg)
				for i := range 3 {
					r.send(newLogs(n, 2))
					n += 2
					r.eventually("held_records", "", 0)
					if round == 2 && i < 2 {
						sumUp(t, cfg)
					}
				}
				assert.EqualValues(t, round+1, r.epoch)
				r.stop()
				requireOnce(t, cfg, n)
				if round != 1 {
					c := sumUp(t, cfg)
					assert.EqualValues(t, round+1, c.Positions["w"].Epoch)
					if acknowledge == AcknowledgeWAL {
						assert.Len(t, c.Positions["w"].WAL, round+1)
					} else {
						assert.Len(t, c.Positions["w"].WAL, 1, "of what was in memory, the last only")
					}
					requireOnce(t, cfg, n)
				}
			}
		})
	}
}

// TestCommitWithoutAnswerIsSummedUp: a process that dies before it knows of its commit, whose record is gone when the next
// one starts.
func TestCommitWithoutAnswerIsSummedUp(t *testing.T) {
	cfg := testConfig(t)
	cfg.Writer = "w"
	r := startRig(t, cfg)
	r.send(newLogs(0, 1))
	r.eventually("held_records", "", 0)
	r.bucket.set(func(key string, do func() error) error {
		if filepath.Dir(key) != "_log/w" {
			return do()
		}
		_ = do()
		return errFault
	})
	r.send(newLogs(1, 3))
	require.Eventually(t, func() bool { return len(archived(t, cfg)) == 4 }, time.Minute, time.Millisecond)
	r.crash()
	require.NotEmpty(t, segmentsOf(t, cfg))
	sumUp(t, cfg)
	r = startRig(t, cfg)
	r.eventually("committed_records", "", 3)
	r.send(newLogs(4, 1))
	r.stop()
	requireOnce(t, cfg, 5)
}

// TestCopiedLogIsFoundInACheckpoint: that a copy committed other records under the same numbers is known when its log
// records are gone.
func TestCopiedLogIsFoundInACheckpoint(t *testing.T) {
	a := testConfig(t)
	a.Writer = "w"
	r := startRig(t, a)
	r.send(newLogs(0, 1))
	r.eventually("held_records", "", 0)
	r.stop()
	b := elsewhere(a, copyOf(t, a.WAL.Directory))
	ra := startRig(t, a)
	rb := startRig(t, b) // fences a
	for i := range 5 {
		if ra.consume(context.Background(), newLogs(1+i, 1)) != nil {
			break
		}
	}
	for i := range 5 {
		rb.send(newLogs(100+i, 1))
		rb.eventually("committed_records", "", float64(i+1))
	}
	rb.stop()
	ra.crash()
	sumUp(t, a)
	requireRefused(t, a)
	rb = startRig(t, b)
	rb.send(newLogs(200, 1))
	rb.stop()
	assert.Len(t, archived(t, a), 1+5+1)
}

// TestClaimAfterALongSleep: a claim that is made under a number which is free again does not count.
func TestClaimAfterALongSleep(t *testing.T) {
	a := testConfig(t)
	a.Writer = "w"
	r := startRig(t, a)
	r.send(newLogs(0, 1))
	r.eventually("held_records", "", 0)

	slow := elsewhere(a, filepath.Join(t.TempDir(), "other"))
	require.NoError(t, os.MkdirAll(slow.WAL.Directory, 0o700))
	rs := newRig(t, slow)
	slept := errors.New("not yet")
	rs.bucket.set(func(key string, do func() error) error {
		if key == archive.LogKey("w", 3) && slept != nil {
			slept = nil
			for i := range 3 { // the other one goes on meanwhile
				r.send(newLogs(1+i, 1))
				r.eventually("held_records", "", 0)
			}
			sumUp(t, a)
		}
		return do()
	})
	require.NoError(t, rs.start(context.Background(), rs.host))
	require.NoError(t, slept)
	assert.EqualValues(t, 2, rs.epoch)
	rs.send(newLogs(4, 2))
	rs.stop()
	r.crash()
	requireOnce(t, a, 6)
}
