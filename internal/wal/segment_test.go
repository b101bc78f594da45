// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/vfs"
)

// TestAttachedIsBounded: what does not fit is read from the disk; a segment has all of it or nothing.
func TestAttachedIsBounded(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAttachedBytes = 1000
	l, err := Open(opts)
	require.NoError(t, err)
	for range 9 {
		require.NoError(t, l.put(make([]byte, 100)))
	}
	assert.EqualValues(t, 900, l.Stats().Attached)
	l.Rotate(0)
	first, err := l.Next()
	require.NoError(t, err)
	require.NoError(t, l.put(make([]byte, 100)))
	assert.EqualValues(t, 1000, l.Stats().Attached)
	require.NoError(t, l.put(make([]byte, 100)))
	assert.EqualValues(t, 900, l.Stats().Attached, "the newest segment gives up what it has")
	l.Rotate(0)
	second, err := l.Next()
	require.NoError(t, err)
	none, err := l.Next()
	require.NoError(t, err)
	require.Nil(t, none)
	attached, ok := l.Attached(first)
	require.True(t, ok)
	require.Len(t, attached, 9)
	_, ok = l.Attached(second)
	require.False(t, ok)
	l.Release(first)
	assert.Zero(t, l.Stats().Attached)
	require.NoError(t, l.put(make([]byte, 100)), "the next segment has room again")
	assert.EqualValues(t, 100, l.Stats().Attached)
	// An entry without a value leaves nothing attached.
	require.NoError(t, l.Append(make([]byte, EntryHead+5), Info{Records: 1}, nil, 0))
	assert.Zero(t, l.Stats().Attached)
	require.NoError(t, l.Remove(first, 1))
	require.NoError(t, l.Remove(second, 2))
	assert.EqualValues(t, 2, l.Stats().Records)
	require.NoError(t, l.Close())
}

// TestReserveWaitsForTheFlusher, but not for ever.
func TestReserveWaitsForTheFlusher(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAttachedBytes = 100
	l, err := Open(opts)
	require.NoError(t, err)
	l.Reserve(context.Background(), 500, nil) // nothing is in the way
	l.Unreserve(500)
	require.NoError(t, l.put(make([]byte, 80)))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	l.Reserve(ctx, 50, nil)
	require.Error(t, ctx.Err(), "it waited")
	l.Unreserve(50)
	stop := make(chan struct{})
	close(stop)
	l.Reserve(context.Background(), 50, stop)
	l.Unreserve(50)
	s, err := l.Next()
	require.NoError(t, err)
	require.NotNil(t, s, "who waits makes the flusher start")
	done := make(chan struct{})
	go func() { l.Reserve(context.Background(), 50, nil); close(done) }()
	select {
	case <-done:
		t.Fatal("did not wait")
	case <-time.After(10 * time.Millisecond):
	}
	l.Release(s)
	<-done
	l.Unreserve(50)
	require.NoError(t, l.Close())
}

var errDisk = errors.New("disk fails")

// badDisk fails when it is told to.
type badDisk struct {
	vfs.FS
	sync, write atomic.Bool
}

type badFile struct {
	vfs.File
	d *badDisk
}

func (d *badDisk) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := d.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return badFile{f, d}, nil
}

func (f badFile) Sync() error {
	if f.d.sync.Load() {
		return errDisk
	}
	return f.File.Sync()
}

func (f badFile) WriteAt(b []byte, at int64) (int, error) {
	if f.d.write.Load() {
		n, _ := f.File.WriteAt(b[:len(b)/2], at)
		return n, errDisk
	}
	return f.File.WriteAt(b, at)
}

func TestFailedSyncEndsTheSegment(t *testing.T) {
	d := &badDisk{FS: vfs.OS}
	opts := options(t.TempDir())
	opts.FS = d
	l, err := Open(opts)
	require.NoError(t, err)
	require.NoError(t, l.put([]byte("one")))
	d.write.Store(true)
	require.ErrorIs(t, l.put([]byte("cut off")), errDisk)
	d.write.Store(false)
	require.NoError(t, l.put([]byte("two")))
	assert.Positive(t, l.Stats().Attached)
	d.sync.Store(true)
	require.ErrorIs(t, l.put([]byte("not durable")), errDisk)
	assert.EqualValues(t, 2, l.Stats().Records)
	assert.Zero(t, l.Stats().Attached, "a segment that was cut is read from the disk")
	require.ErrorIs(t, l.put([]byte("never")), errDisk, "a segment of its own, of which nothing was acknowledged")
	d.sync.Store(false)
	require.NoError(t, l.put([]byte("three")))
	payloads, numbers := drain(t, l)
	assert.Equal(t, []string{"one", "two", "three"}, payloads)
	assert.Equal(t, []uint64{1, 2, 5}, numbers)
	assert.Equal(t, Stats{}, l.Stats())
	require.NoError(t, l.Close())
}

// TestDamageInTheMiddle: entries behind a bad sector are found.
func TestDamageInTheMiddle(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for i := range 5 {
		require.NoError(t, l.put(bytes.Repeat([]byte{byte('a' + i)}, 100)))
	}
	require.NoError(t, l.Close())
	names, err := filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	b, err := os.ReadFile(names[0])
	require.NoError(t, err)
	second := headerBytes + EntryHead + 100
	b[second+50] ^= 1
	require.NoError(t, os.WriteFile(names[0], b, 0o600))

	report, err := Inspect(dir, describe)
	require.NoError(t, err)
	require.Len(t, report.Segments, 1)
	s := report.Segments[0]
	assert.Equal(t, []any{uint64(1), uint64(5), 4, int64(4), int64(len(b))}, []any{s.First, s.Last, s.Entries, s.Records, s.Bytes})
	assert.Equal(t, []Damage{{File: names[0], Offset: int64(second), Bytes: EntryHead + 100}}, s.Damage)
	var walked []uint64
	require.NoError(t, Walk(dir, func(e Entry) error { walked = append(walked, e.Number); return nil }, nil))
	assert.Equal(t, []uint64{1, 3, 4, 5}, walked)
	after, err := os.ReadFile(names[0])
	require.NoError(t, err)
	assert.Equal(t, b, after)

	l = open(t, dir)
	require.Len(t, l.Damage(), 1)
	d := l.Damage()[0]
	assert.False(t, d.Tail)
	kept, err := os.ReadFile(d.Aside)
	require.NoError(t, err)
	assert.Equal(t, b[second:second+EntryHead+100], kept)
	assert.EqualValues(t, len(kept), l.AsideBytes())
	l.Rotate(0)
	seg, err := l.Next()
	require.NoError(t, err)
	var numbers []uint64
	again, err := l.Read(seg, func(e Entry) error { numbers = append(numbers, e.Number); return nil })
	require.NoError(t, err)
	assert.Equal(t, []uint64{1, 3, 4, 5}, numbers)
	assert.Len(t, again, 1)
	assert.EqualValues(t, len(kept), l.AsideBytes(), "kept once")
	require.NoError(t, l.Close())
}

func TestAsideIsBounded(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAsideBytes = 100
	l, err := Open(opts)
	require.NoError(t, err)
	path, err := l.SetAside("a", make([]byte, 60))
	require.NoError(t, err)
	_, err = l.SetAside("b", make([]byte, 60))
	require.ErrorIs(t, err, ErrAsideFull)
	_, err = l.SetAside("a", make([]byte, 60))
	require.NoError(t, err, "the same")
	require.NoError(t, os.Remove(path)) // a person empties it
	_, err = l.SetAside("b", make([]byte, 60))
	require.NoError(t, err)
	report, err := Inspect(opts.Directory, describe)
	require.NoError(t, err)
	assert.Equal(t, []File{{"b", 60}}, report.Aside)
	require.NoError(t, l.Close())
}

// TestEntriesOfAnotherLogAreNone: old blocks of the disk, or a log within a log, are not taken for entries.
func TestEntriesOfAnotherLogAreNone(t *testing.T) {
	other := t.TempDir()
	l := open(t, other)
	for i := range 10 {
		require.NoError(t, l.put(fmt.Appendf(nil, "other %d", i)))
	}
	require.NoError(t, l.Close())
	names, err := filepath.Glob(filepath.Join(other, "*.wal"))
	require.NoError(t, err)
	foreign, err := os.ReadFile(names[0])
	require.NoError(t, err)

	dir := t.TempDir()
	l = open(t, dir)
	require.NoError(t, l.put([]byte("mine")))
	require.NoError(t, l.put(foreign))
	require.NoError(t, l.Close())
	names, err = filepath.Glob(filepath.Join(dir, "*.wal"))
	require.NoError(t, err)
	b, err := os.ReadFile(names[0])
	require.NoError(t, err)
	b[len(b)-1] ^= 1
	require.NoError(t, os.WriteFile(names[0], append(b, foreign...), 0o600))
	l = open(t, dir)
	payloads, _ := drain(t, l)
	assert.Equal(t, []string{"mine"}, payloads)
	require.NoError(t, l.Close())
}

func TestWriterStays(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	assert.Empty(t, l.Writer())
	require.NoError(t, l.SetWriter("w-1"))
	require.NoError(t, l.Close())
	l = open(t, dir)
	assert.Equal(t, "w-1", l.Writer())
	report, err := Inspect(dir, describe)
	require.NoError(t, err)
	assert.Equal(t, []string{l.ID(), "w-1"}, []string{report.ID, report.Writer})
	require.NoError(t, l.Close())
	_, err = Inspect(t.TempDir(), describe)
	require.ErrorContains(t, err, "holds no write-ahead log")
	_, err = Inspect(filepath.Join(dir, "none"), describe)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestOtherVersionsAreRefused(t *testing.T) {
	for v, text := range map[byte]string{0: "it is of version 0, which", 2: "it is of version 2, written by a later program"} {
		dir := t.TempDir()
		b := header(v, [idBytes]byte{7})
		require.NoError(t, os.WriteFile(filepath.Join(dir, "00000000000000000001.wal"), b, 0o600))
		_, err := Open(options(dir))
		require.ErrorContains(t, err, text)
		_, err = Inspect(dir, describe)
		require.ErrorContains(t, err, text)
	}
}

func TestReserveWaitsForRoom(t *testing.T) {
	opts := options(t.TempDir())
	opts.MaxAttachedBytes = 100
	l, err := Open(opts)
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	ctx := t.Context()
	l.Reserve(ctx, 60, nil)
	require.NoError(t, l.put(bytes.Repeat([]byte("a"), 80)))
	l.Unreserve(60)

	// What is attached must be taken away first, so its segment ends.
	got := make(chan struct{})
	go func() {
		l.Reserve(ctx, 60, nil)
		close(got)
	}()
	<-l.Ready()
	select {
	case <-got:
		t.Fatal("there is no room yet")
	case <-time.After(10 * time.Millisecond):
	}
	s, err := l.Next()
	require.NoError(t, err)
	l.Release(s)
	<-got

	// Nobody waits beyond its context, or beyond stop; what it reserves then counts all the same.
	ended, cancel := context.WithCancel(ctx)
	cancel()
	l.Reserve(ended, 60, nil)
	stop := make(chan struct{})
	close(stop)
	l.Reserve(ctx, 60, stop)
	l.Unreserve(180)
	l.Reserve(ctx, 1000, nil) // more than there ever is: alone it passes
	l.Unreserve(1000)
}
