// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"fmt"
	"hash/crc32"
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

func describe(p []byte) Info { return Info{Weight: int64(len(p)), Records: 1, Since: time.Now()} }

func options(dir string) Options {
	return Options{
		Directory: dir, MaxBytes: 1 << 20, MaxAsideBytes: 1 << 20, SegmentWeight: 1 << 16, MaxAttachedBytes: 1 << 16,
		Describe: describe,
	}
}

// put appends a payload, with itself attached.
func (l *Log) put(payload []byte) error {
	return l.Append(append(make([]byte, EntryHead), payload...), describe(payload), string(payload), int64(len(payload)))
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
		s, err := l.Next()
		require.NoError(t, err)
		if s == nil {
			return payloads, numbers
		}
		from := len(payloads)
		damage, err := l.Read(s, func(e Entry) error {
			payloads = append(payloads, string(e.Payload))
			numbers = append(numbers, e.Number)
			return nil
		})
		require.NoError(t, err)
		require.Empty(t, damage)
		if attached, ok := l.Attached(s); ok { // the same
			require.Len(t, attached, len(payloads)-from)
			for i, a := range attached {
				require.Equal(t, payloads[from+i], a.Value)
				require.Equal(t, numbers[from+i], a.Number)
			}
		}
		require.NoError(t, l.Remove(s, 7))
	}
}

func TestEntriesComeBackInOrder(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	id := l.ID()
	for i := range 10 {
		require.NoError(t, l.put(fmt.Appendf(nil, "payload %d", i)))
	}
	stats := l.Stats()
	assert.EqualValues(t, 10, stats.Records)
	assert.Positive(t, stats.Bytes)
	assert.EqualValues(t, 90, stats.Attached)
	assert.WithinDuration(t, time.Now(), stats.Since, time.Minute)
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	require.ErrorIs(t, l.put([]byte("late")), ErrClosed)

	l = open(t, dir)
	assert.Equal(t, id, l.ID())
	require.NoError(t, l.put([]byte("payload 10")))
	payloads, numbers := drain(t, l)
	for i := range 11 {
		assert.Equal(t, fmt.Sprintf("payload %d", i), payloads[i])
		assert.EqualValues(t, i+1, numbers[i])
	}
	assert.Equal(t, Stats{}, l.Stats())
	require.NoError(t, l.Close())

	// Nothing is left, but numbers go on and the hint is there.
	l = open(t, dir)
	assert.EqualValues(t, 7, l.Sequence())
	require.NoError(t, l.put([]byte("x")))
	_, numbers = drain(t, l)
	assert.Equal(t, []uint64{12}, numbers)
	l.Raise(100)
	require.NoError(t, l.put([]byte("x")))
	_, numbers = drain(t, l)
	assert.Equal(t, []uint64{101}, numbers)
	require.NoError(t, l.Close())
}

func TestNumbersGoOnWithoutState(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	require.NoError(t, l.put([]byte("x")))
	drain(t, l)
	require.NoError(t, l.Close())
	// A full disk lets Remove leave a marker instead of wal.json.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "00000000000000000050.next"), nil, 0o600))
	l = open(t, dir)
	require.NoError(t, l.put([]byte("x")))
	_, numbers := drain(t, l)
	assert.Equal(t, []uint64{50}, numbers)
	require.NoError(t, l.Close())
	markers, err := filepath.Glob(filepath.Join(dir, "*.next"))
	require.NoError(t, err)
	assert.Empty(t, markers)

	// wal.json lost: the segments know the id.
	l = open(t, dir)
	id := l.ID()
	require.NoError(t, l.put([]byte("x")))
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
	require.ErrorIs(t, l.put(make([]byte, 1<<20)), ErrTooLarge)
	var err error
	n := 0
	for err == nil {
		if err = l.put(make([]byte, 10_000)); err == nil {
			n++
		}
	}
	require.ErrorIs(t, err, ErrFull)
	assert.LessOrEqual(t, l.Stats().Bytes, int64(1<<20))
	payloads, _ := drain(t, l)
	assert.Len(t, payloads, n)
	require.NoError(t, l.put(make([]byte, 10_000)))
	require.NoError(t, l.Close())
}

func TestConcurrentAppends(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20 {
				if err := l.put(fmt.Appendf(nil, "%d/%d", g, i)); err != nil {
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
		require.NoError(t, l.put(bytes.Repeat([]byte{byte('a' + i)}, 10)))
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
			entries := max(0, n-headerBytes) / (EntryHead + 10)
			require.NoError(t, l.put([]byte("new")))
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

// FuzzEntries: whatever the bytes, entries and damage follow each other without a gap, and what went in whole
// comes out.
func FuzzEntries(f *testing.F) {
	dir := f.TempDir()
	l := open(f, dir)
	for range 5 {
		require.NoError(f, l.put(bytes.Repeat([]byte("x"), rand.IntN(50))))
	}
	require.NoError(f, l.Close())
	names, _ := filepath.Glob(filepath.Join(dir, "*.wal"))
	whole, err := os.ReadFile(names[0])
	require.NoError(f, err)
	body := whole[headerBytes:]
	f.Add(body, []byte{})
	f.Add(body[:len(body)-3], body)
	f.Add([]byte{}, []byte("garbage"))
	f.Fuzz(func(t *testing.T, b, before []byte) {
		b = append(bytes.Clone(before), b...)
		at := int64(0)
		var last uint64
		p := parser{to: 1 << 40, seed: crc32.Checksum(l.id[:], castagnoli)}
		p.visit = func(e Entry) error {
			require.Greater(t, e.Number, last)
			last = e.Number
			at += int64(EntryHead + len(e.Payload))
			return nil
		}
		p.damaged = func(offset, n int64) error {
			require.Equal(t, at, offset)
			require.Positive(t, n)
			at += n
			return nil
		}
		require.NoError(t, p.parse(bytes.NewReader(b), 0, int64(len(b))))
		require.EqualValues(t, len(b), at)
		if bytes.HasSuffix(b, body) && uint64(len(b)/EntryHead) >= 5 {
			require.EqualValues(t, 5, last)
		}
	})
}
