// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"testing"
	"time"
)

// FuzzQuery runs any query over any line: no panic, labels sorted and each once, and the canonical text gives the same answer.
func FuzzQuery(f *testing.F) {
	for _, q := range []string{
		`| json a, b="x[0].y" | logfmt --strict c | pattern "<d>=<_>" | regexp "(?P<e>\\w+)" | unpack`,
		`|= "a" or ip("10.0.0.0/8") !~ "(?i)b" |> "<_>c<_>" | a > 5 or b = 1KB, c < 1m and d != ip("::1")`,
		`| label_format x="{{ regexReplaceAll \"a\" __line__ \"b\" | substr 0 3 }}", y=x | line_format "{{ range $k, $v := . }}{{ $k }}{{ end }}"`,
		`| json | drop a, b="1" | keep c, d=~"e" | decolorize | __error__=""`,
		`sum by (a) (rate({s="t"} | json | unwrap duration(a) | __error__="" [1m] offset 1s)) / on (a) group_left topk(2, count_over_time({s="t"} | logfmt [1h]))`,
		`quantile_over_time(0.5, {s="t"} | logfmt | unwrap bytes(size) [1m]) without (b) > bool 2 or label_replace(vector(1), "x", "$1", "y", "(.*)")`,
		`{s="t"} | line_format "{{ divf .a .b | round 2 }}{{ toDate \"2006\" .c }}{{ b64dec .d }}{{ urldecode .e }}{{ (fromJson __line__).a }}"`,
	} {
		for _, line := range []string{`{"a":{"b":[1,{"y":"z"}]},"_entry":"x"}`, `a=1 b="two" c= d`, "10.0.0.1 - \x1b[31mred\x1b[0m \xff"} {
			f.Add(q, line)
		}
	}
	f.Fuzz(func(t *testing.T, query, line string) {
		e, err := Parse(query)
		if err != nil {
			l, err := ParsePipeline(query)
			if err != nil {
				return
			}
			e = l
		}
		src := NewMemory([]Entry{
			{Timestamp: 1e9, Line: line, Stream: Labels{{"s", "t"}}, Metadata: Labels{{"a", "meta"}, {"size", "5KB"}}},
			{Timestamp: 2e9, Line: line, Stream: Labels{{"s", "t"}}},
		})
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		p := Params{Start: 1e9, End: 4e9, Step: time.Second, Limits: Limits{MaxMemoryBytes: 32 << 20}}
		res, err := Eval(ctx, src, e, p)
		if err != nil {
			return
		}
		for _, s := range res.Streams {
			sortedOnce(t, s.Labels)
		}
		for _, s := range res.Series {
			sortedOnce(t, s.Labels)
		}
		if _, isLog := e.(*LogExpr); isLog {
			return // its selector may be missing
		}
		again, err := Parse(e.String())
		if err != nil {
			t.Fatalf("canonical text %q: %v", e, err)
		}
		other, err := Eval(ctx, src, again, p)
		if err != nil {
			t.Fatalf("canonical text %q: %v", e, err)
		}
		if len(other.Series) != len(res.Series) || other.Type != res.Type {
			t.Fatalf("canonical text %q gives %d series of %s, want %d of %s", e, len(other.Series), other.Type, len(res.Series), res.Type)
		}
	})
}

func sortedOnce(t *testing.T, ls Labels) {
	for i := 1; i < len(ls); i++ {
		if ls[i-1].Name >= ls[i].Name {
			t.Fatalf("labels are not sorted and unique: %v", ls)
		}
	}
}
