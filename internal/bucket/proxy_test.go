// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/tls"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy stands before a server and does what networks and servers in trouble do. Its address is the endpoint of
// the configuration that newProxy returns.
type proxy struct {
	t      *testing.T
	target *url.URL
	pass   *httputil.ReverseProxy

	mu       sync.Mutex
	handle   func(w http.ResponseWriter, r *http.Request, pass func()) // nil passes everything
	requests []*http.Request
}

func newProxy(t *testing.T, cfg Config) (*proxy, Config) {
	t.Helper()
	p, server := makeProxy(t, cfg)
	server.Start()
	cfg.Endpoint = server.URL + p.path(cfg)
	return p, cfg
}

// newTLSProxy is a proxy with a certificate that only its ca_file makes trusted.
func newTLSProxy(t *testing.T, cfg Config) (*proxy, Config) {
	t.Helper()
	p, server := makeProxy(t, cfg)
	server.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	server.StartTLS()
	cfg.Endpoint = server.URL + p.path(cfg)
	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(cfg.CAFile, block, 0o600))
	return p, cfg
}

func makeProxy(t *testing.T, cfg Config) (*proxy, *httptest.Server) {
	t.Helper()
	target, err := url.Parse(cfg.Endpoint)
	require.NoError(t, err)
	target.Path = ""
	transport := &http.Transport{}
	p := &proxy{t: t, target: target}
	p.pass = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host // which is signed
		},
		Transport: transport,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	server := httptest.NewUnstartedServer(p)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		transport.CloseIdleConnections()
	})
	return p, server
}

func (*proxy) path(cfg Config) string {
	u, _ := url.Parse(cfg.Endpoint)
	return u.Path
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	handle := p.handle
	p.requests = append(p.requests, r.Clone(r.Context()))
	p.mu.Unlock()
	pass := func() { p.pass.ServeHTTP(w, r) }
	if handle == nil {
		pass()
		return
	}
	handle(w, r, pass)
}

// set replaces what the proxy does and forgets the requests so far.
func (p *proxy) set(handle func(w http.ResponseWriter, r *http.Request, pass func())) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handle, p.requests = handle, nil
}

// seen returns the requests since set, of one method.
func (p *proxy) seen(method string) (out []*http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		if r.Method == method {
			out = append(out, r)
		}
	}
	return out
}

// cut ends the connection without an answer.
func cut(http.ResponseWriter) { panic(http.ErrAbortHandler) }

// answerS3 answers as S3 does, with a code in XML.
func answerS3(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>made by a test</Message></Error>`))
}

// answer answers with a status as each kind of server does.
func answer(w http.ResponseWriter, cfg Config, status int, code string) {
	switch {
	case strings.HasPrefix(cfg.URL, "s3:"):
		answerS3(w, status, code)
	case strings.HasPrefix(cfg.URL, "azblob:"):
		w.Header().Set("x-ms-error-code", code)
		w.WriteHeader(status)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"error":{"message":"made by a test","errors":[{"reason":"` + code + `"}]}}`))
	}
}
