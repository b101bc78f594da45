// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// Elasticsearch starts a server that answers GET / with a version and takes POST /_bulk. A document is the source plus
// "_index" and, where the client gave one, "_id"; "create" of a known id answers 409 as Elasticsearch does.
func Elasticsearch(t testing.TB) *Sink {
	s := &Sink{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"name":"sink","cluster_name":"sink","version":{"number":"9.0.0","build_flavor":"default"},"tagline":"You Know, for Search"}`)
	})
	mux.HandleFunc("POST /_bulk", func(w http.ResponseWriter, r *http.Request) {
		raw, err := body(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		items, err := s.bulk(raw)
		if err != nil {
			s.problem(err.Error())
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"took": 1, "items": items})
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.problem("unexpected " + r.Method + " " + r.URL.Path)
		http.NotFound(w, r)
	})
	s.serve(t, mux)
	return s
}

// bulk takes the lines of a bulk request: an action, then its document.
func (s *Sink) bulk(raw []byte) ([]any, error) {
	var items []any
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var action map[string]struct {
			Index string `json:"_index"`
			ID    string `json:"_id"`
		}
		if err := json.Unmarshal(lines.Bytes(), &action); err != nil {
			return nil, fmt.Errorf("read bulk action: %w", err)
		}
		target, ok := action["create"]
		if !ok || len(action) != 1 {
			return nil, fmt.Errorf("read bulk action: only create is known, got %q", lines.Text())
		}
		if !lines.Scan() {
			return nil, fmt.Errorf("read bulk document: %w", io.ErrUnexpectedEOF)
		}
		doc := Document{}
		if err := json.Unmarshal(lines.Bytes(), &doc); err != nil {
			return nil, fmt.Errorf("read bulk document: %w", err)
		}
		doc["_index"] = target.Index
		if target.ID != "" {
			doc["_id"] = target.ID
		}
		item := map[string]any{"_index": target.Index, "status": http.StatusCreated}
		if !s.create(target.ID, doc) {
			item["status"] = http.StatusConflict
			item["error"] = map[string]any{"type": "version_conflict_engine_exception"}
		}
		items = append(items, map[string]any{"create": item})
	}
	return items, lines.Err()
}
