// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

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

// files are those of the page, by path.
func files() handler { return page() }

// atOnce are what the browser loads before anything shows: the page itself and what it names.
func atOnce(t *testing.T) []string {
	t.Helper()
	names := []string{"/index.html"}
	for _, m := range regexp.MustCompile(`(?:src|href)="\./([^"]+)"`).FindAllStringSubmatch(string(files()["/"].plain), -1) {
		names = append(names, "/"+m[1])
	}
	return names
}

func TestHandler(t *testing.T) {
	check := func(method, target string, wantStatus int, wantType, wantCache string) {
		t.Helper()
		resp := get(t, method, target, nil)
		defer func() { _ = resp.Body.Close() }()
		assert.Equal(t, wantStatus, resp.StatusCode, "%s %s", method, target)
		assert.Equal(t, wantType, resp.Header.Get("Content-Type"), "%s %s", method, target)
		assert.Equal(t, wantCache, resp.Header.Get("Cache-Control"), "%s %s", method, target)
	}
	const refused, html = "text/plain; charset=utf-8", "text/html; charset=utf-8"
	check(http.MethodGet, "/", http.StatusOK, html, asked)
	check(http.MethodHead, "/", http.StatusOK, html, asked)
	check(http.MethodGet, "/?q=timeout", http.StatusOK, html, asked)
	check(http.MethodGet, "/favicon.ico", http.StatusOK, "image/svg+xml", asked)
	check(http.MethodPost, "/", http.StatusMethodNotAllowed, refused, "")
	check(http.MethodGet, "/assets/", http.StatusNotFound, refused, "")
	check(http.MethodGet, "/dist/index.html", http.StatusNotFound, refused, "")
	check(http.MethodGet, "/assets/../../web.go", http.StatusNotFound, refused, "")
	check(http.MethodGet, "/nothing", http.StatusNotFound, refused, "")
	kinds := map[string]bool{}
	for name := range files() {
		if strings.HasPrefix(name, "/assets/") {
			check(http.MethodGet, name, http.StatusOK, contentTypes[path.Ext(name)], kept)
			kinds[path.Ext(name)] = true
		}
	}
	assert.Equal(t, map[string]bool{".js": true, ".css": true}, kinds)
}

func TestHandlerHeaders(t *testing.T) {
	for _, target := range atOnce(t) {
		resp := get(t, http.MethodGet, target, nil)
		plain, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		assert.NotContains(t, resp.Header.Get("Content-Security-Policy"), "unsafe")
		assert.Equal(t, "nosniff", resp.Header.Get("X-Content-Type-Options"))
		assert.Equal(t, "no-referrer", resp.Header.Get("Referrer-Policy"))

		etag := resp.Header.Get("ETag")
		for list, want := range map[string]int{
			etag: http.StatusNotModified, "W/" + etag: http.StatusNotModified, `"x", ` + etag: http.StatusNotModified,
			`"x"`: http.StatusOK, strings.Trim(etag, `"`): http.StatusOK,
		} {
			again := get(t, http.MethodGet, target, map[string]string{"If-None-Match": list})
			assert.Equal(t, want, again.StatusCode, "%s %s", target, list)
		}
		if len(plain) < minGzipBytes {
			continue
		}
		zipped := get(t, http.MethodGet, target, map[string]string{"Accept-Encoding": "gzip, br"})
		require.Equal(t, "gzip", zipped.Header.Get("Content-Encoding"), target)
		zr, err := gzip.NewReader(zipped.Body)
		require.NoError(t, err)
		body, err := io.ReadAll(zr)
		require.NoError(t, err)
		assert.Equal(t, plain, body)
	}
}

// TestSelfContained keeps the page what its policy allows: no inline script or style, no file of another server, no code
// that is made of strings. (That no markup is, the browser makes sure: trusted-types 'none'.)
func TestSelfContained(t *testing.T) {
	outside := regexp.MustCompile(`(?i)(?:src|href|url|import|fetch)\s*[=(]\s*["'(]?(?:https?:|//)`)
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style|\sstyle=|\son[a-z]+=|javascript:`)
	code := regexp.MustCompile(`document\.write\b|\beval\(|new Function\b|\bimportScripts\b`)
	for name, a := range files() {
		assert.False(t, outside.Match(a.plain), "%s names another server: %q", name, outside.Find(a.plain))
		switch path.Ext(name) {
		case ".html":
			assert.False(t, inline.Match(a.plain), "%s has inline code: %q", name, inline.Find(a.plain))
		case ".js":
			assert.False(t, code.Match(a.plain), "%s makes code from text: %q", name, code.Find(a.plain))
		case ".css":
			assert.NotContains(t, string(a.plain), "@import", name)
			assert.NotContains(t, string(a.plain), "data:", name) // libraries have such images in their code, for styles that the page overrides
		}
	}
	for _, name := range atOnce(t) {
		assert.Contains(t, files(), name, "index.html names it")
	}
	require.Contains(t, files(), "/licenses.txt")
	assert.Contains(t, string(files()["/licenses.txt"].plain), "preact")
}

// TestFirstPaintSize holds the page to its budget on a slow link.
func TestFirstPaintSize(t *testing.T) {
	const budget, everything = 120 << 10, 400 << 10
	all := files()
	size := func(names ...string) (n int) {
		for _, name := range names {
			if zipped := all[name].zipped(); zipped != nil {
				n += len(zipped)
			} else {
				n += len(all[name].plain)
			}
		}
		return n
	}
	first, total := size(atOnce(t)...), 0
	for name := range all {
		if name != "/" && name != "/favicon.ico" {
			total += size(name)
		}
	}
	t.Logf("compressed, the page loads %d bytes before anything shows, and %d in all", first, total)
	assert.Positive(t, first)
	assert.LessOrEqual(t, first, budget)
	assert.LessOrEqual(t, total, everything)
}

func TestLoadMistakes(t *testing.T) {
	page := fstest.MapFS{"dist/index.html": {Data: []byte("<html>")}, "dist/icon.svg": {}}
	_, err := load(page)
	require.NoError(t, err)
	page["dist/page.wasm"] = &fstest.MapFile{}
	_, err = load(page)
	require.ErrorContains(t, err, `serve "dist/page.wasm": no content type for ".wasm"`)
	_, err = load(fstest.MapFS{"dist/index.html": {}})
	require.ErrorContains(t, err, "icon.svg")
	_, err = load(fstest.MapFS{})
	require.Error(t, err)
}
