// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

// TestExplainStop is a table of patterns, texts, and where the best attempt stopped: offset, what was expected, by way of what.
func TestExplainStop(t *testing.T) {
	s := ecs(t)
	check := func(pattern, text, want string) {
		t.Helper()
		p, err := s.Compile(pattern)
		require.NoError(t, err)
		e := p.Explain(text)
		require.False(t, e.Matched)
		require.False(t, e.Partial)
		require.NotNil(t, e.Stop, pattern)
		assert.Equal(t, want, fmt.Sprintf("%d %s by %s", e.Stop.Offset, e.Stop.Expected, strings.Join(e.Stop.Path, " > ")), "%s on %q", pattern, text)
	}
	start := `198.51.100.23 - frank [10/`
	check(`^%{HTTPD_COMBINEDLOG}$`, start+`Foo/2023:13:55:36 -0700] "GET / HTTP/1.1" 200 5 "-" "-"`, "26 %{MONTH} by HTTPD_COMBINEDLOG > HTTPD_COMMONLOG > HTTPDATE:timestamp > MONTH")
	check(`^%{HTTPD_COMBINEDLOG}$`, start+`Feb 2023`, "29 / by HTTPD_COMBINEDLOG > HTTPD_COMMONLOG > HTTPDATE:timestamp")
	check(`^%{HTTPD_COMBINEDLOG}$`, `198.51.100.23 - frank - x`, `22 \[ by HTTPD_COMBINEDLOG > HTTPD_COMMONLOG`)
	check(`^%{IP:client} took %{NUMBER:ms:float} ms$`, `host took 5 ms`, "0 %{IP:client} by IP:client")
	check(`^%{IP:client} took %{NUMBER:ms:float} ms$`, `192.0.2.1 tack 5 ms`, "11 ook  by ")
	check(`^%{IP:client} took %{NUMBER:ms:float} ms$`, `192.0.2.1 took ms`, "15 %{NUMBER:ms:float} by NUMBER:ms")
	check(`^%{IP:client} took %{NUMBER:ms:float} ms$`, `192.0.2.1 took 5 ms.`, "19 $ by ")
	check(`%{IP:client} (?:%{WORD:a} x|%{NUMBER:b} y) z`, `a 192.0.2.1 foo y z`, "16 x by ")
	check(`%{IP:client} (?:%{INT:a} x|%{NUMBER:b} y) z`, `192.0.2.1 foo y z`, "10 (?:%{INT:a} x|%{NUMBER:b} y) by ")
	check(`%{DATA:x} end`, `some thing en`, "13 d by ")
	check(`(?<q>['"])a+\k<q>`, `say "aaa'`, `8 \k<q> by `)
	check(`^(?>a|ab)c`, `abc`, `1 c by `)
	check(`^a(?!b)\w+`, `ab`, `1 (?!b) by `)
	check(`^(?:ab){3}c`, `ababx`, `4 (?:ab) by `)
	check(`^%{A=\d\d}-%{B=%{A}:%{A:x}}`, `12-34:5`, `7 \d by B > A:x`)
	check(`x`, ``, `0 x by `)
	p, err := CompileRegexp(`^(?P<a>\w+)=(?P<b>\d+);$`)
	require.NoError(t, err)
	e := p.Explain("é=1")
	require.Equal(t, &Stop{Offset: 0, Expected: `(?<a>[0-9A-Z_a-z]+)`}, e.Stop)
	e = p.Explain("a=1")
	require.Equal(t, &Stop{Offset: 3, Expected: `;\z`}, e.Stop)
}

func TestExplainRender(t *testing.T) {
	s := ecs(t)
	require.NoError(t, s.Define("CALL", `%{WORD:[call][name]}\(%{INT:n:int}?\)`))
	p, err := s.Compile(`^%{IP:client} %{CALL}%{GREEDYDATA:rest} in %{NUMBER:ms:float}$`)
	require.NoError(t, err)
	text := "192.0.2.1 load(7) é in 1.5"
	e := p.Explain(text)
	assert.Equal(t, "match\n"+
		"      0 -                                        `^`\n"+
		"      0 \"192.0.2.1\"                              `%{IP:client}`\n"+
		"      9 \" \"                                      ` `\n"+
		"     10 \"load\"                                   `%{WORD:[call][name]}`  CALL > WORD:[call][name]\n"+
		"     14 \"(\"                                      `\\(`  CALL\n"+
		"     15 \"7\"                                      `%{INT:n:int}?`  CALL\n"+
		"     16 \")\"                                      `\\)`  CALL\n"+
		"     17 \" é\"                                     `%{GREEDYDATA:rest}`\n"+
		"     20 \" in \"                                   ` in `\n"+
		"     24 \"1.5\"                                    `%{NUMBER:ms:float}`\n"+
		"     27 -                                        `$`\n", e.Render(text))
	text = "192.0.2.1 load[7]\tin 1.5"
	e = p.Explain(text)
	assert.Equal(t, "no match: stopped at byte 14, where `\\(` was expected, CALL\n"+
		"  192.0.2.1 load[7] in 1.5\n"+
		"                ^\n"+
		"      0 -                                        `^`\n"+
		"      0 \"192.0.2.1\"                              `%{IP:client}`\n"+
		"      9 \" \"                                      ` `\n"+
		"     10 \"load\"                                   `%{WORD:[call][name]}`  CALL > WORD:[call][name]\n", e.Render(text))
}

// checkExplanation fails if an explanation contradicts the engine or itself. It returns whether it was whole.
func checkExplanation(t *testing.T, p *Pattern, text string) bool {
	t.Helper()
	captures, ok, err := p.Match(text, nil)
	e := p.Explain(text)
	if err != nil {
		return false
	}
	what := fmt.Sprintf("%s on %q: %+v", p, text, e)
	require.Equal(t, ok, e.Matched, what)
	require.True(t, e.Partial || ok == (e.Stop == nil), what)
	if e.Stop != nil {
		require.NotEmpty(t, e.Stop.Expected, what)
		require.True(t, 0 <= e.Stop.Offset && e.Stop.Offset <= len(text), what)
	}
	require.NotEmpty(t, e.Render(text))
	at := -1
	for _, piece := range e.Pieces {
		require.True(t, 0 <= piece.From && piece.From <= piece.To && piece.To <= len(text), what)
		if at >= 0 {
			require.Equal(t, at, piece.From, what)
		}
		at = piece.To
		if !ok || piece.From == piece.To || len(piece.Path) == 0 {
			continue
		}
		if name, field, is := strings.Cut(piece.Path[len(piece.Path)-1], ":"); is && strings.HasPrefix(piece.Source, "%{"+name+":") && !strings.HasSuffix(piece.Source, "?") {
			require.True(t, slices.ContainsFunc(captures, func(c Capture) bool {
				return c.Field.Name == field && c.Text == text[piece.From:piece.To]
			}), "%s\n%v", what, captures)
		}
	}
	return !e.Partial
}

// TestExplainAgrees compares Explain with the engine on made-up patterns and on the corpora's cases.
func TestExplainAgrees(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	s := ecs(t)
	whole, all := 0, 0
	for range 3000 {
		g := dialect{r: r}
		p, err := s.Compile("(?<x>" + g.alternatives(2) + ")%{INT:i}?" + g.alternatives(1))
		if err != nil {
			continue
		}
		for range 3 {
			all++
			if checkExplanation(t, p, g.text()) {
				whole++
			}
		}
	}
	t.Logf("%d of %d whole", whole, all)
	require.Greater(t, float64(whole), 0.98*float64(all))
}

func TestExplainAgreesOnCorpora(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	whole, all := 0, 0
	for _, c := range readCorpus(t, "logstash.jsonl") {
		s, err := NewSet(c.PatternSet)
		require.NoError(t, err)
		p, err := s.Compile(c.Pattern)
		require.NoError(t, err)
		for _, text := range []string{c.Input, mutate(r, c.Input), mutate(r, c.Input)} {
			all++
			if checkExplanation(t, p, text) {
				whole++
			}
		}
	}
	t.Logf("%d of %d whole", whole, all)
	require.Greater(t, float64(whole), 0.98*float64(all))
}

// TestExplainHostile: it ends soon, whatever the pattern and the text.
func TestExplainHostile(t *testing.T) {
	s := ecs(t)
	long := strings.Repeat("a", 10<<20)
	for _, tc := range []struct{ pattern, text string }{
		{`(a+)+$`, long + "b"},
		{`^(a|aa)+$`, long + "b"},
		{`^(?<a>a+)+\k<a>\k<a>b`, long},
		{`(?:(?>a*)b|(?=a*c)a)*d`, long},
		{`%{HTTPD_COMBINEDLOG}`, strings.Repeat(`1.2.3.4 - - [`, 1<<16)},
		{`%{IP:ip}x`, strings.Repeat("1:", 1<<19)},
		{`(?:a?){5000}b`, long},
		{`(?:\w+ ?){1,40}!`, long},
	} {
		p, err := s.Compile(tc.pattern)
		require.NoError(t, err)
		var e Explanation
		took := cputime.Of(func() { e = p.Explain(tc.text) })
		assert.False(t, e.Matched, tc.pattern)
		assert.True(t, e.Partial, tc.pattern)
		assert.Less(t, took, 20*time.Second, tc.pattern) // a second on an idle machine
		t.Logf("%-40s %v %v", tc.pattern, took, e.Stop)
	}
}

func FuzzExplain(f *testing.F) {
	f.Add(`%{HTTPD_COMBINEDLOG}`, combinedLine)
	f.Add(`(?<a>x|y)*+[[:alpha:]&&[^z]]{2,3}?\k<a>`, "xyaay")
	f.Add(`(?<=a|bc)(?!d)%{INT:n:int}(?>e*)\g<n>`, "bc12")
	s := ecs(f)
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 300 || len(text) > 300 {
			return
		}
		p, err := s.Compile(expr, WithMaxSteps(10_000))
		if err != nil {
			return
		}
		checkExplanation(t, p, text)
	})
}
