// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, method, target string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, http.NoBody)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func TestHandler(t *testing.T) {
	check := func(method, target string, wantStatus int, wantType string) {
		t.Helper()
		resp := get(t, method, target, nil)
		defer func() { _ = resp.Body.Close() }()
		assert.Equal(t, wantStatus, resp.StatusCode, "%s %s", method, target)
		assert.Equal(t, wantType, resp.Header.Get("Content-Type"), "%s %s", method, target)
	}
	const refused = "text/plain; charset=utf-8"
	check(http.MethodGet, "/", http.StatusOK, "text/html; charset=utf-8")
	check(http.MethodHead, "/", http.StatusOK, "text/html; charset=utf-8")
	check(http.MethodGet, "/?q=timeout", http.StatusOK, "text/html; charset=utf-8")
	check(http.MethodGet, "/static/app.js", http.StatusOK, "text/javascript; charset=utf-8")
	check(http.MethodGet, "/static/style.css", http.StatusOK, "text/css; charset=utf-8")
	check(http.MethodGet, "/favicon.ico", http.StatusOK, "image/svg+xml")
	check(http.MethodPost, "/", http.StatusMethodNotAllowed, refused)
	check(http.MethodGet, "/static/", http.StatusNotFound, refused)
	check(http.MethodGet, "/static/../web.go", http.StatusNotFound, refused)
	check(http.MethodGet, "/nothing", http.StatusNotFound, refused)
}

func TestHandlerHeaders(t *testing.T) {
	resp := get(t, http.MethodGet, "/", nil)
	plain, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.NotContains(t, resp.Header.Get("Content-Security-Policy"), "unsafe")
	assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
	assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))

	zipped := get(t, http.MethodGet, "/", map[string]string{"Accept-Encoding": "gzip, br"})
	require.Equal(t, "gzip", zipped.Header.Get("Content-Encoding"))
	zr, err := gzip.NewReader(zipped.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(zr)
	require.NoError(t, err)
	assert.Equal(t, plain, body)

	again := get(t, http.MethodGet, "/", map[string]string{"If-None-Match": resp.Header.Get("ETag")})
	assert.Equal(t, http.StatusNotModified, again.StatusCode)
}

// TestStaticIsSelfContained keeps the page what its policy allows: no inline script or style, no
// address of another server, no markup made from strings.
func TestStaticIsSelfContained(t *testing.T) {
	outside := regexp.MustCompile(`(?i)(?:src|href|url|import|fetch)\s*[=(]?\s*["'(]?(?:https?:)?//`)
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	markup := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser`)
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(static, name)
		require.NoError(t, err)
		assert.False(t, outside.Match(content), "%s names another server: %q", name, outside.Find(content))
		if strings.HasSuffix(name, ".html") {
			assert.False(t, inline.Match(content), "%s has inline code: %q", name, inline.Find(content))
		}
		if strings.HasSuffix(name, ".js") {
			assert.False(t, markup.Match(content), "%s makes markup from text: %q", name, markup.Find(content))
		}
		return nil
	})
	require.NoError(t, err)
}

// TestFirstPaintSize holds the page to its budget on a slow link.
func TestFirstPaintSize(t *testing.T) {
	const budget = 40 << 10
	total := 0
	for name, a := range load(static) {
		if strings.HasPrefix(name, "/static/") {
			total += len(a.gzip)
		}
	}
	t.Logf("all files of the page, compressed: %d bytes", total)
	assert.LessOrEqual(t, total, budget)
}
