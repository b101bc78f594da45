// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"

	"github.com/logboom/logboom/test/harness"
)

const tenantsYAML = `
extensions:
  basicauth/readers:
    htpasswd:
      inline: |
        ada:lovelace-1815
  archive_query:
    endpoint: {{ addr "query" }}
    bucket: {url: "file://{{ dir "archive" }}"}
    auth: {authenticator: basicauth/readers}
    tenants:
      enabled: true
      max_concurrent: 2
      limits:
        globex: {max_range: 1h, max_entries: 5}
    query_log:
      audit: true
      file: {{ dir "audit" }}/queries.jsonl
receivers:
  otlp:
    protocols:
      http: {endpoint: "{{ addr "otlp" }}", include_metadata: true}
exporters:
  object_storage:
    bucket: {url: "file://{{ dir "archive" }}"}
    wal: {directory: "{{ dir "wal" }}"}
    tenant: {metadata_key: x-scope-orgid}
service:
  extensions: [basicauth/readers, archive_query]
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [object_storage]
`

// TestTenants: records that came with the name of a tenant are found under that name alone, before and after they are in the
// archive; and the query log says who asked for what, without the secret that was looked for.
func TestTenants(t *testing.T) {
	t.Parallel()
	lb := harness.Start(t, harness.Config{YAML: tenantsYAML})
	send := func(tenant string, bodies ...string) {
		body, err := plogotlp.NewExportRequestFromLogs(harness.Logs("shop-of-"+tenant, bodies...)).MarshalProto()
		require.NoError(t, err)
		code, answer := request(t, http.MethodPost, "http://"+lb.Addr("otlp")+"/v1/logs", bytes.NewReader(body), map[string]string{
			"Content-Type": "application/x-protobuf", "X-Scope-OrgID": tenant,
		})
		require.Equal(t, http.StatusOK, code, answer)
	}
	send("acme", "one of acme", "two of acme", "three of acme")
	send("globex", "one of globex")

	basic := map[string]string{"Authorization": "Basic YWRhOmxvdmVsYWNlLTE4MTU="}
	ask := func(tenant, path string, kv ...string) (int, string) {
		v := url.Values{}
		for i := 0; i+1 < len(kv); i += 2 {
			v.Set(kv[i], kv[i+1])
		}
		headers := map[string]string{"Authorization": basic["Authorization"]}
		if tenant != "" {
			headers["X-Scope-OrgID"] = tenant
		}
		return request(t, http.MethodGet, "http://"+lb.Addr("query")+"/loki/api/v1/"+path+"?"+v.Encode(), http.NoBody, headers)
	}
	everything := []string{"query", `{service_name=~".+"}`, "since", "50m", "limit", "5"}
	check := func() {
		for tenant, want := range map[string]int{"acme": 3, "globex": 1, "acme|globex": 4, "nobody": 0} {
			harness.Eventually(t, time.Minute, func() error {
				code, body := ask(tenant, "query_range", everything...)
				if n := strings.Count(body, " of "); code != http.StatusOK || n != want {
					return fmt.Errorf("%s: status %d, %d lines, want %d: %.300s", tenant, code, n, want, body)
				}
				return nil
			})
		}
		for _, path := range []string{"labels", "label/service_name/values", "series", "detected_labels", "detected_fields", "index/volume", "index/stats"} {
			code, body := ask("globex", path, everything[:4]...)
			require.Equal(t, http.StatusOK, code, "%s: %s", path, body)
			require.NotContains(t, body, "acme", path)
		}
	}
	check()
	code, body := ask("", "query_range", everything...)
	require.Equal(t, http.StatusUnauthorized, code)
	require.Contains(t, body, "no org id")
	code, _ = ask("globex", "query_range", "query", `{a="b"}`, "since", "61m")
	require.Equal(t, http.StatusBadRequest, code)
	code, _ = ask("globex", "query_range", "query", `{a="b"}`, "since", "50m", "limit", "6")
	require.Equal(t, http.StatusBadRequest, code)
	code, _ = request(t, http.MethodGet, "http://"+lb.Addr("query")+"/loki/api/v1/labels", http.NoBody, map[string]string{"X-Scope-OrgID": "acme"})
	require.Equal(t, http.StatusUnauthorized, code, "without a password")
	code, body = ask("acme", "query_range", "query", `{service_name="shop-of-acme"} |= "4111 1111 1111 1111"`, "since", "50m")
	require.Equal(t, http.StatusOK, code, body)

	lb.Terminate() // flushes
	require.Len(t, parquetFiles(t, filepath.Join(lb.Dir("archive"), "logs", "tenant=globex")), 1)
	lb.Restart()
	check()
	lb.Terminate()

	log, err := os.ReadFile(filepath.Join(lb.Dir("audit"), "queries.jsonl"))
	require.NoError(t, err)
	require.NotContains(t, string(log), "4111")
	require.NotContains(t, string(log), "lovelace")
	require.NotContains(t, string(log), "one of")
	seen := map[string]int{}
	for line := range bytes.Lines(log) {
		var e struct{ Tenant, User, Address, Endpoint, Query, Outcome string }
		require.NoError(t, json.Unmarshal(line, &e), "%s", line)
		require.Equal(t, "ada", e.User)
		require.True(t, strings.HasPrefix(e.Address, "127.0.0.1:"), e.Address)
		seen[e.Tenant+" "+e.Endpoint+" "+e.Outcome]++
		seen[e.Query]++
	}
	for _, want := range []string{
		"acme query_range ok", "globex query_range ok", "acme|globex query_range ok", "globex series ok", "globex index_stats ok",
		" query_range bad_request", "globex query_range limit", "globex query_range bad_request",
		`{service_name="shop-of-acme"} |= "[REDACTED:payment_card]"`,
	} {
		require.Positive(t, seen[want], "%q in %s", want, log)
	}
}

// request sends one request and returns status and body of the answer.
func request(t *testing.T, method, url string, body io.Reader, headers map[string]string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	require.NoError(t, err)
	for k, v := range headers {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, string(answer)
}
