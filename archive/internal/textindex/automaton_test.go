// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verdictOf runs an expression over a shape, in which letters stand for placeholders: {d} digits, {h} hexadecimal, {H}
// upper-case hexadecimal, {u} a UUID, {c} consonants, {a} ASCII, {x} any.
func verdictOf(t *testing.T, expr, shape string, words *wordsOfPlaces) Verdict {
	t.Helper()
	re, err := syntax.Parse(expr, syntax.Perl)
	require.NoError(t, err)
	a, err := newAutomaton(re)
	require.NoError(t, err)
	for i, name := range []string{"{d}", "{h}", "{H}", "{u}", "{c}", "{a}", "{x}"} {
		shape = strings.ReplaceAll(shape, name, string([]byte{byte(placeDigits + i)}))
	}
	a.use(words)
	return a.run([]byte(shape), 0)
}

func TestVerdicts(t *testing.T) {
	f := func(expr, shape string, want Verdict) {
		t.Helper()
		assert.Equal(t, want, verdictOf(t, expr, shape, nil), "%s on %s", expr, shape)
	}
	f(`took`, "took {d}ms", All)
	f(`took \d+ms`, "took {d}ms", All)
	f(`took \d\d\dms`, "took {d}ms", Maybe)
	f(`took [a-f]+ms`, "took {d}ms", None)
	f(`took 5`, "took {d}ms", Maybe)
	f(`slow`, "took {d}ms", None)
	f(`7ms`, "took {d}ms", Maybe)
	f(`oms`, "took {d}ms", None)
	f(`^took`, "took {d}ms", All)
	f(`^{?\d`, "{d} and", All)
	f(`ms$`, "took {d}ms", All)
	f(`^ms`, "took {d}ms", None)
	f(`\bms`, "took {d}ms", None)
	f(`\Bms`, "took {d}ms", All)
	f(`took \b`, "took {d}ms", All)
	f(`\d{8}-`, "id {u}", Maybe)
	f(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-`, "id {u}", All)
	f(`[0-9a-fA-F]{13}`, "id {u}", None)
	f(`-\w{12}$`, "id {u}", All)
	f(`g`, "id {u}", None)
	f(`cafe`, "id {h}", Maybe)
	f(`CAFE`, "id {h}", None)
	f(`(?i)CAFE`, "id {h}", Maybe)
	f(`CAFE`, "id {H}", Maybe)
	f(`error`, "pod-{c}", None)
	f(`rtx`, "pod-{c}", Maybe)
	f(`error`, "pod-{a}", Maybe)
	f(`err_`, "pod-{a}", None)
	f(`é`, "pod-{a}", None)
	f(`é`, "pod-{x}", Maybe)
	f(`^pod-\w+$`, "pod-{a}", All)
	f(`^pod-\w+$`, "pod-{x}", Maybe)
	f(`(?m)^b$`, "a\nb\nc {d}", All)
	f(`^b$`, "a\nb\nc {d}", None)
	f(`(?s)a.b`, "a\nb {d}", All)
	f(`a.b`, "a\nb {d}", None)
	f(``, "", All)
	f(`^$`, "", All)
	f(`.`, "", None)
	f(`(?i)straße`, "STRAßE {d}", All)
	f(`(?i)\bks\b`, "x \u212a\u017f y", None) // \b is ASCII's
	f(`(?i)ks`, "x \u212a\u017f y", All)
	f(`[^\x00-\x7f]`, "a日{d}", All)

	words := &wordsOfPlaces{nil, {[]byte("xyz123error"), []byte("9errorist9")}, {[]byte("é1")}}
	assert.Equal(t, All, verdictOf(t, `error`, "t {a}", words))
	assert.Equal(t, Maybe, verdictOf(t, `errorist`, "t {a}", words))
	assert.Equal(t, None, verdictOf(t, `terror`, "t {a}", words))
	assert.Equal(t, All, verdictOf(t, `^é\d`, "{x}", words))
	assert.Equal(t, Maybe, verdictOf(t, `bcd`, "{c}", words))
}

// TestShapesOfBodies is what is replaced, and by what.
func TestShapesOfBodies(t *testing.T) {
	f := func(body, want string) {
		t.Helper()
		var b Builder
		b.Start()
		b.StartGroup()
		b.Body([]byte(body))
		if want == "" {
			assert.Empty(t, b.shapes.list, "%q", body)
			return
		}
		require.Len(t, b.shapes.list, 1, "%q", body)
		got := string(b.shapes.shape(0))
		for i, name := range []string{"{d}", "{h}", "{H}", "{u}", "{c}", "{a}", "{x}"} {
			got = strings.ReplaceAll(got, string([]byte{byte(placeDigits + i)}), name)
		}
		assert.Equal(t, want, got)
	}
	f("no digits, déjà vu", "no digits, déjà vu")
	f("took 250ms of 3s", "took {d}ms of {d}s")
	f("2026-01-14T23:59:59.855953Z", "{d}-{d}-{d}T{d}:{d}:{d}.{d}Z")
	f("user=u10644 x64 W4", "user=u{d} x{d} W{d}")
	f("id=4bf92f3577b34da6 4BF92F3577 4bF92f3577 3f", "id={h} {H} {a} {h}")
	f("rid=3ddaac1b-e355-47ae-8017-995118032abe;", "rid={u};")
	f("rid=x3ddaac1b-e355-47ae-8017-995118032abe", "rid={a}-{h}-{h}-{d}-{h}")
	f("3ddaac1b-e355-47ae-8017-995118032abeX", "{h}-{h}-{h}-{d}-{a}")
	f("api-94skjm66-dl4cf", "api-{c}-{c}")
	f("key AKIA2E0A8F3B1C2D4", "key {a}")
	f("日1 日本語日本語1", "日{d} {x}")
	f("bad \xff", "")
	f("bad \xc3", "")
	f("bad 1\xc3", "")
	f("marker \xf9", "")
	f(strings.Repeat("long ", 1000), "")
}

// TestLargeExpressions are given up in a bounded time.
func TestLargeExpressions(t *testing.T) {
	for _, expr := range []string{
		`(a|b|c|d){1000}x`, `(a?){900}b{900}`, `(\pL|\pN){400}z`, `(.*a){300}`, `(?i)` + strings.Repeat("(k|s).*", 300), strings.Repeat(`\w{1,50}`, 20) + "x",
		`(x+x+)+y`, strings.Repeat("(abc|abd|x.y)?", 200),
	} {
		if _, err := regexp.Compile(expr); err != nil {
			continue
		}
		start := time.Now()
		q, err := Compile([]Line{{Kind: Regexp, Text: expr}}, nil)
		require.NoError(t, err)
		e := q.evaluator()
		for i := range 50 {
			e.shape(fmt.Appendf(nil, "shape %c %s aaaabbbbccccddd xxxx %s", 'a'+i%26, strings.Repeat("ab \xf8 \xfa", i), strings.Repeat("日本 k s ", i)), 0)
		}
		assert.Less(t, time.Since(start), 5*time.Minute, "%.40s", expr)
		for _, l := range e.lines {
			if l.automaton != nil {
				assert.LessOrEqual(t, l.automaton.cells, 2*maxCells)
				assert.LessOrEqual(t, l.automaton.followed, 2*maxFollowed)
			}
		}
	}
}
