// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

func ecs(t testing.TB) *Set {
	t.Helper()
	s, err := NewSet(LibraryECS)
	require.NoError(t, err)
	return s
}

// TestMatch is a table of patterns, texts and captures as JSON; "" stands for no match.
func TestMatch(t *testing.T) {
	s := ecs(t)
	require.NoError(t, s.Define("TICKET", `[A-Z]+-\d+`))
	check := func(pattern, text, want string) {
		t.Helper()
		p, err := s.Compile(pattern)
		require.NoError(t, err)
		captures, ok, err := p.Match(text, nil)
		require.NoError(t, err)
		got := ""
		if ok {
			b, err := json.Marshal(Nested(captures))
			require.NoError(t, err)
			got = string(b)
		}
		assert.Equal(t, want, got, "%s on %q", pattern, text)
		agree(t, s, p, text)
	}
	check(`%{WORD:a}`, "hello world", `{"a":"hello"}`)
	check(`%{WORD:[a][b]} %{WORD:[a][c]}`, "x y", `{"a":{"b":"x","c":"y"}}`)
	check(`%{WORD:a} %{WORD:a} %{WORD:a}`, "x y z", `{"a":["x","y","z"]}`)
	check(`%{INT:n:int} %{NUMBER:f:float} %{WORD:b:bool}`, "12 1.50 true", `{"b":true,"f":1.5,"n":12}`)
	check(`%{NOTSPACE:n:int}`, "12x", `{"n":"12x"}`)
	check(`%{DATA:n:float}$`, "0.25\tand more", `{"n":0.25}`)
	check(`^%{TICKET:t}$`, "AB-1", `{"t":"AB-1"}`)
	check(`^%{TICKET:t}$`, "ab-1", "")
	check(`^(?<a>\d+)?(?<b>[a-z]+)`, "abc", `{"b":"abc"}`)
	check(`(?<a.b>x)(?'c'y)(?P<d>z)(?P<e___f>u)`, "xyzu", `{"a.b":"x","c":"y","d":"z","e.f":"u"}`)
	check(`a.c`, "a\nc", `{}`)
	check(`(?-m:a.c)`, "a\nc", "")
	check(`^b$`, "a\nb\nc", `{}`)
	check(`\Ab\z`, "a\nb\nc", "")
	check(`(?i)straße (?-i:X)`, "STRAßE X", `{}`)
	check(`(?x) a b # comment`, "ab", `{}`)
	check(`(?<x>[[:alpha:]&&[^aeiou]]+)`, "aebcé", `{"x":"bcé"}`)
	check(`(?<x>\h+)`, "xyz0Fg", `{"x":"0F"}`)
	check(`(?<x>\p{Lu}+)\P{Lu}`, "éÀBc", `{"x":"ÀB"}`)
	check(`(?<x>[]a]+)`, "]a]b", `{"x":"]a]"}`)
	check(`(?<x>a{,2}) {`, "aaa {", `{"x":"aa"}`)
	check(`(?<q>['"]).*?\k<q>`, `say "it's"`, `{"q":"\""}`)
	check(`(\w)(\w)\2\1`, "xabbay", `{}`)
	check(`(?<n>\d++)5`, "12345", "")
	check(`(?<n>(?>a|ab))c`, "abc", "")
	check(`(?<=\[)(?<n>\d+)(?=\])`, "1 [23] 4", `{"n":"23"}`)
	check(`(?<!\d)(?<n>\d{2})(?!\d)`, "123 45 6", `{"n":"45"}`)
	check(`(?<!ab)c(?<n>.)`, "abcx cy", `{"n":"y"}`)
	check(`%{MINE=x+} %{MINE:a}`, "xx xxx", `{"a":"xxx"}`)
	check(`%{MINE:a=\d{2}\}}`, "12}", `{"a":"12}"}`)
	check(`%{IPV6:ip}`, "from fe80::1%eth0 to", `{"ip":"fe80::1%eth0"}`)
	check(`%{IP:ip}`, "::ffff:192.0.2.1 x", `{"ip":"::ffff:192.0.2.1"}`)
	check(`%{IP:ip}`, "300.0.2.1 1.2.3.4", `{"ip":"1.2.3.4"}`)
	check(`%{QS:q}`, `a \"b "c \" d" e`, `{"q":"\"c \\\" d\""}`)
	check(`%{TIMESTAMP_ISO8601:t}`, "at 2024-02-29T23:59:60.5+01:00.", `{"t":"2024-02-29T23:59:60.5+01:00"}`)
	check(`%{GREEDYDATA:a}\xff`, "caf\xe9", "")
	check(`(?<a>[^ ]+) `, "caf\xe9 x", `{"a":"caf\ufffd"}`)
}

func TestAllCaptures(t *testing.T) {
	p, err := ecs(t).Compile(`%{IPV4} %{WORD:w}`, WithAllCaptures())
	require.NoError(t, err)
	captures, ok, err := p.Match("192.0.2.1 x", nil)
	require.NoError(t, err)
	require.True(t, ok)
	got := Nested(captures)
	assert.Equal(t, "192.0.2.1", got["IPV4"])
	assert.Equal(t, "x", got["w"])
}

// skipUnderRace is for long comparisons in one goroutine, where the race detector finds nothing and takes minutes.
func skipUnderRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("one goroutine: runs without the race detector")
	}
}

// TestLibrary compiles every definition of the libraries; all but a few are regular.
func TestLibrary(t *testing.T) {
	for _, lib := range []string{LibraryECS, LibraryLegacy} {
		s, err := NewSet(lib)
		require.NoError(t, err)
		backtracking := []string{}
		for _, name := range s.Names() {
			p, err := s.Compile("%{" + name + "}")
			require.NoError(t, err, name)
			if !p.Regular() {
				backtracking = append(backtracking, name)
			}
		}
		t.Logf("%s: %d definitions, not regular: %v", lib, len(s.Names()), backtracking)
		assert.LessOrEqual(t, len(backtracking), 12)
	}
}

// TestHostile: the time of a match stays proportional to the text, whatever the pattern.
func TestHostile(t *testing.T) {
	s := ecs(t)
	const size, more = 1 << 16, 8
	for _, tc := range []struct{ pattern, piece, end string }{
		{`(a+)+$`, "a", "b"},
		{`(a|aa)+$`, "a", "b"},
		{`(?<x>.*?,){11}P`, "1,", ""},
		{`%{GREEDYDATA} %{GREEDYDATA} %{GREEDYDATA} %{GREEDYDATA}x`, "a ", ""},
		{`\s+$`, " ", "x"},
		{`%{IP:ip}x`, "1:", ""},
		{`%{HTTPD_COMBINEDLOG}`, `1.2.3.4 - - [`, ""},
	} {
		p, err := s.Compile(tc.pattern, WithMaxSteps(DefaultMaxSteps))
		require.NoError(t, err)
		measure := func(n int) time.Duration { // the best of a few: others may use the machine too
			text := p.literal + strings.Repeat(tc.piece, n/len(tc.piece)) + tc.end // without the literal nothing is tried
			best := time.Duration(math.MaxInt64)
			for range 4 {
				var ok bool
				var err error
				best = min(best, cputime.Of(func() { _, ok, err = p.Match(text, nil) }))
				require.NoError(t, err, tc.pattern)
				require.False(t, ok, tc.pattern)
			}
			return best
		}
		once, times := measure(size), measure(more*size)
		t.Logf("%-60s %v, of %d times the text %v", tc.pattern, once, more, times)
		assert.Less(t, times, 4*more*once+time.Millisecond, tc.pattern) // were it quadratic: more*more
	}
	// A pattern that is not regular ends at its step limit.
	p, err := s.Compile(`^(?<a>a+)+\k<a>\k<a>b`, WithMaxSteps(10_000))
	require.NoError(t, err)
	_, _, err = p.Match(strings.Repeat("a", 10_000), nil)
	require.ErrorIs(t, err, ErrSteps)
}

func TestMatchDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes sync.Pool forget")
	}
	p, err := ecs(t).Compile("^%{HTTPD_COMBINEDLOG}")
	require.NoError(t, err)
	captures := make([]Capture, 0, 32)
	n := testing.AllocsPerRun(100, func() {
		c, ok, err := p.Match(combinedLine, captures[:0])
		if !ok || err != nil || len(c) != 10 {
			t.Fatal(len(c), ok, err)
		}
	})
	assert.Zero(t, n)
}

const combinedLine = `198.51.100.23 - frank [10/Oct/2023:13:55:36 -0700] "GET /apache_pb.gif?size=large&x=1 HTTP/1.1" 200 2326 "https://www.example.com/start.html" "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"`

// BenchmarkCombined compares the library's pattern with a regular expression written by hand for the same line.
func BenchmarkCombined(b *testing.B) {
	report := func(b *testing.B) {
		b.SetBytes(int64(len(combinedLine)))
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	}
	for name, pattern := range map[string]string{"grok anchored": "^%{HTTPD_COMBINEDLOG}", "grok unanchored": "%{HTTPD_COMBINEDLOG}"} {
		b.Run(name, func(b *testing.B) {
			p, err := ecs(b).Compile(pattern)
			require.NoError(b, err)
			var captures []Capture
			for b.Loop() {
				captures, _, _ = p.Match(combinedLine, captures[:0])
				for _, c := range captures {
					c.Field.Value(c.Text)
				}
			}
			require.Len(b, captures, 10)
			report(b)
		})
	}
	b.Run("hand-written regexp", func(b *testing.B) {
		re := regexp.MustCompile(`^(?P<client>\S+) (?P<ident>\S+) (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<method>\w+) (?P<url>\S+) HTTP/(?P<version>[\d.]+)" (?P<status>\d+) (?P<size>\d+) "(?P<referrer>[^"]*)" "(?P<agent>[^"]*)"`)
		for b.Loop() {
			if re.FindStringSubmatchIndex(combinedLine) == nil {
				b.Fatal("no match")
			}
		}
		report(b)
	})
	b.Run("no match", func(b *testing.B) {
		p, err := ecs(b).Compile("^%{HTTPD_COMBINEDLOG}")
		require.NoError(b, err)
		line := `2026-01-14 23:59:59,429 INFO  [http-nio-8080-exec-15] c.shop.checkout.CheckoutController - "checkout" started`
		for b.Loop() {
			if _, ok, _ := p.Match(line, nil); ok {
				b.Fatal("match")
			}
		}
		report(b)
	})
}

// FuzzCompile: no text makes the compiler panic, and what compiles agrees on all engines.
func FuzzCompile(f *testing.F) {
	for _, seed := range [][2]string{
		{`%{HTTPD_COMBINEDLOG}`, combinedLine},
		{`(?<a>x|y)*+[[:alpha:]&&[^z]]{2,3}?\k<a>`, "xyaay"},
		{`%{`, "%{"},
		{`(?i-m:a.)(?<=b)`, "ab"},
		{`%{X=%{WORD:a:int}}`, "12"},
		{`\x{10FFFF}\u00e9\p{^L}`, "é1"},
	} {
		f.Add(seed[0], seed[1])
	}
	s := ecs(f)
	f.Fuzz(func(t *testing.T, expr, text string) {
		if len(expr) > 500 || len(text) > 500 {
			return
		}
		p, err := s.Compile(expr, WithMaxSteps(100_000))
		if err != nil {
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error without a place: %v", err)
			}
			if e.Offset < 0 || e.Offset > len(e.Text) {
				t.Fatalf("offset %d outside of %q", e.Offset, e.Text)
			}
			return
		}
		captures, ok, err := p.Match(text, nil)
		if err != nil || !ok {
			return
		}
		for _, c := range captures {
			if !strings.Contains(text, c.Text) {
				t.Fatalf("%q is not of the text %q", c.Text, text)
			}
		}
	})
}

func TestPatternFile(t *testing.T) {
	s := &Set{defs: map[string]string{}}
	require.NoError(t, s.Read(strings.NewReader("\ufeff# comment\r\n\r\nA  a b \r\n\tB\t%{A}\n"), "x"))
	assert.Equal(t, map[string]string{"A": "a b ", "B": "%{A}"}, s.defs)
	require.ErrorContains(t, s.Read(strings.NewReader("A b\nNAME"), "file"), "file, line 2")
	require.ErrorContains(t, s.ReadFiles("/no/such/file*"), "no such file")
	assert.Equal(t, []string{"A", "B"}, slices.Sorted(maps.Keys(s.defs)))
}
