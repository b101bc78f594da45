// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package sinks holds small servers that speak enough of the protocols of log stores to count what a shipper
// delivers: Elasticsearch bulk, Splunk HEC, OTLP over HTTP (Loki's native endpoint), Kafka and ClickHouse over HTTP.
// Each listens on loopback, keeps every record as a document of the shape that the store would hold, and can be told
// to refuse everything for a while. Nothing here is a store: nothing is indexed, and nothing survives Close.
package sinks

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// Document is one record as the store received it.
type Document map[string]any

// Text is the document as JSON with sorted keys, to search in.
func (d Document) Text() string {
	b, err := json.Marshal(d)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Sink is a running server. All methods are safe for concurrent use.
type Sink struct {
	// Endpoint is what goes into the exporter's configuration.
	Endpoint string
	// RefuseWith is the HTTP status while the sink is down, 503 unless it is set before the first request.
	RefuseWith int

	mu        sync.Mutex
	documents []Document
	ids       map[string]bool
	down      bool
	refused   int
	requests  int
	problems  []string
}

// Documents returns what has arrived, in the order of arrival.
func (s *Sink) Documents() []Document {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Document(nil), s.documents...)
}

// Len is the number of documents.
func (s *Sink) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.documents)
}

// SetDown makes the sink refuse every request until it is called with false.
func (s *Sink) SetDown(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// Refused is the number of requests that were turned away.
func (s *Sink) Refused() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refused
}

// Problems lists requests that the sink did not understand; a test expects none.
func (s *Sink) Problems() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.problems...)
}

// Wait blocks until n documents are there, or the time is over, and returns their number.
func (s *Sink) Wait(n int, limit time.Duration) int {
	deadline := time.Now().Add(limit)
	for s.Len() < n && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	return s.Len()
}

// WaitRefused blocks until n requests have been turned away or the time is over, and returns their number.
func (s *Sink) WaitRefused(n int, limit time.Duration) int {
	deadline := time.Now().Add(limit)
	for s.Refused() < n && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	return s.Refused()
}

func (s *Sink) add(docs ...Document) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.documents = append(s.documents, docs...)
}

// create adds a document unless its id is known, as a store does with "create if absent". An empty id is always new.
func (s *Sink) create(id string, doc Document) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if id != "" {
		if s.ids[id] {
			return false
		}
		if s.ids == nil {
			s.ids = map[string]bool{}
		}
		s.ids[id] = true
	}
	s.documents = append(s.documents, doc)
	return true
}

func (s *Sink) problem(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.problems) < 20 {
		s.problems = append(s.problems, text)
	}
}

// refuse counts a request and says whether it is to be turned away.
func (s *Sink) refuse() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.down {
		s.refused++
	}
	return s.down
}

// serve starts an HTTP server on a free loopback port that asks h only while the sink is up.
func (s *Sink) serve(t testing.TB, h http.Handler) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.refuse() {
			http.Error(w, "down for a test", cmp.Or(s.RefuseWith, http.StatusServiceUnavailable))
			return
		}
		h.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.Endpoint = server.URL
}

// body reads a request's body, unpacked when it came as gzip.
func body(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		return raw, err
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
