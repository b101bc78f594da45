// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// openAs opens the log as a process that claims with that nonce.
func openAs(t *testing.T, dir, nonce string) *Log {
	t.Helper()
	l, err := Open(Options{
		Directory: dir, MaxBytes: 4096, MaxAsideBytes: 1 << 20, SegmentWeight: 1 << 20, Nonce: nonce,
		Describe: func(b []byte) Info { return Info{Weight: int64(len(b)), Records: 1} },
	})
	require.NoError(t, err)
	return l
}

func appendOne(t *testing.T, l *Log) {
	t.Helper()
	require.NoError(t, l.Append(append(make([]byte, EntryHead), "payload"...), Info{Weight: 7, Records: 1}, nil, 0))
}

// TestClaims: a log knows its own claims, and how far entries of their time reach, as long as it holds such entries.
func TestClaims(t *testing.T) {
	dir := t.TempDir()
	l := openAs(t, dir, "a")
	appendOne(t, l)
	appendOne(t, l)
	assert.EqualValues(t, uint64(math.MaxUint64), l.ClaimedBelow("a"))
	assert.Zero(t, l.ClaimedBelow("of a copy"))
	require.NoError(t, l.Close())
	l = openAs(t, dir, "b")
	assert.EqualValues(t, 3, l.ClaimedBelow("a"))
	appendOne(t, l)
	for _, c := range []struct {
		from, to uint64
		records  int64
		ok       bool
	}{{1, 1, 2, true}, {2, 3, 3, true}, {3, 9, 1, true}, {4, 9, 0, false}} {
		records, ok := l.Holds(c.from, c.to)
		assert.Equal(t, c.ok, ok, "%v", c)
		assert.Equal(t, c.records, records, "%v", c)
	}
	require.NoError(t, l.Close())

	// A process that crashes leaves its claim too. What lies behind a damaged entry may have been more.
	l = openAs(t, dir, "c")
	assert.EqualValues(t, 4, l.ClaimedBelow("b"))
	require.NoError(t, l.Close())
	names, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	last, err := os.ReadFile(names[len(names)-1])
	require.NoError(t, err)
	last[len(last)-1] ^= 1
	require.NoError(t, os.WriteFile(names[len(names)-1], last, 0o600))
	l = openAs(t, dir, "d")
	assert.EqualValues(t, 3, l.ClaimedBelow("a"))
	assert.EqualValues(t, uint64(math.MaxUint64), l.ClaimedBelow("c"))

	// Nothing is held any more: nothing can be taken for anybody's.
	l.Rotate(0)
	for {
		s, err := l.Next()
		require.NoError(t, err)
		if s == nil {
			break
		}
		require.NoError(t, l.Remove(s, 1))
	}
	require.NoError(t, l.Close())
	l = openAs(t, dir, "e")
	assert.Len(t, l.state.Claims, 1)
	appendOne(t, l)
	require.NoError(t, l.Close())
	for i := range maxClaims + 10 {
		l = openAs(t, dir, fmt.Sprint(i))
		require.NoError(t, l.Close())
	}
	assert.Len(t, l.state.Claims, maxClaims)
}

// TestFull: what there was no room for need not be made again until there is some.
func TestFull(t *testing.T) {
	l := openAs(t, t.TempDir(), "")
	defer l.Close()
	entry := func(weight int64) error {
		return l.Append(make([]byte, EntryHead+1000), Info{Weight: weight, Records: 1}, nil, 0)
	}
	for range 3 {
		require.NoError(t, entry(50))
		assert.False(t, l.Full(1<<40))
	}
	require.NoError(t, entry(50))
	for range 4 {
		if err := entry(50); err != nil {
			require.ErrorIs(t, err, ErrFull)
		}
	}
	assert.True(t, l.Full(50))
	assert.True(t, l.Full(51))
	assert.False(t, l.Full(49), "a smaller one may have room")
	require.ErrorIs(t, entry(20), ErrFull)
	assert.True(t, l.Full(20))
	s, err := l.Next()
	require.NoError(t, err)
	require.NoError(t, l.Remove(s, 1))
	assert.False(t, l.Full(1<<40))
	require.NoError(t, entry(50))
}

// TestSetSequence: the hint lasts, and is never lowered.
func TestSetSequence(t *testing.T) {
	dir := t.TempDir()
	l := openAs(t, dir, "")
	require.NoError(t, l.SetSequence(7))
	require.NoError(t, l.SetSequence(3))
	require.NoError(t, l.Close())
	l = openAs(t, dir, "")
	assert.EqualValues(t, 7, l.Sequence())
	require.NoError(t, l.Close())
}
