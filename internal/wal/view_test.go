// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// look returns the payloads of a view, and how many of them were attached.
func look(t testing.TB, v *View) (payloads []string, attached int) {
	t.Helper()
	last := uint64(0)
	for i := range v.Segments {
		s := &v.Segments[i]
		assert.Greater(t, s.First, last)
		last = s.Last
		if s.Attached != nil {
			for _, a := range s.Attached {
				payloads = append(payloads, a.Value.(string))
			}
			attached += len(s.Attached)
			assert.EqualValues(t, len(s.Attached), s.Records)
			continue
		}
		n := 0
		require.NoError(t, v.Read(s, func(e Entry) error {
			payloads = append(payloads, string(e.Payload))
			n++
			return nil
		}))
		assert.EqualValues(t, n, s.Records)
	}
	return payloads, attached
}

// TestView: a view has what was acknowledged, from memory or from the disk, and keeps it while the log goes on.
func TestView(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	assert.Empty(t, l.View().Segments)
	require.NoError(t, l.put([]byte("one")))
	require.NoError(t, l.put([]byte("two")))
	l.Rotate(0)
	require.NoError(t, l.Append([]byte(strings.Repeat("h", EntryHead)+"three"), describe([]byte("three")), nil, 0)) // nothing attached
	v := l.View()
	require.NoError(t, l.put([]byte("four"))) // later than the view
	want := []string{"one", "two", "three"}
	got, attached := look(t, v)
	assert.Equal(t, want, got)
	assert.Equal(t, 2, attached)

	l.Rotate(0)
	for range 2 {
		s, err := l.Next()
		require.NoError(t, err)
		require.NoError(t, l.Remove(s, 1))
	}
	assert.Empty(t, l.View().Segments)
	assert.Zero(t, l.Stats().Bytes)
	files, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	assert.Len(t, files, 1, "the view may read it")
	got, _ = look(t, v)
	assert.Equal(t, want, got)
	v.Release()
	v.Release()
	files, err = filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	assert.Empty(t, files)

	require.NoError(t, l.put([]byte("five")))
	v = l.View()
	require.NoError(t, l.Close())
	got, _ = look(t, v) // from memory
	assert.Equal(t, []string{"five"}, got)
	v.Release()

	l = open(t, dir) // of an earlier process: nothing is attached
	v = l.View()
	got, attached = look(t, v)
	assert.Equal(t, []string{"five"}, got)
	assert.Zero(t, attached)
	assert.Zero(t, v.Segments[0].MinTime)
	v.SetTimes(&v.Segments[0], 3, 7)
	assert.EqualValues(t, 7, l.View().Segments[0].MaxTime)
	// A process that dies with a view leaves the file; the next one knows that it is done.
	s, err := l.Next()
	require.NoError(t, err)
	require.NoError(t, l.Remove(s, 2))
	require.NoError(t, l.Close())
	l = open(t, dir)
	assert.Empty(t, l.View().Segments)
	files, err = filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	assert.Empty(t, files)
	require.NoError(t, l.Close())
	v.Release()
}

// TestViewSaysDamage: a view never changes anything, and what it cannot read is an error beside what it can.
func TestViewSaysDamage(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	require.NoError(t, l.put([]byte("first")))
	require.NoError(t, l.put([]byte("second")))
	require.NoError(t, l.Close())
	l = open(t, dir)
	defer l.Close()
	files, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	b[strings.Index(string(b), "first")] ^= 1
	require.NoError(t, os.WriteFile(files[0], b, 0o600))
	v := l.View()
	defer v.Release()
	var got []string
	err = v.Read(&v.Segments[0], func(e Entry) error {
		got = append(got, string(e.Payload))
		return nil
	})
	assert.ErrorContains(t, err, "are no entries")
	assert.Equal(t, []string{"second"}, got)
	assert.Zero(t, l.AsideBytes())
}

// TestViewTimes: bounds are known if they are of all entries.
func TestViewTimes(t *testing.T) {
	l := open(t, t.TempDir())
	defer l.Close()
	add := func(minTime, maxTime int64) SegmentView {
		info := describe([]byte("x"))
		info.MinTime, info.MaxTime = minTime, maxTime
		require.NoError(t, l.Append(make([]byte, EntryHead+1), info, "x", 1))
		v := l.View()
		defer v.Release()
		return v.Segments[len(v.Segments)-1]
	}
	add(5, 9)
	s := add(2, 7)
	assert.Equal(t, []int64{2, 9}, []int64{s.MinTime, s.MaxTime})
	s = add(0, 0)
	assert.Equal(t, []int64{0, 0}, []int64{s.MinTime, s.MaxTime})
	s = add(1, 2)
	assert.Equal(t, []int64{0, 0}, []int64{s.MinTime, s.MaxTime})
	l.Rotate(0)
	s = add(-5, -4)
	assert.Equal(t, []int64{-5, -4}, []int64{s.MinTime, s.MaxTime})
}

// TestViewWhileTheLogGoesOn: at every moment, what was acknowledged before a view is in it, once, or was on its way out
// when the view was made.
func TestViewWhileTheLogGoesOn(t *testing.T) {
	const senders, each = 4, 300
	opts := options(t.TempDir())
	opts.SegmentWeight, opts.MaxAttachedBytes = 600, 1500 // some segments are in memory, some are not
	l, err := Open(opts)
	require.NoError(t, err)
	var mu sync.Mutex
	acked, out := map[string]bool{}, map[string]bool{}
	var sending, flushing sync.WaitGroup
	for sender := range senders {
		sending.Go(func() {
			for i := range each {
				p := fmt.Sprintf("%d/%d %s", sender, i, strings.Repeat("x", i%50))
				if !assert.NoError(t, l.put([]byte(p))) {
					return
				}
				mu.Lock()
				acked[p] = true
				mu.Unlock()
			}
		})
	}
	done := make(chan struct{})
	flushing.Go(func() {
		for ended := false; ; {
			s, err := l.Next()
			if !assert.NoError(t, err) {
				return
			}
			if s == nil {
				if ended {
					return
				}
				select {
				case <-done:
					ended = true
				default:
				}
				l.Rotate(0)
				continue
			}
			_, err = l.Read(s, func(e Entry) error {
				mu.Lock()
				out[string(e.Payload)] = true
				mu.Unlock()
				return nil
			})
			assert.NoError(t, err)
			l.Release(s)
			assert.NoError(t, l.Remove(s, 0))
		}
	})
	for range 200 {
		mu.Lock()
		want := maps.Clone(acked)
		mu.Unlock()
		v := l.View()
		mu.Lock()
		gone := maps.Clone(out)
		mu.Unlock()
		got, _ := look(t, v)
		v.Release()
		seen := map[string]bool{}
		for _, p := range got {
			require.False(t, seen[p], "twice: %s", p)
			seen[p] = true
		}
		for p := range want {
			require.True(t, seen[p] || gone[p], "missing: %s", p)
		}
	}
	sending.Wait()
	close(done)
	flushing.Wait()
	assert.Empty(t, l.View().Segments)
	assert.Len(t, out, senders*each)
	require.NoError(t, l.Close())
	files, err := filepath.Glob(filepath.Join(opts.Directory, "*.wal"))
	require.NoError(t, err)
	assert.Empty(t, files)
}
