// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func askParquet(t *testing.T, h http.Handler, accept, path string, v url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path+"?"+v.Encode(), nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("X-Loki-Response-Encoding-Flags", "categorize-labels")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w
}

func readParquet[T any](t *testing.T, w *httptest.ResponseRecorder) []T {
	t.Helper()
	require.Equal(t, parquetType, w.Header().Get("Content-Type"))
	rows, err := parquet.Read[T](bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	require.NoError(t, err)
	return rows
}

// TestParquet: lines and samples as a file of the columns that Loki documents.
func TestParquet(t *testing.T) {
	h := shopAPI(t, nil)
	v := url.Values{"query": {`{service_name="cart"} | logfmt | keep service_name, took`}, "start": {start}, "end": {end}, "limit": {"2"}}
	w := askParquet(t, h, "application/json;q=0.5, "+parquetType, "/loki/api/v1/query_range", v)
	lines := readParquet[parquetLine](t, w)
	at := base.Add(59 * time.Second).UnixNano()
	assert.ElementsMatch(t, []parquetLine{
		{at, map[string]string{"service_name": "cart", "took": "59ms"}, `level=info msg="item 59" took=59ms`},
		{at - 3e9, map[string]string{"service_name": "cart", "took": "56ms"}, `level=info msg="item 56" took=56ms`},
	}, lines)
	f, err := parquet.OpenFile(bytes.NewReader(w.Body.Bytes()), int64(w.Body.Len()))
	require.NoError(t, err)
	assert.Equal(t, "message parquetLine {\n\trequired int64 timestamp (TIMESTAMP(isAdjustedToUTC=true,unit=NANOS));\n\trequired group labels (MAP) {\n"+
		"\t\trepeated group key_value {\n\t\t\trequired binary key (STRING);\n\t\t\trequired binary value (STRING);\n\t\t}\n\t}\n\trequired binary line (STRING);\n}", f.Schema().String())

	v = url.Values{"query": {`sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`}, "time": {end}}
	assert.Equal(t, []parquetSample{
		{base.UnixNano() + 60e9, map[string]string{"service_name": "cart"}, 20},
		{base.UnixNano() + 60e9, map[string]string{"service_name": "checkout"}, 39},
	}, readParquet[parquetSample](t, askParquet(t, h, parquetType, "/loki/api/v1/query", v)))
	v = url.Values{"query": {"1+1"}, "time": {end}}
	assert.Equal(t, []parquetSample{{base.UnixNano() + 60e9, map[string]string{}, 2}}, readParquet[parquetSample](t, askParquet(t, h, parquetType, "/loki/api/v1/query", v)))
	v["query"] = []string{`rate({service_name="nobody"}[1m])`}
	assert.Empty(t, readParquet[parquetSample](t, askParquet(t, h, parquetType, "/loki/api/v1/query", v)))

	out := resultJSON{kind: "streams", warnings: []string{"partial result: a", "partial result: b"}}
	ans, err := out.parquet()
	require.NoError(t, err)
	f, err = parquet.OpenFile(bytes.NewReader(ans.body), int64(len(ans.body)))
	require.NoError(t, err)
	text, ok := f.Lookup(warningsKey)
	require.True(t, ok)
	assert.Equal(t, "partial result: a\npartial result: b", text)
	assert.Equal(t, "application/json; charset=utf-8", askParquet(t, h, "*/*", "/loki/api/v1/query", v).Header().Get("Content-Type"))
}
