// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/logboom/logboom/logql"
)

// maxFuzzedAnswer is more than any answer over the sixty records of the shop.
const maxFuzzedAnswer = 16 << 20

// FuzzHTTP sends anything to every handler. Whatever comes, the answer is one of those that are meant, JSON is JSON, errors are
// envelopes, and nothing is large.
func FuzzHTTP(f *testing.F) {
	h := shopAPI(f, func(c *Config) {
		c.Query.Timeout = 5 * time.Second
		c.Tenants.Enabled = false
	})
	paths := append(slices.Sorted(maps.Keys(endpoints)), "/loki/api/v1/tail", "/metrics", "/loki/api/v1/other", "/")
	methods := []string{http.MethodGet, http.MethodPost, http.MethodHead, http.MethodOptions, http.MethodDelete, http.MethodPut}
	for i, path := range paths {
		f.Add(uint8(i), uint8(0), endpoints[path].Encode(), "", "", "")
		f.Add(uint8(i), uint8(1), "", endpoints[path].Encode()+"&start="+start+"&end="+end, "categorize-labels", "a|b")
	}
	f.Add(uint8(0), uint8(0), "query=%7Ba%3D%22b%22%7D&delay_for=1&limit=3&start=1", "", "categorize-labels", "")
	f.Add(uint8(9), uint8(1), "interval=1ns&since=1h", "query=%7Bservice_name%3D%22cart%22%7D&direction=forward", "", "x")
	f.Add(uint8(6), uint8(0), "query=%7Bservice_name%3D~%22.%2B%22%7D&targetLabels=,a,&aggregateBy=labels&step=1e-9&limit=1", "", "", "")
	f.Fuzz(func(t *testing.T, path, method uint8, raw, form, flags, tenant string) {
		m := methods[int(method)%len(methods)]
		r := httptest.NewRequest(m, paths[int(path)%len(paths)], strings.NewReader(form))
		r.URL.RawQuery = raw
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header["X-Loki-Response-Encoding-Flags"] = []string{flags}
		r.Header["X-Scope-Orgid"] = []string{tenant}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK, http.StatusNoContent, http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusGatewayTimeout:
		default:
			t.Fatalf("%s %s %q %q: status %d: %s", m, r.URL.Path, raw, form, w.Code, w.Body)
		}
		if w.Body.Len() > maxFuzzedAnswer {
			t.Fatalf("%s %q %q: %d bytes", r.URL.Path, raw, form, w.Body.Len())
		}
		isAPI := strings.HasPrefix(r.URL.Path, "/loki/") || strings.HasPrefix(r.URL.Path, "/logboom/")
		if isJSON := strings.HasPrefix(w.Header().Get("Content-Type"), "application/json"); isJSON && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%s %q %q: not JSON: %s", r.URL.Path, raw, form, w.Body)
		}
		if isAPI && w.Code >= http.StatusBadRequest {
			var e errorEnvelope
			if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Code != w.Code || e.Message == "" || e.Status == "" || e.ErrorType == "" {
				t.Fatalf("%s %q %q: status %d is no envelope: %s", r.URL.Path, raw, form, w.Code, w.Body)
			}
		}
	})
}

// FuzzTailMessage: a message is JSON, and has every line of it.
func FuzzTailMessage(f *testing.F) {
	f.Add("line", "name", "value", "more", int64(1), true)
	f.Add("\xff\u2028\"\\\x00", "", "\n", "", int64(-1), false)
	f.Fuzz(func(t *testing.T, line, name, value, more string, at int64, categorize bool) {
		e := tailEntry{time: at, line: line, labels: fuzzLabels(name, value), metadata: fuzzLabels(more, line), parsed: fuzzLabels(value, name)}
		other := e
		other.labels = fuzzLabels(value, name)
		text := appendTail(nil, []tailEntry{e, e, other, e}, []tailEntry{e, other}, categorize)
		var m tailMessage
		if err := json.Unmarshal(text, &m); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines := 0
		for _, s := range m.Streams {
			lines += len(s.Values)
		}
		if lines != 4 || len(m.Dropped) != 2 {
			t.Fatalf("%d lines, %d dropped: %s", lines, len(m.Dropped), text)
		}
	})
}

func fuzzLabels(name, value string) logql.Labels { return logql.Labels{{Name: name, Value: value}} }
