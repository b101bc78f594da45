// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// FuzzText compares with encoding/json.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		"", "a", `"quoted" \ back`, "\x00\x1f\b\f\n\r\t\x7f", "<&>", "ünïcode 日本", "\u2028\u2029", "\xff\xfe a \xc3", "\ufffd", strings.Repeat("x\n", 50),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(s))
		require.Equal(t, strings.TrimSuffix(buf.String(), "\n"), string(appendText(nil, s)))
	})
}

func TestResultJSON(t *testing.T) {
	labels := logql.Labels{{Name: "a", Value: "1"}, {Name: "b", Value: `"`}}
	for want, r := range map[string]*resultJSON{
		`{"resultType":"streams","result":[{"stream":{"a":"1","b":"\""},"values":[["1","x"],["2","y\n"]]},{"stream":{},"values":[["3",""]]}]}`: {
			kind: "streams", streams: []logql.Stream{
				{Labels: labels, Entries: []logql.StreamEntry{{Timestamp: 1, Line: "x"}, {Timestamp: 2, Line: "y\n"}}},
				{Entries: []logql.StreamEntry{{Timestamp: 3}}},
			},
		},
		`{"resultType":"streams","encodingFlags":["categorize-labels"],"result":[{"stream":{},"values":[["1","",{"parsed":{"a":"1","b":"\""}}],["1","",{}],` +
			`["1","",{"parsed":{"a":"1","b":"\""},"structuredMetadata":{"a":"1","b":"\""}}],["1","",{"structuredMetadata":{"a":"1","b":"\""}}]]}]}`: {
			kind: "streams", categorize: true, streams: []logql.Stream{{Entries: []logql.StreamEntry{
				{Timestamp: 1, Parsed: labels}, {Timestamp: 1}, {Timestamp: 1, Parsed: labels, Metadata: labels}, {Timestamp: 1, Metadata: labels},
			}}},
		},
		`{"resultType":"streams","result":[]}`:                                                 {kind: "streams"},
		`{"resultType":"vector","result":[{"metric":{"a":"1","b":"\""},"value":[1.5,"NaN"]}]}`: {kind: "vector", series: []logql.Series{{Labels: labels, Points: []logql.Point{{T: 15e8, V: nan()}}}}},
		`{"resultType":"matrix","result":[{"metric":{},"values":[[-1,"+Inf"],[0.001,"-Inf"],[4000000000,"0.25"]]}]}`: {
			kind: "matrix", series: []logql.Series{{Points: []logql.Point{{T: -1e9, V: 1 / zero}, {T: 1e6, V: -1 / zero}, {T: 4e18, V: 0.25}}}},
		},
		`{"resultType":"scalar","result":[1,"100000000000000000000000"]}`: {kind: "scalar", scalar: logql.Point{T: 1e9, V: 1e23}},
	} {
		ans, err := r.answer()
		require.NoError(t, err)
		var v struct {
			Status string
			Data   json.RawMessage
		}
		require.NoError(t, json.Unmarshal(ans.body, &v), "%s", ans.body)
		data, _, found := bytes.Cut(v.Data, []byte(`,"stats":`))
		require.True(t, found)
		require.Equal(t, "success", v.Status)
		require.Equal(t, want, string(data)+"}")
	}
	ans, err := (&resultJSON{kind: "streams", warnings: []string{"x", `"y"`}}).answer()
	require.NoError(t, err)
	require.Contains(t, string(ans.body), `{"status":"success","warnings":["x","\"y\""],"data":{`)
}

var zero = 0.0

func nan() float64 { return zero / zero }

func BenchmarkResultJSON(b *testing.B) {
	var streams []logql.Stream
	for i := range 50 {
		s := logql.Stream{Labels: logql.Labels{{Name: "service_name", Value: fmt.Sprint("service-", i)}, {Name: "k8s_namespace_name", Value: "shop"}}}
		for j := range 100 {
			s.Entries = append(s.Entries, logql.StreamEntry{
				Timestamp: int64(j), Line: fmt.Sprintf(`{"msg":"request served","path":"/api/items/%d","status":200,"latency_ms":12,"user":"ünïcode"}`, j),
				Metadata: logql.Labels{{Name: "detected_level", Value: "info"}, {Name: "trace_id", Value: "0123456789abcdef0123456789abcdef"}},
			})
		}
		streams = append(streams, s)
	}
	b.ReportAllocs()
	for b.Loop() {
		ans, err := (&resultJSON{kind: "streams", categorize: true, streams: streams}).answer()
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(ans.body)))
	}
}
