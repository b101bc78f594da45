// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/vfs"
	"github.com/logboom/logboom/internal/vfs/vfstest"
)

// lossModel uses a log as the exporter does, and knows what must be in it.
type lossModel struct {
	rng   *rand.Rand
	disk  *vfstest.Disk
	next  int
	acked map[string]bool
	sent  map[string]bool

	archive   map[string]int // survives everything
	committed uint64
	id        string
}

func newLossModel(seed uint64) *lossModel {
	return &lossModel{
		rng: rand.New(rand.NewPCG(seed, 7)), disk: vfstest.New(seed),
		acked: map[string]bool{}, sent: map[string]bool{}, archive: map[string]int{},
	}
}

func (m *lossModel) options() Options {
	return Options{
		Directory: "/var/lib/log", MaxBytes: 1 << 20, MaxAsideBytes: 1 << 20, SegmentWeight: 3000, FS: m.disk.Boot(),
		Describe: func(p []byte) Info { return Info{Weight: int64(len(p)), Records: 1} },
	}
}

// live opens the log and uses it until the disk ends or there is nothing more to do. late keeps the archive
// away at first, so that what it has committed is not known.
func (m *lossModel) live(steps int, late bool) error {
	l, err := Open(m.options())
	if err != nil {
		return err
	}
	defer l.Close()
	if m.id != "" && l.ID() != m.id && len(m.archive) > 0 {
		return fmt.Errorf("the log has another id than before: %s", l.ID())
	}
	m.id = l.ID()
	if !late {
		l.Raise(m.committed)
	}
	for i := range steps {
		payload := fmt.Sprintf("%d %s", m.next, strings.Repeat("x", m.rng.IntN(1500)))
		m.next++
		m.sent[payload] = true
		err := l.Append(append(make([]byte, EntryHead), payload...), Info{Weight: int64(len(payload)), Records: 1}, nil, 0)
		if err == nil {
			m.acked[payload] = true
		} else if errors.Is(err, vfstest.ErrPowerOff) {
			return err
		}
		if late && i < steps/2 {
			continue
		}
		l.Raise(m.committed)
		if m.rng.IntN(3) == 0 {
			if err := m.flush(l); err != nil {
				return err
			}
		}
	}
	l.Rotate(0)
	return m.flush(l)
}

func (m *lossModel) flush(l *Log) error {
	l.Rotate(0)
	for {
		var s *Segment
		err := m.again(func() (err error) {
			s, err = l.Next()
			return err
		})
		if err != nil || s == nil {
			return err
		}
		if s.Last > m.committed {
			var entries []string
			err := m.again(func() error {
				entries = nil
				_, err := l.Read(s, func(e Entry) error {
					if e.Number > m.committed {
						entries = append(entries, string(e.Payload))
					}
					return nil
				})
				return err
			})
			if err != nil {
				return err
			}
			for _, e := range entries {
				m.archive[e]++
			}
			m.committed = s.Last
		}
		if err := m.again(func() error { return l.Remove(s, 1) }); err != nil {
			return err
		}
	}
}

// again repeats what fails, as the exporter does, until the disk ends.
func (m *lossModel) again(f func() error) error {
	for try := 0; ; try++ {
		err := f()
		if err == nil || errors.Is(err, vfstest.ErrPowerOff) {
			return err
		}
		if try == 50 {
			m.disk.SetCapacity(0)
			m.disk.SetFaults(vfstest.Faults{})
		}
	}
}

// check empties the log and compares.
func (m *lossModel) check() (problems []string) {
	m.disk.SetCapacity(0)
	m.disk.SetFaults(vfstest.Faults{})
	if err := m.live(1, m.rng.IntN(2) == 0); err != nil {
		return []string{err.Error()}
	}
	for p, n := range m.archive {
		if !m.sent[p] || n > 1 {
			problems = append(problems, fmt.Sprintf("%.20q: %d times, sent %v", p, n, m.sent[p]))
		}
	}
	for p := range m.acked {
		if m.archive[p] == 0 {
			problems = append(problems, fmt.Sprintf("%.20q: acknowledged and lost", p))
		}
	}
	return problems
}

// TestPowerLossAtEveryOperation cuts the power at each operation of a short life, and again in the next ones.
func TestPowerLossAtEveryOperation(t *testing.T) {
	seeds := uint64(25)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		for n := 1; ; n++ {
			m := newLossModel(seed<<16 | uint64(n))
			m.disk.CrashAfter(n)
			if err := m.live(12, false); err == nil {
				break // it came to its end before
			}
			for range m.rng.IntN(4) {
				if m.rng.IntN(4) == 0 {
					m.disk.KillAfter(1 + m.rng.IntN(60))
				} else {
					m.disk.CrashAfter(1 + m.rng.IntN(60))
				}
				_ = m.live(12, m.rng.IntN(2) == 0)
				m.disk.Crash()
			}
			require.Empty(t, m.check(), "seed %d, operation %d", seed, n)
		}
	}
}

// TestPowerLossAmongErrors adds full disks and errors, the archive away, and many lives.
func TestPowerLossAmongErrors(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 50
	}
	for seed := range seeds {
		m := newLossModel(seed)
		for range 12 {
			m.disk.SetCapacity(0)
			m.disk.SetFaults(vfstest.Faults{})
			switch m.rng.IntN(3) {
			case 0:
				m.disk.SetCapacity(m.disk.Used() + m.rng.Int64N(10_000))
			case 1:
				p := []float64{0.01, 0.1, 0.3}[m.rng.IntN(3)]
				m.disk.SetFaults(vfstest.Faults{Read: p / 4, Write: p, Sync: p, Name: p})
			}
			switch m.rng.IntN(3) {
			case 0:
				m.disk.KillAfter(1 + m.rng.IntN(100))
			case 1:
				m.disk.CrashAfter(1 + m.rng.IntN(100))
			default:
				m.disk.CrashAfter(0)
			}
			_ = m.live(10, m.rng.IntN(2) == 0)
			if m.rng.IntN(2) == 0 {
				m.disk.Crash()
			}
		}
		require.Empty(t, m.check(), "seed %d", seed)
	}
}

// TestNewLogIsDurable: a log that Open returned is there after a power cut, with its id, and so is every
// directory above it, also when an earlier process made them and died before it synced them.
func TestNewLogIsDurable(t *testing.T) {
	for seed := range uint64(100) {
		m := newLossModel(seed)
		fsys := m.disk.Boot()
		if seed%2 == 1 {
			require.NoError(t, fsys.Mkdir("/var", 0o700))
			require.NoError(t, fsys.Mkdir("/var/lib", 0o700))
		}
		l, err := Open(m.options())
		require.NoError(t, err)
		id := l.ID()
		m.disk.Crash()
		l, err = Open(m.options())
		require.NoError(t, err)
		require.Equal(t, id, l.ID())
		require.NoError(t, l.Close())
	}
}

// TestTornHeaderIsNoOtherLog: a segment whose header was torn has nothing that was acknowledged, and does not
// keep the log from opening.
func TestTornHeaderIsNoOtherLog(t *testing.T) {
	m := newLossModel(1)
	require.NoError(t, m.live(3, false))
	opts := m.options()
	for n := range headerBytes + 1 {
		for before := range byte(17) { // what was on the disk: the size was there before the bytes
			l, err := Open(opts)
			require.NoError(t, err)
			torn := slices.Concat(header(Version, l.id)[:n], bytes.Repeat([]byte{before}, headerBytes-n))
			next := l.next
			require.NoError(t, l.Close())
			name := filepath.Join(opts.Directory, fmt.Sprintf("%020d.wal", next))
			require.NoError(t, vfs.WriteFile(opts.FS, name, torn, 0o600))
			l, err = Open(opts)
			require.NoError(t, err, "%d bytes, then %d", n, before)
			require.NoError(t, l.Close())
		}
	}
}

// TestAsideIsDurable: what SetAside returned is there after a power cut, also when an earlier process had died
// over it.
func TestAsideIsDurable(t *testing.T) {
	for seed := range uint64(50) {
		for n := range 12 {
			m := newLossModel(seed)
			l, err := Open(m.options())
			require.NoError(t, err)
			m.disk.KillAfter(n)
			_, err = l.SetAside("x.batch", []byte("content"))
			if err != nil {
				l, err = Open(m.options())
				require.NoError(t, err)
				_, err = l.SetAside("x.batch", []byte("content"))
			}
			require.NoError(t, err)
			m.disk.Crash()
			b, err := vfs.ReadFile(m.disk.Boot(), "/var/lib/log/aside/x.batch")
			require.NoError(t, err, "seed %d, operation %d", seed, n)
			require.Equal(t, "content", string(b))
		}
	}
}

// TestMovedAsideIsDurable: a segment that is moved aside is there under one of its names, whenever the power is cut.
func TestMovedAsideIsDurable(t *testing.T) {
	for seed := range uint64(50) {
		for n := range 10 {
			m := newLossModel(seed)
			l, err := Open(m.options())
			require.NoError(t, err)
			require.NoError(t, l.Append(append(make([]byte, EntryHead), "payload"...), Info{Weight: 1}, nil, 0))
			l.Rotate(0)
			s, err := l.Next()
			require.NoError(t, err)
			m.disk.CrashAfter(n)
			_, err = l.moveAside(s.path)
			m.disk.Crash()
			fsys := m.disk.Boot()
			aside, asideErr := vfs.ReadFile(fsys, "/var/lib/log/aside/"+filepath.Base(s.path))
			stays, staysErr := vfs.ReadFile(fsys, s.path)
			require.True(t, asideErr == nil || err != nil && staysErr == nil, "seed %d, operation %d", seed, n)
			require.Contains(t, string(append(stays, aside...)), "payload")
		}
	}
}

// TestFullDiskNumbers: on a disk so full that no file can be written, a segment is removed all the same, and
// its numbers are not used again, whenever the power is cut.
func TestFullDiskNumbers(t *testing.T) {
	for seed := range uint64(60) {
		for n := range 12 {
			m := newLossModel(seed)
			l, err := Open(m.options())
			require.NoError(t, err)
			require.NoError(t, l.Append(append(make([]byte, EntryHead), "payload"...), Info{Weight: 1}, nil, 0))
			require.NoError(t, l.Append(append(make([]byte, EntryHead), "payload"...), Info{Weight: 1}, nil, 0))
			l.Rotate(0)
			s, err := l.Next()
			require.NoError(t, err)
			m.disk.SetCapacity(m.disk.Used())
			m.disk.CrashAfter(n)
			for err = l.Remove(s, 1); err != nil && !errors.Is(err, vfstest.ErrPowerOff); {
				err = l.Remove(s, 1)
			}
			m.disk.Crash()
			m.disk.SetCapacity(0)
			m.disk.CrashAfter(m.rng.IntN(8)) // and again while it starts
			_, _ = Open(m.options())
			m.disk.Crash()
			l, err = Open(m.options())
			require.NoError(t, err)
			assert.GreaterOrEqual(t, l.next, uint64(3), "seed %d, operation %d", seed, n)
			require.NoError(t, l.Close())
			left, err := files(m.disk.Boot(), "/var/lib/log", markerSuffix)
			require.NoError(t, err)
			require.Empty(t, left)
		}
	}
}

// TestRemovedStaysRemoved: a segment that was removed does not come back with a power cut, whether the archive
// remembers it or not.
func TestRemovedStaysRemoved(t *testing.T) {
	for seed := range uint64(50) {
		m := newLossModel(seed)
		l, err := Open(m.options())
		require.NoError(t, err)
		require.NoError(t, l.Append(append(make([]byte, EntryHead), "payload"...), Info{Weight: 1, Records: 1}, nil, 0))
		l.Rotate(0)
		s, err := l.Next()
		require.NoError(t, err)
		require.NoError(t, l.Remove(s, 1))
		m.disk.Crash()
		l, err = Open(m.options())
		require.NoError(t, err)
		assert.Zero(t, l.Stats().Records)
		require.NoError(t, l.Close())
	}
}

// TestNumbersOfOthersAreRefused: what has numbers that were given out again since, or that a file of its name
// cannot have, was not acknowledged and came back with a power cut.
func TestNumbersOfOthersAreRefused(t *testing.T) {
	entry := func(s string) []byte { return append(make([]byte, EntryHead), s...) }
	m := newLossModel(1)
	opts := m.options()
	l, err := Open(opts)
	require.NoError(t, err)
	for _, p := range []string{"one", "two", "cut off"} {
		require.NoError(t, l.Append(entry(p), Info{Weight: 1, Records: 1}, nil, 0))
	}
	require.NoError(t, l.Close())
	first := l.path(fmt.Sprintf("%020d.wal", 1))
	whole, err := vfs.ReadFile(opts.FS, first)
	require.NoError(t, err)
	require.NoError(t, vfs.Truncate(opts.FS, first, int64(len(whole)-EntryHead-len("cut off"))))

	l, err = Open(opts)
	require.NoError(t, err)
	require.NoError(t, l.Append(entry("three"), Info{Weight: 1, Records: 1}, nil, 0))
	require.NoError(t, l.Close())
	require.NoError(t, vfs.WriteFile(opts.FS, first, whole, 0o600))                                // the cut is undone
	require.NoError(t, vfs.WriteFile(opts.FS, l.path(fmt.Sprintf("%020d.wal", 50)), whole, 0o600)) // blocks of a deleted file

	l, err = Open(opts)
	require.NoError(t, err)
	payloads, numbers := []string{}, []uint64{}
	for {
		s, err := l.Next()
		require.NoError(t, err)
		if s == nil {
			break
		}
		_, err = l.Read(s, func(e Entry) error {
			payloads, numbers = append(payloads, string(e.Payload)), append(numbers, e.Number)
			return nil
		})
		require.NoError(t, err)
	}
	assert.Equal(t, []string{"one", "two", "three"}, payloads)
	assert.Equal(t, []uint64{1, 2, 3}, numbers)
	require.NoError(t, l.Close())
}

// TestFailedSyncIsForAll: when a sync fails, all who waited for it get an error, and none of their entries
// count, whether one of them comes back with a power cut or not.
func TestFailedSyncIsForAll(t *testing.T) {
	for seed := range uint64(300) {
		m := newLossModel(seed)
		opts := m.options()
		opts.FS = waiting{opts.FS}
		l, err := Open(opts)
		require.NoError(t, err)
		m.disk.SetFaults(vfstest.Faults{Sync: 0.4})
		var mu sync.Mutex
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for i := range 5 {
					payload := fmt.Sprintf("%d/%d", g, i)
					mu.Lock()
					m.sent[payload] = true
					mu.Unlock()
					err := l.Append(append(make([]byte, EntryHead), payload...), Info{Weight: 1, Records: 1}, nil, 0)
					mu.Lock()
					if err == nil {
						m.acked[payload] = true
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		m.disk.Crash()
		require.Empty(t, m.check(), "seed %d", seed)
	}
}

// waiting is a file system whose syncs take long enough for others to wait for them.
type waiting struct{ vfs.FS }

func (w waiting) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := w.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return waitingFile{f}, nil
}

type waitingFile struct{ vfs.File }

func (f waitingFile) Sync() error {
	time.Sleep(50 * time.Microsecond)
	return f.File.Sync()
}
