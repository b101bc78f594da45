// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func options(dir string) Options {
	return Options{
		Directory: dir, MaxBytes: 1 << 20, SegmentWeight: 1 << 16,
		Weigh: func(p []byte) (int64, int) { return int64(len(p)), 1 },
	}
}

func open(t testing.TB, dir string) *Log {
	t.Helper()
	l, err := Open(options(dir))
	require.NoError(t, err)
	return l
}

// drain reads and removes everything.
func drain(t testing.TB, l *Log) (payloads []string, numbers []uint64) {
	t.Helper()
	l.Rotate(0)
	for {
		s, err := l.Oldest()
		require.NoError(t, err)
		if s == nil {
			return payloads, numbers
		}
		require.NoError(t, l.Read(s, func(e Entry) error {
			payloads = append(payloads, string(e.Payload))
			numbers = append(numbers, e.Number)
			return nil
		}))
		require.NoError(t, l.Remove(s, 7))
	}
}

func TestEntriesComeBackInOrder(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	id := l.ID()
	for i := range 10 {
		require.NoError(t, l.Append(fmt.Appendf(nil, "payload %d", i)))
	}
	records, size, since := l.Stats()
	assert.EqualValues(t, 10, records)
	assert.Positive(t, size)
	assert.WithinDuration(t, time.Now(), since, time.Minute)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.Append([]byte("late")), ErrClosed)

	l = open(t, dir)
	assert.Equal(t, id, l.ID())
	require.NoError(t, l.Append([]byte("payload 10")))
	payloads, numbers := drain(t, l)
	for i := range 11 {
		assert.Equal(t, fmt.Sprintf("payload %d", i), payloads[i])
		assert.EqualValues(t, i+1, numbers[i])
	}
	records, size, _ = l.Stats()
	assert.Zero(t, records)
	assert.Zero(t, size)
	require.NoError(t, l.Close())

	// Nothing is left, but numbers go on and the hint is there.
	l = open(t, dir)
	assert.EqualValues(t, 7, l.Sequence())
	require.NoError(t, l.Append([]byte("x")))
	_, numbers = drain(t, l)
	assert.Equal(t, []uint64{12}, numbers)
	l.Raise(100)
	require.NoError(t, l.Append([]byte("x")))
	_, numbers = drain(t, l)
	assert.Equal(t, []uint64{101}, numbers)
	require.NoError(t, l.Close())
}

func TestNumbersGoOnWithoutState(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	require.NoError(t, l.Append([]byte("x")))
	drain(t, l)
	require.NoError(t, l.Close())
	// A full disk lets Remove leave a marker instead of wal.json.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "00000000000000000050.next"), nil, 0o600))
	l = open(t, dir)
	require.NoError(t, l.Append([]byte("x")))
	_, numbers := drain(t, l)
	assert.Equal(t, []uint64{50}, numbers)
	require.NoError(t, l.Close())
	markers, err := filepath.Glob(filepath.Join(dir, "*.next"))
	require.NoError(t, err)
	assert.Empty(t, markers)

	// wal.json lost: the segments know the id.
	l = open(t, dir)
	id := l.ID()
	require.NoError(t, l.Append([]byte("x")))
	require.NoError(t, l.Close())
	require.NoError(t, os.Remove(filepath.Join(dir, "wal.json")))
	l = open(t, dir)
	assert.Equal(t, id, l.ID())
	require.NoError(t, l.Close())
}

func TestLockedAgainstOthers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	_, err := Open(options(dir))
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, l.Close())
	l = open(t, dir)
	require.NoError(t, l.Close())
}

func TestFullAndTooLarge(t *testing.T) {
	l := open(t, t.TempDir())
	require.ErrorIs(t, l.Append(make([]byte, 1<<20)), ErrTooLarge)
	var err error
	n := 0
	for err == nil {
		if err = l.Append(make([]byte, 10_000)); err == nil {
			n++
		}
	}
	require.ErrorIs(t, err, ErrFull)
	_, size, _ := l.Stats()
	assert.LessOrEqual(t, size, int64(1<<20))
	payloads, _ := drain(t, l)
	assert.Len(t, payloads, n)
	require.NoError(t, l.Append(make([]byte, 10_000)))
	require.NoError(t, l.Close())
}

func TestConcurrentAppends(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := l.Append(fmt.Appendf(nil, "%d/%d", g, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	payloads, numbers := drain(t, l)
	assert.Len(t, payloads, 160)
	for i, n := range numbers {
		assert.EqualValues(t, i+1, n)
	}
	require.NoError(t, l.Close())
}

// TestCutAnywhere ends the file at every byte, and then writes garbage behind: whole entries stay, the rest
// is set aside, and the log goes on.
func TestCutAnywhere(t *testing.T) {
	template := t.TempDir()
	l := open(t, template)
	for i := range 3 {
		require.NoError(t, l.Append(bytes.Repeat([]byte{byte('a' + i)}, 10)))
	}
	require.NoError(t, l.Close())
	names, err := filepath.Glob(filepath.Join(template, "*.wal"))
	require.NoError(t, err)
	require.Len(t, names, 1)
	whole, err := os.ReadFile(names[0])
	require.NoError(t, err)
	state, err := os.ReadFile(filepath.Join(template, "wal.json"))
	require.NoError(t, err)
	for n := range len(whole) {
		for _, garbage := range []string{"", "garbage that is no entry at all"} {
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "wal.json"), state, 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(names[0])), append(bytes.Clone(whole[:n]), garbage...), 0o600))
			l := open(t, dir)
			entries := max(0, n-headerBytes) / (entryBytes + 10)
			require.NoError(t, l.Append([]byte("new")))
			payloads, numbers := drain(t, l)
			require.Len(t, payloads, entries+1, "cut at %d", n)
			require.Equal(t, "new", payloads[entries])
			for i := 1; i < len(numbers); i++ {
				require.Greater(t, numbers[i], numbers[i-1])
			}
			if garbage != "" {
				require.NotEmpty(t, l.Damage())
			}
			require.NoError(t, l.Close())
		}
	}
}

// FuzzEntries: whatever the bytes, entries that come out went in as such, and none is read past the damage.
func FuzzEntries(f *testing.F) {
	dir := f.TempDir()
	l := open(f, dir)
	for range 5 {
		require.NoError(f, l.Append(bytes.Repeat([]byte("x"), rand.IntN(50))))
	}
	require.NoError(f, l.Close())
	names, _ := filepath.Glob(filepath.Join(dir, "*.wal"))
	b, err := os.ReadFile(names[0])
	require.NoError(f, err)
	f.Add(b[headerBytes:])
	f.Add(b[headerBytes : len(b)-3])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		at := int64(0)
		var last uint64
		end, _ := parseEntries(bytes.NewReader(b), 0, int64(len(b)), func(e Entry) error {
			require.Greater(t, e.Number, last)
			last = e.Number
			at += int64(entryBytes + len(e.Payload))
			return nil
		})
		require.Equal(t, at, end)
		require.LessOrEqual(t, end, int64(len(b)))
	})
}
