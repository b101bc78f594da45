// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// user is who asks, as an authenticator knows it.
type user map[string]any

func (u user) GetAttribute(name string) any { return u[name] }

func (u user) GetAttributeNames() []string { return nil }

// events reads a query log.
func events(t *testing.T, path string) (list []queryEvent) {
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	for line := range strings.Lines(string(body)) {
		var e queryEvent
		dec := json.NewDecoder(strings.NewReader(line))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(&e), line)
		list = append(list, e)
	}
	return list
}

// TestAudit writes down who asked what, when, how much was read and how it ended, for every endpoint that tells of records.
func TestAudit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	a := tenantArchive(t, func(c *Config) { c.QueryLog.Audit, c.QueryLog.File = true, path })
	require.NoError(t, a.log.open())
	h := a.handler()
	before := time.Now()
	r := httptest.NewRequest(http.MethodGet, "/loki/api/v1/query_range?query=%7Bservice_name%3D~%22.%2B%22%7D%7C%3D%22body%22&start="+start+"&end="+end, http.NoBody)
	r.Header.Set(tenantHeader, "globex|acme")
	r.RemoteAddr = "192.0.2.7:4711"
	r = r.WithContext(client.NewContext(r.Context(), client.Info{Auth: user{"username": "ada", "raw": "Basic c2VjcmV0"}}))
	h.ServeHTTP(httptest.NewRecorder(), r)
	list := events(t, path)
	require.Len(t, list, 1)
	e := list[0]
	require.False(t, e.Time.Before(before.Add(-time.Second)))
	require.Equal(t, "acme|globex", e.Tenant)
	require.Equal(t, "ada", e.User)
	require.Equal(t, "192.0.2.7:4711", e.Address)
	require.Equal(t, "query_range", e.Endpoint)
	require.Equal(t, `{service_name=~".+"} |= "body"`, e.Query)
	require.Equal(t, base.Format(time.RFC3339Nano), e.Start)
	require.Equal(t, base.Add(time.Minute).Format(time.RFC3339Nano), e.End)
	require.Equal(t, "ok", e.Outcome)
	require.Equal(t, 200, e.Status)
	require.Equal(t, 2, e.Objects)
	require.Positive(t, e.Records)
	require.Positive(t, e.Read)
	require.Positive(t, e.Fetched)
	require.Positive(t, e.Requests)
	require.Positive(t, e.Seconds)
	require.False(t, e.Slow)
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NotContains(t, string(body), "c2VjcmV0")
	require.NotContains(t, string(body), "body-of", "nothing of the records")

	for _, d := range dataEndpoints {
		askAs(t, h, "acme", pathOf(d.path), d.kv...)
	}
	require.Len(t, events(t, path), 1+len(dataEndpoints))

	// What was refused is on record, too.
	for _, tt := range []struct{ tenant, path, query, outcome, logged string }{
		{"", "query_range", `{a="b"}`, "bad_request", `{a="b"}`},
		{"acme", "query_range", `{a="b" no query`, "bad_request", `{a="b" no query`},
		{"acme", "query", `sum(count_over_time({service_name=~".+"}[1m])) by (`, "bad_request", `sum(count_over_time({service_name=~".+"}[1m])) by (`},
	} {
		askAs(t, h, tt.tenant, "/loki/api/v1/"+tt.path, "query", tt.query)
		list = events(t, path)
		require.Equal(t, tt.outcome, list[len(list)-1].Outcome)
		require.Equal(t, tt.logged, list[len(list)-1].Query)
	}
	askAs(t, h, "acme", "/logboom/api/v1/culprit", "query", `{a="b"}`, "bad", `| detected_level="error"`)
	list = events(t, path)
	require.Equal(t, `{a="b"}; bad: | detected_level="error"`, list[len(list)-1].Query)
	n := len(list)
	for _, other := range []string{"/ready", "/loki/api/v1/status/buildinfo", "/loki/api/v1/format_query", "/", "/loki/api/v1/nothing"} {
		askAs(t, h, "acme", other)
	}
	require.Len(t, events(t, path), n, "what tells nothing of records")
	require.NoError(t, a.log.close())
}

// TestQueryLogHasNoSecrets searches for what must not be on record.
func TestQueryLogHasNoSecrets(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	a := tenantArchive(t, func(c *Config) { c.QueryLog.Audit, c.QueryLog.File = true, path })
	require.NoError(t, a.log.open())
	h := a.handler()
	const token = "ghp_ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0"
	for _, query := range []string{
		`{service_name="a"} |= "4111 1111 1111 1111"`,
		`{service_name="a"} |= "4111111111111111" | json`,
		"{service_name=\"a\"} |~ `" + token + "`",
		`{service_name="a"} | json | mail="ada@example.com"`,
		`{service_name="a"} | json | password="correct-Horse7battery"`,
		`sum(count_over_time({service_name="a", token="` + token + `"}[1m]))`,
		`{service_name="a"} |= "` + token + `" this is no query`,
		strings.Repeat("x", maxLoggedQuery-20) + " " + token, // where it is cut
	} {
		askAs(t, h, "acme", "/loki/api/v1/query_range", "query", query)
	}
	askAs(t, h, "acme", "/loki/api/v1/series", "match[]", `{token="`+token+`"}`)
	askAs(t, h, "acme", "/loki/api/v1/detected_field/"+token+"/values", "query", `{a="b"}`)
	require.NoError(t, a.log.close())
	list := events(t, path)
	require.Len(t, list, 10)
	body, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, secret := range []string{"4111", token[:16], "ada@example.com", "correct-Horse"} {
		require.NotContains(t, string(body), secret)
	}
	require.Equal(t, `{service_name="a"} |= "[REDACTED:payment_card]"`, list[0].Query)
	for _, e := range list {
		require.Contains(t, e.Query, "[REDACTED", e.Query)
		require.LessOrEqual(t, len(e.Query), maxLoggedQuery+len("…"))
	}
}

// TestSlowQueries go to the Collector's log, if there is no file; others do not.
func TestSlowQueries(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	cfg := &QueryLogConfig{SlowThreshold: time.Minute}
	l := newQueryLog(cfg, zap.New(core), nil)
	require.NoError(t, l.open())
	require.False(t, l.isSlow(time.Minute-1))
	require.True(t, l.isSlow(time.Minute))
	a := tenantArchive(t, func(c *Config) { c.QueryLog.SlowThreshold = time.Minute })
	a.log = l
	for _, ago := range []time.Duration{time.Minute, 0} {
		r := httptest.NewRequest(http.MethodGet, "/loki/api/v1/query?query=vector(1)", http.NoBody)
		c := &call{a: a, ctx: r.Context(), r: r, start: time.Now().Add(-ago), tenants: []string{"acme"}}
		var err error
		c.p, err = readParams(httptest.NewRecorder(), r, c.start, time.Minute)
		require.NoError(t, err)
		c.report("query", "ok", 200)
		c.report(endpointTail, "ok", 200)
	}
	require.Equal(t, 1, logs.Len())
	entry := logs.All()[0]
	require.Equal(t, "slow query", entry.Message)
	fields := entry.ContextMap()
	require.Equal(t, "acme", fields["tenant"])
	require.Equal(t, "query", fields["endpoint"])
	require.GreaterOrEqual(t, fields["seconds"], 60.0)
	require.Contains(t, fields["query"], "vector(1")

	cfg.SlowThreshold = 0
	require.False(t, l.isSlow(time.Hour))
	require.NoError(t, l.close())
}

// TestQueryLogThatCannotBeWritten counts what is not on record, and complains once.
func TestQueryLogThatCannotBeWritten(t *testing.T) {
	core, logs := observer.New(zapcore.InfoLevel)
	failed := 0
	l := newQueryLog(&QueryLogConfig{Audit: true, File: filepath.Join(t.TempDir(), "queries.jsonl"), MaxFileMiB: 1}, zap.New(core), func(context.Context) { failed++ })
	require.NoError(t, l.open())
	l.write(t.Context(), &queryEvent{})
	require.Zero(t, failed)
	require.NoError(t, l.close())
	for range 3 {
		l.write(t.Context(), &queryEvent{})
	}
	require.Equal(t, 3, failed)
	require.Equal(t, 1, logs.Len())

	l = newQueryLog(&QueryLogConfig{File: filepath.Join(t.TempDir(), "no", "directory")}, zap.New(core), nil)
	require.ErrorContains(t, l.open(), "open query log")
	require.NoError(t, l.close())
}

func TestUserOf(t *testing.T) {
	of := func(auth client.AuthData) string {
		return userOf(client.NewContext(context.Background(), client.Info{Auth: auth}))
	}
	require.Empty(t, userOf(context.Background()))
	require.Empty(t, of(user{"raw": "secret", "username": 7}))
	require.Equal(t, "ada", of(user{"username": "ada"}))
	require.Equal(t, "sub", of(user{"username": "ada", "subject": "sub"}))
	long := of(user{"subject": strings.Repeat("é", maxLoggedUser)})
	require.LessOrEqual(t, len(long), maxLoggedUser)
	require.True(t, utf8.ValidString(long))
}
