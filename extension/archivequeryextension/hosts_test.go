// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/logboom/logboom/internal/bucket"
)

func TestGuardHosts(t *testing.T) {
	h := guardHosts([]string{"localhost:3100", "Logs.Example.com"}, http.NotFoundHandler())
	check := func(host string, want int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, want, w.Code, host)
	}
	for _, host := range []string{
		"", "localhost", "localhost:3100", "LOCALHOST:3100", "127.0.0.1:3100", "10.1.2.3", "[::1]:3100", "[::1]", "::1",
		"loki", "grafana:80", "host.docker.internal:3100", "nas.lan", "box.local.", "x.localhost", "logs.example.com:443", "LOGS.example.com.",
	} {
		check(host, http.StatusNotFound)
	}
	for _, host := range []string{
		"evil.example", "evil.example:3100", "127.0.0.1.nip.io", "localhost.evil.example", "logs.example.com.evil.example",
		"evil.internal.example", "a." + strings.Repeat("b", 1000),
	} {
		check(host, http.StatusForbidden)
	}
}

// startServer starts the extension on a free port of a loopback address.
func startServer(t *testing.T, change func(*archiveQuery)) *archiveQuery {
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = freeAddress(t)
	cfg.Bucket.URL = memory("hosts")
	cfg.RefreshInterval = 10 * time.Millisecond
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	if change != nil {
		change(a)
	}
	require.NoError(t, a.Start(context.Background(), &statusHost{}))
	return a
}

// send writes a raw request and returns the connection.
func send(t *testing.T, a *archiveQuery, request string) net.Conn {
	c, err := net.Dial("tcp", a.cfg.NetAddr.Endpoint)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(c, strings.ReplaceAll(request, "\n", "\r\n"))
	require.NoError(t, err)
	return c
}

func TestRebinding(t *testing.T) {
	a := startServer(t, nil)
	defer func() { require.NoError(t, a.Shutdown(context.Background())) }()
	for host, want := range map[string]int{"evil.example:3100": http.StatusForbidden, "localhost:3100": http.StatusOK} {
		c := send(t, a, "GET / HTTP/1.1\nHost: "+host+"\nConnection: close\n\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		require.Equal(t, want, resp.StatusCode, host)
		require.NoError(t, resp.Body.Close())
		require.NoError(t, c.Close())
	}
}

const endlessForm = "POST /loki/api/v1/labels HTTP/1.1\nHost: localhost\nContent-Type: application/x-www-form-urlencoded\nContent-Length: 100\n\nquery="

// TestSlowBody sends a body that never ends.
func TestSlowBody(t *testing.T) {
	a := startServer(t, func(a *archiveQuery) { a.formTimeout = 50 * time.Millisecond })
	defer func() { require.NoError(t, a.Shutdown(context.Background())) }()
	c := send(t, a, endlessForm)
	defer c.Close()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusBadRequest, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

// TestCompressedBodyIsNotDecoded sends a body that claims to be a gibibyte when it is decompressed.
func TestCompressedBodyIsNotDecoded(t *testing.T) {
	a := startServer(t, nil)
	defer func() { require.NoError(t, a.Shutdown(context.Background())) }()
	require.Eventually(t, func() bool { return a.reader.Load() != nil }, time.Minute, time.Millisecond)
	c := send(t, a, "POST /loki/api/v1/labels HTTP/1.1\nHost: localhost\nContent-Type: application/x-www-form-urlencoded\n"+
		"Content-Encoding: snappy\nContent-Length: 5\n\n\x80\x80\x80\x80\x04")
	defer c.Close()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.NoError(t, resp.Body.Close())
}

// TestShutdownWithSlowClient shuts down while a client is still sending.
func TestShutdownWithSlowClient(t *testing.T) {
	a := startServer(t, func(a *archiveQuery) { a.grace = 50 * time.Millisecond })
	c := send(t, a, endlessForm)
	defer c.Close()
	require.Eventually(t, func() bool { return a.requests.Load() == 1 }, time.Minute, time.Millisecond)
	began := time.Now()
	require.NoError(t, a.Shutdown(context.Background()))
	require.Less(t, time.Since(began), time.Minute)
}

func TestTooManyRequests(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.requests.Store(maxRequests)
	code, _ := ask(t, a.handler(), "/loki/api/v1/status/buildinfo")
	require.Equal(t, http.StatusTooManyRequests, code)
	require.EqualValues(t, maxRequests, a.requests.Load())
	a.requests.Add(-1)
	code, _ = ask(t, a.handler(), "/loki/api/v1/status/buildinfo")
	require.Equal(t, http.StatusOK, code)
}

// slowClient looks at the turns while it takes an answer.
type slowClient struct {
	*httptest.ResponseRecorder
	a    *archiveQuery
	held int
}

func (s *slowClient) Write(p []byte) (int, error) {
	s.held = max(s.held, s.a.queue.taken())
	return s.ResponseRecorder.Write(p)
}

// TestTurnLastsUntilSent keeps the answers that slow clients have not taken within max_concurrent.
func TestTurnLastsUntilSent(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = memory("turn")
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket, err = bucket.Open(context.Background(), cfg.Bucket)
	require.NoError(t, err)
	require.NoError(t, a.refresh(context.Background()))
	w := &slowClient{ResponseRecorder: httptest.NewRecorder(), a: a}
	a.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/loki/api/v1/labels", http.NoBody))
	require.Equal(t, http.StatusOK, w.Code)
	require.Equal(t, 1, w.held)
	require.Zero(t, a.queue.taken())
}

// TestStartFails shuts down after the port was taken by another: what was opened is closed once.
func TestStartFails(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = l.Addr().String()
	cfg.Bucket.URL = fmt.Sprintf("file://%s", t.TempDir())
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	require.ErrorContains(t, a.Start(context.Background(), &statusHost{}), "listen on")
	require.Nil(t, a.bucket)
	require.NoError(t, a.Shutdown(context.Background()))
}
