// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
)

// SplunkToken is the only token that the Splunk sink accepts.
const SplunkToken = "00000000-0000-0000-0000-000000000000"

// Splunk starts a server with the HTTP Event Collector's /services/collector and its health page. A document is the
// event's envelope: event, time, host, source, sourcetype, index, fields.
func Splunk(t testing.TB) *Sink {
	s := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services/collector/health", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"text":"HEC is healthy","code":17}`)
	})
	mux.HandleFunc("POST /services/collector", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Splunk "+SplunkToken {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"text":"Invalid token","code":4}`)
			return
		}
		raw, err := body(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		var docs []Document
		for events := json.NewDecoder(bytes.NewReader(raw)); ; {
			doc := Document{}
			err := events.Decode(&doc)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				s.problem("read event: " + err.Error())
				w.WriteHeader(http.StatusBadRequest)
				_, _ = io.WriteString(w, `{"text":"Invalid data format","code":6}`)
				return
			}
			docs = append(docs, doc)
		}
		s.add(docs...)
		_, _ = io.WriteString(w, `{"text":"Success","code":0}`)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem("unexpected " + r.Method + " " + r.URL.Path)
		http.NotFound(w, r)
	})
	s.serve(t, mux)
	return s
}
