// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"path"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestGlob(t *testing.T) {
	check := func(pattern, text string, want bool) {
		t.Helper()
		g := newGlob(pattern)
		assert.Equal(t, want, g.match(text), "%q, %q", pattern, text)
	}
	check("", "", true)
	check("", "a", false)
	check("abc", "abc", true)
	check("abc", "abcd", false)
	check("*", "", true)
	check("*", "any/thing\n", true)
	check("**", "", true)
	check("a*", "a", true)
	check("a*", "ba", false)
	check("*a", "ba", true)
	check("*a", "ab", false)
	check("a*a", "a", false) // head and tail must not overlap
	check("a*a", "aa", true)
	check("a*b*c", "a1b2c", true)
	check("a*b*c", "abc", true)
	check("a*b*c", "acb", false)
	check("a*bc*bc", "abcbc", true)
	check("a*bc*bc", "abc", false)
	check("*ab*ab*", "abab", true)
	check("*ab*ab*", "aba", false)
	check("?[a]", "xa", false) // only stars are special
	check("?[a]", "?[a]", true)
}

// FuzzGlob compares with path.Match, which knows stars too, on texts without its other signs.
func FuzzGlob(f *testing.F) {
	f.Add("a*b*c", "a1b2c")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		for _, s := range []string{pattern, text} {
			for _, c := range []byte(s) {
				if c != '*' && (c < 'a' || c > 'c') {
					t.Skip()
				}
			}
		}
		if len(pattern) > 12 { // path.Match tries everything
			t.Skip()
		}
		g := newGlob(pattern)
		want, err := path.Match(pattern, text)
		assert.NoError(t, err)
		assert.Equal(t, want, g.match(text))
	})
}

func TestSourceText(t *testing.T) {
	lr := plog.NewLogRecord()
	get := func(s source) (string, outcome, bool) { return s.text(lr, 5) }
	_, _, ok := get(source{})
	assert.False(t, ok, "an empty body is no text")
	lr.Body().SetStr("12345")
	text, o, ok := get(source{})
	assert.Equal(t, "12345", text)
	assert.Equal(t, outcomeParsed, o)
	assert.True(t, ok)
	lr.Body().SetStr("123456")
	_, o, _ = get(source{})
	assert.Equal(t, outcomeTooLarge, o)
	lr.Body().SetEmptyBytes().FromRaw([]byte("123456"))
	_, o, _ = get(source{})
	assert.Equal(t, outcomeTooLarge, o)
	lr.Body().SetEmptyBytes().FromRaw([]byte("a\xffb"))
	text, _, _ = get(source{})
	assert.Equal(t, "a\uFFFDb", text)
	_, _, ok = get(source{attribute: "x"})
	assert.False(t, ok)
	lr.Attributes().PutInt("x", 1)
	_, _, ok = get(source{attribute: "x"})
	assert.False(t, ok)
	lr.Attributes().PutStr("x", "y")
	text, _, ok = get(source{attribute: "x"})
	assert.True(t, ok)
	assert.Equal(t, "y", text)
}

// TestNameIndex: names are found as keys and as paths, the most telling first, whatever the order of the keys.
func TestNameIndex(t *testing.T) {
	names := [roleCount]fieldNames{roleTimestamp: {"ts", "a.b.c", "time"}, roleSeverity: {"log.level", "level"}}
	x := newNameIndex(&names)
	find := func(object map[string]any) (timestamp, severity any) {
		m := pcommon.NewMap()
		assert.NoError(t, m.FromRaw(object))
		var out [roleCount]found
		x.find(m, &out)
		raw := func(f found) any {
			if f.use == nil {
				return nil
			}
			return f.value.AsRaw()
		}
		return raw(out[roleTimestamp]), raw(out[roleSeverity])
	}
	check := func(object map[string]any, wantTimestamp, wantSeverity any) {
		t.Helper()
		ts, s := find(object)
		assert.Equal(t, wantTimestamp, ts, "%v", object)
		assert.Equal(t, wantSeverity, s, "%v", object)
	}
	check(map[string]any{}, nil, nil)
	check(map[string]any{"": "x", "tx": "y", "t": 1}, nil, nil)
	check(map[string]any{"time": "t", "level": "l"}, "t", "l")
	check(map[string]any{"time": "t", "ts": "s"}, "s", nil)
	check(map[string]any{"time": "t", "ts": nil}, "t", nil)
	check(map[string]any{"a.b.c": "1", "log": map[string]any{"level": "l"}, "level": "m"}, "1", "l")
	check(map[string]any{"a": map[string]any{"b.c": "2"}}, "2", nil)
	check(map[string]any{"a.b": map[string]any{"c": "3"}}, "3", nil)
	check(map[string]any{"a": map[string]any{"b": map[string]any{"c": "4"}}, "time": "t"}, "4", nil)
	check(map[string]any{"a": map[string]any{"b": "c"}}, nil, nil)
}
