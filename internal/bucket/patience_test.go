// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

// openImpatient opens a bucket with another patience, before the test is parallel to others.
func openImpatient(t *testing.T, cfg Config, p patience) archive.Bucket {
	t.Helper()
	defer func(p patience) { usual = p }(usual)
	usual = p
	b, err := Open(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return b
}

// slowLine is a line to a server: of what all connections send, so many bytes per second arrive.
func slowLine(t *testing.T, to string, rate int) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	var mu sync.Mutex // held while bytes are on the line
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			_ = client.(*net.TCPConn).SetReadBuffer(64 << 10)
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			closeBoth := func() {
				client.Close()
				server.Close()
			}
			stop := context.AfterFunc(ctx, closeBoth)
			wg.Go(func() {
				defer closeBoth()
				_, _ = io.Copy(client, server)
			})
			wg.Go(func() {
				defer stop()
				defer closeBoth()
				b := make([]byte, 32<<10)
				for {
					n, err := client.Read(b)
					if err != nil {
						return
					}
					mu.Lock()
					time.Sleep(time.Duration(n) * time.Second / time.Duration(rate))
					mu.Unlock()
					if _, err := server.Write(b[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return l.Addr().String()
}

// TestSlowLine uploads for much longer than a server may be silent.
func TestSlowLine(t *testing.T) {
	p := patience{answer: 3 * time.Second, rate: 2 << 20} // 3 s, since servers on a busy machine take their time
	for name, start := range map[string]func(*testing.T) Config{"s3": serveS3, "gs": serveGCS, "azblob": serveAzure} {
		t.Run(name, func(t *testing.T) {
			cfg := start(t)
			body := make([]byte, 14<<20)
			seed := rand.NewChaCha8([32]byte{1})
			_, _ = seed.Read(body)
			host := hostOf(cfg.Endpoint)
			line := slowLine(t, host, 2<<20)
			cfg.Endpoint = "http://" + line + cfg.Endpoint[len("http://"+host):]
			b := openImpatient(t, cfg, p)
			t.Parallel()
			began := time.Now()
			require.NoError(t, b.Create(t.Context(), "slow", body))
			took := time.Since(began)
			assert.Greater(t, took, p.limit(sendBuffer), "otherwise the test shows nothing")
			t.Logf("14 MiB in %v", took)
			require.ErrorIs(t, b.Create(t.Context(), "slow", []byte("other")), archive.ErrExists)
			r, err := b.Get(t.Context(), "slow")
			require.NoError(t, err)
			got, err := io.ReadAll(r)
			require.NoError(t, err)
			require.NoError(t, r.Close())
			require.True(t, bytes.Equal(body, got))
		})
	}
}

// TestSilentServer: a server that takes connections and does nothing more is noticed, wherever it stops.
func TestSilentServer(t *testing.T) {
	p := patience{answer: 300 * time.Millisecond, rate: 16 << 20}
	small, big := make([]byte, 100), make([]byte, 15<<20)
	for name, cfg := range map[string]Config{
		"s3":     {URL: "s3://logs", PathStyle: true, Region: "us-east-1", AccessKeyID: "i", SecretAccessKey: "s"},
		"gs":     {URL: "gs://logs"},
		"azblob": {URL: "azblob://logs", AccountName: "acc", AccountKey: azuriteKey},
	} {
		for what, takes := range map[string]int64{"takes nothing": 0, "takes a part": 5 << 20, "takes all": 1 << 40} {
			t.Run(name+" "+what, func(t *testing.T) {
				cfg := cfg
				l, err := net.Listen("tcp", "127.0.0.1:0")
				require.NoError(t, err)
				var wg sync.WaitGroup
				ctx, cancel := context.WithCancel(context.Background())
				defer wg.Wait()
				defer cancel()
				defer l.Close()
				wg.Go(func() {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						wg.Go(func() {
							stop := context.AfterFunc(ctx, func() { c.Close() })
							defer stop()
							_, _ = io.CopyN(io.Discard, c, takes)
							<-ctx.Done()
						})
					}
				})
				cfg.Endpoint = "http://" + l.Addr().String()
				if name == "azblob" {
					cfg.Endpoint += "/acc"
				}
				b := openImpatient(t, cfg, p)
				t.Parallel()
				silent := func(call func(ctx context.Context) error) {
					t.Helper()
					ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
					defer cancel()
					began := time.Now()
					err := call(ctx)
					took := time.Since(began)
					require.ErrorContains(t, err, "the server has not moved for")
					require.NotErrorIs(t, err, context.Canceled)
					assert.NotErrorIs(t, err, archive.ErrExists)
					assert.False(t, Permanent(err))
					assert.GreaterOrEqual(t, took, p.answer)
					assert.Less(t, took, 2*time.Minute)
				}
				silent(func(ctx context.Context) error { return b.Create(ctx, "small", small) })
				// And a question after it, whether the object is there.
				silent(func(ctx context.Context) error { return b.Create(ctx, "big", big) })
				if name != "gs" { // which repeats reads for as long as it is let
					silent(func(ctx context.Context) error { _, err := b.Get(ctx, "x"); return err })
				}
			})
		}
	}
}

// TestSilentAnswer: an answer that stops in the middle is noticed, a slow reader of it is not taken for that.
func TestSilentAnswer(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		_, _ = w.Write(make([]byte, 500_000))
		w.(http.Flusher).Flush()
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(stop)
	c := &http.Client{Transport: tune(&http.Transport{}, nil)}
	c.Transport.(*patient).patience = patience{answer: 2 * time.Second, rate: 1 << 20}
	defer c.CloseIdleConnections()
	res, err := c.Get(server.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	time.Sleep(3 * time.Second) // longer than the server may be silent
	n, err := io.ReadFull(res.Body, make([]byte, 500_000))
	require.NoError(t, err)
	require.Equal(t, 500_000, n)
	began := time.Now()
	_, err = res.Body.Read(make([]byte, 1))
	var silent *silentError
	require.True(t, errors.As(err, &silent), "%v", err)
	var timeout net.Error
	require.True(t, errors.As(err, &timeout) && timeout.Timeout())
	assert.Less(t, time.Since(began), time.Minute)
}

// TestCallTimeout: no upload that the clients let go on is cut by its caller.
func TestCallTimeout(t *testing.T) {
	assert.Equal(t, 2*time.Minute, CallTimeout(0))
	for _, size := range []int{1 << 10, 1 << 20, 14 << 20, 512 << 20} {
		atSlowest := time.Duration(size/slowest) * time.Second
		assert.GreaterOrEqual(t, CallTimeout(size), atSlowest+usual.answer)
		assert.LessOrEqual(t, CallTimeout(size), atSlowest+3*time.Minute)
	}
}
