// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package dissect

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/grok"
)

func show(captures []Capture) string {
	var out []string
	for _, c := range captures {
		v, _ := c.Field.Convert(c.Text)
		out = append(out, fmt.Sprintf("%s=%#v", c.Field.Key(), v))
	}
	return strings.Join(out, " ")
}

func TestMatch(t *testing.T) {
	match := func(expr, text, want string) {
		t.Helper()
		p, err := Compile(expr)
		require.NoError(t, err)
		captures, ok := p.Match(text, nil)
		require.True(t, ok, "%s on %q", expr, text)
		assert.Equal(t, want, show(captures), "%s on %q", expr, text)
	}
	none := func(expr, text string) {
		t.Helper()
		p, err := Compile(expr)
		require.NoError(t, err)
		captures, ok := p.Match(text, nil)
		assert.False(t, ok, "%s on %q", expr, text)
		assert.Empty(t, captures)
	}
	// keys and delimiters
	match("%{a}", "x y", `a="x y"`)
	match("%{a}", "", `a=""`)
	match("%{a} %{b}", "x y z", `a="x" b="y z"`)
	match("%{a} %{b}", "x ", `a="x" b=""`)
	match("%{a} %{b}", " y", `a="" b="y"`)
	match("%{a} %{b}", "x  y", `a="x" b=" y"`)
	match("<%{a}> %{b}!", "<x> y! and more", `a="x" b="y"`)
	match("{%{a}}{%{b}} %{c}", "{x}{y} z", `a="x" b="y" c="z"`)
	match("%{a} - %{b} %", "x - y %", `a="x" b="y"`)
	match("%{a},%{b},%{c}", "x,,z", `a="x" b="" c="z"`)
	match("%{a}ß%{b}", "x\nßy", `a="x\n" b="y"`)
	match("%{a}::%{b}", "x:::y", `a="x" b=":y"`)
	none("%{a} %{b}", "x")
	none("%{a} %{b}", "")
	none("<%{a}>", "x <y>")
	none("<%{a}>", "<x")
	none("%{a}, %{b}", "x,y")
	// skipped
	match("%{} %{a}", "x y", `a="y"`)
	match("%{?b} %{a}", "x y", `a="y"`)
	match("%{} %{?b}", "x y", "")
	// padding
	match("%{a->} %{b}", "x    y", `a="x" b="y"`)
	match("%{a->} %{b}", "x y", `a="x" b="y"`)
	match("%{a ->} %{b}", "x    y", `a="x" b="y"`)
	match("[%{a}]%{->}[%{b}]", "[x]    [y]", `a="x" b="y"`)
	match("%{a->}, %{b}", "x, , , y", `a="x" b="y"`)
	match("%{a} %{b->} ", "x y    ", `a="x" b="y"`)
	match("%{?a->} %{+b->} %{+b}", "1   2   3", `b="2 3"`)
	match("%{a->}", "x  ", `a="x  "`)
	// appended
	match("%{+t} %{+t} %{+t} %{h}", "Jan 15 12:00 web", `t="Jan 15 12:00" h="web"`)
	match("%{t}-%{+t}T%{+t}", "a-bTc", `t="a-bTc"`)
	match("%{a} %{b} %{+a}", "1 2 3", `a="1 3" b="2"`)
	match("%{+a/2} %{+a/1} %{+a/4} %{+a/3}", "1 2 3 go", `a="2 1 go 3"`)
	match("%{+a/2},%{+a/1}", "x,y", `a="y x"`)
	match("%{+a/1->} %{+a/2}", "x   y", `a="x y"`)
	match("%{+a:int}", "7", `a=7`)
	match("%{b} %{+a}", "1 2", `b="1" a="2"`)
	// names from the text
	match("error: %{?e}, %{&e}", "error: disk, full", `disk="full"`)
	match("%{*a}=%{&a} %{*b}=%{&b}", "ip=192.0.2.7 state=up now", `ip="192.0.2.7" state="up now"`)
	match("%{k}: %{&k}", "ip: 192.0.2.7", `k="ip" ip="192.0.2.7"`)
	match("%{&k} is %{?k}", "192.0.2.7 is ip", `ip="192.0.2.7"`)
	match("%{*a}=%{&a};%{c}", "=x;y", `c="y"`)
	none("%{*a}=%{&a}", strings.Repeat("x", 256)+"=y")
	// nested names, types
	match("%{[a][b]} %{[c]} %{d.e}", "1 2 3", `a.b="1" c="2" d.e="3"`)
	match("%{a:int} %{b|integer} %{c:float} %{d:bool} %{e|ip}", "1 2 3.5 true ::1", `a=1 b=2 c=3.5 d=true e="::1"`)
	match("%{a:int} %{b}", "x y", `a="x" b="y"`)
	match("%{a:int},%{b}", ",y", `b="y"`)
	match("%{a},%{a}", "1,2", `a="1" a="2"`)
	match("%{@timestamp} %{a-b}", "1 2", `@timestamp="1" a-b="2"`)
}

func TestMistakes(t *testing.T) {
	for expr, want := range map[string]string{
		"":                            "must have a key",
		"plain":                       "must have a key",
		"%{a":                         "%{ is not closed (pattern, offset 0)",
		"%{a} %{b":                    "%{ is not closed (pattern, offset 5)",
		"%{a}%{b}":                    "there must be a delimiter between two keys (pattern, offset 4)",
		"%{a:number} x":               `unknown type "number", known are`,
		"%{+}":                        "name of a key is empty (pattern, offset 3)",
		"%{*} %{&}":                   "name of a key is empty",
		"%{:int}":                     "name of a key is empty",
		"%{+a/x}":                     `order of an appended key must be a number from 1 on, got "x" (pattern, offset 5)`,
		"%{+a/0}":                     "order of an appended key",
		"%{&a}":                       "%{&a} needs a %{*a} or %{?a}",
		"%{*a} %{b}":                  "%{*a} gives a name, but no %{&a} the value (pattern, offset 3)",
		"%{+&a} %{?a}":                "not two",
		"%{&+a}":                      "not two",
		"%{?a} %{&a:int}":             "has no type",
		"%{[a][]}":                    "has an empty part",
		strings.Repeat("%{a},", 1001): "at most 1000 keys",
	} {
		_, err := Compile(expr)
		var e *grok.Error
		if assert.ErrorAs(t, err, &e, expr) {
			assert.Contains(t, err.Error(), want, expr)
			assert.Equal(t, expr, e.Text)
		}
	}
}

func TestFields(t *testing.T) {
	p, err := Compile("%{[a][b]:int} %{?c} %{+d} %{+d} %{a} %{a} %{&c}")
	require.NoError(t, err)
	var keys []string
	for _, f := range p.Fields() {
		keys = append(keys, fmt.Sprint(f.Key(), f.Slot))
	}
	assert.Equal(t, []string{"a.b0", "d1", "a2", "a2"}, keys)
	assert.Equal(t, 3, p.Slots())
	captures, ok := p.Match("1 2 3 4 5 6 7", nil)
	require.True(t, ok)
	assert.Equal(t, `a.b=1 d="3 4" a="5" a="6" 2="7"`, show(captures))
	assert.Equal(t, -1, captures[4].Field.Slot)
	assert.Equal(t, "%{[a][b]:int} %{?c} %{+d} %{+d} %{a} %{a} %{&c}", p.String())
}

// TestAppends keeps what is in dst, also where there is no match.
func TestAppends(t *testing.T) {
	p, err := Compile("%{a} %{b} %{c}")
	require.NoError(t, err)
	dst, ok := p.Match("1 2 3", nil)
	require.True(t, ok)
	dst, ok = p.Match("4 5", dst)
	assert.False(t, ok)
	dst, ok = p.Match("6 7 8", dst)
	assert.True(t, ok)
	assert.Equal(t, `a="1" b="2" c="3" a="6" b="7" c="8"`, show(dst))
}

func TestAllocations(t *testing.T) {
	for _, expr := range []string{"%{a} %{b} [%{c}] %{d->} %{e}", "%{+t} %{+t} [%{c}] %{} %{e}"} {
		p, err := Compile(expr)
		require.NoError(t, err)
		dst := make([]Capture, 0, 8)
		assert.Zero(t, testing.AllocsPerRun(100, func() {
			if _, ok := p.Match("Jan 15 [x]    y z", dst); !ok {
				t.Fatal("no match")
			}
		}), expr)
	}
}

// TestLinear has texts that would cost a matcher that goes back.
func TestLinear(t *testing.T) {
	p, err := Compile("%{a} - %{b} - %{c->} - %{d}!")
	require.NoError(t, err)
	_, ok := p.Match(strings.Repeat(" - ", 5<<20), nil)
	assert.False(t, ok)
	p, err = Compile("%{a}" + strings.Repeat("x", 1000) + "y%{b}")
	require.NoError(t, err)
	_, ok = p.Match(strings.Repeat("x", 10<<20), nil)
	assert.False(t, ok)
}

// FuzzDissect checks that a match puts the text together again, as far as nothing is skipped or repeated.
func FuzzDissect(f *testing.F) {
	f.Add("%{a} %{b}", "x y")
	f.Add("<%{a->}> %{+b/2}:%{+b/1}|%{*c}=%{&c}", "<x> 1:2|k=v")
	f.Add("%{[a][b]:int} %{?c} %{&c}", "1 k v")
	f.Fuzz(func(t *testing.T, expr, text string) {
		p, err := Compile(expr)
		if err != nil {
			var e *grok.Error
			require.ErrorAs(t, err, &e)
			require.True(t, e.Offset >= 0 && e.Offset <= len(expr))
			_ = err.Error()
			return
		}
		captures, ok := p.Match(text, nil)
		if !ok {
			require.Empty(t, captures)
			return
		}
		total := 0
		for _, c := range captures {
			require.NotEmpty(t, c.Field.Path)
			if c.Field.Slot >= 0 {
				require.Less(t, c.Field.Slot, p.Slots())
			}
			total += len(c.Text)
		}
		require.LessOrEqual(t, total, len(text)+len(expr)+len(p.keys))
		if strings.ContainsAny(expr, "?+*&/") || strings.Contains(expr, "->") || strings.Contains(expr, "%{}") || len(captures) != len(p.keys) {
			return
		}
		rebuilt := p.lead
		for i, c := range captures {
			rebuilt += c.Text + p.keys[i].delim
		}
		require.True(t, strings.HasPrefix(text, rebuilt))
	})
}

func BenchmarkMatch(b *testing.B) {
	const line = `2026-01-15T12:00:00.123Z INFO  [http-nio-8080-exec-7] com.example.shop.CartController 192.0.2.10 GET /cart/4711 200 17 - cart loaded for customer 8213 in 17 ms`
	run := func(name string, match func() bool) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if !match() {
					b.Fatal("no match")
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
	p, err := Compile("%{ts} %{level->} [%{thread}] %{logger} %{client} %{method} %{path} %{status:int} %{took:int} - %{message}")
	require.NoError(b, err)
	set, err := grok.NewSet(grok.LibraryECS)
	require.NoError(b, err)
	g, err := set.Compile(`^%{NOTSPACE:ts} %{WORD:level} +\[%{DATA:thread}\] %{NOTSPACE:logger} %{IP:client} %{WORD:method} %{NOTSPACE:path} %{INT:status:int} %{INT:took:int} - %{GREEDYDATA:message}`)
	require.NoError(b, err)
	dst := make([]Capture, 0, 16)
	run("dissect", func() bool { _, ok := p.Match(line, dst); return ok })
	run("grok", func() bool { _, ok, err := g.Match(line, dst); return ok && err == nil })
}
