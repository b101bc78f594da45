// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivesource

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/logql"
)

// podLogs are records of pods in two namespaces; some resources lack the namespace, some records a level.
func podLogs(r *rand.Rand, records int) plog.Logs {
	ld := plog.NewLogs()
	for range records {
		rl := ld.ResourceLogs().AppendEmpty()
		n := r.IntN(6)
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("svc-", n%3))
		if n > 0 {
			rl.Resource().Attributes().PutStr("k8s.namespace.name", fmt.Sprint("ns-", n%2))
		}
		rl.Resource().Attributes().PutStr("k8s.pod.name", fmt.Sprint("pod-", r.IntN(9)))
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(r.Int64N(int64(50 * time.Minute))))))
		lr.Body().SetStr(strings.Repeat("x", r.IntN(30)))
		switch r.IntN(3) {
		case 0:
			lr.SetSeverityNumber(plog.SeverityNumberError)
		case 1:
			lr.SetSeverityText("warn")
		}
		if r.IntN(4) == 0 {
			lr.Attributes().PutStr("sampling.threshold", "8")
		}
	}
	return ld
}

func printVolume(series []VolumeSeries) (list []string) {
	for _, s := range series {
		list = append(list, fmt.Sprint(s.Labels, s.Bytes))
	}
	slices.Sort(list)
	return list
}

// TestVolumeIsThatOfTheLines compares volumes with a metric query that reads every line.
func TestVolumeIsThatOfTheLines(t *testing.T) {
	s := snapshotOf(t, "volume", podLogs(rand.New(rand.NewPCG(3, 3)), 2000))
	m := NewMapper(DefaultStreamLabels())
	for _, opts := range []Options{{}, {Unweighted: true}} {
		for _, tt := range []struct {
			selector string
			labels   []string
			metric   string // labels of the metric query
			all      bool   // streams must have them
		}{
			{selector: `{service_name=~".+"}`, metric: "service_name"},
			{selector: `{service_name=~".+", k8s_namespace_name=~".*"}`, metric: "service_name, k8s_namespace_name"},
			{selector: `{k8s_namespace_name="ns-1"}`, labels: []string{"k8s_pod_name"}, metric: "k8s_pod_name"},
			{selector: `{service_name=~".+"}`, labels: []string{"k8s_namespace_name"}, metric: "k8s_namespace_name", all: true},
			{selector: `{service_name="svc-0", k8s_namespace_name=""}`, metric: "service_name"},
			{selector: `{service_name=~".+"}`, labels: []string{"service_name", "detected_level"}, metric: "service_name, detected_level"},
			{selector: `{service_name=~"svc-.", service_name!~"svc-[01]"}`, labels: []string{"detected_level"}, metric: "detected_level"},
		} {
			ms, err := logql.ParseMatchers(tt.selector)
			require.NoError(t, err)
			for _, step := range []time.Duration{50 * time.Minute, 7 * time.Minute, 13 * time.Second} {
				req := &VolumeRequest{Matchers: ms, Labels: tt.labels}
				for at := base; at.Before(base.Add(50*time.Minute + step)); at = at.Add(step) {
					req.Edges = append(req.Edges, at.UnixNano())
				}
				got, exact, err := New(s, m, opts).Volume(t.Context(), req)
				require.NoError(t, err)
				require.True(t, exact)

				selector := tt.selector
				if tt.all {
					selector = strings.TrimSuffix(selector, "}") + `, ` + tt.labels[0] + `=~".+"}`
				}
				// A stage keeps the engine from counting unread.
				e, err := logql.Parse(fmt.Sprintf(`sum by (%s) (bytes_over_time(%s | drop nothing [%dms]))`, tt.metric, selector, step.Milliseconds()))
				require.NoError(t, err)
				p := logql.Params{Start: req.Edges[1] - 1, End: req.Edges[len(req.Edges)-1] - 1, Step: step}
				res, err := logql.Eval(t.Context(), New(s, m, opts), e, p)
				require.NoError(t, err)
				var want []VolumeSeries
				for _, series := range res.Series {
					v := VolumeSeries{Labels: series.Labels, Bytes: make([]float64, len(req.Edges)-1)}
					for _, point := range series.Points {
						v.Bytes[(point.T-p.Start)/int64(step)] = math.Round(point.V)
					}
					want = append(want, v)
				}
				require.Equal(t, printVolume(want), printVolume(got), "%s by %v every %v", tt.selector, tt.labels, step)
				require.True(t, slices.IsSortedFunc(got, func(a, b VolumeSeries) int { return int(b.Total() - a.Total()) }))
			}
		}
	}
}

func TestVolumeOfEachLabel(t *testing.T) {
	src := New(snapshot(t, "each"), NewMapper([]string{"host.name"}), Options{})
	edges := []int64{base.UnixNano(), base.Add(time.Minute).UnixNano()}
	ask := func(req VolumeRequest) []string {
		req.Edges = edges
		got, exact, err := src.Volume(t.Context(), &req)
		require.NoError(t, err)
		require.True(t, exact)
		list := []string{}
		for _, s := range got {
			list = append(list, fmt.Sprint(s.Labels, s.Bytes))
		}
		return list
	}
	matchers := func(selector string) []*logql.Matcher {
		ms, err := logql.ParseMatchers(selector)
		require.NoError(t, err)
		return ms
	}
	// Ten lines of six bytes of edge; of sampled as many, that stand for four each.
	require.Equal(t, []string{`{host_name="n1", service_name="sampled"} [240]`, `{host_name="n1", service_name="edge"} [60]`}, ask(VolumeRequest{}))
	require.Equal(t, []string{`{host_name=""} [300]`, `{service_name=""} [300]`}, ask(VolumeRequest{Each: true}))
	require.Equal(t, []string{`{host_name=""} [60]`, `{service_name=""} [60]`}, ask(VolumeRequest{Each: true, Matchers: matchers(`{service_name="edge"}`)}))
	require.Equal(t, []string{`{host_name=""} [300]`}, ask(VolumeRequest{Each: true, Labels: []string{"host_name"}}))
	require.Empty(t, ask(VolumeRequest{Labels: []string{"host_name", "nothing"}}))
	require.Empty(t, ask(VolumeRequest{Matchers: matchers(`{nothing="x"}`)}))

	_, _, err := src.Volume(t.Context(), &VolumeRequest{Edges: edges, MaxSeries: 1})
	limit := (*logql.LimitError)(nil)
	require.ErrorAs(t, err, &limit)
}

// TestStreamsOfATime finds the streams of the minutes that are asked for.
func TestStreamsOfATime(t *testing.T) {
	ld := plog.NewLogs()
	for i := range 30 {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", fmt.Sprint("svc-", i))
		lr := rl.ScopeLogs().AppendEmpty().LogRecords().AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(base.Add(time.Duration(i) * time.Minute)))
	}
	src := New(snapshotOf(t, "times", ld), NewMapper(DefaultStreamLabels()), Options{})
	var got []string
	err := src.Streams(t.Context(), base.Add(3*time.Minute).UnixNano(), base.Add(4*time.Minute).UnixNano()+1, nil, 10,
		func(ls logql.Labels) { got = append(got, ls.Get("service_name")) })
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"svc-3", "svc-4"}, got)
	require.Zero(t, src.Stats().RowsScanned)
}

// TestCountsByStreamLabels are answered from the blocks of resources where windows end at full minutes, as the lines say.
func TestCountsByStreamLabels(t *testing.T) {
	s := snapshotOf(t, "bystream", podLogs(rand.New(rand.NewPCG(9, 9)), 3000))
	m := NewMapper(DefaultStreamLabels())
	minute := base.Truncate(time.Minute)
	for _, tt := range []struct {
		query   string
		counted bool
	}{
		{`sum by (k8s_pod_name) (count_over_time({service_name="svc-1"}[1m]))`, true},
		{`sum by (service_name, k8s_pod_name, k8s_namespace_name) (bytes_over_time({k8s_namespace_name=~"ns-.*"}[3m]))`, true},
		{`sum by (k8s_namespace_name) (rate({k8s_namespace_name=~".+"} | k8s_pod_name!="pod-3" [2m]))`, true},
		{`sum by (k8s_namespace_name) (count_over_time({service_name="svc-0"}[1m]))`, false}, // some lack it
		{`sum by (k8s_pod_name) (count_over_time({service_name="svc-1"} |= "x" [1m]))`, false},
	} {
		e, err := logql.Parse(tt.query)
		require.NoError(t, err)
		p := logql.Params{Start: minute.UnixNano(), End: minute.Add(50 * time.Minute).UnixNano(), Step: time.Minute}
		want, err := logql.Eval(t.Context(), plain{New(s, m, Options{})}, e, p)
		require.NoError(t, err)
		w := &watcher{Source: New(s, m, Options{})}
		got, err := logql.Eval(t.Context(), w, e, p)
		require.NoError(t, err)
		sameResult(t, tt.query, want, got)
		require.Equal(t, tt.counted, !w.selected, tt.query)
		if tt.counted {
			stats := w.Stats()
			require.Zero(t, stats.ObjectsRead, tt.query)
		}
	}
}
