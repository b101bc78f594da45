// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// shop is a minute of two services: web writes a line every second, with a status in logfmt, job one every ten seconds.
func shop() *Memory {
	var entries []Entry
	for i := range 60 {
		entries = append(entries, Entry{
			Timestamp: int64(i) * 1e9, Line: fmt.Sprintf("status=%d took=%dms path=/%d", 200+i%4*100, i, i%2),
			Stream: Labels{{"app", "web"}}, Metadata: Labels{{"pod", fmt.Sprint("p", i%2)}},
		})
		if i%10 == 0 {
			entries = append(entries, Entry{Timestamp: int64(i) * 1e9, Line: "{\"done\":true}", Stream: Labels{{"app", "job"}}})
		}
	}
	return NewMemory(entries)
}

// print makes one line of every series: its labels and its values, _ where there is none.
func printSeries(res *Result, p Params) string {
	var b strings.Builder
	for _, s := range res.Series {
		b.WriteString(s.Labels.String())
		k := 0
		for t := p.Start; t <= p.End; t += max(int64(p.Step), 1) {
			if k < len(s.Points) && s.Points[k].T == t {
				fmt.Fprintf(&b, " %.6g", s.Points[k].V)
				k++
			} else {
				b.WriteString(" _")
			}
			if p.Start == p.End {
				break
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestMetricQueries(t *testing.T) {
	sec := func(s int64) int64 { return s * 1e9 }
	instant := Params{Start: sec(59), End: sec(59)}
	steps := Params{Start: sec(0), End: sec(120), Step: 30 * time.Second}
	for _, tt := range []struct {
		query string
		p     Params
		want  string
	}{
		{`sum by (app) (count_over_time({app=~".+"}[1m]))`, instant, "{app=\"job\"} 6\n{app=\"web\"} 60\n"},
		{`sum(count_over_time({app="web"}[30s]))`, steps, "{} 1 30 29 _ _\n"},
		{`sum(count_over_time({app="web"}[30s] offset 30s))`, steps, "{} _ 1 30 29 _\n"},
		{`sum(rate({app="web"}[10s]))`, instant, "{} 1\n"},
		{`sum by (pod) (bytes_over_time({app="web"} |= "path=/1" [1m]))`, instant, "{pod=\"p1\"} 835\n"},
		{`count_over_time({app="web"}[1m])`, instant, "{app=\"web\", pod=\"p0\"} 30\n{app=\"web\", pod=\"p1\"} 30\n"},
		{`sum by (status) (count_over_time({app="web"} | logfmt [1m]))`, instant, "{status=\"200\"} 15\n{status=\"300\"} 15\n{status=\"400\"} 15\n{status=\"500\"} 15\n"},
		{`sum without (took, path, pod, app) (count_over_time({app="web"} | logfmt | status >= 400 [1m]))`, instant, "{status=\"400\"} 15\n{status=\"500\"} 15\n"},
		{`max_over_time({app="web"} | logfmt | unwrap duration(took) [1m]) by (app)`, instant, "{app=\"web\"} 0.059\n"},
		{`quantile_over_time(0.5, {app="web"} | logfmt | unwrap duration(took) [1m]) by ()`, instant, "{} 0.0295\n"},
		{`topk(1, sum by (app) (count_over_time({app=~".+"}[1m])))`, instant, "{app=\"web\"} 60\n"},
		{`absent_over_time({app="none"}[1m])`, instant, "{app=\"none\"} 1\n"},
		{`sum(count_over_time({app="web"}[1m])) / sum(count_over_time({app="job"}[1m]))`, instant, "{} 10\n"},
		{`sum by (app) (count_over_time({app=~".+"}[1m])) > 10`, instant, "{app=\"web\"} 60\n"},
		{`sum by (app) (count_over_time({app=~".+"}[1m])) > bool 10`, instant, "{app=\"job\"} 0\n{app=\"web\"} 1\n"},
		{`vector(1)+vector(1)`, instant, "{} 2\n"},
		{`vector(1)`, steps, "{} 1 1 1 1 1\n"},
		{`label_replace(sum by (app) (count_over_time({app="web"}[1m])), "x", "$1!", "app", "(w).*")`, instant, "{app=\"web\", x=\"w!\"} 60\n"},
		{`avg(sum by (app) (count_over_time({app=~".+"}[1m])))`, instant, "{} 33\n"},
	} {
		e, err := Parse(tt.query)
		require.NoError(t, err, tt.query)
		res, err := Eval(context.Background(), shop(), e, tt.p)
		require.NoError(t, err, tt.query)
		require.Equal(t, tt.want, printSeries(res, tt.p), tt.query)
	}
}

func TestLogQueries(t *testing.T) {
	for _, tt := range []struct {
		query string
		p     Params
		want  []string
	}{
		{`{app="web"} |= "status=500"`, Params{Limit: 2}, []string{"status=500 took=3ms path=/1", "status=500 took=7ms path=/1"}},
		{`{app="web"} |= "status=500"`, Params{Limit: 1, Descending: true}, []string{"status=500 took=59ms path=/1"}},
		{`{app="web"} | pod="p1" | logfmt | took > 57ms | line_format "{{.status}} {{.pod}}"`, Params{}, []string{"500 p1"}},
		{`{app="job"} | json | done="true" | keep done`, Params{Limit: 1}, []string{`{"done":true}`}},
		{`{app="none"}`, Params{}, nil},
	} {
		e, err := ParseLog(tt.query)
		require.NoError(t, err, tt.query)
		tt.p.End = 1e12
		res, err := Eval(context.Background(), shop(), e, tt.p)
		require.NoError(t, err, tt.query)
		var lines []string
		for _, s := range res.Streams {
			for _, e := range s.Entries {
				lines = append(lines, e.Line)
			}
		}
		if len(res.Streams) == 1 || len(tt.want) < 2 {
			require.Equal(t, tt.want, lines, tt.query)
		} else {
			require.ElementsMatch(t, tt.want, lines, tt.query)
		}
	}
}

func TestEvalMistakes(t *testing.T) {
	for _, tt := range []struct {
		query string
		p     Params
		want  string
	}{
		{`count_over_time({app=~".+"} | json [1m])`, Params{}, "pipeline error: 'JSONParserErr'"},
		{`count_over_time({app="web"} | logfmt [1m])`, Params{Limits: Limits{MaxSeries: 10}}, "maximum number of series (10)"},
		{`count_over_time({app="web"} | logfmt [1m])`, Params{Limits: Limits{MaxMemoryBytes: 1000}}, "more than 0 MiB of memory"},
		{`{app="web"}`, Params{Limits: Limits{MaxMemoryBytes: 1000}}, "more than 0 MiB of memory"},
		{`rate({app="web"}[1m])`, Params{Start: -1e15, Step: time.Second}, "maximum resolution"},
		{`count_over_time({app="web"}[1m]) / on (app) count_over_time({app="web"}[1m])`, Params{}, "found duplicate series on the right hand-side"},
		{`count_over_time({app="web"}[1m]) / on (app) sum by (app) (count_over_time({app="web"}[1m]))`, Params{}, "many-to-one matching must be explicit"},
	} {
		e, err := Parse(tt.query)
		require.NoError(t, err, tt.query)
		tt.p.End = 59e9
		if tt.p.Start == 0 {
			if _, isLog := e.(*LogExpr); !isLog {
				tt.p.Start = tt.p.End
			}
		}
		_, err = Eval(context.Background(), shop(), e, tt.p)
		require.ErrorContains(t, err, tt.want, tt.query)
		require.True(t, IsUserError(err), tt.query)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	e, err := Parse(`rate({app="web"}[1m])`)
	require.NoError(t, err)
	_, err = Eval(ctx, shop(), e, Params{Start: 1, End: 1})
	require.ErrorIs(t, err, context.Canceled)
}

func TestTemplatesAreBounded(t *testing.T) {
	for _, tpl := range []string{
		`{{ repeat 100000000 "x" }}`,
		`{{ printf "%100000000d" 1 }}`,
		`{{ indent 100000000 "x" }}`,
		`{{ alignLeft 100000000 "x" }}`,
		`{{ range 1000000000 }}{{ end }}`,
		`{{ range fromJson "[1,2,3]" }}{{ range 1000000 }}{{ if true }}{{ else }}{{ range 9 }}{{ end }}{{ end }}{{ end }}{{ end }}`,
		`{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}`,
	} {
		e, err := ParsePipeline("| line_format `" + tpl + "`")
		if err != nil {
			continue
		}
		res, err := Eval(context.Background(), NewMemory([]Entry{{Timestamp: 1, Line: "x"}}), e, Params{End: 2})
		require.NoError(t, err)
		require.Equal(t, errTemplate, res.Streams[0].Labels.Get(labelError), tpl)
	}
}

// TestDeviationOfOneValue holds that one value deviates from nothing, as Loki has it, though it is no finite number.
func TestDeviationOfOneValue(t *testing.T) {
	for _, op := range []string{"stddev", "stdvar"} {
		for _, v := range []float64{3, math.NaN(), math.Inf(1), math.Inf(-1)} {
			require.Zero(t, aggregateColumn(op, []float64{v}), "%s of %v", op, v)
			if v != 3 {
				require.True(t, math.IsNaN(aggregateColumn(op, []float64{v, 3})), "%s of %v and 3", op, v)
				require.True(t, math.IsNaN(aggregateColumn(op, []float64{3, v})), "%s of 3 and %v", op, v)
			}
		}
	}
	require.InDelta(t, 2.0, aggregateColumn("stddev", []float64{2, 4, 4, 4, 5, 5, 7, 9}), 1e-12)
}

// TestGroupedByAnEmptyLabel tells a label that is there and empty from one that is missing, as Loki does.
func TestGroupedByAnEmptyLabel(t *testing.T) {
	entries := []Entry{
		{Timestamp: 1, Line: "k=x", Stream: Labels{{"app", "a"}}},
		{Timestamp: 1, Line: "k=", Stream: Labels{{"app", "a"}}},
		{Timestamp: 1, Line: "v=1", Stream: Labels{{"app", "a"}}},
	}
	for _, q := range []string{
		`sum by (k) (count_over_time({app="a"} | logfmt --keep-empty [1m]))`,
		`max by (k) (count_over_time({app="a"} | logfmt --keep-empty [1m]))`,
		`sum by (k) (sum by (k, app) (count_over_time({app="a"} | logfmt --keep-empty [1m])))`,
	} {
		e, err := Parse(q)
		require.NoError(t, err)
		res, err := Eval(context.Background(), NewMemory(entries), e, Params{Start: 1, End: 1})
		require.NoError(t, err)
		var got []Labels
		for _, s := range res.Series {
			got = append(got, s.Labels)
		}
		require.ElementsMatch(t, []Labels{{}, {{"k", ""}}, {{"k", "x"}}}, got, q)
	}
}
