// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"net/http"
	"testing"

	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// Loki starts a server with Loki's native OTLP endpoint: POST /otlp/v1/logs, protobuf. A document has the record's
// body, severity, attributes and resource.
func Loki(t testing.TB) *Sink {
	s := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /otlp/v1/logs", func(w http.ResponseWriter, r *http.Request) {
		raw, err := body(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		request := plogotlp.NewExportRequest()
		if err := request.UnmarshalProto(raw); err != nil {
			s.problem("read request: " + err.Error())
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.add(fromLogs(request.Logs())...)
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem("unexpected " + r.Method + " " + r.URL.Path)
		http.NotFound(w, r)
	})
	s.serve(t, mux)
	s.Endpoint += "/otlp"
	return s
}

// fromLogs gives every record of a batch as a document.
func fromLogs(ld plog.Logs) []Document {
	var docs []Document
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				docs = append(docs, Document{
					"timestamp":  lr.Timestamp().AsTime(),
					"body":       lr.Body().AsString(),
					"severity":   lr.SeverityText(),
					"attributes": lr.Attributes().AsRaw(),
					"resource":   rl.Resource().Attributes().AsRaw(),
				})
			}
		}
	}
	return docs
}
