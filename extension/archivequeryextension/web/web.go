// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package web is the page that archive_query serves beside its HTTP API: the files of dist, which Vite builds of
// ../ui (`make ui`) and which are committed, so that nobody needs Node to build the binary. The page asks for nothing but
// the documented HTTP API of the server it came from, so whoever may use the API may use the page, and nobody else.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

// dist is named with all: the names of chunks may begin with an underscore.
//
//go:embed all:dist
var dist embed.FS

const (
	// contentSecurityPolicy lets the page load its own files and talk to its own server, and nothing else: what a log line
	// holds can neither run nor report home. Trusted Types forbid the page's own code to turn strings into markup.
	contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
		"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
		"require-trusted-types-for 'script'; trusted-types 'none'"
	// kept is for files whose names have a hash of their content: another content has another name. The others may be kept,
	// but are asked for anew: page and API are of one version.
	kept, asked = "public, max-age=31536000, immutable", "no-cache"
	// minGzipBytes is the smallest file that is worth compressing.
	minGzipBytes = 1024
)

// contentTypes is explicit because the system's MIME tables differ between machines, and a module
// with the wrong type does not run.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// asset is one embedded file, ready to send.
type asset struct {
	contentType, cacheControl, etag string
	plain                           []byte
	zipped                          func() []byte // made when it is asked for; nil where it would be no smaller
}

// Handler serves the page at / and its files beside it. Other paths answer 404, other methods 405.
func Handler() http.Handler { return page() }

// page is loaded once, and compressed once when it is asked for.
var page = sync.OnceValue(func() handler {
	h, err := load(dist)
	if err != nil {
		panic(err) // the build is broken, and a test says so
	}
	return h
})

type handler map[string]*asset

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
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", a.cacheControl)
	header.Set("ETag", a.etag)
	header.Add("Vary", "Accept-Encoding")
	if matches(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	header.Set("Content-Type", a.contentType)
	body := a.plain
	// confighttp may compress by itself; a body that is already encoded it leaves alone.
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if zipped := a.zipped(); zipped != nil {
			header.Set("Content-Encoding", "gzip")
			body = zipped
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the client went away: nobody is left to tell
}

// matches reports whether one of the tags of an If-None-Match is the file's. Proxies that compress make them weak.
func matches(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(tag), "W/") == etag {
			return true
		}
	}
	return false
}

// load reads every file below dist.
func load(files fs.FS) (handler, error) {
	h := handler{}
	err := fs.WalkDir(files, "dist", func(name string, entry fs.DirEntry, err error) error {
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
		a := &asset{contentType: contentType, cacheControl: asked, etag: `"` + hex.EncodeToString(sum[:8]) + `"`, plain: plain}
		if strings.HasPrefix(name, "dist/assets/") {
			a.cacheControl = kept
		}
		a.zipped = sync.OnceValue(func() []byte { return compress(plain) })
		h[strings.TrimPrefix(name, "dist")] = a
		return nil
	})
	if err != nil {
		return nil, err
	}
	if h["/index.html"] == nil || h["/icon.svg"] == nil {
		return nil, errors.New("serve the page: index.html and icon.svg must be in dist")
	}
	h["/"] = h["/index.html"]
	h["/favicon.ico"] = h["/icon.svg"] // browsers ask for it unasked; a 404 would be noise in the console
	return h, nil
}

func compress(plain []byte) []byte {
	if len(plain) < minGzipBytes {
		return nil
	}
	var buf bytes.Buffer
	zw, _ := gzip.NewWriterLevel(&buf, gzip.BestCompression) // the level is valid
	_, _ = zw.Write(plain)                                   // a bytes.Buffer does not fail
	_ = zw.Close()
	if buf.Len() >= len(plain) {
		return nil
	}
	return buf.Bytes()
}
