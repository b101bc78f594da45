// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// parseText runs one parser on text.
func parseText(p parser, text string, maxFields int) (outcome, pcommon.Map) {
	w, m := &worker{fieldsLeft: maxFields}, newMatch()
	o := p.parse(w, strings.ToValidUTF8(text, "\uFFFD"), &m)
	return o, m.object
}

func assertOutcome(t *testing.T, want outcome, p parser, text string, maxFields int) {
	t.Helper()
	o, _ := parseText(p, text, maxFields)
	assert.Equal(t, want, o)
}

func TestJSON(t *testing.T) {
	check := func(text string, want map[string]any) {
		t.Helper()
		o, fields := parseText(&jsonParser{maxDepth: 8}, text, 20)
		if want == nil {
			assert.NotEqual(t, outcomeParsed, o, text)
			return
		}
		assert.Equal(t, outcomeParsed, o, text)
		assert.Equal(t, want, fields.AsRaw(), text)
	}
	check(`{}`, map[string]any{})
	check(` { "a" : [ 1 , -2.5e3 , true , null , "x" ] } `+"\r\n", map[string]any{"a": []any{int64(1), -2500.0, true, nil, "x"}})
	check(`{"a":{"b":{"c":1}}}`, map[string]any{"a": map[string]any{"b": map[string]any{"c": int64(1)}}})
	check(`{"a":1,"a":2}`, map[string]any{"a": int64(2)})
	check(`{"i":9223372036854775807,"u":18446744073709551615,"n":-9223372036854775809,"f":1e999,"z":-0.0}`,
		map[string]any{"i": int64(math.MaxInt64), "u": "18446744073709551615", "n": "-9223372036854775809", "f": "1e999", "z": math.Copysign(0, -1)})
	check(`{"s":"\"\\\/\b\f\n\r\té\ud83d\ude00\ud83d x\udead"}`, map[string]any{"s": "\"\\/\b\f\n\r\té😀\uFFFD x\uFFFD"})
	check("{\"s\":\"caf\xe9\",\"k\xff\":1}", map[string]any{"s": "caf\uFFFD", "k\uFFFD": int64(1)})
	check("{\"s\":\"tab\there\"}", map[string]any{"s": "tab\there"})
	for _, bad := range []string{
		"", "null", "1", `"x"`, "[]", "{", "{]", `{"a"}`, `{"a":}`, `{"a":1,}`, `{"a":1}{}`, `{"a":1} x`, `{a:1}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`,
		`{"a":tru}`, `{"a":"x}`, `{"a":"\q"}`, `{"a":"\u12"}`, `{"a":1 "b":2}`, `{'a':1}`, `{"a":.5}`, `{"a":1e}`, `{"a":NaN}`,
	} {
		check(bad, nil)
	}
	assertOutcome(t, outcomeTooDeep, &jsonParser{maxDepth: 3}, `{"a":[[[1]]]}`, 99)
	assertOutcome(t, outcomeTooManyFields, &jsonParser{maxDepth: 3}, `{"a":1,"b":2,"c":3}`, 2)
	assertOutcome(t, outcomeTooDeep, &jsonParser{maxDepth: 64}, strings.Repeat(`{"a":`, 100_000), math.MaxInt)
}

// FuzzJSON: what encoding/json takes for an object is one here too, with the same keys.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":[1,2,{"b":null}],"c":"\u00e9\ud83d\ude00"}`, `{"a":1e5,"b":-0.5}`, `{"a":"\`, "{\"\xff\":1}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		o, fields := parseText(&jsonParser{maxDepth: 20}, text, 200)
		var want map[string]any
		err := json.Unmarshal([]byte(text), &want)
		if err == nil && want != nil && o != outcomeParsed && o != outcomeTooDeep && o != outcomeTooManyFields {
			t.Fatalf("%q is JSON, got %v", text, o)
		}
		if err == nil && o == outcomeParsed && len(want) != fields.Len() {
			t.Fatalf("%q: %d keys, want %d", text, fields.Len(), len(want))
		}
	})
}

func TestLogfmt(t *testing.T) {
	check := func(text string, want map[string]any) {
		t.Helper()
		o, fields := parseText(&logfmtParser{}, text, 5)
		if want == nil {
			assert.Equal(t, outcomeNoMatch, o, text)
			return
		}
		assert.Equal(t, outcomeParsed, o, text)
		assert.Equal(t, want, fields.AsRaw(), text)
	}
	check(`a=1 b="two words" c= d="q \" \n"`, map[string]any{"a": "1", "b": "two words", "c": "", "d": "q \" \n"})
	check("  level=info\turl=http://x/?a=b&c=d \r\n", map[string]any{"level": "info", "url": "http://x/?a=b&c=d"})
	check("a=1 a=2", map[string]any{"a": "2"})
	check("é=\xff", map[string]any{"é": "\uFFFD"})
	for _, bad := range []string{"", "   ", "word", "a=1 word", "hello a=1", `a="open`, `a="x"y`, "=1", `"a"=1`, `{"a":1}`} {
		check(bad, nil)
	}
	assertOutcome(t, outcomeTooManyFields, &logfmtParser{}, "a=1 b=2 c=3", 2)
}

// FuzzLogfmt: no text makes it panic or bring more fields than allowed.
func FuzzLogfmt(f *testing.F) {
	f.Add(`a=1 b="two \" words" c=`)
	f.Add("a=\"\\u12\xff")
	f.Fuzz(func(t *testing.T, text string) {
		_, fields := parseText(&logfmtParser{}, text, 10)
		require.LessOrEqual(t, fields.Len(), 10)
	})
}
