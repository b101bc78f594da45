// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"math"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// podLogs are a line a minute of ten bytes from each of three pods for half an hour, the last one without a namespace.
func podLogs() plog.Logs {
	ld := plog.NewLogs()
	for pod := range 3 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", "shop")
		rl.Resource().Attributes().PutStr("k8s.pod.name", fmt.Sprint("pod-", pod))
		rl.Resource().Attributes().PutStr("service.instance.id", fmt.Sprintf("550e8400-e29b-41d4-a716-44665544000%d", pod))
		if pod < 2 {
			rl.Resource().Attributes().PutStr("k8s.namespace.name", "prod")
		}
		for minute := range 30 {
			lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
			lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(minute)*time.Minute + time.Duration(10+pod)*time.Second)))
			lr.Body().SetStr("0123456789")
			if pod == 1 {
				lr.Body().SetStr("01234567890123456789")
			}
		}
	}
	return ld
}

func TestVolumes(t *testing.T) {
	url := memory("pods")
	writeArchive(t, url, 1, podLogs(), base.Add(time.Hour))
	h := newAPI(t, url, nil)
	ns := func(d time.Duration) string { return fmt.Sprint(base.Add(d).UnixNano()) }
	half := []string{"start", ns(0), "end", ns(30 * time.Minute)}
	at := base.Add(30 * time.Minute).Unix()
	vector := func(result string) string {
		return `{"data":{"result":[` + result + `],"resultType":"vector"},"status":"success"}`
	}
	one := func(metric string, n int) string {
		return fmt.Sprintf(`{"metric":{%s},"value":[%d,"%d"]}`, metric, at, n)
	}
	for _, tt := range []struct {
		name, path string
		kv         []string
		want       string
	}{
		{
			"by the labels of the selector, as far as a stream has them", "index/volume",
			append([]string{"query", `{service_name="shop", k8s_namespace_name=~".*"}`}, half...),
			vector(one(`"k8s_namespace_name":"prod","service_name":"shop"`, 900) + "," + one(`"service_name":"shop"`, 300)),
		},
		{
			"by other labels: streams without one are left out", "index/volume",
			append([]string{"query", `{service_name="shop"}`, "targetLabels", "k8s_pod_name, k8s_namespace_name"}, half...),
			vector(one(`"k8s_namespace_name":"prod","k8s_pod_name":"pod-1"`, 600) + "," + one(`"k8s_namespace_name":"prod","k8s_pod_name":"pod-0"`, 300)),
		},
		{
			"the largest", "index/volume",
			append([]string{"query", `{service_name="shop"}`, "targetLabels", "k8s_pod_name", "limit", "1"}, half...),
			vector(one(`"k8s_pod_name":"pod-1"`, 600)),
		},
		{
			"each label", "index/volume",
			append([]string{"query", `{k8s_namespace_name="prod"}`, "aggregateBy", "labels"}, half...),
			vector(one(`"k8s_namespace_name":""`, 900) + "," + one(`"k8s_pod_name":""`, 900) + "," + one(`"service_instance_id":""`, 900) + "," + one(`"service_name":""`, 900)),
		},
		{
			"each of some labels", "index/volume",
			append([]string{"query", `{service_name="shop"}`, "aggregateBy", "labels", "targetLabels", "k8s_namespace_name", "limit", "0"}, half...),
			vector(one(`"k8s_namespace_name":""`, 900)),
		},
		{
			"all streams", "index/volume",
			append([]string{"query", `{}`, "limit", "1"}, half...),
			vector(one(`"k8s_namespace_name":"prod","k8s_pod_name":"pod-1","service_instance_id":"550e8400-e29b-41d4-a716-446655440001","service_name":"shop"`, 600)),
		},
		{
			"nothing", "index/volume",
			append([]string{"query", `{service_name="nobody"}`}, half...),
			vector(""),
		},
		{
			"steps at their multiples, and the seconds that the range cuts", "index/volume_range",
			[]string{"query", `{k8s_namespace_name="prod"}`, "step", "600", "start", ns(2*time.Minute + 11*time.Second), "end", ns(16*time.Minute + 10*time.Second)},
			// 10:07:11 to 10:10, to 10:20, to 10:21:10; of the first minute there is one of two, of the last as well.
			`{"data":{"result":[{"metric":{"k8s_namespace_name":"prod"},"values":[[1772618999.999,"80"],[1772619599.999,"300"],[1772619670,"40"]]}],` +
				`"resultType":"matrix"},"status":"success"}`,
		},
		{
			"a step longer than the range", "index/volume_range",
			append([]string{"query", `{k8s_pod_name="pod-0"}`, "step", "24h", "aggregateBy", "labels", "targetLabels", "k8s_pod_name"}, half...),
			fmt.Sprintf(`{"data":{"result":[{"metric":{"k8s_pod_name":""},"values":[[%d,"300"]]}],"resultType":"matrix"},"status":"success"}`, at),
		},
		{
			"stats", "index/stats",
			append([]string{"query", `{k8s_namespace_name="prod"}`}, half...),
			`{"bytes":900,"chunks":1,"entries":60,"streams":2}`,
		},
		{
			"stats of a part", "index/stats",
			[]string{"query", `{service_name="shop"}`, "start", ns(0), "end", ns(10*time.Minute - 1)},
			`{"bytes":400,"chunks":1,"entries":30,"streams":3}`,
		},
		{
			"detected labels without ids", "detected_labels", half,
			`{"detectedLabels":[{"cardinality":1,"label":"k8s_namespace_name"},{"cardinality":3,"label":"k8s_pod_name"},{"cardinality":1,"label":"service_name"}]}`,
		},
		{
			"series", "series",
			append([]string{"match[]", `{k8s_pod_name=~"pod-[01]"}`, "match[]", `{k8s_pod_name="pod-0"}`}, half...),
			`{"data":[{"k8s_namespace_name":"prod","k8s_pod_name":"pod-0","service_instance_id":"550e8400-e29b-41d4-a716-446655440000","service_name":"shop"},` +
				`{"k8s_namespace_name":"prod","k8s_pod_name":"pod-1","service_instance_id":"550e8400-e29b-41d4-a716-446655440001","service_name":"shop"}],"status":"success"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := ask(t, h, "/loki/api/v1/"+tt.path, tt.kv...)
			require.Equal(t, http.StatusOK, code, body)
			require.JSONEq(t, tt.want, withoutStats(t, body))
		})
	}
	for _, tt := range []struct {
		path string
		kv   []string
		want string
	}{
		{"index/volume", nil, "query must be a stream selector"},
		{"index/volume", []string{"query", `{a="b"} |= "x"`}, "parse error"},
		{"index/volume", []string{"query", `{a="b"}`, "aggregateBy", "value"}, "invalid aggregateBy"},
		{"index/volume", []string{"query", `{a="b"}`, "limit", "-1"}, "limit must be a positive value"},
		{"index/volume_range", []string{"query", `{a="b"}`, "step", "0"}, "zero or negative"},
		{"index/volume_range", []string{"query", `{a="b"}`, "step", "1ms"}, "maximum resolution"},
		{"index/stats", nil, "query must be a stream selector"},
		{"index/stats", []string{"query", `{a="b"} |= "x"`}, "parse error"},
		{"detected_labels", []string{"query", `{a="b"} |= "x"`}, "parse error"},
	} {
		code, body := ask(t, h, "/loki/api/v1/"+tt.path, tt.kv...)
		require.Equal(t, http.StatusBadRequest, code, body)
		require.Contains(t, body, tt.want)
	}
}

// FuzzVolumeEdges holds that buckets cover the range, once each, whatever the step.
func FuzzVolumeEdges(f *testing.F) {
	f.Add(int64(0), int64(1000), int64(7))
	f.Add(int64(-1_000_000_000), int64(5), int64(time.Second))
	f.Add(int64(math.MaxInt64-5), int64(math.MaxInt64), int64(2))
	f.Add(int64(math.MinInt64), int64(math.MinInt64+5), int64(3))
	f.Fuzz(func(t *testing.T, start, end, step int64) {
		if start > end || step <= 0 {
			return
		}
		edges, stamps, err := volumeEdges(start, end, step)
		if err != nil {
			return
		}
		require.Len(t, edges, len(stamps)+1)
		require.Equal(t, start, edges[0])
		for i := range stamps {
			require.LessOrEqual(t, edges[i], edges[i+1])
			require.LessOrEqual(t, uint64(edges[i+1])-uint64(edges[i]), uint64(step)+1)
			require.GreaterOrEqual(t, stamps[i], start)
			require.LessOrEqual(t, stamps[i], end)
		}
		require.GreaterOrEqual(t, edges[len(edges)-1], end)
	})
}

// TestDetectedFieldPaths says where in a line a field is.
func TestDetectedFieldPaths(t *testing.T) {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", "api")
	for i, line := range []string{`{"a":{"b c":{"d":1}},"e":[1,2],"h-i":"x","ratio":1}`, `{"ratio":0.5,"a":{"b c":{"d":"x"}}}`, `plain`, `{"broken":`} {
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Second)))
		lr.Body().SetStr(line)
	}
	url := memory("paths")
	writeArchive(t, url, 1, ld, base.Add(time.Minute))
	code, body := ask(t, newAPI(t, url, nil), "/loki/api/v1/detected_fields", "query", `{service_name="api"}`, "start", start, "end", end)
	require.Equal(t, http.StatusOK, code, body)
	require.JSONEq(t, `{"limit":1000,"fields":[`+
		`{"label":"a_b_c_d","type":"string","cardinality":2,"parsers":["json"],"jsonPath":["a","b c","d"]},`+
		`{"label":"detected_level","type":"string","cardinality":1,"parsers":null},`+
		`{"label":"h_i","type":"string","cardinality":1,"parsers":["json"],"jsonPath":["h-i"]},`+
		`{"label":"ratio","type":"float","cardinality":2,"parsers":["json"],"jsonPath":["ratio"]}]}`, body)
}
