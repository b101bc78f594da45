// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"io/fs"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/vfs"
	"github.com/logboom/logboom/internal/wal"
)

// badSector is a file system that cannot read the first block of the log's first segment, once it is on.
type badSector struct {
	vfs.FS
	on atomic.Bool
}

type badSectorFile struct {
	vfs.File
	d *badSector
}

func (d *badSector) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := d.FS.Open(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, "00000000000000000001.wal") {
		return f, err
	}
	return badSectorFile{f, d}, nil
}

func (f badSectorFile) ReadAt(b []byte, at int64) (int, error) {
	if f.d.on.Load() && at < 4096 {
		return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: syscall.EIO}
	}
	return f.File.ReadAt(b, at)
}

// TestUnreadableSector: what the disk cannot read back is lost aloud; the records behind it and the segments behind it
// go to the archive, at a flush and after a restart. The file is kept.
func TestUnreadableSector(t *testing.T) {
	for _, when := range []string{"at a flush", "at start"} {
		t.Run(when, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Flush.Interval = time.Hour
			d := &badSector{FS: vfs.OS}
			r := newRig(t, cfg)
			r.fs = d
			require.NoError(t, r.start(context.Background(), r.host))
			if when == "at start" {
				r.bucket.set(func(string, func() error) error { return errFault })
			}
			const batches = 100
			for i := range batches {
				r.send(newLogs(i, 1))
			}
			require.NoError(t, r.wal.Append(append(make([]byte, wal.EntryHead), "x"...), wal.Info{}, nil, 0)) // gives up what is attached
			d.on.Store(true)
			r.held.Rotate(0)
			if when == "at start" {
				r.crash()
				r = newRig(t, cfg)
				r.fs = d
				require.NoError(t, r.start(context.Background(), r.host))
			}
			r.send(newLogs(batches, 1))
			r.held.Rotate(0)
			r.eventually("held_records", "", 0)
			got := len(archived(t, cfg))
			assert.Less(t, got, batches)
			assert.Greater(t, got, batches/2)
			assert.Contains(t, archived(t, cfg), "record 100")
			if when == "at a flush" {
				r.eventually("dropped_records", "damaged", float64(batches+1-got))
			}
			r.requireBalance()
			r.stop()
			assert.Contains(t, strings.Join(asideFiles(t, cfg), " "), "00000000000000000001.wal")
		})
	}
}
