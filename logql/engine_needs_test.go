// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// needyPipelines are pipelines of which a count by a and b looks at a part of the labels only.
var needyPipelines = []string{
	`| json`,
	`| json | b > 1`,
	`| json | o_b="x" or a!=""`,
	`| json a="o.b", c="c"`,
	`| json | json b="a"`,
	`| logfmt`,
	`| logfmt --strict --keep-empty`,
	`| logfmt a, z="b"`,
	`| json | logfmt`,
	`| json | logfmt b="c"`,
	`| logfmt | logfmt a="o", b="c"`,
	`| logfmt | a_extracted="1"`,
	`| json | drop a | logfmt`,
	`| json | keep a, o_b="x"`,
	`| unpack`,
	`| unpack | json`,
	`| regexp "(?P<a>[a-z]+)=(?P<q>.)"`,
	`| pattern "<b>=<_> <a>"`,
	`| json | label_format a=o_b`,
	`| json | label_format b="{{.a}}-{{ .o_c | ToUpper }}"`,
	`| json | label_format b="{{ $x := .o_b }}{{ if .a }}{{ $x }}{{ else }}{{ $.c }}{{ end }}"`,
	`| json | label_format b="{{ range $k, $v := . }}{{ $k }}{{ end }}"`,
	`| json | line_format "a={{ .o_b }} b={{ .c }}" | logfmt`,
	`| json | drop __error__, __error_details__`,
	`| json | __error__="" | a=~".+"`,
	`| json | decolorize | b!="x"`,
}

// randomLine makes a line of a few names, so that they collide.
func randomLine(r *rand.Rand) string {
	names := []string{"a", "b", "c", "o", "o_b", "a_extracted", "_entry", "a b", "ä", "1a", `\u0061`, `a\"`, "", " a ", "__preserve_error__"}
	name := func() string { return names[r.IntN(len(names))] }
	var value func(depth int) string
	object := func(depth int) string {
		var b strings.Builder
		b.WriteString("{")
		for i := range r.IntN(5) {
			if i > 0 {
				b.WriteString([]string{",", " , ", ",", ",", ",,"}[r.IntN(50)/10])
			}
			fmt.Fprintf(&b, `"%s"%s%s`, name(), []string{":", " :\t"}[r.IntN(2)], value(depth+1))
		}
		return b.String() + []string{"}", " }", ",}", "}", ""}[r.IntN(25)/5%5]
	}
	value = func(depth int) string {
		if depth > 3 {
			return "1"
		}
		return []string{
			`"x"`, `1`, `-1.5e3`, `0x1p4`, `null`, `true`, `"a\\"`, `"\"q\" \n\u00e4\ud83d\ude00"`, `[1,"]",{"a":2}]`, object(depth),
			`"` + strings.Repeat("long ", 5) + `"`, `""`, `"b=1 a=2"`, `1.`, `nil`, `[1,`, "\"\xff\"",
		}[min(r.IntN(40), 16)%([]int{13, 17}[r.IntN(8)/7])]
	}
	switch r.IntN(6) {
	case 0, 1, 2:
		return object(0)
	case 3:
		return value(3)
	}
	var b strings.Builder
	for range r.IntN(5) {
		fmt.Fprintf(&b, "%s%s%s ", name(), []string{"=", "=", "", "=="}[r.IntN(4)], []string{"x", `"y z"`, `"\n"`, "", `"un`, "1"}[r.IntN(6)])
	}
	return b.String()
}

// TestOnlyWhatIsNeeded compares counts by two labels, for which parsers extract no more than these and what the stages look
// at, with the labels that the whole pipeline makes.
func TestOnlyWhatIsNeeded(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 9))
	lines := 400
	for _, pipeline := range needyPipelines {
		metric, err := Parse(`sum by (a, b, __error__) (count_over_time({app="x"} ` + pipeline + ` [1m]))`)
		require.NoError(t, err, pipeline)
		log, err := Parse(`{app="x"} ` + pipeline)
		require.NoError(t, err, pipeline)
		needed := neededLabels(metric.(*VectorAggregation).Inner.(*RangeAggregation).Range, metric.(*VectorAggregation).Grouping)
		require.Equal(t, strings.Contains(pipeline, ":= . }}"), needed == nil, pipeline)
		kept := 0
		for range lines {
			entry := Entry{Timestamp: 1, Line: randomLine(r), Stream: Labels{{"app", "x"}}}
			for _, l := range []Label{{"a", "m"}, {"a_extracted", "n"}, {"o_b", "x"}} {
				if r.IntN(5) == 0 {
					entry.Metadata = append(entry.Metadata, l)
				}
			}
			all, err := Eval(context.Background(), NewMemory([]Entry{entry}), log, Params{End: 2})
			require.NoError(t, err)
			got, err := Eval(context.Background(), NewMemory([]Entry{entry}), metric, Params{Start: 1, End: 1})
			context := fmt.Sprintf("%s on %q %v", pipeline, entry.Line, entry.Metadata)
			if len(all.Streams) == 0 {
				require.NoError(t, err, context)
				require.Empty(t, got.Series, context)
				continue
			}
			kept++
			labels := all.Streams[0].Labels
			if labels.Get(labelError) != "" && labels.Get(labelPreserveError) == "" {
				require.ErrorContains(t, err, "pipeline error: '"+labels.Get(labelError)+"'", context)
				continue
			}
			require.NoError(t, err, context)
			require.Len(t, got.Series, 1, context)
			for _, n := range []string{"a", "b"} {
				require.Equal(t, labels.Get(n), got.Series[0].Labels.Get(n), context)
			}
		}
		require.Positive(t, kept, pipeline)
	}
}

// asking is a source that applies Early, to entries without the metadata that it does not look at.
type asking struct {
	entries []Entry
	asked   bool
}

func (a *asking) Select(_ context.Context, req *SelectRequest, yield func(*Entry) error) error {
	keep := func(*Entry) bool { return true }
	if req.Early != nil {
		keep, a.asked = req.Early(), true
	}
	for i := range a.entries {
		e := a.entries[i]
		first := e
		first.Metadata = slices.DeleteFunc(slices.Clone(e.Metadata), func(l Label) bool { return !slices.Contains(req.EarlyLabels, l.Name) })
		if !keep(&first) {
			continue
		}
		if err := yield(&e); err != nil {
			return err
		}
	}
	return nil
}

// TestEarly compares log queries whose entries are refused early with the whole pipeline.
func TestEarly(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 9))
	for _, filter := range []string{` | a="x"`, ` | a!="" | line_format "{{.b}}"`, ` | b > 1 or c="x" | drop a`, ` |= "b"`} {
		for _, pipeline := range needyPipelines {
			e, err := ParseLog(`{app="x"} ` + pipeline + filter)
			require.NoError(t, err)
			var entries []Entry
			for i := range 2 * earlyTrial {
				entry := Entry{Timestamp: int64(i), Line: randomLine(r), Stream: Labels{{"app", "x"}}}
				for _, l := range []Label{{"a", "m"}, {"a_extracted", "n"}, {"c", "x"}, {"z", "z"}} {
					if r.IntN(5) == 0 {
						entry.Metadata = append(entry.Metadata, l)
					}
				}
				entries = append(entries, entry)
			}
			var want []string
			var ls labelSet
			for i := range entries {
				st := lineState{line: entries[i].Line, ts: entries[i].Timestamp}
				ls.reset(&entries[i])
				if runStages(e.Stages, &st, &ls) {
					want = append(want, ls.appendSorted(nil).String()+st.line)
				}
			}
			source := &asking{entries: entries}
			for _, src := range []Source{NewMemory(slices.Clone(entries)), source} {
				var got []string
				stats, err := Each(context.Background(), src, e, Params{End: 1e6}, func(_ int64, labels Labels, line string) error {
					got = append(got, labels.String()+line)
					return nil
				})
				require.NoError(t, err)
				require.Equal(t, want, got, pipeline+filter)
				require.Equal(t, int64(len(entries)), stats.Entries)
				require.Equal(t, int64(len(want)), stats.Returned)
			}
			require.Equal(t, !strings.Contains(pipeline, ":= . }}"), source.asked, pipeline+filter)
		}
	}
}

// TestManyFieldsOfHintedLines holds that a line with too many fields is noticed though one field is needed only.
func TestManyFieldsOfHintedLines(t *testing.T) {
	var json, logfmt strings.Builder
	for i := range maxLabels + 10 {
		fmt.Fprintf(&json, `"k%d":1,`, i)
		fmt.Fprintf(&logfmt, "k%d=1 ", i)
	}
	for parser, line := range map[string]string{"json": "{" + json.String() + `"a":1}`, "logfmt": logfmt.String() + "a=1", "unpack": strings.ReplaceAll("{"+json.String()+`"a":1,"_entry":1}`, ":1", `:"1"`)} {
		e, err := Parse(`sum by (a) (count_over_time({app="x"} | ` + parser + ` [1m]))`)
		require.NoError(t, err)
		_, err = Eval(context.Background(), NewMemory([]Entry{{Timestamp: 1, Line: line, Stream: Labels{{"app", "x"}}}}), e, Params{Start: 1, End: 1})
		require.ErrorContains(t, err, errLabels, parser)
	}
}

func TestNeededLabels(t *testing.T) {
	for q, want := range map[string][]string{
		`sum by (a) (rate({x="y"} | json | b > 1 [1m]))`:                                          {"a", "b"},
		`sum by (a_extracted) (rate({x="y"} | json [1m]))`:                                        {"a", "a_extracted"},
		`sum(rate({x="y"} | json [1m]))`:                                                          {},
		`sum without (a) (rate({x="y"} | json [1m]))`:                                             nil,
		`max_over_time({x="y"} | json | unwrap bytes(v) | w="1" [1m]) by (a)`:                     {"a", "v", "w"},
		`sum by (a) (rate({x="y"} | json | label_format a="{{.b}}{{with .c}}{{.d}}{{end}}"[1m]))`: {"a", "b", "c", "d"},
		`sum by (a) (rate({x="y"} | json | label_format a="{{with .c}}{{.}}{{end}}"[1m]))`:        nil,
		`sum by (a) (rate({x="y"} | json | label_format a=b | line_format "{{$.c}}"[1m]))`:        {"a", "b", "c"},
		`sum by (a) (rate({x="y"} | json | keep q [1m]))`:                                         {"a", "q"},
	} {
		e, err := Parse(q)
		require.NoError(t, err, q)
		r, ok := e.(*RangeAggregation)
		var g *Grouping
		if ok {
			g = r.Grouping
		} else {
			v := e.(*VectorAggregation)
			r, g = v.Inner.(*RangeAggregation), v.Grouping
			if g == nil {
				g = &Grouping{}
			}
		}
		got := neededLabels(r.Range, g)
		require.Equal(t, want == nil, got == nil, q)
		require.ElementsMatch(t, want, got, q)
		require.True(t, slices.IsSorted(got))
	}
}

func FuzzOnlyWhatIsNeeded(f *testing.F) {
	r := rand.New(rand.NewPCG(2, 9))
	for i := range needyPipelines {
		f.Add(uint8(i), randomLine(r))
	}
	f.Add(uint8(slices.Index(needyPipelines, `| json | label_format b="{{ range $k, $v := . }}{{ $k }}{{ end }}"`)), `{"! error !": ""`)
	f.Fuzz(func(t *testing.T, which uint8, line string) {
		pipeline := needyPipelines[int(which)%len(needyPipelines)]
		metric, err := Parse(`sum by (a, b) (count_over_time({app="x"} ` + pipeline + ` [1m]))`)
		require.NoError(t, err)
		log, err := Parse(`{app="x"} ` + pipeline)
		require.NoError(t, err)
		src := NewMemory([]Entry{{Timestamp: 1, Line: line, Stream: Labels{{"app", "x"}}}})
		all, err := Eval(context.Background(), src, log, Params{End: 2})
		require.NoError(t, err)
		got, err := Eval(context.Background(), src, metric, Params{Start: 1, End: 1})
		if len(all.Streams) == 0 {
			require.NoError(t, err)
			require.Empty(t, got.Series)
			return
		}
		labels := all.Streams[0].Labels
		if labels.Get(labelError)+labels.Get(labelPreserveError) != "" {
			return
		}
		require.NoError(t, err)
		require.Equal(t, labels.Get("a"), got.Series[0].Labels.Get("a"))
		require.Equal(t, labels.Get("b"), got.Series[0].Labels.Get("b"))
	})
}
