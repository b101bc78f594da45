// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"

	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// poisonRecords is how many records a batch has on which the encoder panics.
const poisonRecords = 13

func poisonous(b *batch) {
	if b.rows.Rows() == poisonRecords {
		panic("poison")
	}
}

func asideFiles(t *testing.T, cfg *Config) []string {
	files, err := filepath.Glob(filepath.Join(cfg.WAL.Directory, "aside", "*"))
	require.NoError(t, err)
	return files
}

// TestPoisonIsSetAside: batches on which the encoder panics, and entries that are no batches though their CRC is
// right, are kept for a person to look at; all others go to the archive, each once.
func TestPoisonIsSetAside(t *testing.T) {
	for _, where := range []string{"from memory", "from disk"} {
		t.Run(where, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Flush.Interval = time.Hour
			r := newRig(t, cfg)
			r.beforeEncode = poisonous
			require.NoError(t, r.start(context.Background(), r.host))
			sent := 0
			send := func(n int) {
				r.send(newLogs(sent, n))
				sent += n
			}
			for i := range 20 {
				if i == 3 || i == 17 {
					r.send(newLogs(-poisonRecords, poisonRecords))
				}
				send(i%4 + 1)
			}
			if where == "from disk" {
				good, head, err := payload.Append(make([]byte, wal.EntryHead), payload.Head{Arrival: time.Now()}, newLogs(-5, 5))
				require.NoError(t, err)
				require.NoError(t, r.wal.Append(good[:len(good)-3], head.Info(), nil, 0))
				require.NoError(t, r.wal.Append(append(make([]byte, wal.EntryHead), "no payload"...), wal.Info{}, nil, 0))
				r.telemetry.ExporterObjectStorageAcceptedRecords.Add(context.Background(), 5)
			}
			// The bucket is shaky: what is tried again is counted once.
			var calls atomic.Int64
			r.bucket.set(func(_ string, do func() error) error {
				if calls.Add(1)%2 == 1 {
					return errFault
				}
				return do()
			})
			r.wal.Rotate(0)
			r.eventually("held_records", "", 0)
			r.requireBalance()
			dropped, files := 2*poisonRecords, 2
			if where == "from disk" {
				dropped, files = dropped+5, files+2
			}
			r.eventually("dropped_records", "undecodable", float64(dropped))
			r.eventually("dropped_records", "", float64(dropped))
			r.eventually("committed_records", "", float64(sent))
			assert.Len(t, asideFiles(t, cfg), files)
			assert.Positive(t, r.metric("aside_bytes", ""))
			r.stop()
			requireOnce(t, cfg, sent)
			// What was set aside is whole.
			b, err := os.ReadFile(asideFiles(t, cfg)[0])
			require.NoError(t, err)
			_, ld, err := payload.Decode(b)
			require.NoError(t, err)
			assert.Equal(t, poisonRecords, ld.LogRecordCount())
		})
	}
}

// TestPoisonAgainAfterACrash: the next process finds the same, keeps it once, and goes on.
func TestPoisonAgainAfterACrash(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Millisecond
	r := newRig(t, cfg)
	r.beforeEncode = poisonous
	require.NoError(t, r.start(context.Background(), r.host))
	r.bucket.set(func(key string, do func() error) error {
		if strings.HasPrefix(key, "_log/") {
			return errFault
		}
		return do()
	})
	r.send(newLogs(-poisonRecords, poisonRecords))
	r.send(newLogs(0, 2))
	require.Eventually(t, func() bool { return len(asideFiles(t, cfg)) == 1 }, time.Minute, time.Millisecond)
	r.crash()
	r = newRig(t, cfg)
	r.beforeEncode = poisonous
	require.NoError(t, r.start(context.Background(), r.host))
	r.eventually("held_records", "", 0)
	r.eventually("dropped_records", "undecodable", float64(poisonRecords))
	r.requireBalance()
	r.stop()
	assert.Len(t, asideFiles(t, cfg), 1)
	requireOnce(t, cfg, 2)
}

// TestAsideFull: what has no room is dropped aloud, and stops nobody.
func TestAsideFull(t *testing.T) {
	cfg := testConfig(t)
	cfg.WAL.MaxAsideMiB = 0
	r := newRig(t, cfg)
	r.beforeEncode = poisonous
	require.NoError(t, r.start(context.Background(), r.host))
	r.send(newLogs(-poisonRecords, poisonRecords))
	r.send(newLogs(0, 2))
	r.eventually("dropped_records", "aside_full", poisonRecords)
	r.eventually("held_records", "", 0)
	r.requireBalance()
	r.stop()
	assert.Empty(t, asideFiles(t, cfg))
	requireOnce(t, cfg, 2)
}

// TestDamagedWhileHeld: an entry that the disk spoils before it is read back is lost aloud, with its number of records.
func TestDamagedWhileHeld(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	r := startRig(t, cfg)
	for i := range 3 {
		r.send(newLogs(i, 1))
	}
	require.NoError(t, r.wal.Append(append(make([]byte, wal.EntryHead), "x"...), wal.Info{}, nil, 0)) // gives up what is attached
	names, err := filepath.Glob(filepath.Join(cfg.WAL.Directory, "*.wal"))
	require.NoError(t, err)
	b, err := os.ReadFile(names[0])
	require.NoError(t, err)
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(names[0], b, 0o600))
	r.held.Rotate(0)
	r.eventually("held_records", "", 0)
	r.eventually("dropped_records", "damaged", float64(1))
	r.requireBalance()
	r.stop()
	got := archived(t, cfg)
	assert.Len(t, got, 2)
	assert.NotContains(t, got, "record 1")
}

// TestPoisonWithoutALog: the sender still has the batch, and learns that it is of no use to send it again.
func TestPoisonWithoutALog(t *testing.T) {
	r := newRig(t, bucketConfig(t))
	r.beforeEncode = poisonous
	require.NoError(t, r.start(context.Background(), r.host))
	good := make(chan error, 2)
	for i := range 2 {
		go func() { good <- r.consume(context.Background(), newLogs(2*i, 2)) }()
	}
	err := r.consume(context.Background(), newLogs(-poisonRecords, poisonRecords))
	require.ErrorContains(t, err, "panic")
	assert.True(t, consumererror.IsPermanent(err))
	require.NoError(t, <-good)
	require.NoError(t, <-good)
	r.eventually("dropped_records", "undecodable", float64(poisonRecords))
	r.requireBalance()
	r.stop()
	requireOnce(t, r.cfg, 4)
}

// TestLaterPayloadIsNotDeleted: another program can read it, so without room for a copy its segment is kept; it is
// counted, and stops nobody.
func TestLaterPayloadIsNotDeleted(t *testing.T) {
	for _, room := range []int{0, 1} {
		cfg := testConfig(t)
		cfg.Flush.Interval = time.Hour
		cfg.WAL.MaxAsideMiB = room
		r := startRig(t, cfg)
		r.send(newLogs(0, 2))
		b, head, err := payload.Append(make([]byte, wal.EntryHead), payload.Head{Arrival: time.Now()}, newLogs(-5, 5))
		require.NoError(t, err)
		b[wal.EntryHead]++
		require.NoError(t, r.wal.Append(b, head.Info(), nil, 0))
		r.telemetry.ExporterObjectStorageAcceptedRecords.Add(context.Background(), 5)
		r.held.Rotate(0)
		r.eventually("dropped_records", "undecodable", 5)
		r.eventually("held_records", "", 0)
		r.requireBalance()
		r.stop()
		requireOnce(t, cfg, 2)
		files := asideFiles(t, cfg)
		require.Len(t, files, 1)
		kept, err := os.ReadFile(files[0])
		require.NoError(t, err)
		assert.Contains(t, string(kept), string(b[wal.EntryHead:]))
	}
}
