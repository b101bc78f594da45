// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
)

// Idle connections of the HTTP client outlive a bucket.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

func TestMemory(t *testing.T) {
	acceptance(t, Config{URL: fmt.Sprintf("mem://bucket-%d", rand.Uint64())})
}

func TestDirectory(t *testing.T) {
	acceptance(t, Config{URL: "file://" + filepath.ToSlash(t.TempDir()) + "/not/yet/there"})
}

// acceptance is what every kind of bucket must pass. The bucket is empty.
func acceptance(t *testing.T, cfg Config) {
	ctx := context.Background()
	require.NoError(t, cfg.Validate())
	open := func() archive.Bucket {
		b, err := Open(ctx, cfg)
		require.NoError(t, err)
		return b
	}
	b := open()
	defer func() { require.NoError(t, b.Close()) }()
	list := func(prefix, startAfter string) (keys []string) {
		for info, err := range b.List(ctx, prefix, startAfter) {
			require.NoError(t, err)
			keys = append(keys, info.Key)
		}
		return keys
	}

	t.Run("absent", func(t *testing.T) {
		_, err := b.Get(ctx, "a/b")
		require.ErrorIs(t, err, archive.ErrNotFound)
		_, err = b.ReadRange(ctx, "a/b", make([]byte, 1), 0)
		require.ErrorIs(t, err, archive.ErrNotFound)
		require.NoError(t, b.Delete(ctx, "a/b"))
		assert.Empty(t, list("", ""))
	})

	t.Run("create, read, delete", func(t *testing.T) {
		body := []byte("0123456789")
		require.NoError(t, b.Create(ctx, "x/y/z", body))
		require.ErrorIs(t, b.Create(ctx, "x/y/z", []byte("other")), archive.ErrExists)
		body[0] = 'X' // the bucket has its own copy
		r, err := b.Get(ctx, "x/y/z")
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		assert.Equal(t, "0123456789", string(got))

		p := make([]byte, 4)
		n, err := b.ReadRange(ctx, "x/y/z", p, 3)
		require.NoError(t, err)
		assert.Equal(t, "3456", string(p[:n]))
		n, err = b.ReadRange(ctx, "x/y/z", p, 8)
		require.ErrorIs(t, err, io.EOF)
		assert.Equal(t, "89", string(p[:n]))

		require.NoError(t, b.Delete(ctx, "x/y/z"))
		_, err = b.Get(ctx, "x/y/z")
		require.ErrorIs(t, err, archive.ErrNotFound)
		require.NoError(t, b.Create(ctx, "x/y/z", []byte("again")))
		require.NoError(t, b.Delete(ctx, "x/y/z"))
	})

	t.Run("list", func(t *testing.T) {
		keys := []string{"l/a-b", "l/a/1", "l/a/2", "l/a.c", "l/a=1/b=2/c", "l/b", "l/ab/c", "m"}
		for _, k := range keys {
			require.NoError(t, b.Create(ctx, k, []byte("x")))
		}
		slices.Sort(keys)
		below := keys[:len(keys)-1]
		assert.Equal(t, keys, list("", ""))
		assert.Equal(t, below, list("l/", ""))
		assert.Equal(t, []string{"l/a/1", "l/a/2"}, list("l/a/", ""))
		assert.Equal(t, []string{"l/a/2"}, list("l/a/", "l/a/1"))
		assert.Empty(t, list("l/zzz", ""))
		for i, k := range below {
			assert.Equal(t, append([]string(nil), below[i+1:]...), list("l/", k), "after %s", k)
		}
		assert.Equal(t, []string{"l/a/1", "l/a/2", "l/a=1/b=2/c", "l/ab/c", "l/b"}, list("l/", "l/a/"))
		for info, err := range b.List(ctx, "l/", "") { // stops when told to
			require.NoError(t, err)
			assert.EqualValues(t, 1, info.Size)
			assert.False(t, info.ModTime.IsZero())
			break
		}
		for _, k := range keys {
			require.NoError(t, b.Delete(ctx, k))
		}
	})

	t.Run("one winner", func(t *testing.T) {
		const racers, rounds = 8, 20
		for round := range rounds {
			key := fmt.Sprintf("race/%d", round)
			var wg sync.WaitGroup
			var mu sync.Mutex
			var winners []string
			start := make(chan struct{})
			for i := range racers {
				wg.Go(func() {
					own := open() // as a process of its own would
					defer own.Close()
					body := fmt.Sprintf("racer %d %s", i, strings.Repeat("x", 10_000))
					<-start
					switch err := own.Create(ctx, key, []byte(body)); {
					case err == nil:
						mu.Lock()
						winners = append(winners, body)
						mu.Unlock()
					case !errors.Is(err, archive.ErrExists):
						t.Logf("ambiguous: %v", err) // allowed: the caller tries again
					}
				})
			}
			close(start)
			wg.Wait()
			require.Len(t, winners, 1)
			r, err := b.Get(ctx, key)
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			require.Equal(t, winners[0], string(got))
			require.NoError(t, b.Delete(ctx, key))
		}
	})

	t.Run("large", func(t *testing.T) {
		body := make([]byte, 12<<20) // more than one part of a multipart upload
		for i := range body {
			body[i] = byte(rand.Uint32())
		}
		require.NoError(t, b.Create(ctx, "large", body))
		require.ErrorIs(t, b.Create(ctx, "large", body[1:]), archive.ErrExists)
		p := make([]byte, 1000)
		_, err := b.ReadRange(ctx, "large", p, 10<<20)
		require.NoError(t, err)
		assert.Equal(t, body[10<<20:10<<20+1000], p)
		require.NoError(t, b.Delete(ctx, "large"))
	})

	t.Run("probe", func(t *testing.T) {
		require.NoError(t, Probe(ctx, b))
		require.NoError(t, Probe(ctx, b))
	})

	t.Run("keys", func(t *testing.T) {
		for _, key := range []string{"", "/a", "a/", "../a", "a/../b", "a//b", ".", "a\x00"} {
			require.Error(t, b.Create(ctx, key, nil), "%q", key)
		}
	})

	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		require.ErrorIs(t, b.Create(ctx, "c", nil), context.Canceled)
		_, err := b.Get(ctx, "c")
		require.ErrorIs(t, err, context.Canceled)
	})
}

func TestDirectoryLeavesNoHalfObject(t *testing.T) {
	dir := t.TempDir()
	b, err := Open(context.Background(), Config{URL: "file://" + filepath.ToSlash(dir)})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, tempPrefix+"1234"), []byte("half"), 0o600))
	for info, err := range b.List(context.Background(), "", "") {
		t.Fatalf("listed %v %v", info, err)
	}
	require.NoError(t, b.Create(context.Background(), "a/b", []byte("x")))
	entries, err := os.ReadDir(filepath.Join(dir, "a"))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

func TestConfig(t *testing.T) {
	for _, url := range []string{"s3://b", "s3://b/p/q", "gs://b/p", "azblob://c", "file:///a", "file://./a", "file://../a", "mem://x", "file:///C:/logs"} {
		c := Config{URL: url}
		require.NoError(t, c.Validate(), url)
	}
	for _, tc := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "url must not be empty"},
		{Config{URL: "bucket"}, `got "bucket"`},
		{Config{URL: "http://x/y"}, `got "http://x/y"`},
		{Config{URL: "file://var/log"}, "file:///absolute/directory"},
		{Config{URL: "s3:///prefix"}, "must name a bucket"},
		{Config{URL: "s3://id:secret@bucket"}, "without user"},
		{Config{URL: "s3://bucket?region=x"}, "without user"},
		{Config{URL: "mem://x", Endpoint: "http://localhost"}, "endpoint is for s3:// only"},
		{Config{URL: "s3://x", Endpoint: "localhost:9000"}, `got "localhost:9000"`},
		{Config{URL: "s3://x", Endpoint: "https://id:secret@host"}, "must not hold credentials"},
		{Config{URL: "s3://x", AccessKeyID: "id"}, "must be set together"},
	} {
		err := tc.cfg.Validate()
		require.ErrorContains(t, err, tc.want)
		assert.NotContains(t, err.Error(), "secret@")
	}
}

// TestDirectoryIsMadeAgain: a person who deletes a directory of the archive does not stop its writer.
func TestDirectoryIsMadeAgain(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	b, err := Open(ctx, Config{URL: "file://" + filepath.ToSlash(dir)})
	require.NoError(t, err)
	require.NoError(t, b.Create(ctx, "a/b/1", []byte("x")))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "a")))
	if b.Create(ctx, "a/b/2", []byte("x")) != nil { // once
		require.NoError(t, b.Create(ctx, "a/b/2", []byte("x")))
	}
}
