// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

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
		header := make([]byte, headerBytes)
		l, err := Open(opts)
		require.NoError(t, err)
		copy(header, magic)
		header[len(magic)] = version
		copy(header[len(magic)+1:], l.id[:])
		next := l.next
		require.NoError(t, l.Close())
		clear(header[n:]) // the size was there before the bytes
		name := filepath.Join(opts.Directory, fmt.Sprintf("%020d.wal", next))
		require.NoError(t, vfs.WriteFile(opts.FS, name, header, 0o600))
		l, err = Open(opts)
		require.NoError(t, err, "%d bytes", n)
		require.NoError(t, l.Close())
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

// TestFullDiskNumbers: on a disk so full that no file can be written, a segment is removed all the same, and
// its numbers are not used again, whenever the power is cut.
func TestFullDiskNumbers(t *testing.T) {
	for seed := range uint64(20) {
		for n := 0; n < 12; n++ {
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
			l, err = Open(m.options())
			require.NoError(t, err)
			assert.GreaterOrEqual(t, l.next, uint64(3))
			require.NoError(t, l.Close())
			for _, suffix := range []string{markerSuffix} {
				left, err := files(m.disk.Boot(), "/var/lib/log", suffix)
				require.NoError(t, err)
				require.Empty(t, left)
			}
			_, err = m.disk.Boot().Stat("/var/lib/log/wal.json")
			require.NotErrorIs(t, err, fs.ErrNotExist)
		}
	}
}
