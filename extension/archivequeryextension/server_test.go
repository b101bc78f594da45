// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/extension/extensiontest"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// statusHost remembers the statuses that were reported.
type statusHost struct {
	component.Host
	mu       sync.Mutex
	statuses []componentstatus.Status
}

func (*statusHost) GetExtensions() map[component.ID]component.Component { return nil }

func (h *statusHost) Report(e *componentstatus.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.statuses = append(h.statuses, e.Status())
}

func (h *statusHost) last() componentstatus.Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.statuses) == 0 {
		return componentstatus.StatusNone
	}
	return h.statuses[len(h.statuses)-1]
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func TestServer(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.NetAddr.Endpoint = freeAddress(t)
	cfg.Bucket.URL = memory("server")
	cfg.RefreshInterval = 10 * time.Millisecond
	ext, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	host := &statusHost{}
	require.NoError(t, ext.Start(context.Background(), host))
	defer func() {
		require.NoError(t, ext.Shutdown(context.Background()))
		require.NoError(t, ext.Shutdown(context.Background()), "twice")
	}()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	get := func(path string, header ...string) (*http.Response, string) {
		req, err := http.NewRequest(http.MethodGet, "http://"+cfg.NetAddr.Endpoint+path, nil)
		require.NoError(t, err)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		var r io.Reader = resp.Body
		if resp.Header.Get("Content-Encoding") == "gzip" {
			r, err = gzip.NewReader(resp.Body)
			require.NoError(t, err)
		}
		body, err := io.ReadAll(r)
		require.NoError(t, err)
		return resp, string(body)
	}

	// An empty archive is no error, and what is committed later is found.
	require.Eventually(t, func() bool { return host.last() == componentstatus.StatusOK }, time.Minute, 5*time.Millisecond)
	values := "/loki/api/v1/label/service_name/values?start=" + start + "&end=" + end
	resp, body := get(values)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.JSONEq(t, `{"status":"success","data":[]}`, body)
	writeArchive(t, cfg.Bucket.URL, 1, shopLogs(), base.Add(2*time.Minute))
	require.Eventually(t, func() bool {
		_, body := get(values)
		return strings.Contains(body, "checkout")
	}, time.Minute, 10*time.Millisecond)

	resp, body = get("/loki/api/v1/query_range?"+url.Values{"query": {`{service_name="checkout"}`}, "start": {start}, "end": {end}}.Encode(), "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", resp.Header.Get("Content-Encoding"))
	require.Contains(t, body, "request 58")

	resp, body = get("/ready")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Equal(t, "ready\n", body)
	resp, body = get("/")
	require.Equal(t, http.StatusOK, resp.StatusCode)
	require.Contains(t, body, "<html")
}

// brokenBucket fails while broken is set.
type brokenBucket struct {
	archive.Bucket
	mu     sync.Mutex
	broken bool
}

func (b *brokenBucket) set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

func (b *brokenBucket) fail() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("connection refused")
	}
	return nil
}

func (b *brokenBucket) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	if err := b.fail(); err != nil {
		return 0, fmt.Errorf("read %q: %w", key, err)
	}
	return b.Bucket.ReadRange(ctx, key, p, off)
}

func (b *brokenBucket) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	if err := b.fail(); err != nil {
		return func(yield func(archive.ObjectInfo, error) bool) { yield(archive.ObjectInfo{}, err) }
	}
	return b.Bucket.List(ctx, prefix, startAfter)
}

func TestStatus(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = memory("status")
	cfg.RefreshInterval = 5 * time.Millisecond
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	inner, err := bucket.Open(context.Background(), cfg.Bucket)
	require.NoError(t, err)
	b := &brokenBucket{Bucket: inner, broken: true}
	a.bucket = b
	host := &statusHost{}
	ctx, cancel := context.WithCancel(context.Background())
	a.wg.Go(func() { a.follow(ctx, host) })
	defer a.wg.Wait()
	defer cancel()
	for _, broken := range []bool{true, false, true, false} {
		b.set(broken)
		want := componentstatus.StatusOK
		if broken {
			want = componentstatus.StatusRecoverableError
		}
		require.Eventually(t, func() bool { return host.last() == want }, time.Minute, time.Millisecond)
	}
	host.mu.Lock()
	defer host.mu.Unlock()
	require.Len(t, host.statuses, 4, "only changes are reported")
}

func TestPartialResultAndUnavailable(t *testing.T) {
	ctx := context.Background()
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = memory("partial")
	writeArchive(t, cfg.Bucket.URL, 1, shopLogs(), base.Add(2*time.Minute))
	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	h := a.handler()
	code, body := ask(t, h, "/ready")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, "cannot be read yet")
	code, _ = ask(t, h, "/loki/api/v1/labels")
	require.Equal(t, http.StatusServiceUnavailable, code)

	inner, err := bucket.Open(ctx, cfg.Bucket)
	require.NoError(t, err)
	b := &brokenBucket{Bucket: inner}
	a.bucket = b
	require.NoError(t, a.refresh(ctx))
	b.set(true)
	code, body = ask(t, h, "/loki/api/v1/query_range", "query", `{service_name="cart"}`, "start", start, "end", end)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"warnings":["partial result: `)
	require.Contains(t, body, "mem://partial")
	require.Contains(t, body, `"errors":1`)
	for _, path := range []string{"labels", "series", "detected_labels", "detected_fields?query=%7Bservice_name%3D%22cart%22%7D"} {
		path, query, _ := strings.Cut(path, "?")
		r := httptest.NewRequest(http.MethodGet, "/loki/api/v1/"+path+"?start="+start+"&end="+end+"&"+query, nil)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code, path)
		require.Contains(t, w.Body.String(), "partial result: ", path)
	}
	b.set(false)
	code, body = ask(t, h, "/loki/api/v1/query_range", "query", `{service_name="cart"}`, "start", start, "end", end)
	require.Equal(t, http.StatusOK, code)
	require.NotContains(t, body, "warnings")
}

func TestTimeoutAndCancel(t *testing.T) {
	h := shopAPI(t, func(c *Config) { c.Query.Timeout = time.Nanosecond })
	code, body := ask(t, h, "/loki/api/v1/query", "query", `rate({service_name="cart"}[1m])`)
	require.Equal(t, http.StatusGatewayTimeout, code)
	require.Contains(t, body, "query timed out after 1ns")

	h = newAPI(t, memory("canceled"), nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/loki/api/v1/query?query="+url.QueryEscape(`rate({service_name="cart"}[1m])`), nil).WithContext(ctx))
	require.Equal(t, statusClientClosedRequest, w.Code)
}

func TestParseTime(t *testing.T) {
	for s, want := range map[string]int64{
		"1772618700":                1772618700e9,
		"1772618700.5":              1772618700.5e9,
		"1772618700000000001":       1772618700000000001,
		"2026-03-04T10:05:00Z":      1772618700e9,
		"2026-03-04T11:05:00+01:00": 1772618700e9,
		"1.7726187e9":               1772618700e9,
		"0":                         0,
	} {
		got, err := parseTime(s)
		require.NoError(t, err, s)
		require.Equal(t, want, got.UnixNano(), s)
	}
	for _, s := range []string{"now", "NaN", "1e300", "2026-03-04", "-", "9999-01-01T00:00:00Z", "9999999999", "-9999999999"} {
		_, err := parseTime(s)
		require.Error(t, err, s)
	}
}

func FuzzAPI(f *testing.F) {
	h := shopAPI(f, func(c *Config) { c.Query.Timeout = 5 * time.Second })
	paths := []string{
		"query", "query_range", "labels", "label/service_name/values", "series", "index/stats", "index/volume",
		"index/volume_range", "detected_labels", "detected_fields", "detected_field/x/values", "format_query", "patterns",
		"/logboom/api/v1/culprit", "/logboom/api/v1/fields", "/logboom/api/v1/trail", "/logboom/api/v1/overview",
	}
	f.Add(uint8(0), "query=vector(1)%2Bvector(1)&time=1")
	f.Add(uint8(1), "query=%7Ba%3D%22b%22%7D&start="+start+"&end="+end+"&limit=5&step=1m&direction=forward")
	f.Add(uint8(6), "query=%7B%7D&targetLabels=a,b&aggregateBy=labels&since=5m")
	f.Add(uint8(4), "match[]=%7Ba%3D%22b%22%7D&start=2026-03-04T10:05:00Z")
	f.Add(uint8(13), "start=9223372000000000000&end=9223372036854775807")
	f.Add(uint8(13), "start=-9e9&end="+end+"&bad=%7C%20detected_level%3D%22error%22&limit=3")
	f.Add(uint8(13), "start=2026-03-04T10:05:30Z&end="+end+"&baseline_start=1&baseline_end="+end)
	f.Add(uint8(14), "query=%7Bservice_name%3D~%22.%2B%22%7D&start=-9e9&end=9e9&field=service_name&prefix=c")
	f.Add(uint8(15), "id=checkout&since=1000w&limit=2")
	f.Add(uint8(16), "start=-9e9&end=9e9&step=4000d&limit=1")
	f.Fuzz(func(t *testing.T, path uint8, raw string) {
		r := httptest.NewRequest(http.MethodGet, pathOf(paths[int(path)%len(paths)]), nil)
		r.URL.RawQuery = raw
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK, http.StatusBadRequest, http.StatusGatewayTimeout:
		default:
			t.Fatalf("status %d for %q: %s", w.Code, raw, w.Body)
		}
	})
}
