// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package web is the page that archive_query serves beside its HTTP API: plain ES modules and one
// style sheet, embedded as they are. The page asks for nothing but the documented Loki HTTP API of
// the server it came from, so whoever may use the API may use the page, and nobody else.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// contentSecurityPolicy lets the page load its own files and talk to its own server, and nothing
// else: what a log line holds can neither run nor report home. Trusted Types forbid the page's own
// code to turn strings into markup.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// contentTypes is explicit because the system's MIME tables differ between machines, and a module
// with the wrong type does not run.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// asset is one embedded file, ready to send.
type asset struct {
	contentType string
	etag        string
	plain, gzip []byte
}

// Handler serves the page at / and its files at /static/. Other paths answer 404, other methods 405.
func Handler() http.Handler {
	return load(static)
}

type handler map[string]asset

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, ok := h[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", contentSecurityPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer") // a query in the address must not travel with a link
	header.Set("Cache-Control", "no-cache")      // kept, but asked for anew: page and API are of one version
	header.Set("ETag", a.etag)
	header.Add("Vary", "Accept-Encoding")
	if r.Header.Get("If-None-Match") == a.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.contentType)
	body := a.plain
	// confighttp may compress by itself; a body that is already encoded it leaves alone.
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		header.Set("Content-Encoding", "gzip")
		body = a.gzip
	}
	header.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the client went away: nobody is left to tell
}

// load reads every file below static/ of files. It panics on a broken embed, which only a broken
// build can bring about.
func load(files fs.FS) handler {
	h := handler{}
	err := fs.WalkDir(files, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("serve %q: no content type for %q", name, path.Ext(name))
		}
		plain, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(plain)
		h["/"+name] = asset{
			contentType: contentType,
			etag:        `"` + hex.EncodeToString(sum[:8]) + `"`,
			plain:       plain,
			gzip:        compress(plain),
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	h["/"] = h["/static/index.html"]
	h["/favicon.ico"] = h["/static/icon.svg"] // browsers ask for it unasked; a 404 would be noise in the console
	return h
}

func compress(plain []byte) []byte {
	var buf bytes.Buffer
	zw, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression) // the level is valid
	_, _ = zw.Write(plain)                                   // a bytes.Buffer does not fail
	_ = zw.Close()
	return buf.Bytes()
}
