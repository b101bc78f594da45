// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/vfs"
)

// damaged makes a log of n entries of 100 bytes and spoils its segment.
func damaged(t *testing.T, n int, spoil func(b []byte)) (opts Options, segment string) {
	t.Helper()
	opts = options(t.TempDir())
	l, err := Open(opts)
	require.NoError(t, err)
	for i := range n {
		require.NoError(t, l.put(bytes.Repeat([]byte{byte('a' + i)}, 100)))
	}
	require.NoError(t, l.Close())
	names, err := filepath.Glob(filepath.Join(opts.Directory, "*.wal"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	b, err := os.ReadFile(names[0])
	require.NoError(t, err)
	spoil(b)
	require.NoError(t, os.WriteFile(names[0], b, 0o600))
	return opts, names[0]
}

// TestDamagedHeaderCostsNoEntries, wherever the byte is, and whether wal.json is there or not.
func TestDamagedHeaderCostsNoEntries(t *testing.T) {
	for at := range headerBytes {
		for _, lost := range []bool{false, true} {
			opts, segment := damaged(t, 5, func(b []byte) { b[at] ^= 1 })
			opts.MaxAsideBytes = 0
			if lost {
				if at > len(magic) && at <= len(magic)+idBytes {
					continue // nobody knows the id
				}
				require.NoError(t, os.Remove(filepath.Join(opts.Directory, stateName)))
			}
			report, err := Inspect(opts.Directory, describe)
			require.NoError(t, err)
			assert.Equal(t, 5, report.Segments[0].Entries, "byte %d", at)
			l, err := Open(opts)
			require.NoError(t, err)
			require.Len(t, l.Damage(), 1)
			aside := filepath.Join(opts.Directory, asideName, filepath.Base(segment))
			assert.Equal(t, Damage{File: segment, Bytes: int64(headerBytes), Aside: aside, Whole: true}, l.Damage()[0])
			payloads, _ := drain(t, l)
			assert.Len(t, payloads, 5, "byte %d", at)
			require.NoError(t, l.Close())
			assert.NoFileExists(t, segment)
			assert.FileExists(t, aside)
		}
	}
}

// TestNothingReadableIsNotDeleted: there is no room for a copy, so the segment itself goes aside.
func TestNothingReadableIsNotDeleted(t *testing.T) {
	var want []byte
	opts, segment := damaged(t, 1, func(b []byte) {
		b[len(b)-1] ^= 1
		want = bytes.Clone(b)
	})
	opts.MaxAsideBytes = 50
	for _, name := range []string{"00000000000000000001.wal", "00000000000000000001-1.wal"} {
		require.NoError(t, os.WriteFile(segment, want, 0o600)) // again under the same number
		l, err := Open(opts)
		require.NoError(t, err)
		require.Len(t, l.Damage(), 1)
		d := l.Damage()[0]
		assert.Equal(t, filepath.Join(opts.Directory, asideName, name), d.Aside)
		assert.True(t, d.Whole)
		assert.True(t, d.Tail, "it may not have been acknowledged")
		require.NoError(t, l.Close())
		got, err := os.ReadFile(d.Aside)
		require.NoError(t, err)
		assert.Equal(t, want, got)
		assert.NoFileExists(t, segment)
		report, err := Inspect(opts.Directory, describe)
		require.NoError(t, err)
		assert.Contains(t, report.Aside, File{name, int64(len(want))})
	}
}

// TestDamageBeforeWholeSegmentsIsNoTail: what later segments follow was not being written when the process ended.
func TestDamageBeforeWholeSegmentsIsNoTail(t *testing.T) {
	opts, segment := damaged(t, 2, func([]byte) {})
	l, err := Open(opts)
	require.NoError(t, err)
	require.NoError(t, l.put([]byte("later")))
	require.NoError(t, l.Close())
	b, err := os.ReadFile(segment)
	require.NoError(t, err)
	b[len(b)-1] ^= 1
	require.NoError(t, os.WriteFile(segment, b, 0o600))
	l, err = Open(opts)
	require.NoError(t, err)
	require.Len(t, l.Damage(), 1)
	assert.False(t, l.Damage()[0].Tail)
	require.NoError(t, l.Close())
}

// badSectors is a file system whose first segment cannot be read at some place, so many times.
type badSectors struct {
	vfs.FS
	from, to int64 // of the first segment
	left     atomic.Int64
}

type badSectorsFile struct {
	vfs.File
	d *badSectors
}

func (d *badSectors) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := d.FS.Open(name, flag, perm)
	if err != nil || !strings.HasSuffix(name, "0001.wal") {
		return f, err
	}
	return badSectorsFile{f, d}, nil
}

func (f badSectorsFile) ReadAt(b []byte, at int64) (int, error) {
	if at < f.d.to && at+int64(len(b)) > f.d.from && f.d.left.Add(-1) >= 0 {
		return 0, &fs.PathError{Op: "read", Path: f.Name(), Err: syscall.EIO}
	}
	return f.File.ReadAt(b, at)
}

// TestBadSector: what the disk does not give costs the entries in it, not those behind it, nor the start; and the file
// is kept.
func TestBadSector(t *testing.T) {
	for _, when := range []string{"at start", "at a flush"} {
		for _, where := range []int64{0, 2 * blockBytes} {
			t.Run(when, func(t *testing.T) {
				d := &badSectors{FS: vfs.OS, from: where, to: where + blockBytes}
				opts := options(t.TempDir())
				opts.FS, opts.MaxBytes, opts.MaxAttachedBytes = d, 1<<20, 0
				l, err := Open(opts)
				require.NoError(t, err)
				const n = 200
				for i := range n {
					require.NoError(t, l.put(bytes.Repeat([]byte{byte(i)}, 100)))
				}
				l.Rotate(0)
				require.NoError(t, l.put([]byte("behind")))
				if when == "at start" {
					require.NoError(t, l.Close())
					d.left.Store(1 << 40)
					l, err = Open(opts)
					require.NoError(t, err)
					require.Len(t, l.Damage(), 1)
					assert.True(t, l.Damage()[0].Unreadable)
					assert.False(t, l.Damage()[0].Tail)
				}
				d.left.Store(1 << 40)
				l.Rotate(0)
				s, err := l.Next()
				require.NoError(t, err)
				read := func() (numbers []uint64, damage []Damage, err error) {
					damage, err = l.Read(s, func(e Entry) error { numbers = append(numbers, e.Number); return nil })
					return numbers, damage, err
				}
				if when == "at a flush" && where > 0 {
					for range readAttempts {
						_, _, err = read()
						require.ErrorIs(t, err, syscall.EIO, "it may pass")
					}
				}
				numbers, damage, err := read()
				for range readAttempts {
					if err != nil {
						numbers, damage, err = read()
					}
				}
				require.NoError(t, err)
				assert.Less(t, len(numbers), n-30)
				assert.Greater(t, len(numbers), n-50, "those in a block of 4 KiB")
				assert.EqualValues(t, n, numbers[len(numbers)-1])
				require.Len(t, damage, 1)
				assert.True(t, damage[0].Unreadable)
				assert.True(t, damage[0].Whole)
				require.NoError(t, l.Remove(s, 1))
				assert.FileExists(t, damage[0].Aside)
				s, err = l.Next()
				require.NoError(t, err)
				d.left.Store(0)
				numbers, _, err = read()
				require.NoError(t, err)
				assert.Equal(t, []uint64{n + 1}, numbers)
				require.NoError(t, l.Remove(s, 1))
				require.NoError(t, l.Close())
			})
		}
	}
}

// TestErrorsThatPassAreNoDamage.
func TestErrorsThatPassAreNoDamage(t *testing.T) {
	d := &badSectors{FS: vfs.OS, to: 1 << 30}
	opts, _ := damaged(t, 5, func([]byte) {})
	opts.FS = d
	d.left.Store(readAttempts)
	l, err := Open(opts)
	require.NoError(t, err)
	assert.Empty(t, l.Damage())
	assert.EqualValues(t, 5, l.Stats().Records)
	payloads, _ := drain(t, l)
	assert.Len(t, payloads, 5)
	require.NoError(t, l.Close())
}

// TestKeep: a segment that has something to keep is moved, not deleted, also when no state can be written.
func TestKeep(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAsideBytes = 0
	l, err := Open(opts)
	require.NoError(t, err)
	require.NoError(t, l.put([]byte("x")))
	l.Rotate(0)
	s, err := l.Next()
	require.NoError(t, err)
	path := l.Keep(s)
	require.NoError(t, l.Remove(s, 1))
	assert.FileExists(t, path)
	assert.NoFileExists(t, s.path)
	assert.Zero(t, l.Stats().Bytes)
	require.NoError(t, l.Close())
}

// TestReserveWithAWrongEstimate: as long as memory is nearly unused nobody waits, and no segment ends.
func TestReserveWithAWrongEstimate(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAttachedBytes = 1000
	l, err := Open(opts)
	require.NoError(t, err)
	require.NoError(t, l.put(make([]byte, 10)))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		l.Reserve(ctx, 1<<40, nil)
		require.NoError(t, l.put(make([]byte, 10)))
	}
	require.NoError(t, ctx.Err(), "nobody waited")
	short, cancelShort := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancelShort()
	l.Reserve(short, 1<<40, nil) // the others have set everything apart
	require.Error(t, short.Err())
	select {
	case <-l.Ready():
		t.Fatal("a segment ended that had 40 of 1000 bytes")
	default:
	}
	for range 4 {
		l.Unreserve(1 << 40)
	}
	assert.Zero(t, l.reserved)
	require.NoError(t, l.Close())
}

// TestAgeIsNotNegative when the clock is set back.
func TestAgeIsNotNegative(t *testing.T) {
	assert.Zero(t, Stats{Since: time.Now().Add(time.Hour).Round(0)}.Age())
	assert.Positive(t, Stats{Since: time.Now().Add(-time.Hour)}.Age())
}
