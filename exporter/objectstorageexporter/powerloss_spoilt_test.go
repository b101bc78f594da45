// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/vfs"
)

// TestPowerLossIsNoticed: TestPowerLoss would fail if the exporter left out any one of its syncs.
func TestPowerLossIsNoticed(t *testing.T) {
	in := func(part string) func(string) bool {
		return func(name string) bool { return strings.Contains(filepath.ToSlash(name), part) }
	}
	for name, spoil := range map[string]func(vfs.FS) vfs.FS{
		"entries":              func(m vfs.FS) vfs.FS { return forgetful{FS: m, file: in(".wal")} },
		"state":                func(m vfs.FS) vfs.FS { return forgetful{FS: m, file: in("wal.json")} },
		"names of segments":    func(m vfs.FS) vfs.FS { return forgetful{FS: m, dir: in("/wal")} },
		"directory of the log": func(m vfs.FS) vfs.FS { return forgetful{FS: m, dir: in("/lib")} },
		"objects":              func(m vfs.FS) vfs.FS { return forgetful{FS: m, file: in("/archive/")} },
		"names of objects":     func(m vfs.FS) vfs.FS { return forgetful{FS: m, dir: in("/hour=")} },
		"names of commits":     func(m vfs.FS) vfs.FS { return forgetful{FS: m, dir: in("/_log/")} },
		"directories of objects": func(m vfs.FS) vfs.FS {
			return forgetful{FS: m, dir: func(s string) bool { return in("/date=")(s) && !in("/hour=")(s) }}
		},
		"directory of the archive": func(m vfs.FS) vfs.FS {
			return forgetful{FS: m, dir: func(s string) bool { return filepath.ToSlash(s) == "/var" }}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(60) {
				for _, v := range lossVariants {
					h := newLossHistory(t, v, seed)
					h.spoil = spoil
					for range 10 {
						h.round()
					}
					h.finish()
					if len(h.failures) > 0 {
						t.Logf("noticed after %d disks: %s", seed+1, h.failures[0])
						return
					}
				}
			}
			t.Error("not noticed")
		})
	}
}

// forgetful is a file system that leaves out the syncs of some files and directories.
type forgetful struct {
	vfs.FS
	file, dir func(name string) bool
}

func (m forgetful) SyncDir(dir string) error {
	if m.dir != nil && m.dir(dir) {
		return nil
	}
	return m.FS.SyncDir(dir)
}

func (m forgetful) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := m.FS.Open(name, flag, perm)
	if err != nil || m.file == nil || !m.file(name) {
		return f, err
	}
	return forgetfulFile{f}, nil
}

type forgetfulFile struct{ vfs.File }

func (forgetfulFile) Sync() error { return nil }

// TestRemovalThatFailsIsNoSecondCommit: a segment that was committed, and that no process comes to delete, stays
// one commit however often the exporter starts.
func TestRemovalThatFailsIsNoSecondCommit(t *testing.T) {
	cfg := testConfig(t)
	for life := range 4 {
		e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		keep := &keeping{FS: vfs.OS, refused: make(chan struct{}, 100)}
		e.fs = keep
		require.NoError(t, e.start(context.Background(), componenttest.NewNopHost()))
		if life == 0 {
			require.NoError(t, e.consume(context.Background(), newLogs(0, 3)))
		}
		if life < 3 {
			<-keep.refused
			e.crash()
		} else {
			keep.off.Store(true)
			require.NoError(t, e.shutdown(context.Background()))
		}
	}
	requireOnce(t, cfg, 3)
}

// TestSegmentThatIsCommittedInPart: when entries that were given up after a failed sync come back behind those of
// their segment that were committed, they alone are committed.
func TestSegmentThatIsCommittedInPart(t *testing.T) {
	cfg := testConfig(t)
	live := func(first int, bucket *faultyBucket, until func(*keeping)) {
		e, err := newExporter(exportertest.NewNopSettings(metadata.Type), cfg)
		require.NoError(t, err)
		keep := &keeping{FS: vfs.OS, refused: make(chan struct{}, 100)}
		e.fs = keep
		e.openBucket = bucket.open(cfg)
		require.NoError(t, e.start(context.Background(), componenttest.NewNopHost()))
		require.NoError(t, e.consume(context.Background(), newLogs(first, 2)))
		until(keep)
		e.crash()
	}
	live(0, &faultyBucket{}, func(keep *keeping) { <-keep.refused }) // committed
	away := &faultyBucket{}
	away.set(func(key string, do func() error) error {
		if strings.HasSuffix(key, ".parquet") {
			return errFault
		}
		return do()
	})
	live(2, away, func(*keeping) {})
	names, err := filepath.Glob(filepath.Join(cfg.WAL.Directory, "*.wal"))
	require.NoError(t, err)
	require.Len(t, names, 2)
	committed, err := os.ReadFile(names[0])
	require.NoError(t, err)
	more, err := os.ReadFile(names[1])
	require.NoError(t, err)
	const header = 28
	require.NoError(t, os.WriteFile(names[0], append(committed, more[header:]...), 0o600))
	require.NoError(t, os.Remove(names[1]))

	e := startExporter(t, cfg)
	require.NoError(t, e.shutdown(context.Background()))
	requireOnce(t, cfg, 4)
}

// keeping is a file system on which segments cannot be deleted.
type keeping struct {
	vfs.FS
	refused chan struct{}
	off     atomic.Bool
}

func (m *keeping) Remove(name string) error {
	if m.off.Load() || !strings.HasSuffix(name, ".wal") {
		return m.FS.Remove(name)
	}
	select {
	case m.refused <- struct{}{}:
	default:
	}
	return errFault
}
