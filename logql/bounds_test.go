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

	"github.com/logboom/logboom/internal/cputime"
)

// TestRangesOfAnyLength asks for ranges whose length, or whose start less the window, no int64 holds.
func TestRangesOfAnyLength(t *testing.T) {
	e, err := Parse(`sum(count_over_time({app="web"}[1h] offset 1h))`)
	require.NoError(t, err)
	for _, step := range []time.Duration{1, time.Second, 24 * time.Hour} {
		_, err = Eval(context.Background(), shop(), e, Params{Start: math.MinInt64, End: math.MaxInt64, Step: step})
		var limit *LimitError
		require.ErrorAs(t, err, &limit, step)
	}
	for _, q := range []string{
		`sum(count_over_time({app="web"}[290y]))`,
		`quantile_over_time(0.5, {app="web"} | logfmt | unwrap status [290y]) by (app)`,
		`avg_over_time({app="web"} | logfmt | unwrap status [290y] offset 290y) by (app)`,
	} {
		e, err = Parse(q)
		require.NoError(t, err)
		for _, at := range []int64{math.MinInt64, math.MinInt64 + 1, -1e18, 59e9, math.MaxInt64} {
			_, err = Eval(context.Background(), shop(), e, Params{Start: at, End: at})
			require.NoError(t, err, at)
			if at > math.MinInt64+2 {
				_, err = Eval(context.Background(), shop(), e, Params{Start: at - 2, End: at, Step: 1})
				require.NoError(t, err, at)
			}
		}
	}
	require.Equal(t, int64(math.MinInt64), saturate(-1e18, -9e18))
	require.Equal(t, int64(math.MaxInt64), saturate(9e18, 1e18))
	require.Equal(t, int64(2), saturate(5, -4, 1))
}

// TestExpensiveStepsEnd cancels a query while it works on its samples: nothing is selected any more then.
func TestExpensiveStepsEnd(t *testing.T) {
	for _, q := range []string{
		`quantile_over_time(0.9, {app="web"} | logfmt | unwrap status [1m]) by (app)`,
		`topk(1, count_over_time({app="web"}[1m]))`,
	} {
		e, err := Parse(q)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		src := selectThen{shop(), cancel}
		_, err = Eval(ctx, src, e, Params{Start: 0, End: 120e9, Step: time.Second})
		require.ErrorIs(t, err, context.Canceled, q)
	}
}

// selectThen calls then after the last entry.
type selectThen struct {
	*Memory
	then func()
}

func (s selectThen) Select(ctx context.Context, req *SelectRequest, yield func(*Entry) error) error {
	err := s.Memory.Select(ctx, req, yield)
	s.then()
	return err
}

// TestTemplateTextsAreBounded runs templates that would make texts of gigabytes.
func TestTemplateTextsAreBounded(t *testing.T) {
	line := strings.Repeat(`1\<'`, 1000)
	again := func(step string) string {
		return `{{$x := __line__}}` + strings.Repeat(`{{$x = `+step+`}}`, 40) + `{{len $x}}`
	}
	for _, tt := range []string{
		again(`print $x $x`),
		again(`println $x $x`),
		again(`js $x`),
		again(`html $x $x`),
		again(`urlquery $x $x`),
		again(`printf "%s%[1]s" $x`),
		again(`regexReplaceAll "$" $x $x`),
		again(`regexReplaceAll "^(.*)$" $x "$1$1"`),
		again(`regexReplaceAllLiteral "$" $x $x`),
		`{{regexReplaceAll "." __line__ (repeat 100 __line__)}}`,
		`{{regexReplaceAll ".+" (repeat 200 __line__) (repeat 200000 "$0")}}`,
		fmt.Sprintf(`{{len (printf %q __line__)}}`, strings.Repeat("%[1]s", 200)),
		again(`date $x (unixToTime "1700000000")`), // November: every 1 becomes 11
	} {
		tpl, err := newTemplate(tt)
		require.NoError(t, err)
		_, err = tpl.run(&lineState{line: line}, &labelSet{})
		require.ErrorIs(t, err, errTemplateOutput, "%.80s", tt)
	}
}

func TestLabelReplaceIsBounded(t *testing.T) {
	e, err := Parse(`label_replace(vector(1), "a", "` + strings.Repeat("$0", 60_000) + `", "b", ".*")`)
	require.NoError(t, err)
	_, err = Eval(context.Background(), shop(), e, Params{Start: 1, End: 1})
	require.NoError(t, err)
	e, err = Parse(`label_replace(sum by (app) (count_over_time({app="web"} | label_format app="{{repeat 1000 __line__}}" [1m])), "a", "` +
		strings.Repeat("$0", 60_000) + `", "app", ".*")`)
	require.NoError(t, err)
	_, err = Eval(context.Background(), shop(), e, Params{Start: 59e9, End: 59e9})
	require.ErrorContains(t, err, "a label that is too long")
	require.True(t, IsUserError(err))
}

// TestReplacedLabelsAreCharged makes, of few small labels, more than the query may hold.
func TestReplacedLabelsAreCharged(t *testing.T) {
	var entries []Entry
	for i := range 100 {
		entries = append(entries, Entry{Timestamp: 1, Stream: Labels{{"app", fmt.Sprint(i, strings.Repeat("x", 1000))}}})
	}
	e, err := Parse(`label_replace(sum by (app) (count_over_time({app=~".+"}[1s])), "b", "` + strings.Repeat("$1", 100) + `", "app", "(.*)")`)
	require.NoError(t, err)
	p := Params{Start: 1, End: 1, Limits: Limits{MaxMemoryBytes: 5 << 20}}
	_, err = Eval(context.Background(), NewMemory(entries), e, p)
	var limit *LimitError
	require.ErrorAs(t, err, &limit)
	p.Limits.MaxMemoryBytes = 50 << 20
	_, err = Eval(context.Background(), NewMemory(entries), e, p)
	require.NoError(t, err)
}

func TestTemplateTexts(t *testing.T) {
	for tt, want := range map[string]string{
		`{{print "a" 1 "b"}}{{println "c"}}`:                 "a1bc\n",
		`{{html "<a>"}} {{js "it's"}} {{urlquery "a b&c"}}`:  `&lt;a&gt; it\'s a+b%26c`,
		`{{printf "%5.1f|%-4s|%q" 2.25 "x" "y"}}`:            `  2.2|x   |"y"`,
		`{{regexReplaceAll "(a)(b)?" "abxa" "<$1>"}}`:        "<a>x<a>",
		`{{regexReplaceAllLiteral "(a)(b)?" "abxa" "<$1>"}}`: "<$1>x<$1>",
		`{{regexReplaceAll "x*" "axb" "-"}}`:                 "-a-b-",
	} {
		tpl, err := newTemplate(tt)
		require.NoError(t, err)
		got, err := tpl.run(&lineState{}, &labelSet{})
		require.NoError(t, err)
		require.Equal(t, want, got, tt)
	}
}

// TestHostileLines runs parsers over lines with more fields, or longer names, than anybody can use.
func TestHostileLines(t *testing.T) {
	var json, logfmt strings.Builder
	var metadata Labels
	for i := range 200_000 {
		fmt.Fprintf(&json, `"k%d":"v",`, i)
		fmt.Fprintf(&logfmt, "k%d=v ", i)
		metadata = append(metadata, Label{fmt.Sprint("m", i), "v"})
	}
	nested := strings.Repeat(`{"`+strings.Repeat("k", 10_000)+`":`, 60) + "{" + json.String() + `"z":1}` + strings.Repeat("}", 60)
	for _, tt := range []struct {
		query, line string
		metadata    Labels
		want        string
	}{
		{"| json", "{" + json.String() + `"z":1}`, nil, errLabels},
		{"| unpack", "{" + json.String() + `"_entry":"1"}`, nil, errLabels},
		{"| logfmt", logfmt.String(), nil, errLabels},
		{"| json", nested, nil, errJSON},
		{"", "line", metadata, errLabels},
	} {
		e, err := ParsePipeline(tt.query)
		require.NoError(t, err)
		var res *Result
		took := cputime.Of(func() {
			res, err = Eval(context.Background(), NewMemory([]Entry{{Timestamp: 1, Line: tt.line, Metadata: tt.metadata}}), e, Params{End: 2})
		})
		require.NoError(t, err)
		require.Less(t, took, 30*time.Second, tt.query) // of the processor; what is quadratic takes minutes
		require.Equal(t, tt.want, res.Streams[0].Labels.Get(labelError), tt.query)
		require.LessOrEqual(t, len(res.Streams[0].Labels), maxLabels+2)
	}
}

// TestSlowPipelinesEnd cancels a query in the midst of its entries; the source does not look at the context by itself.
func TestSlowPipelinesEnd(t *testing.T) {
	for _, q := range []string{`{app="web"} | logfmt`, `sum(count_over_time({app="web"} | logfmt [1m]))`} {
		e, err := Parse(q)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(context.Background())
		n := 0
		src := sourceFunc(func(yield func(*Entry) error) error {
			for ; n < 1000; n++ {
				if n == 100 {
					cancel()
				}
				if err := yield(&Entry{Timestamp: 1, Line: "a=b", Stream: Labels{{"app", "web"}}}); err != nil {
					return err
				}
			}
			return nil
		})
		_, err = Eval(ctx, src, e, Params{Start: 1, End: 1})
		require.ErrorIs(t, err, context.Canceled, q)
		require.Less(t, n, 100+seeEvery, q)
	}
}

type sourceFunc func(yield func(*Entry) error) error

func (f sourceFunc) Select(_ context.Context, _ *SelectRequest, yield func(*Entry) error) error {
	return f(yield)
}
