// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReferences is a table of what references are taken as; Ruby has none, so TestLikeRuby cannot tell.
func TestReferences(t *testing.T) {
	s := &Set{defs: map[string]string{
		"W": `\w+`, "MON": `Jan|Feb`, "Q": `(?<q>['"]).*?\k<q>`, "NUMBERED": `(a|b)\1`, "SPACED": `a b`, "FLAGGED": `(?i)x`, "OUTER": `\k<o>`,
	}}
	check := func(pattern, text, want string) {
		t.Helper()
		p, err := s.Compile(pattern)
		require.NoError(t, err, pattern)
		captures, ok, err := p.Match(text, nil)
		require.NoError(t, err)
		got := ""
		if ok {
			b, err := json.Marshal(Nested(captures))
			require.NoError(t, err)
			got = string(b)
		}
		assert.Equal(t, want, got, "%s on %q", pattern, text)
	}
	check(`%{W:a} %{W:[b][c]} %{W:d:int}`, "x y 1", `{"a":"x","b":{"c":"y"},"d":1}`)
	check(`%{W:a ignored} %{W - CURRENT STATE}-`, "x y-", `{"a":"x"}`)
	check(`%{W:a.b-c_@d}`, "x", `{"a.b-c_@d":"x"}`)
	check(`(?<[a][b]:int>\d)(?<c:float>\d)`, "12", `{"a":{"b":1},"c":2}`)
	check(`\%{W} %\{W}`, "%{W} %{W}", `{}`)
	check(`[%{}]+ [\%{W}]`, "{%} W", `{}`)
	// Options reach into what is referred to, and end where they are set.
	check(`(?i)%{MON:m}`, "FEB", `{"m":"FEB"}`)
	check(`(?i:%{MON:m})%{MON:n}`, "FEBJan", `{"m":"FEB","n":"Jan"}`)
	check(`(?i:%{MON:m})%{MON:n}`, "FEBJAN", "")
	check(`%{FLAGGED:m}x`, "Xx", `{"m":"X"}`)
	check(`%{FLAGGED:m}x`, "XX", "")
	check(`(?x)%{SPACED:m}`, "ab", `{"m":"ab"}`)
	// A reference is a group: alternatives end with it.
	check(`^%{MON}1$`, "Jan", "")
	check(`^%{MON}+$`, "JanFeb", `{}`)
	// Numbers of groups count within a text, names everywhere.
	check(`(x)%{NUMBERED}\1`, "xbbx", `{}`)
	check(`%{Q} %{Q:s}`, `"a" 'b'`, `{"q":["\"","'"],"s":"'b'"}`)
	check(`%{Q}\k<q>`, `'a''`, `{"q":"'"}`)
	check(`(?<o>a)%{OUTER}`, "aa", `{"o":"a"}`)
	check(`(?i)(?<o>-)%{OUTER}`, "--", `{"o":"-"}`)
	// Definitions on the spot.
	check(`%{D=\d{2}}-%{D:d}`, "12-34", `{"d":"34"}`)
	check(`%{D:d:int=\d+\}?}`, "12}", `{"d":"12}"}`)
	check(`%{W=-}%{W:w}`, "--", `{"w":"-"}`)
	// Calls capture again: the last one counts.
	check(`(?<o>\d{1,3}){0}(?<ip>\g<o>(?:\.\g<o>){3})`, "10.20.30.40", `{"ip":"10.20.30.40","o":"40"}`)
}

// FuzzParse: any text is an error with its place or a tree within its bounds, and soon; to remember where nodes were written changes nothing.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`%{W:a} %{X=%{W:b:int}}(?<c>\g<c>)`, `(?i-m:a.)(?<=b|cd?)\k<-1>[[:alpha:]&&[^\d\x{e9}-ÿ]]`, `((a{1000}){1000}){1000}`, `\u{61 62}{2}?\C-a\18(?~[ab])(?#x\))+`,
		`(?<a>x)(?<b>\g<a>\g<a>)(?'c'\g<b>\g<b>)\k<c>`, "(?x) a # b\n c", `[[:[:^digit:]\n]A]`, `%{`, `(?<=(?:a|bc){9})`, strings.Repeat(`(`, 300),
	} {
		f.Add(seed)
	}
	s := ecs(f)
	parse := func(b *builder, expr string) (n *node, e *Error) {
		defer func() {
			if r := recover(); r != nil {
				e = r.(*Error)
			}
		}()
		return b.parseText(expr), nil
	}
	f.Fuzz(func(t *testing.T, expr string) {
		if len(expr) > 2000 {
			return
		}
		start := time.Now()
		b := &builder{set: s}
		n, err := parse(b, expr)
		require.Less(t, time.Since(start), time.Minute)
		again, errAgain := parse(&builder{set: s, origins: true}, expr)
		require.Equal(t, err == nil, errAgain == nil)
		if err != nil {
			require.True(t, 0 <= err.Offset && err.Offset <= len(err.Text), "%q: %v", expr, err)
			require.NotEmpty(t, err.Error())
			return
		}
		require.LessOrEqual(t, n.count(), 2*maxNodes)
		require.Equal(t, spell(n, b.fields), spell(again, b.fields))
		again.any(func(n *node) bool {
			for o := n.origin; o != nil; o = o.inner {
				require.True(t, 0 <= o.from && o.from <= o.to && o.to <= len(o.src.text))
			}
			require.False(t, n.op == opBackref && (n.group < 0 || n.group >= b.groups))
			require.False(t, n.op == opLook && n.behind && n.subs[0].width() < 0)
			return false
		})
	})
}
