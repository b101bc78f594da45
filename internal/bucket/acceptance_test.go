// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestMemory(t *testing.T) {
	acceptance(t, Config{URL: fmt.Sprintf("mem://bucket-%d", rand.Uint64())})
}

func TestMemoryIsBounded(t *testing.T) {
	defer func(m int) { maxMemory = m }(maxMemory)
	maxMemory = 1000
	b, err := Open(t.Context(), Config{URL: fmt.Sprintf("mem://bucket-%d", rand.Uint64())})
	require.NoError(t, err)
	defer b.Close()
	require.NoError(t, b.Create(t.Context(), "a", make([]byte, 600)))
	err = b.Create(t.Context(), "b", make([]byte, 401))
	require.ErrorContains(t, err, "for tests and trials")
	assert.NotErrorIs(t, err, archive.ErrExists)
	require.NoError(t, b.Create(t.Context(), "b", make([]byte, 400)))
	require.NoError(t, b.Delete(t.Context(), "a"))
	require.NoError(t, b.Create(t.Context(), "c", make([]byte, 600)))
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	cfg := Config{URL: "file://" + filepath.ToSlash(t.TempDir()) + "/not/yet/there"}
	acceptance(t, cfg)
	t.Run("processes", func(t *testing.T) { race(t, cfg, 200, 20_000) })
}

// suite is the acceptance suite of one bucket, which is empty.
type suite struct {
	cfg Config
	b   archive.Bucket
}

// acceptance is what every kind of bucket must pass, against a real server.
func acceptance(t *testing.T, cfg Config) {
	require.NoError(t, cfg.Validate())
	s := &suite{cfg: cfg}
	s.b = s.open(t)
	defer func() { require.NoError(t, s.b.Close()) }()
	for name, test := range map[string]func(*testing.T){
		"absent":        s.absent,
		"create":        s.create,
		"ranges":        s.ranges,
		"empty object":  s.empty,
		"list":          s.list,
		"pages":         s.pages,
		"odd keys":      s.oddKeys,
		"refused keys":  s.refusedKeys,
		"prefixes":      s.prefixes,
		"large objects": s.large,
		"one winner":    s.oneWinner,
		"probe":         s.probe,
		"put":           s.put,
		"cancelled":     s.cancelled,
		"errors":        s.errors,
	} {
		t.Run(name, func(t *testing.T) {
			test(t)
			for _, key := range s.keys(t, "", "") {
				require.NoError(t, s.b.Delete(t.Context(), key))
			}
			require.Empty(t, s.keys(t, "", ""))
		})
	}
}

func (s *suite) open(t *testing.T) archive.Bucket {
	t.Helper()
	b, err := Open(t.Context(), s.cfg)
	require.NoError(t, err)
	return b
}

func (s *suite) keys(t *testing.T, prefix, startAfter string) (keys []string) {
	t.Helper()
	for info, err := range s.b.List(t.Context(), prefix, startAfter) {
		require.NoError(t, err)
		keys = append(keys, info.Key)
	}
	return keys
}

func (s *suite) get(t *testing.T, key string) []byte {
	t.Helper()
	r, err := s.b.Get(t.Context(), key)
	require.NoError(t, err)
	got, err := io.ReadAll(r)
	require.NoError(t, err)
	require.NoError(t, r.Close())
	return got
}

func (s *suite) absent(t *testing.T) {
	ctx := t.Context()
	_, err := s.b.Get(ctx, "a/b")
	require.ErrorIs(t, err, archive.ErrNotFound)
	_, err = s.b.ReadRange(ctx, "a/b", make([]byte, 1), 0)
	require.ErrorIs(t, err, archive.ErrNotFound)
	_, err = s.b.ReadRange(ctx, "a/b", make([]byte, 1), 10)
	require.ErrorIs(t, err, archive.ErrNotFound)
	require.NoError(t, s.b.Delete(ctx, "a/b"))
	assert.Empty(t, s.keys(t, "", ""))

	require.NoError(t, s.b.Create(ctx, "part/of/key", nil))
	for _, key := range []string{"part", "part/of", "part/of/key/x"} {
		_, err = s.b.Get(ctx, key)
		require.ErrorIs(t, err, archive.ErrNotFound, key)
		_, err = s.b.ReadRange(ctx, key, make([]byte, 1), 0)
		require.ErrorIs(t, err, archive.ErrNotFound, key)
		require.NoError(t, s.b.Delete(ctx, key), key)
	}
	assert.Equal(t, []string{"part/of/key"}, s.keys(t, "", ""))
}

func (s *suite) create(t *testing.T) {
	ctx := t.Context()
	body := []byte("0123456789")
	require.NoError(t, s.b.Create(ctx, "x/y/z", body))
	require.ErrorIs(t, s.b.Create(ctx, "x/y/z", []byte("other")), archive.ErrExists)
	require.ErrorIs(t, s.b.Create(ctx, "x/y/z", body), archive.ErrExists)
	body[0] = 'X' // the bucket has its own copy
	assert.Equal(t, "0123456789", string(s.get(t, "x/y/z")))

	require.NoError(t, s.b.Delete(ctx, "x/y/z"))
	_, err := s.b.Get(ctx, "x/y/z")
	require.ErrorIs(t, err, archive.ErrNotFound)
	require.NoError(t, s.b.Create(ctx, "x/y/z", []byte("again")))
	assert.Equal(t, "again", string(s.get(t, "x/y/z")))
}

func (s *suite) ranges(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, s.b.Create(ctx, "r", []byte("0123456789")))
	for _, tc := range []struct {
		off, length int
		want        string
		err         error
	}{
		{0, 10, "0123456789", nil},
		{3, 4, "3456", nil},
		{9, 1, "9", nil},
		{8, 4, "89", io.EOF},
		{0, 11, "0123456789", io.EOF},
		{10, 1, "", io.EOF},
		{11, 5, "", io.EOF},
		{1 << 40, 5, "", io.EOF},
		{0, 0, "", nil},
		{10, 0, "", nil},
	} {
		p := make([]byte, tc.length)
		n, err := s.b.ReadRange(ctx, "r", p, int64(tc.off))
		assert.Equal(t, tc.err, err, "%d bytes at %d", tc.length, tc.off) // io.EOF itself, not wrapped
		assert.Equal(t, tc.want, string(p[:n]), "%d bytes at %d", tc.length, tc.off)
	}
	_, err := s.b.ReadRange(ctx, "r", make([]byte, 1), -1)
	require.Error(t, err)
	assert.NotErrorIs(t, err, io.EOF)
}

func (s *suite) empty(t *testing.T) {
	ctx := t.Context()
	require.NoError(t, s.b.Create(ctx, "nothing", nil))
	require.ErrorIs(t, s.b.Create(ctx, "nothing", []byte{}), archive.ErrExists)
	assert.Empty(t, s.get(t, "nothing"))
	n, err := s.b.ReadRange(ctx, "nothing", make([]byte, 3), 0)
	assert.Equal(t, io.EOF, err)
	assert.Zero(t, n)
	for info, err := range s.b.List(ctx, "", "") {
		require.NoError(t, err)
		assert.Zero(t, info.Size)
	}
}

func (s *suite) list(t *testing.T) {
	ctx := t.Context()
	keys := []string{"l/a-b", "l/a/1", "l/a/2", "l/a.c", "l/a=1/b=2/c", "l/b", "l/ab/c", "l/B", "l/~", "l/é", "m"}
	for _, k := range keys {
		require.NoError(t, s.b.Create(ctx, k, []byte("x")))
	}
	slices.Sort(keys)
	below := keys[:len(keys)-1]
	assert.Equal(t, keys, s.keys(t, "", ""))
	assert.Equal(t, below, s.keys(t, "l/", ""))
	assert.Equal(t, []string{"l/a/1", "l/a/2"}, s.keys(t, "l/a/", ""))
	assert.Equal(t, []string{"l/a/2"}, s.keys(t, "l/a/", "l/a/1"))
	assert.Equal(t, []string{"l/ab/c"}, s.keys(t, "l/ab", ""))
	assert.Empty(t, s.keys(t, "l/zzz", ""))
	assert.Empty(t, s.keys(t, "l/", "l0"))
	for i, k := range below {
		assert.Equal(t, append([]string(nil), below[i+1:]...), s.keys(t, "l/", k), "after %s", k)
	}
	assert.Equal(t, []string{"l/a/1", "l/a/2", "l/a=1/b=2/c", "l/ab/c", "l/b", "l/~", "l/é"}, s.keys(t, "l/", "l/a/"))
	for info, err := range s.b.List(ctx, "l/", "") { // stops when told to
		require.NoError(t, err)
		assert.EqualValues(t, 1, info.Size)
		assert.False(t, info.ModTime.IsZero())
		break
	}
}

// pages lists more keys than any server gives at a time by default, but for Azure's 5,000, which are asked for.
func (s *suite) pages(t *testing.T) {
	const n, workers = 1100, 8
	if strings.HasPrefix(s.cfg.URL, "azblob:") {
		azurePage = 200
		defer func() { azurePage = 5000 }()
	}
	want := make([]string, n)
	for i := range want {
		want[i] = fmt.Sprintf("_log/w/%020d", i)
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				assert.NoError(t, s.b.Create(t.Context(), want[i], []byte("{}")))
			}
		})
	}
	wg.Wait()
	assert.Equal(t, want, s.keys(t, "_log/", ""))
	assert.Equal(t, want[1:], s.keys(t, "_log/w/", want[0]))
	assert.Equal(t, want[1050:], s.keys(t, "_log/w/", want[1049]))
	assert.Empty(t, s.keys(t, "_log/w/", want[n-1]))
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				assert.NoError(t, s.b.Delete(t.Context(), want[i]))
			}
		})
	}
	wg.Wait()
}

func (s *suite) oddKeys(t *testing.T) {
	keys := []string{
		"o/with blank", "o/plus+", "o/and&so", "o/semi;colon", "o/comma,", "o/at@", "o/a=b", "o/colon:", "o/(round)", "o/[square]", "o/{curly}",
		"o/quote'", "o/back`", "o/dollar$", "o/bang!", "o/star*", "o/caret^", "o/pipe|", "o/less<", "o/more>", "o/tilde~", "o/dots..", "o/..dots", "o/...",
		"o/under__score", "o/ümläut", "o/日本語", "o/🪵", "o/e\u0301 combining", "o/tenant=a.b_c-d/date=2026-11-23/hour=01/x.parquet", "o/percent%41%2F", "o/x.tmp-y", "o/w.tmp-1.parquet",
		"o/" + strings.Repeat("long/", 40) + "x",
	}
	for _, k := range keys {
		require.NoError(t, s.b.Create(t.Context(), k, []byte(k)), k)
	}
	for _, k := range keys {
		require.ErrorIs(t, s.b.Create(t.Context(), k, nil), archive.ErrExists, k)
		require.Equal(t, k, string(s.get(t, k)))
		p := make([]byte, 1)
		_, err := s.b.ReadRange(t.Context(), k, p, 1)
		require.NoError(t, err, k)
		require.Equal(t, "/", string(p))
		require.Equal(t, []string{k}, s.keys(t, k, ""))
	}
	slices.Sort(keys)
	assert.Equal(t, keys, s.keys(t, "o/", ""))
	for i, k := range keys {
		assert.Equal(t, append([]string(nil), keys[i+1:]...), s.keys(t, "o/", k), "after %s", k)
	}
}

func (s *suite) refusedKeys(t *testing.T) {
	for _, key := range []string{
		"", "/a", "a/", "../a", "a/../b", "a//b", ".", "..", "./a", "a/.", "a\x00", "a\nb", "a\x7fb", "a\\b", "a\"b", "a#b", "a?b", "a\xff",
		"a__0x2f__", "a../b", strings.Repeat("k", 1025), "a/" + tempPrefix + "b", tempPrefix + "b", tempPrefix + "b/c",
	} {
		err := s.b.Create(t.Context(), key, nil)
		require.ErrorIs(t, err, ErrBadKey, "%q", key)
		assert.True(t, Permanent(err))
		assert.NotErrorIs(t, err, archive.ErrExists)
		require.ErrorIs(t, s.b.Delete(t.Context(), key), ErrBadKey, "%q", key)
	}
}

// prefixes opens the bucket anew with further prefixes, and finds the same objects.
func (s *suite) prefixes(t *testing.T) {
	for _, prefix := range []string{"p", "/a/b/", "with blank/ümläut", "date=2026-11-23", "plus+and&", "日本"} {
		cfg := s.cfg
		cfg.Prefix = prefix
		require.NoError(t, cfg.Validate())
		b, err := Open(t.Context(), cfg)
		require.NoError(t, err)
		assert.True(t, strings.HasSuffix(b.Name(), "/"+strings.Trim(prefix, "/")), b.Name())
		require.NoError(t, b.Create(t.Context(), "k/1", []byte(prefix)))
		require.NoError(t, b.Create(t.Context(), "k/2", []byte(prefix)))
		var keys []string
		for info, err := range b.List(t.Context(), "k/", "k/1") {
			require.NoError(t, err)
			keys = append(keys, info.Key)
		}
		assert.Equal(t, []string{"k/2"}, keys)
		p := make([]byte, 1)
		_, err = b.ReadRange(t.Context(), "k/1", p, 0)
		require.NoError(t, err)
		assert.Equal(t, prefix[:1], string(p))
		if strings.HasPrefix(cfg.URL, "mem:") {
			continue // every prefix is a bucket of its own
		}
		assert.Equal(t, prefix, string(s.get(t, strings.Trim(prefix, "/")+"/k/1")))
		require.NoError(t, b.Close())
	}
}

func (s *suite) large(t *testing.T) {
	ctx := t.Context()
	for _, size := range []int{smallObject, largeObject, largeObject + 1, 40<<20 + 12345} {
		body := make([]byte, size) // random enough not to repeat at any part's boundary
		seed := rand.NewChaCha8([32]byte{byte(size)})
		_, _ = seed.Read(body)
		key := fmt.Sprintf("large/%d", size)
		require.NoError(t, s.b.Create(ctx, key, body), "%d", size)
		require.ErrorIs(t, s.b.Create(ctx, key, body[1:]), archive.ErrExists, "%d", size)
		p := make([]byte, 50_000)
		for _, off := range []int{0, size / 2, size - len(p)} {
			_, err := s.b.ReadRange(ctx, key, p, int64(off))
			require.NoError(t, err)
			require.True(t, bytes.Equal(body[off:off+len(p)], p), "%d at %d", size, off)
		}
		require.True(t, bytes.Equal(body, s.get(t, key)), "%d", size)
		for info, err := range s.b.List(ctx, key, "") {
			require.NoError(t, err)
			assert.EqualValues(t, size, info.Size)
		}
		require.NoError(t, s.b.Delete(ctx, key))
	}
}

// oneWinner lets clients of one process race, with small objects and with such that go in several parts.
func (s *suite) oneWinner(t *testing.T) {
	const racers = 5
	for round := range 21 {
		size := 10_000
		if round == 0 {
			size = largeObject + 1
		}
		key := fmt.Sprintf("race/%d", round)
		var wg sync.WaitGroup
		var mu sync.Mutex
		var winners [][]byte
		start := make(chan struct{})
		for i := range racers {
			wg.Go(func() {
				own, err := Open(t.Context(), s.cfg) // as a process of its own would
				if !assert.NoError(t, err) {
					return
				}
				defer own.Close()
				body := bytes.Repeat([]byte{byte('a' + i)}, size)
				<-start
				switch err := own.Create(t.Context(), key, body); {
				case err == nil:
					mu.Lock()
					winners = append(winners, body)
					mu.Unlock()
				case !errors.Is(err, archive.ErrExists):
					assert.False(t, Permanent(err), "%v", err)
					t.Logf("ambiguous: %v", err) // allowed: the caller tries again
				}
			})
		}
		close(start)
		wg.Wait()
		require.Len(t, winners, 1)
		require.True(t, bytes.Equal(winners[0], s.get(t, key)))
	}
}

func (s *suite) probe(t *testing.T) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() { assert.NoError(t, Probe(t.Context(), s.b)) })
	}
	wg.Wait()
	require.NoError(t, Probe(t.Context(), s.b))
	assert.Equal(t, []string{probeKey}, s.keys(t, "", ""))
}

// put replaces an object as a whole: whoever reads meanwhile gets one of those that were put.
func (s *suite) put(t *testing.T) {
	ctx := t.Context()
	body := func(n int) []byte { return bytes.Repeat([]byte{byte(n)}, 1000*(n+1)) }
	require.NoError(t, Put(ctx, s.b, "_current/list", body(0)))
	done := make(chan struct{})
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			r, err := s.b.Get(ctx, "_current/list")
			if !assert.NoError(t, err) {
				return
			}
			got, err := io.ReadAll(r)
			assert.NoError(t, err)
			assert.NoError(t, r.Close())
			if assert.NotEmpty(t, got) && !assert.Equal(t, body(int(got[0])), got) {
				return
			}
		}
	})
	for n := range 20 {
		require.NoError(t, Put(ctx, s.b, "_current/list", body(n)))
		assert.Equal(t, body(n), s.get(t, "_current/list"))
	}
	close(done)
	reading.Wait()
	require.NoError(t, Put(ctx, s.b, "_current/list", nil))
	assert.Empty(t, s.get(t, "_current/list"))
	large := bytes.Repeat([]byte("0123456789abcdef"), 18<<16) // 18 MiB
	require.NoError(t, Put(ctx, s.b, "_current/list", large))
	assert.Equal(t, large, s.get(t, "_current/list"))
	assert.Equal(t, []string{"_current/list"}, s.keys(t, "", ""))
	require.ErrorIs(t, s.b.Create(ctx, "_current/list", nil), archive.ErrExists)
	require.NoError(t, s.b.Delete(ctx, "_current/list"))
	require.NoError(t, s.b.Create(ctx, "_current/list", body(1)))
	require.NoError(t, Put(ctx, s.b, "_current/list", body(2)))

	require.ErrorIs(t, Put(ctx, s.b, "../x", nil), ErrBadKey)
	require.ErrorIs(t, Put(ctx, struct{ archive.Bucket }{s.b}, "x", nil), errors.ErrUnsupported)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	require.ErrorIs(t, Put(ctx, s.b, "_current/list", nil), context.Canceled)
	assert.Equal(t, body(2), s.get(t, "_current/list"))
}

func (s *suite) cancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.b.Create(ctx, "c", nil), context.Canceled)
	require.ErrorIs(t, s.b.Create(ctx, "c", make([]byte, 20<<20)), context.Canceled)
	_, err := s.b.Get(ctx, "c")
	require.ErrorIs(t, err, context.Canceled)
	_, err = s.b.ReadRange(ctx, "c", make([]byte, 1), 0)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.b.Delete(ctx, "c"), context.Canceled)
	require.NoError(t, s.b.Create(t.Context(), "c", nil))
	for _, err := range s.b.List(ctx, "", "") {
		require.ErrorIs(t, err, context.Canceled)
	}
}

// errors must say what was done to which key of which bucket, in a line.
func (s *suite) errors(t *testing.T) {
	require.NoError(t, s.b.Create(t.Context(), "e/f", nil))
	_, getErr := s.b.Get(t.Context(), "e/g")
	_, readErr := s.b.ReadRange(t.Context(), "e/h", make([]byte, 1), 0)
	for _, tc := range []struct {
		err        error
		verb, key  string
		is         error
		reasonWord string
	}{
		{s.b.Create(t.Context(), "e/f", nil), "create", "e/f", archive.ErrExists, "exists"},
		{getErr, "get", "e/g", archive.ErrNotFound, "not found"},
		{readErr, "", "e/h", archive.ErrNotFound, "not found"},
	} {
		require.ErrorIs(t, tc.err, tc.is)
		text := tc.err.Error()
		for _, want := range []string{tc.verb, tc.key, s.b.Name(), tc.reasonWord} {
			assert.Contains(t, text, want)
		}
		assert.NotContains(t, text, "\n")
		assert.Less(t, len(text), 300, text)
	}
}
