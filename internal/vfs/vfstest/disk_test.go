// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package vfstest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/vfs"
)

const dir = "/data/sub"

// big spans some sectors, so that it can be torn.
func big(c string) []byte { return []byte(strings.Repeat(c, 3*sector)) }

// program is something that writes to a disk and says at which points it promises something; what it returns is
// the promise that holds, checked after the crash.
type program struct {
	name string
	// prepare runs first, and survives.
	prepare func(vfs.FS) error
	// run returns nil when it promises the result.
	run func(vfs.FS) error
	// whole reports that what is found is at least not half; done that it is the result.
	whole, done func(vfs.FS) bool
	faults      Faults
}

// violations cuts the power at every operation of a program, with many seeds, and counts the broken promises.
func violations(t *testing.T, p program) (broken, runs int) {
	t.Helper()
	for seed := range uint64(150) {
		for crash := 1; ; crash++ {
			d := New(seed<<16 | uint64(crash))
			m := d.Boot()
			require.NoError(t, vfs.MkdirAll(m, "/data", 0o700))
			if p.prepare != nil {
				require.NoError(t, p.prepare(m))
			}
			d.SetFaults(p.faults)
			d.CrashAfter(crash)
			err := p.run(m)
			ended := d.Counts().Crashes == 0
			d.SetFaults(Faults{})
			d.Crash()
			m = d.Boot()
			runs++
			if err == nil && !p.done(m) || p.whole != nil && !p.whole(m) {
				broken++
			}
			if ended {
				break
			}
		}
	}
	return broken, runs
}

func holds(name string, contents ...[]byte) func(vfs.FS) bool {
	return func(m vfs.FS) bool {
		b, err := vfs.ReadFile(m, name)
		for _, c := range contents {
			if c == nil && errors.Is(err, fs.ErrNotExist) || c != nil && err == nil && bytes.Equal(b, c) {
				return true
			}
		}
		return false
	}
}

func put(m vfs.FS, name string, flag int, b []byte, sync bool) error {
	f, err := m.Open(name, os.O_CREATE|os.O_WRONLY|flag, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil && sync {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// TestPrograms: programs that do what package vfs demands keep their promises, whenever the power is cut; those
// that forget one step are caught.
func TestPrograms(t *testing.T) {
	old, fresh := big("old"), big("new")
	name := "/data/file"
	prepare := func(m vfs.FS) error { return vfs.WriteFile(m, name, old, 0o600) }
	replaced := func(p program) program {
		p.prepare, p.done, p.whole = prepare, holds(name, fresh), holds(name, old, fresh)
		return p
	}
	good := []program{
		replaced(program{name: "replace", run: func(m vfs.FS) error { return vfs.WriteFile(m, name, fresh, 0o600) }}),
		replaced(program{
			name: "replace among errors", faults: Faults{Write: 0.2, Sync: 0.2, Name: 0.2},
			run: func(m vfs.FS) error { return vfs.WriteFile(m, name, fresh, 0o600) },
		}),
		{name: "make directories", done: holds(dir+"/x/f", fresh), run: func(m vfs.FS) error {
			return errors.Join(vfs.MkdirAll(m, dir+"/x", 0o700), vfs.WriteFile(m, dir+"/x/f", fresh, 0o600))
		}},
		{
			name: "directories that somebody made and did not sync", done: holds(dir+"/f", fresh),
			run: func(m vfs.FS) error {
				return errors.Join(m.Mkdir(dir, 0o700), vfs.MkdirAll(m, dir, 0o700), vfs.WriteFile(m, dir+"/f", fresh, 0o600))
			},
		},
		{name: "link", done: holds("/data/b", fresh), whole: holds("/data/b", nil, fresh), run: func(m vfs.FS) error {
			return errors.Join(vfs.CreateFile(m, "/data/a", os.O_EXCL, fresh, 0o600), m.Link("/data/a", "/data/b"), m.Remove("/data/a"), m.SyncDir("/data"))
		}},
	}
	bad := []program{
		replaced(program{name: "file not synced", run: func(m vfs.FS) error {
			return errors.Join(put(m, name+"1", 0, fresh, false), m.Rename(name+"1", name), m.SyncDir("/data"))
		}}),
		replaced(program{name: "rename not synced", run: func(m vfs.FS) error {
			return errors.Join(put(m, name+"1", 0, fresh, true), m.Rename(name+"1", name))
		}}),
		replaced(program{name: "directory synced before the rename", run: func(m vfs.FS) error {
			return errors.Join(put(m, name+"1", 0, fresh, true), m.SyncDir("/data"), m.Rename(name+"1", name))
		}}),
		replaced(program{name: "written in place", run: func(m vfs.FS) error { return put(m, name, 0, fresh, true) }}),
		replaced(program{name: "truncated and written", run: func(m vfs.FS) error { return put(m, name, os.O_TRUNC, fresh, true) }}),
		replaced(program{name: "failed sync tried again", faults: Faults{Sync: 0.5}, run: func(m vfs.FS) error {
			f, err := m.Open(name+"1", os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return err
			}
			_, err = f.Write(fresh)
			for f.Sync() != nil && err == nil {
				_, err = m.Stat("/data") // ends when the power is cut
			}
			if err != nil {
				return err
			}
			_ = m.Rename(name+"1", name)
			for m.SyncDir("/data") != nil {
				if _, err := m.Stat("/data"); err != nil {
					return err
				}
			}
			return f.Close()
		}}),
		replaced(program{name: "error of write ignored", faults: Faults{Write: 0.5}, run: func(m vfs.FS) error {
			f, err := m.Open(name+"1", os.O_CREATE|os.O_RDWR, 0o600)
			if err != nil {
				return err
			}
			_, _ = f.Write(fresh)
			return errors.Join(f.Sync(), f.Close(), m.Rename(name+"1", name), m.SyncDir("/data"))
		}}),
		{name: "parent not synced", done: holds(dir+"/f", fresh), run: func(m vfs.FS) error {
			return errors.Join(m.Mkdir(dir, 0o700), vfs.WriteFile(m, dir+"/f", fresh, 0o600))
		}},
		{name: "new file's name not synced", done: holds(name, fresh), run: func(m vfs.FS) error {
			return put(m, name, 0, fresh, true)
		}},
		{name: "link not synced", done: holds("/data/b", fresh), run: func(m vfs.FS) error {
			return errors.Join(vfs.CreateFile(m, "/data/a", os.O_EXCL, fresh, 0o600), m.SyncDir("/data"), m.Link("/data/a", "/data/b"))
		}},
		{
			name: "removed before the other is durable", prepare: prepare, whole: func(m vfs.FS) bool {
				return holds(name, old)(m) || holds("/data/other", old)(m)
			},
			done: holds("/data/other", old),
			run: func(m vfs.FS) error {
				return errors.Join(put(m, "/data/other", 0, old, true), m.Remove(name), m.SyncDir("/data"))
			},
		},
		{
			name: "truncated before the rename is durable", prepare: prepare, whole: func(m vfs.FS) bool {
				return holds(name, old)(m) || holds("/data/marker", old, []byte{})(m)
			},
			done: holds("/data/marker", []byte{}),
			run: func(m vfs.FS) error {
				return errors.Join(m.Rename(name, "/data/marker"), vfs.Truncate(m, "/data/marker", 0), m.SyncDir("/data"))
			},
		},
		{
			name: "later write taken for a sign of the earlier", prepare: prepare,
			run: func(m vfs.FS) error {
				f, err := m.Open(name, os.O_RDWR, 0)
				if err != nil {
					return err
				}
				_, err = f.WriteAt(fresh, 0)
				_, err2 := f.WriteAt([]byte("ok"), 10*sector)
				return errors.Join(err, err2, f.Sync(), f.Close())
			},
			whole: func(m vfs.FS) bool {
				b, err := vfs.ReadFile(m, name)
				return err == nil && (!bytes.HasSuffix(b, []byte("ok")) || bytes.HasPrefix(b, fresh))
			},
			done: func(vfs.FS) bool { return true },
		},
	}
	for _, p := range good {
		t.Run(p.name, func(t *testing.T) {
			broken, runs := violations(t, p)
			assert.Zero(t, broken, "of %d runs", runs)
		})
	}
	for _, p := range bad {
		t.Run(p.name, func(t *testing.T) {
			broken, runs := violations(t, p)
			assert.Positive(t, broken, "of %d runs", runs)
			t.Logf("%d of %d runs broke the promise", broken, runs)
		})
	}
}

// TestUnsyncedWrites: whatever can become of a write that was not synced does come up.
func TestUnsyncedWrites(t *testing.T) {
	seen := map[string]bool{}
	body := bytes.Repeat([]byte("x"), 4*sector)
	for seed := range uint64(600) {
		d := New(seed)
		m := d.Boot()
		require.NoError(t, vfs.CreateFile(m, "/other", os.O_EXCL, bytes.Repeat([]byte("o"), 4*sector), 0o600))
		require.NoError(t, vfs.CreateFile(m, "/f", os.O_EXCL, []byte("head"), 0o600))
		require.NoError(t, m.SyncDir("/"))
		f, err := m.Open("/f", os.O_RDWR, 0)
		require.NoError(t, err)
		_, err = f.WriteAt(body, 4)
		require.NoError(t, err)
		d.Crash()
		_, err = f.ReadAt(make([]byte, 1), 0)
		require.ErrorIs(t, err, ErrPowerOff)
		b, err := vfs.ReadFile(d.Boot(), "/f")
		require.NoError(t, err)
		require.True(t, bytes.HasPrefix(b, []byte("head")), "what was synced stays")
		tail := b[4:]
		xs := bytes.Count(tail, []byte("x"))
		switch {
		case len(tail) == 0:
			seen["lost"] = true
		case bytes.Equal(tail, body):
			seen["kept"] = true
		case bytes.ContainsRune(tail, 'o'):
			seen["another file's"] = true
		case xs == 0:
			seen["zeros"] = true
		case tail[0] == 0:
			seen["hole"] = true
		case xs == len(tail):
			seen["prefix"] = true
		default:
			seen["prefix and zeros"] = true
		}
	}
	assert.Len(t, seen, 7, "%v", seen)
}

func TestSameSeedSameFate(t *testing.T) {
	run := func(seed uint64) (images []string) {
		d := New(seed)
		d.SetFaults(Faults{Write: 0.1, Sync: 0.1, Name: 0.1})
		for range 10 {
			m := d.Boot()
			d.CrashAfter(20)
			for i := 0; ; i++ {
				name := fmt.Sprintf("/%d", i%7)
				if err := vfs.WriteFile(m, name, big(name), 0o600); errors.Is(err, ErrPowerOff) {
					break
				}
			}
			image := ""
			m = d.Boot()
			entries, err := m.ReadDir("/")
			require.NoError(t, err)
			for _, e := range entries {
				b, err := vfs.ReadFile(m, "/"+e.Name())
				require.NoError(t, err)
				image += e.Name() + "=" + string(b) + "\n"
			}
			images = append(images, image)
		}
		return images
	}
	assert.Equal(t, run(1), run(1))
	assert.NotEqual(t, run(1), run(2))
}

func TestKillLosesNothingYet(t *testing.T) {
	d := New(1)
	m := d.Boot()
	_, err := m.Lock("/lock")
	require.NoError(t, err)
	_, err = m.Lock("/lock")
	require.ErrorIs(t, err, vfs.ErrLocked)
	require.NoError(t, put(m, "/f", 0, []byte("not synced"), false))
	next := d.Boot()
	_, err = m.Stat("/f")
	require.ErrorIs(t, err, ErrPowerOff)
	l, err := next.Lock("/lock")
	require.NoError(t, err, "locks go with the program")
	require.NoError(t, l.Close())
	b, err := vfs.ReadFile(next, "/f")
	require.NoError(t, err)
	assert.Equal(t, "not synced", string(b))
	lost := 0
	for seed := range uint64(20) {
		d := New(seed)
		require.NoError(t, put(d.Boot(), "/f", 0, []byte("not synced"), false))
		d.Kill()
		d.Boot()
		d.Crash()
		if _, err := d.Boot().Stat("/f"); err != nil {
			lost++
		}
	}
	assert.Positive(t, lost, "a power cut after the kill")
}

func TestFullDisk(t *testing.T) {
	d := New(1)
	m := d.Boot()
	d.SetCapacity(2*fileCost + 1000)
	require.NoError(t, put(m, "/a", 0, make([]byte, 400), true))
	f, err := m.Open("/b", os.O_CREATE|os.O_RDWR, 0o600)
	require.NoError(t, err)
	n, err := f.Write(make([]byte, 1000))
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.Equal(t, 600, n, "a short write")
	_, err = m.Open("/c", os.O_CREATE|os.O_RDWR, 0o600)
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, m.Rename("/a", "/c"), "a name can be had")
	require.NoError(t, m.Remove("/b"))
	assert.EqualValues(t, 2*fileCost+1000, d.Used(), "as long as it is open")
	require.NoError(t, f.Close())
	assert.EqualValues(t, fileCost+400, d.Used())
	require.NoError(t, vfs.Truncate(m, "/c", 0))
	assert.EqualValues(t, fileCost, d.Used())
	require.NoError(t, m.SyncDir("/"))
	d.Crash()
	assert.GreaterOrEqual(t, d.Used(), int64(fileCost))
	assert.Positive(t, d.Counts().Full)
}

// TestLikeTheRealOne: the simulated file system answers as the real one does.
func TestLikeTheRealOne(t *testing.T) {
	for name, fsys := range map[string]vfs.FS{"os": vfs.OS, "simulated": New(1).Boot()} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			require.NoError(t, vfs.MkdirAll(fsys, root, 0o700))
			at := func(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }
			create := func(name, content string) error {
				return vfs.CreateFile(fsys, at(name), os.O_EXCL, []byte(content), 0o600)
			}
			get := func(name string) string {
				b, err := vfs.ReadFile(fsys, at(name))
				require.NoError(t, err)
				return string(b)
			}
			require.ErrorIs(t, create("a/b", "x"), fs.ErrNotExist)
			require.NoError(t, fsys.Mkdir(at("a"), 0o700))
			require.ErrorIs(t, fsys.Mkdir(at("a"), 0o700), fs.ErrExist)
			require.ErrorIs(t, fsys.Mkdir(at("x/y"), 0o700), fs.ErrNotExist)
			require.NoError(t, create("a/b", "one"))
			require.ErrorIs(t, create("a/b", "two"), fs.ErrExist)
			require.ErrorIs(t, create("a/b/c", "x"), syscall.ENOTDIR)
			require.Error(t, vfs.MkdirAll(fsys, at("a/b"), 0o700))
			require.Error(t, vfs.MkdirAll(fsys, at("a/b/c"), 0o700))
			require.NoError(t, vfs.MkdirAll(fsys, at("a/d/e"), 0o700))
			require.NoError(t, fsys.Link(at("a/b"), at("a/c")))
			require.ErrorIs(t, fsys.Link(at("a/b"), at("a/c")), fs.ErrExist)
			require.ErrorIs(t, fsys.Link(at("a/no"), at("a/e")), fs.ErrNotExist)
			require.NoError(t, fsys.Remove(at("a/b")))
			require.ErrorIs(t, fsys.Remove(at("a/b")), fs.ErrNotExist)
			require.Error(t, fsys.Remove(at("a")), "not empty")
			assert.Equal(t, "one", get("a/c"))
			require.NoError(t, create("a/f", "two"))
			require.NoError(t, fsys.Rename(at("a/c"), at("a/f")))
			require.ErrorIs(t, fsys.Rename(at("a/c"), at("a/f")), fs.ErrNotExist)
			assert.Equal(t, "one", get("a/f"))
			require.NoError(t, fsys.Rename(at("a/f"), at("a/d/f")))
			assert.Equal(t, "one", get("a/d/f"))
			require.NoError(t, vfs.WriteFile(fsys, at("a/d/f"), []byte("three"), 0o600))
			assert.Equal(t, "three", get("a/d/f"))
			require.NoError(t, vfs.Truncate(fsys, at("a/d/f"), 2))
			assert.Equal(t, "th", get("a/d/f"))
			require.NoError(t, vfs.Truncate(fsys, at("a/d/f"), 4))
			assert.Equal(t, "th\x00\x00", get("a/d/f"))

			entries, err := fsys.ReadDir(at("a/d"))
			require.NoError(t, err)
			require.Len(t, entries, 2)
			assert.Equal(t, "e", entries[0].Name())
			assert.True(t, entries[0].IsDir())
			entry, err := entries[1].Info()
			require.NoError(t, err)
			assert.EqualValues(t, 4, entry.Size())
			assert.True(t, entry.Mode().IsRegular())
			_, err = fsys.ReadDir(at("no"))
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = fsys.Open(at("no"), os.O_RDONLY, 0)
			require.ErrorIs(t, err, fs.ErrNotExist)
			_, err = fsys.Stat(at("no"))
			require.ErrorIs(t, err, fs.ErrNotExist)
			require.NoError(t, fsys.SyncDir(at("a")))

			f, err := fsys.Open(at("g"), os.O_CREATE|os.O_RDWR, 0o600)
			require.NoError(t, err)
			_, err = f.Write([]byte("ab"))
			require.NoError(t, err)
			_, err = f.WriteAt([]byte("ef"), 4)
			require.NoError(t, err)
			_, err = f.Write([]byte("cd"))
			require.NoError(t, err)
			require.NoError(t, fsys.Remove(at("g")))
			p := make([]byte, 10)
			n, err := f.ReadAt(p, 1)
			require.ErrorIs(t, err, io.EOF)
			assert.Equal(t, "bcdef", string(p[:n]))
			require.NoError(t, f.Sync())
			info, err := f.Stat()
			require.NoError(t, err)
			assert.EqualValues(t, 6, info.Size())
			require.NoError(t, f.Close())
			require.Error(t, f.Close())
			require.Error(t, f.Sync())

			f, err = fsys.Open(at("a/d/f"), os.O_RDONLY, 0)
			require.NoError(t, err)
			_, err = f.Write([]byte("x"))
			require.Error(t, err)
			b, err := io.ReadAll(f)
			require.NoError(t, err)
			assert.Equal(t, "th\x00\x00", string(b))
			require.NoError(t, f.Close())

			l, err := fsys.Lock(at("lock"))
			require.NoError(t, err)
			_, err = fsys.Lock(at("lock"))
			require.ErrorIs(t, err, vfs.ErrLocked)
			require.NoError(t, l.Close())
			l, err = fsys.Lock(at("lock"))
			require.NoError(t, err)
			require.NoError(t, l.Close())
		})
	}
}
