// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseCanonical(t *testing.T) {
	for _, tt := range []struct{ query, want string }{
		{`{service_name="edge"}`, `{service_name="edge"}`},
		{"{ a = \"b\" , c!=`d\\.` , e=~\"f\", g!~\"h\" }", `{a="b", c!="d\\.", e=~"f", g!~"h"}`},
		{`{a="b"}|="x"!="y"|~"z"!~"w"`, `{a="b"} |= "x" != "y" |~ "z" !~ "w"`},
		{`{a="b"} |= "x" or "y" or ip("10.0.0.0/8")`, `{a="b"} |= "x" or "y" or ip("10.0.0.0/8")`},
		{`{a="b"} |> "<_> x <_>" !> "<_>y"`, `{a="b"} |> "<_> x <_>" !> "<_>y"`},
		{`{a="b"} | json | logfmt --strict --keep-empty c, d="e f" | unpack`, ""},
		{`{a="b"} | json | logfmt --strict --keep-empty c, d="e" | unpack`, `{a="b"} | json | logfmt --strict --keep-empty c="c", d="e" | unpack`},
		{`{a="b"} | json first="a.b[0]", second`, `{a="b"} | json first="a.b[0]", second="second"`},
		{`{a="b"} | level="error" or status>=500 and took>1h30m`, `{a="b"} | ( level="error" or ( status>=500 and took>1h30m ) )`},
		{`{a="b"} | (x=1 , y==2) z!="3"`, `{a="b"} | ( x==1 and y==2 and z!="3" )`},
		{`{a="b"} | size > 1.5KiB | addr = ip("::1")`, `{a="b"} | size>1536B | addr=ip("::1")`},
		{`{a="b"} | line_format "{{.x}}" | label_format p=q, r="{{.s}}"`, `{a="b"} | line_format "{{.x}}" | label_format p=q, r="{{.s}}"`},
		{`{a="b"} | drop x, y=~"z" | keep u | decolorize`, `{a="b"} | drop x, y=~"z" | keep u | decolorize`},
		{"# a comment\n{a=\"b\"} # another\n|= `x`", `{a="b"} |= "x"`},
		{"{a=\"b\"} // a comment\n/* another */ |= \"//\"", `{a="b"} |= "//"`},
		{"\ufeff{a=\"b\"} | JSON | x=\"1\" OR y=\"2\"", `{a="b"} | json | ( x="1" or y="2" )`},
		{`{a="b"} | x=1 and y=2, z=3 or w=4`, `{a="b"} | ( x==1 and ( y==2 and ( z==3 or w==4 ) ) )`},
		{`{a="b"} | x=1 or y=2 and z=3 and w=4 or v=5`, `{a="b"} | ( x==1 or ( y==2 and z==3 and w==4 ) or v==5 )`},
		{`{a="b"} | x>1and y<1_000`, `{a="b"} | ( x>1 and y<1000 )`},
		{`{a="b"} | x>-1h30m or y>1d12h or z>=1s5m`, `{a="b"} | ( x>-1h30m or y>36h or z>=5m1s )`},
		{`rate({a="b"}[5m])`, `rate({a="b"} [5m])`},
		{`{a="b"} |= "" or "x" or "" |~ "" or "" != "" or "y"`, `{a="b"} |= "x" |~ "" or "" != "" or "y"`},
		{`rate({a="b"}[0])`, `rate({a="b"} [0s])`},
		{`rate((({a="b"} | json)[5m]))`, `rate({a="b"} | json [5m])`},
		{`rate(({a="b"})[5m] | unwrap x)`, `rate({a="b"} | unwrap x [5m])`},
		{`sum(vector(1)) AND ON (a) vector(1) - 1 - -1`, `(sum(vector(1)) and on (a) (vector(1) - 1 - -1))`},
		{`1 + bool 2 --3`, `(1 + bool 2 - -3)`},
		{`rate({a="b"}[90s] offset 2h |= "x")`, `rate({a="b"} |= "x" [1m30s] offset 2h)`},
		{`rate(({a="b"} |= "x")[5m])`, `rate({a="b"} |= "x" [5m])`},
		{`quantile_over_time(0.99,{a="b"}|json|unwrap duration(took)|__error__=""[1m])by(svc)`, `quantile_over_time(0.99, {a="b"} | json | unwrap duration(took) | __error__="" [1m]) by (svc)`},
		{`sum(count_over_time({a="b"}[1m]))by(y,x)`, `sum by (x, y) (count_over_time({a="b"} [1m]))`},
		{`topk without (pod) (3, rate({a="b"}[1m]))`, `topk without (pod) (3, rate({a="b"} [1m]))`},
		{`1 + 2 * 3 ^ 2 ^ 1`, `(1 + (2 * (3 ^ (2 ^ 1))))`},
		{`vector(1)+vector(1)`, `(vector(1) + vector(1))`},
		{`sum(rate({a="b"}[1m])) > bool on(x) group_left(y) rate({a="c"}[1m])`, `(sum(rate({a="b"} [1m])) > bool on (x) group_left (y) rate({a="c"} [1m]))`},
		{`label_replace(rate({a="b"}[1m]),"d","$1","s","(.*)")`, `label_replace(rate({a="b"} [1m]), "d", "$1", "s", "(.*)")`},
	} {
		e, err := Parse(tt.query)
		if tt.want == "" {
			require.Error(t, err, tt.query)
			continue
		}
		require.NoError(t, err, tt.query)
		require.Equal(t, tt.want, e.String())
		again, err := Parse(e.String())
		require.NoError(t, err, e.String())
		require.Equal(t, tt.want, again.String())
	}
}

func TestParseMistakes(t *testing.T) {
	for _, tt := range []struct {
		query     string
		line, col int
		msg       string
	}{
		{``, 1, 1, "unexpected end of query"},
		{`{a="b"`, 1, 7, "unexpected end of query"},
		{`{a=b}`, 1, 4, "unexpected b, expecting a string"},
		{"{a=\"b\"}\n  | json | = 1", 2, 12, "expecting a pipeline stage"},
		{`{a="b} |= "x"`, 1, 12, "unexpected x"},
		{`{a="b"} |= "x`, 1, 12, "string is not closed"},
		{`{a=~"("}`, 1, 5, "missing closing )"},
		{`{a="b"} |~ "["`, 1, 9, "missing closing ]"},
		{`{a=~".*"}`, 1, 1, "at least one regexp or equality matcher"},
		{`{a="b"} | unwrap x`, 1, 11, "only possible in a range aggregation"},
		{`rate({a="b"})`, 1, 13, "a range such as [5m]"},
		{`rate({a="b"}[5])`, 1, 13, "a duration such as [5m]"},
		{`sum({a="b"})`, 1, 12, "a metric query has to stand here"},
		{`sum_over_time({a="b"}[1m])`, 1, 1, "without unwrap"},
		{`count_over_time({a="b"} | unwrap x [1m])`, 1, 1, "with unwrap"},
		{`topk(rate({a="b"}[1m]))`, 1, 1, "parameter required"},
		{`rate({a="b"}[1m]) by (x)`, 1, 1, "grouping not allowed"},
		{`rate({a="b"}[1m]) and 1`, 1, 19, "unexpected literal"},
		{`{a="b"} | json x="a["`, 1, 18, "cannot parse expression"},
		{`{a="b"} | regexp "x"`, 1, 18, "at least one named capture"},
		{`{a="b"} | pattern "<a><b>"`, 1, 19, "consecutive capture"},
		{`{a="b"} |> "<x> y"`, 1, 9, "named captures are not allowed"},
		{`{a="b"} | line_format "{{"`, 1, 23, "invalid line template"},
		{`{a="b"} | x = ip("nothing")`, 1, 18, "ip: invalid pattern"},
		{`{a="b"} ; drop`, 1, 9, "unexpected character"},
		{`label_replace(rate({a="b"}[1m]), "a", "$1", "s", "(")`, 1, 50, "missing closing )"},
		{`label_replace(rate({a="b"}[1m]), "")`, 1, 36, "expecting \",\""},
		{`{by="x"}`, 1, 2, "expecting a label name"},
		{`{a="b",}`, 1, 8, "expecting a label name"},
		{`{a="b"} |= 'x'`, 1, 12, "double quotes or backticks"},
		{`({a="b"}) |= "x"`, 1, 11, "expecting the end of the query"},
		{`rate(({a="b"})[5m] |= "x")`, 1, 20, "expecting \")\""},
		{`rate({a="b"} | json [5m] |= "x")`, 1, 26, "expecting \")\""},
		{`rate({a="b"}[5s5m])`, 1, 13, "not a valid range"},
		{`rate({a="b"}[1.5h])`, 1, 13, "not a valid range"},
		{`rate({a="b"}[ 5m ])`, 1, 13, "not a valid range"},
		{`rate({a="b"}[5m] offset - 5m)`, 1, 25, "expecting a duration"},
		{`{a="b"} | x > 1kb`, 1, 18, "expecting a comparison"},
		{`{a="b"} | x > 08`, 1, 15, "invalid digit '8' in octal literal"},
		{`{a="b"} | x > 0x10`, 1, 15, "write it as a decimal one"},
		{`{a="b"} | x > -1KB`, 1, 16, "expecting a number"},
		{`vector(-1)`, 1, 8, "a number without a sign"},
		{`topk(1.0, vector(1))`, 1, 6, "invalid parameter topk(1.0,"},
		{`1 /* x`, 1, 3, "comment is not closed"},
		{`nothing({a="b"}[1m])`, 1, 1, "unexpected nothing"},
	} {
		_, err := Parse(tt.query)
		var p *ParseError
		require.ErrorAs(t, err, &p, tt.query)
		require.Contains(t, p.Msg, tt.msg, tt.query)
		require.Equal(t, [2]int{tt.line, tt.col}, [2]int{p.Pos.Line, p.Pos.Col}, "%s: %s", tt.query, err)
		require.True(t, IsUserError(err))
	}
}

func TestParseIsBounded(t *testing.T) {
	for _, q := range []string{
		strings.Repeat("(", 5000) + "1" + strings.Repeat(")", 5000),
		"1" + strings.Repeat("+1", 5000),
		`{a="b"} | ` + strings.Repeat("(", 5000) + `x="1"`,
		`{a="b"} | x="1"` + strings.Repeat(` , x="1"`, 5000),
		strings.Repeat("sum(", 5000),
		`{a="` + strings.Repeat("b", MaxQueryBytes) + `"}`,
	} {
		_, err := Parse(q)
		require.Error(t, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, q := range []string{
		`{a="b"} |= "x" or ip("1.2.3.4") | json x="y[0]" | status >= 500 or took < 5m, z="w" | line_format "{{.x}}"`,
		`sum by (a) (rate({a=~"b|c"} | logfmt --strict | unwrap bytes(d) | __error__="" [5m] offset 1h)) / on (a) group_left (b) vector(2)`,
		`topk(3, quantile_over_time(0.9, {a!="", b="c"} |> "<_>x" | pattern "<p> <_>" | unwrap p [1h30m]) by (q)) > bool 1e3`,
		"{a=`b`} !~ `x` # comment\n | drop a, b=\"c\" | label_format d=e, f=\"g\" | decolorize | unpack",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, q string) {
		e, err := Parse(q)
		if err != nil {
			var p *ParseError
			if !errors.As(err, &p) {
				t.Fatalf("error without a place: %v", err)
			}
			return
		}
		s := e.String()
		again, err := Parse(s)
		if err != nil {
			t.Fatalf("canonical text of %q does not parse: %q: %v", q, s, err)
		}
		if again.String() != s {
			t.Fatalf("canonical text is not stable: %q, then %q", s, again.String())
		}
	})
}

func FuzzPipeline(f *testing.F) {
	for _, line := range []string{
		`{"a":{"b":[1,2,{"c":"d"}]},"_entry":"x","n":null}`, `a=b c="d \"e\"" f= =g "h`, "\x1b[31mred\x1b[0m 10.0.0.1:80", "{\"a\":\"\\u12", "{",
	} {
		f.Add(line)
	}
	var pipelines []*LogExpr
	for _, q := range []string{
		`| json | a_b="x"`, `| json x="a.b[2].c", y="n"`, `| logfmt`, `| logfmt --strict --keep-empty`, `| logfmt x="c"`, `| unpack`, `| decolorize`,
		`| pattern "<a> <b>="`, `|> "<_>a<_>"`, `| regexp "(?P<w>\\w+)"`, `|= ip("10.0.0.0/8")`, `| logfmt | a > 5 or c < 1s or f >= 1KB`,
		`| label_format u="{{ .a | upper | trunc 5 }}" | line_format "{{ __line__ | substr 0 9 }}"`,
	} {
		e, err := ParsePipeline(q)
		if err != nil {
			f.Fatal(q, err)
		}
		pipelines = append(pipelines, e)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, e := range pipelines {
			src := NewMemory([]Entry{{Timestamp: 1, Line: line, Stream: Labels{{"a", "b"}}}})
			res, err := Eval(context.Background(), src, e, Params{Start: 0, End: 2})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range res.Streams {
				for i := 1; i < len(s.Labels); i++ {
					if s.Labels[i-1].Name >= s.Labels[i].Name {
						t.Fatalf("labels are not sorted and unique: %v", s.Labels)
					}
				}
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := Parse(`sum by (service_name, detected_level) (count_over_time({service_name=~".+"} |= "timeout" | json | status >= 500 [1m]))`); err != nil {
			b.Fatal(err)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "1.5s": 1500 * time.Millisecond, "2d": 48 * time.Hour, "-3s": -3 * time.Second,
	} {
		d, ok := ParseDuration(s)
		require.True(t, ok, s)
		require.Equal(t, want, d)
	}
	for _, s := range []string{"", "5", "m", "5 m", "5x", "1e3s", "999999999y"} {
		_, ok := ParseDuration(s)
		require.False(t, ok, s)
	}
}
