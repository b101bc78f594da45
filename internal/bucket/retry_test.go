// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

func TestRetriesS3(t *testing.T)    { retries(t, serveS3(t)) }
func TestRetriesGCS(t *testing.T)   { retries(t, serveGCS(t)) }
func TestRetriesAzure(t *testing.T) { retries(t, serveAzure(t)) }

// isWrite reports whether a request is one of Create.
func isWrite(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }

// retries is what is asked of every client when the server is in trouble: a creation is one attempt and says honestly
// what is not known; reads are repeated a few times, and never take a broken answer for a whole one.
func retries(t *testing.T, cfg Config) {
	p, cfg := newProxy(t, cfg)
	b, err := Open(t.Context(), cfg)
	require.NoError(t, err)
	defer b.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	small, big := []byte("0123456789"), bytes.Repeat([]byte("0123456789"), 300_000)
	require.NoError(t, b.Create(ctx, "there", small))
	require.NoError(t, b.Create(ctx, "big", big))
	gcs := strings.HasPrefix(cfg.URL, "gs:")

	t.Run("one attempt to create", func(t *testing.T) {
		for status, code := range map[int]string{500: "InternalError", 503: "SlowDown", 429: "TooManyRequests"} {
			p.set(func(w http.ResponseWriter, r *http.Request, _ func()) {
				_, _ = io.Copy(io.Discard, r.Body)
				answer(w, cfg, status, code)
			})
			for _, body := range [][]byte{small, big} {
				p.set(p.handle)
				err := b.Create(ctx, "refused", body)
				require.Error(t, err)
				assert.NotErrorIs(t, err, archive.ErrExists)
				assert.False(t, Permanent(err))
				assert.Len(t, p.requests, 1)
			}
		}
	})

	t.Run("a conflict is not an answer", func(t *testing.T) {
		// What S3 says while somebody else creates the key: it may still fail.
		p.set(func(w http.ResponseWriter, r *http.Request, pass func()) {
			if !isWrite(r) {
				pass()
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			answer(w, cfg, http.StatusConflict, "ConditionalRequestConflict")
		})
		for _, body := range [][]byte{small, big} {
			err := b.Create(ctx, "conflict", body)
			require.Error(t, err)
			assert.NotErrorIs(t, err, archive.ErrExists)
			assert.False(t, Permanent(err))
		}
		p.set(nil)
		require.NoError(t, b.Create(ctx, "conflict", small))
		require.ErrorIs(t, b.Create(ctx, "conflict", small), archive.ErrExists)
	})

	t.Run("created, but the answer is lost", func(t *testing.T) {
		lose := func(w http.ResponseWriter, r *http.Request, pass func()) {
			if !isWrite(r) {
				pass()
				return
			}
			rec := httptest.NewRecorder()
			p.pass.ServeHTTP(rec, r)
			assert.Less(t, rec.Code, 300)
			cut(w)
		}
		p.set(lose)
		err := b.Create(ctx, "lost", small)
		require.Error(t, err)
		assert.NotErrorIs(t, err, archive.ErrExists, "of a small object it is not known")
		assert.False(t, Permanent(err))
		assert.Len(t, p.requests, 1)
		// A larger one is looked for: it is there, whoever made it.
		require.ErrorIs(t, b.Create(ctx, "lost-big", big), archive.ErrExists)
		p.set(nil)
		for key, body := range map[string][]byte{"lost": small, "lost-big": big} {
			require.ErrorIs(t, b.Create(ctx, key, body), archive.ErrExists)
			r, err := b.Get(ctx, key)
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			assert.True(t, bytes.Equal(body, got))
		}
	})

	t.Run("a proxy loses the answer", func(t *testing.T) {
		p.set(func(w http.ResponseWriter, r *http.Request, pass func()) {
			if !isWrite(r) {
				pass()
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusBadGateway)
		})
		require.ErrorIs(t, b.Create(ctx, "big", big), archive.ErrExists)
		for key, body := range map[string][]byte{"there": small, "nowhere": big} {
			err := b.Create(ctx, key, body)
			require.Error(t, err)
			assert.NotErrorIs(t, err, archive.ErrExists)
			assert.False(t, Permanent(err))
		}
	})

	t.Run("not created, and the connection is cut", func(t *testing.T) {
		p.set(func(w http.ResponseWriter, r *http.Request, pass func()) {
			if !isWrite(r) {
				pass()
				return
			}
			_, _ = io.CopyN(io.Discard, r.Body, 5)
			cut(w)
		})
		for _, body := range [][]byte{small, big} {
			err := b.Create(ctx, "cut", body)
			require.Error(t, err)
			assert.NotErrorIs(t, err, archive.ErrExists)
			assert.False(t, Permanent(err))
		}
		p.set(nil)
		require.NoError(t, b.Create(ctx, "cut", small))
	})

	t.Run("reads are repeated", func(t *testing.T) {
		var n atomic.Int32
		flaky := func(w http.ResponseWriter, _ *http.Request, pass func()) {
			if n.Add(1) < readAttempts {
				answer(w, cfg, http.StatusServiceUnavailable, "SlowDown")
				return
			}
			pass()
		}
		p.set(flaky)
		r, err := b.Get(ctx, "there")
		require.NoError(t, err)
		require.NoError(t, r.Close())
		n.Store(0)
		_, err = b.ReadRange(ctx, "there", make([]byte, 3), 2)
		require.NoError(t, err)
		n.Store(0)
		for _, err := range b.List(ctx, "there", "") {
			require.NoError(t, err)
		}
	})

	t.Run("reads are not repeated for ever", func(t *testing.T) {
		p.set(func(w http.ResponseWriter, _ *http.Request, _ func()) {
			answer(w, cfg, http.StatusServiceUnavailable, "SlowDown")
		})
		began := time.Now()
		_, err := b.Get(ctx, "there")
		require.Error(t, err)
		assert.NotErrorIs(t, err, archive.ErrNotFound)
		assert.Len(t, p.requests, readAttempts)
		p.set(p.handle)
		_, err = b.ReadRange(ctx, "there", make([]byte, 3), 2)
		require.Error(t, err)
		assert.Len(t, p.requests, readAttempts)
		p.set(p.handle)
		for _, err := range b.List(ctx, "", "") {
			require.Error(t, err)
		}
		assert.Len(t, p.requests, readAttempts)
		assert.Less(t, time.Since(began), time.Minute)
	})

	t.Run("a broken answer is not the end of the object", func(t *testing.T) {
		var n atomic.Int32
		half := func(every bool) func(w http.ResponseWriter, r *http.Request, pass func()) {
			return func(w http.ResponseWriter, r *http.Request, pass func()) {
				rec := httptest.NewRecorder()
				p.pass.ServeHTTP(rec, r)
				for k, v := range rec.Header() {
					w.Header()[k] = v
				}
				w.WriteHeader(rec.Code)
				body := rec.Body.Bytes()
				if every || n.Add(1) == 1 {
					_, _ = w.Write(body[:len(body)/2])
					w.(http.Flusher).Flush()
					cut(w)
				}
				_, _ = w.Write(body)
			}
		}
		part := make([]byte, 1_000_000)
		p.set(half(false))
		m, err := b.ReadRange(ctx, "big", part, 7)
		require.NoError(t, err)
		require.True(t, bytes.Equal(big[7:7+m], part), "the rest is read from where it ended")
		ctx := ctx
		if gcs { // whose client repeats an answer that was cut for as long as the context lets it
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
			defer cancel()
		}
		p.set(half(true))
		m, err = b.ReadRange(ctx, "big", part, 7)
		require.Error(t, err)
		assert.NotErrorIs(t, err, archive.ErrNotFound)
		assert.NotEqual(t, io.EOF, err)
		assert.True(t, bytes.Equal(big[7:7+m], part[:m]))
		if gcs {
			return
		}
		assert.Len(t, p.requests, readAttempts)
		r, err := b.Get(ctx, "big")
		require.NoError(t, err)
		_, err = io.ReadAll(r)
		require.Error(t, err)
		_ = r.Close()
	})

	t.Run("cancelled on the way", func(t *testing.T) {
		reached := make(chan struct{}, 10)
		p.set(func(_ http.ResponseWriter, r *http.Request, _ func()) {
			_, _ = io.Copy(io.Discard, r.Body)
			reached <- struct{}{}
			<-r.Context().Done()
		})
		for name, call := range map[string]func(ctx context.Context) error{
			"create":     func(ctx context.Context) error { return b.Create(ctx, "hang", small) },
			"create big": func(ctx context.Context) error { return b.Create(ctx, "hang", big) },
			"get":        func(ctx context.Context) error { _, err := b.Get(ctx, "there"); return err },
			"read":       func(ctx context.Context) error { _, err := b.ReadRange(ctx, "there", make([]byte, 1), 0); return err },
			"delete":     func(ctx context.Context) error { return b.Delete(ctx, "there") },
		} {
			ctx, cancel := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() { done <- call(ctx) }()
			select {
			case <-reached:
			case <-time.After(time.Minute):
				t.Errorf("%s does not reach the server", name)
			}
			cancel()
			select {
			case err := <-done:
				require.ErrorIs(t, err, context.Canceled, name)
				assert.NotErrorIs(t, err, archive.ErrNotFound)
			case <-time.After(time.Minute):
				t.Fatalf("%s goes on after it was cancelled", name)
			}
		}
	})
}
