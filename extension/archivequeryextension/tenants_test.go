// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/extensiontest"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

func TestTenantsOf(t *testing.T) {
	for _, tt := range []struct {
		values []string
		want   []string
		fails  string
	}{
		{nil, nil, "no org id"},
		{[]string{""}, nil, "no org id"},
		{[]string{"  "}, nil, "no org id"},
		{[]string{"a"}, []string{"a"}, ""},
		{[]string{" a "}, []string{"a"}, ""},
		{[]string{"b|a|b"}, []string{"a", "b"}, ""},
		{[]string{"a | b"}, []string{"a", "b"}, ""},
		{[]string{"team/a.b-c_d:1"}, []string{"team/a.b-c_d:1"}, ""},
		{[]string{".."}, []string{".."}, ""},
		{[]string{"Zoë"}, []string{"Zoë"}, ""},
		{[]string{"a|"}, nil, "must not be empty"},
		{[]string{"|"}, nil, "must not be empty"},
		{[]string{"a||b"}, nil, "must not be empty"},
		{[]string{"a\x00b"}, nil, "without control characters"},
		{[]string{"a\xffb"}, nil, "must be UTF-8"},
		{[]string{strings.Repeat("x", maxTenantBytes)}, []string{strings.Repeat("x", maxTenantBytes)}, ""},
		{[]string{strings.Repeat("x", maxTenantBytes+1)}, nil, "at most 256 bytes"},
		{[]string{strings.Repeat("x|", maxTenants) + "x"}, nil, "at most 64 tenants, got 65"},
		{[]string{"a", "b"}, nil, "must be there once"},
	} {
		got, err := tenantsOf(http.Header{tenantKey: tt.values})
		require.Equal(t, tt.want, got, "%q", tt.values)
		if tt.fails == "" {
			require.NoError(t, err, "%q", tt.values)
			continue
		}
		require.ErrorContains(t, err, tt.fails, "%q", tt.values)
	}
}

// tenantKey is the header as net/http keeps it.
var tenantKey = http.CanonicalHeaderKey(tenantHeader)

func FuzzTenants(f *testing.F) {
	for _, s := range []string{"", "a", "a|b|a", "|", " x | y", "\x00", strings.Repeat("a|", 100)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		names, err := tenantsOf(http.Header{tenantKey: {s}})
		if err != nil {
			require.Empty(t, names)
			return
		}
		require.NotEmpty(t, names)
		require.LessOrEqual(t, len(names), maxTenants)
		for _, name := range names {
			require.NoError(t, checkTenant(name))
		}
		again, err := tenantsOf(http.Header{tenantKey: {strings.Join(names, "|")}})
		require.NoError(t, err)
		require.Equal(t, names, again)
	})
}

// tenantLogs are the records of the shop, whose lines name a tenant.
func tenantLogs(tenant string) plog.Logs {
	ld := shopLogs()
	for i := range ld.ResourceLogs().Len() {
		rl := ld.ResourceLogs().At(i)
		if tenant != "" {
			rl.Resource().Attributes().PutStr("tenant", tenant)
		}
		rl.Resource().Attributes().PutStr("service.name", rl.Resource().Attributes().AsRaw()["service.name"].(string)+"-of-"+tenant)
		records := rl.ScopeLogs().At(0).LogRecords()
		for j := range records.Len() {
			records.At(j).Attributes().PutStr("owner", "attribute-of-"+tenant)
			records.At(j).Body().SetStr(fmt.Sprintf(`{"line":"body-of-%s"}`, tenant))
		}
	}
	return ld
}

// tenantArchive has records of acme, globex and nobody, and some of acme and globex that are not committed.
func tenantArchive(t *testing.T, change func(*Config)) *archiveQuery {
	cfg := createDefaultConfig().(*Config)
	cfg.Bucket.URL = memory("tenants")
	cfg.Tenants.Enabled = true
	if change != nil {
		change(cfg)
	}
	ctx := context.Background()
	b, err := bucket.Open(ctx, cfg.Bucket)
	require.NoError(t, err)
	enc := archive.NewEncoder(archive.EncoderOptions{})
	opts := archive.BatchOptions{TenantAttribute: "tenant"}
	for _, tenant := range []string{"acme", "globex", ""} {
		enc.AppendBatch(archive.NewBatch(tenantLogs(tenant), base, opts))
	}
	rec := archive.LogRecord{
		Format: archive.FormatVersion, Kind: archive.KindCommit, Writer: "test", Sequence: 1, Epoch: 1,
		WAL: &archive.WALRange{ID: "w", From: 1, To: 1},
	}
	require.NoError(t, enc.Encode(archive.ObjectName{Writer: "test", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
		rec.Objects = append(rec.Objects, o.Meta)
		return b.Create(ctx, o.Meta.Key, o.Body)
	}))
	body, err := rec.Marshal()
	require.NoError(t, err)
	require.NoError(t, b.Create(ctx, archive.LogKey("test", 1), body))

	a, err := newExtension(extensiontest.NewNopSettings(NewFactory().Type()), cfg)
	require.NoError(t, err)
	a.bucket = b
	require.NoError(t, a.refresh(ctx))
	a.fresh.open("here")
	for _, tenant := range []string{"acme", "globex"} {
		require.NotNil(t, a.fresh.attach("here", &writer{batch: archive.NewBatch(tenantLogs(tenant), base, opts)}))
	}
	return a
}

// askAs asks for a tenant.
func askAs(t testing.TB, h http.Handler, tenant, path string, kv ...string) (int, string) {
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	r := httptest.NewRequest(http.MethodGet, path+"?"+v.Encode(), http.NoBody)
	if tenant != "" {
		r.Header.Set(tenantHeader, tenant)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// dataEndpoints are all that tell something of records, with a request that has an answer.
var dataEndpoints = []struct {
	path string
	kv   []string
}{
	{"query", []string{"query", `sum by (service_name) (count_over_time({service_name=~".+"}[10m]))`, "time", end}},
	{"query", []string{"query", `sum by (service_name, owner) (count_over_time({service_name=~".+"} | json | line != "" [10m]))`, "time", end}},
	{"query_range", []string{"query", `{service_name=~".+"}`, "start", start, "end", end, "limit", "1000"}},
	{"query_range", []string{"query", `{service_name=~".+"} |= "body-of"`, "start", start, "end", end, "direction", "forward"}},
	{"query_range", []string{"query", `sum by (service_name) (rate({service_name=~".+"}[1m]))`, "start", start, "end", end, "step", "5s"}},
	{"query_range", []string{"query", `quantile_over_time(0.5, {service_name=~".+"} | unwrap severity_number [1m]) by (service_name)`, "start", start, "end", end, "step", "1s"}},
	{"labels", []string{"start", start, "end", end}},
	{"label/service_name/values", []string{"start", start, "end", end}},
	{"label/service_name/values", []string{"start", start, "end", end, "query", `{k8s_namespace_name="shop"}`}},
	{"series", []string{"match[]", `{service_name=~".+"}`, "start", start, "end", end}},
	{"index/stats", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"index/volume", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"index/volume", []string{"query", `{service_name=~".+"}`, "start", start, "end", end, "targetLabels", "service_name,k8s_namespace_name"}},
	{"index/volume_range", []string{"query", `{service_name=~".+"}`, "start", start, "end", end, "step", "30s"}},
	{"detected_labels", []string{"start", start, "end", end}},
	{"detected_fields", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"detected_field/owner/values", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"patterns", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"/logboom/api/v1/histogram", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"/logboom/api/v1/patterns", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"/logboom/api/v1/culprit", []string{"query", `{service_name=~".+"}`, "start", start, "end", end, "bad", `| detected_level="error"`}},
	{"/logboom/api/v1/trail", []string{"id", "01020300000000000000000000000000"}},
	{"/logboom/api/v1/trail", []string{"id", "shop.log", "start", start, "end", end}},
	{"/logboom/api/v1/fields", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"/logboom/api/v1/fields", []string{"query", `{service_name=~".+"} | json | line != ""`, "start", start, "end", end, "field", "line"}},
	{"/logboom/api/v1/export", []string{"query", `{service_name=~".+"}`, "start", start, "end", end}},
	{"/logboom/api/v1/overview", []string{"start", start, "end", end}},
}

// pathOf is the whole path of one of them.
func pathOf(path string) string {
	if strings.HasPrefix(path, "/") {
		return path
	}
	return "/loki/api/v1/" + path
}

// TestTenantsAreApart asks everything as each tenant, in what is committed and what is not: nothing of another shows, not
// even in statistics, and without a header there is no answer.
func TestTenantsAreApart(t *testing.T) {
	a := tenantArchive(t, nil)
	h := a.handler()
	for _, e := range dataEndpoints {
		path := pathOf(e.path)
		code, body := askAs(t, h, "", path, e.kv...)
		require.Equal(t, http.StatusUnauthorized, code, path)
		require.Contains(t, body, "no org id")
		code, _ = askAs(t, h, "acme|", path, e.kv...)
		require.Equal(t, http.StatusBadRequest, code, path)
		for range 2 { // the second time something may be kept
			for tenant, others := range map[string][]string{"acme": {"globex", "-of-\""}, "globex": {"acme", "-of-\""}, "nobody": {"acme", "globex", "-of-"}, "acme|nobody": {"globex", "-of-\""}} {
				code, body := askAs(t, h, tenant, path, e.kv...)
				require.Equal(t, http.StatusOK, code, "%s: %s", path, body)
				for _, other := range others {
					require.NotContains(t, body, other, "%s as %s", path, tenant)
				}
			}
		}
	}
	code, body := askAs(t, h, "globex|acme", "/loki/api/v1/label/service_name/values", "start", start, "end", end)
	require.Equal(t, http.StatusOK, code)
	require.Contains(t, body, `"data":["cart-of-acme","cart-of-globex","checkout-of-acme","checkout-of-globex"]`)

	// Each tenant has 60 records twice, of which no uid tells that they are the same.
	count := func(tenant string) (float64, map[string]any) {
		code, body := askAs(t, h, tenant, "/loki/api/v1/query", "query", `sum(count_over_time({service_name=~".+"}[10m]))`, "time", end)
		require.Equal(t, http.StatusOK, code, body)
		var v struct {
			Data struct {
				Result []struct{ Value [2]any }
				Stats  struct{ Logboom map[string]any }
			}
		}
		require.NoError(t, json.Unmarshal([]byte(body), &v))
		if len(v.Data.Result) == 0 {
			return 0, v.Data.Stats.Logboom["objects"].(map[string]any)
		}
		var n float64
		_, err := fmt.Sscan(v.Data.Result[0].Value[1].(string), &n)
		require.NoError(t, err)
		return n, v.Data.Stats.Logboom["objects"].(map[string]any)
	}
	for tenant, want := range map[string]struct{ rows, objects float64 }{"acme": {120, 1}, "acme|globex": {240, 2}, "nobody": {0, 0}} {
		n, objects := count(tenant)
		require.InDelta(t, want.rows, n, 0.001, tenant)
		require.InDelta(t, want.objects, objects["listed"], 0.001, "%s is not told of others' objects", tenant)
	}
	for _, path := range []string{"/ready", "/loki/api/v1/status/buildinfo"} {
		code, _ := askAs(t, h, "", path)
		require.Equal(t, http.StatusOK, code, path)
	}
}

// TestTenantsOff: the header is accepted, and means nothing.
func TestTenantsOff(t *testing.T) {
	h := tenantArchive(t, func(c *Config) { c.Tenants.Enabled = false }).handler()
	for _, tenant := range []string{"", "acme", "a|b", "|||", "\x00"} {
		r := httptest.NewRequest(http.MethodGet, "/loki/api/v1/label/service_name/values?start="+start+"&end="+end, http.NoBody)
		r.Header[tenantKey] = []string{tenant}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		require.Equal(t, http.StatusOK, w.Code)
		require.Contains(t, w.Body.String(), "cart-of-acme")
		require.Contains(t, w.Body.String(), "cart-of-globex")
	}
}

func TestLimitsOfTenants(t *testing.T) {
	number := func(n int) *int { return &n }
	day, none := 24*time.Hour, time.Duration(0)
	cfg := createDefaultConfig().(*Config)
	cfg.Query.MaxRange, cfg.Query.MaxReadMiB = 48*time.Hour, 100
	cfg.Tenants.MaxConcurrent = 4
	cfg.Tenants.Limits = map[string]TenantLimits{
		"guest": {MaxConcurrent: number(1), MaxEntries: number(10), MaxRange: &day, MaxReadMiB: number(1)},
		"staff": {MaxConcurrent: number(0), MaxSeries: number(9999), MaxRange: &none, MaxReadMiB: number(0), MaxQueued: number(7)},
	}
	a := &archiveQuery{cfg: cfg}
	common := limits{entries: 5000, series: 5000, span: 48 * time.Hour, readBytes: 100 << 20}
	require.Equal(t, common, a.limitsOf(nil))
	cfg.Tenants.Enabled = true
	common.concurrent, common.queued = 4, 100
	guest := limits{concurrent: 1, queued: 100, entries: 10, series: 5000, span: day, readBytes: 1 << 20}
	staff := limits{queued: 7, entries: 5000, series: 9999}
	require.Equal(t, common, a.limitsOf([]string{"other"}))
	require.Equal(t, guest, a.limitsOf([]string{"guest"}))
	require.Equal(t, staff, a.limitsOf([]string{"staff"}))
	require.Equal(t, limits{concurrent: 1, queued: 7, entries: 10, series: 5000, span: day, readBytes: 1 << 20}, a.limitsOf([]string{"guest", "staff"}))
	require.Equal(t, a.limitsOf([]string{"staff", "other"}), a.limitsOf([]string{"other", "staff"}))
}

// TestLimits asks for more than a tenant may.
func TestLimits(t *testing.T) {
	number := func(n int) *int { return &n }
	hour := time.Hour
	h := tenantArchive(t, func(c *Config) {
		c.Tenants.Limits = map[string]TenantLimits{"acme": {MaxEntries: number(5), MaxSeries: number(1), MaxRange: &hour}}
	}).handler()
	long := fmt.Sprint(base.Add(2 * time.Hour).UnixNano())
	for _, tt := range []struct {
		path string
		kv   []string
		want string
	}{
		{"query_range", []string{"query", `{service_name=~".+"}`, "start", start, "end", end, "limit", "6"}, "6 > 5"},
		{"query_range", []string{"query", `{service_name=~".+"}`, "start", start, "end", long}, "the query time range exceeds the limit (query length: 2h0m0s, limit: 1h0m0s)"},
		{"query", []string{"query", `sum(count_over_time({service_name=~".+"}[61m]))`, "time", end}, "exceeds the limit (query length: 1h1m0s"},
		{"query_range", []string{"query", `1 + sum(count_over_time({service_name=~".+"}[61m]))`, "start", start, "end", end}, "exceeds the limit"},
		{"query", []string{"query", `count_over_time({service_name=~".+"}[10m])`, "time", end}, "maximum number of series (1)"},
		{"series", []string{"match[]", `{service_name=~".+"}`, "start", start, "end", long}, "exceeds the limit"},
		{"index/volume", []string{"query", `{service_name=~".+"}`, "start", start, "end", long}, "exceeds the limit"},
		{"index/stats", []string{"query", `{service_name=~".+"}`, "start", start, "end", long}, "exceeds the limit"},
		{"detected_fields", []string{"query", `{service_name=~".+"}`, "start", start, "end", long}, "exceeds the limit"},
		{"labels", []string{"start", start, "end", long}, "exceeds the limit"},
	} {
		code, body := askAs(t, h, "acme", "/loki/api/v1/"+tt.path, tt.kv...)
		require.Equal(t, http.StatusBadRequest, code, "%s: %s", tt.path, body)
		require.Contains(t, body, tt.want, tt.path)
		code, _ = askAs(t, h, "globex|acme", "/loki/api/v1/"+tt.path, tt.kv...)
		require.Equal(t, http.StatusBadRequest, code, "%s: the tightest limit counts", tt.path)
		code, body = askAs(t, h, "globex", "/loki/api/v1/"+tt.path, tt.kv...)
		require.Equal(t, http.StatusOK, code, "%s: %s", tt.path, body)
	}
}

// TestReadLimit: a query reads more than it may, of the bucket or of the cache.
func TestReadLimit(t *testing.T) {
	a := tenantArchive(t, nil)
	h := a.handler()
	query := []string{"query", `{service_name=~".+"}`, "start", start, "end", end}
	code, body := askAs(t, h, "acme", "/loki/api/v1/query_range", query...)
	require.Equal(t, http.StatusOK, code, body)
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header.Set(tenantHeader, "acme")
	c := &call{a: a, ctx: r.Context(), r: r, start: time.Now()}
	defer c.release()
	require.NoError(t, c.identify())
	c.limit.readBytes = 1
	c.p = &params{values: url.Values{"query": {query[1]}, "start": {start}, "end": {end}}, now: time.Now()}
	r.URL.Path = "/loki/api/v1/query_range"
	_, err := c.queryRange()
	require.Error(t, err)
	status, outcome := a.classify(r, err)
	require.Equal(t, http.StatusBadRequest, status, err)
	require.Equal(t, outcomeLimit, outcome)
}

// TestReadLimitOfNotices: counts that were read are given, though nothing is left to look for notices.
func TestReadLimitOfNotices(t *testing.T) {
	a := tenantArchive(t, nil)
	newCall := func(readBytes int64, path string) *call {
		r := httptest.NewRequest(http.MethodGet, "/logboom/api/v1/"+path, http.NoBody)
		r.Header.Set(tenantHeader, "acme")
		r.Header.Set("Cache-Control", "no-cache")
		c := &call{a: a, ctx: r.Context(), r: r, start: time.Now()}
		t.Cleanup(c.release)
		require.NoError(t, c.identify())
		c.limit.readBytes = readBytes
		c.p = &params{values: url.Values{"query": {`{service_name=~".+"}`}, "start": {start}, "end": {end}}, now: time.Now()}
		return c
	}
	counting := newCall(0, "histogram")
	_, err := counting.histogram()
	require.NoError(t, err)
	notices := newCall(0, "histogram")
	require.NoError(t, notices.acquire())
	_, err = notices.notices(nil, base.UnixNano(), base.Add(time.Minute).UnixNano())
	require.NoError(t, err)
	all, last := counting.source.Stats(), notices.source.Stats()
	require.Positive(t, last.BytesUsed)
	require.Greater(t, all.BytesUsed, last.BytesUsed)
	c := newCall(all.BytesUsed-last.BytesUsed, "histogram")
	ans, err := c.histogram()
	require.NoError(t, err)
	out := ans.json.(response)
	require.Positive(t, out.Data.(histogramJSON).Total)
	require.Len(t, out.Warnings, 1)
	require.Contains(t, out.Warnings[0], "notices are missing: the query needs to read more than ")
}

// TestUnweighted counts records as they come, if that is wanted.
func TestUnweighted(t *testing.T) {
	ld := shopLogs()
	for i := range ld.ResourceLogs().Len() {
		records := ld.ResourceLogs().At(i).ScopeLogs().At(0).LogRecords()
		for j := range records.Len() {
			records.At(j).Attributes().PutInt(archive.AttributeRecordCount, 10)
		}
	}
	for _, weighted := range []bool{true, false} {
		url := memory("weighted")
		writeArchive(t, url, 1, ld, base.Add(2*time.Minute))
		h := newAPI(t, url, func(c *Config) { c.Query.Weighted = weighted })
		want := map[bool]string{true: "600", false: "60"}[weighted]
		for _, query := range []string{
			`sum(count_over_time({service_name=~".+"}[10m]))`,                          // of the commit log
			`sum(count_over_time({service_name=~".+"} | scope_name="shop.log" [10m]))`, // of the records
		} {
			code, body := ask(t, h, "/loki/api/v1/query", "query", query, "time", end)
			require.Equal(t, http.StatusOK, code, body)
			require.Contains(t, body, `,"`+want+`"]`, query)
			require.Equal(t, weighted, strings.Contains(body, `"weighted":true`), query)
			require.Equal(t, !weighted, strings.Contains(body, `"unweighted":true`), query)
		}
		for _, target := range []string{"service_name", "k8s_namespace_name"} {
			code, body := ask(t, h, "/loki/api/v1/index/volume", "query", `{k8s_namespace_name="shop"}`, "targetLabels", target, "aggregateBy", "series", "start", start, "end", end)
			require.Equal(t, http.StatusOK, code, body)
			tenfold := map[string]string{"service_name": `,"19460"]`, "k8s_namespace_name": `,"26200"]`}[target] // 1946 and 674 bytes as they are
			require.Equal(t, weighted, strings.Contains(body, tenfold), body)
			require.Equal(t, !weighted, strings.Contains(body, tenfold[:len(tenfold)-3]+`"]`), body)
		}
	}
}
