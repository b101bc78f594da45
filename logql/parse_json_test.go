// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// flattened is what the standard library reads of a JSON object, as labels in the order in which they come; false if it does
// not read it, or if a label comes twice.
func flattened(line string) (Labels, bool) {
	if !json.Valid([]byte(line)) || !strings.HasPrefix(line, "{") {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var out Labels
	seen := map[string]bool{}
	var value func(name string, depth int) bool
	object := func(prefix string, depth int) bool {
		for d.More() {
			key, err := d.Token()
			if err != nil || !value(jsonLabel(prefix, key.(string)), depth) {
				return false
			}
		}
		_, err := d.Token()
		return err == nil
	}
	value = func(name string, depth int) bool {
		token, err := d.Token()
		if err != nil || depth > 20 || len(name) > 500 {
			return false
		}
		switch v := token.(type) {
		case json.Delim:
			if v == '{' {
				return object(name, depth+1)
			}
			for nested := 1; nested > 0; {
				if token, err = d.Token(); err != nil {
					return false
				}
				switch token {
				case json.Delim('['), json.Delim('{'):
					nested++
				case json.Delim(']'), json.Delim('}'):
					nested--
				}
			}
			return true
		case nil:
			return true
		default:
			if name == "" {
				return true
			}
			if seen[name] {
				return false
			}
			seen[name] = true
			out = append(out, Label{name, fmt.Sprint(v)})
			return true
		}
	}
	if _, err := d.Token(); err != nil || !object("", 0) {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF || len(out) > 100 {
		return nil, false
	}
	return out, true
}

func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1,"b":"x","c":{"d":true,"e":{"f":null,"g":[1,{"h":"}"}]}}}`, ` {"a" : -1.5e+3 ,"b":"\"\\\n"} `, `{"a":"\\","b":"\\\""}`,
		`{"a b":"ä","1":2,"":3}`, `{"a":"x`, `{"a":01}`, `{"a":1e}`, `{"a":[1,2}`, `{"a":1,}`, `{"a"}`, `{"a":1}}`, `{"a":tru}`, `{"long":"` + strings.Repeat("x", 100) + `"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var ls labelSet
		// Twice with the same labelSet, which remembers names.
		for range 2 {
			ls.reset(&Entry{})
			(&JSONParser{}).process(&lineState{line: line}, &ls)
			want, ok := flattened(line)
			if !ok || strings.Contains(line, `\u`) || !utf8.ValidString(line) {
				continue
			}
			require.Empty(t, ls.err)
			require.Equal(t, want, ls.appendParsed(nil))
		}
	})
}

// appendParsed appends what parsers found, in the order in which they did.
func (s *labelSet) appendParsed(dst Labels) Labels {
	for i := range s.labels {
		dst = append(dst, s.labels[i].Label)
	}
	return dst
}

func TestPlainNumber(t *testing.T) {
	for s, want := range map[string]string{
		"1": "1", "-1.5e+3,": "-1.5e+3", "0}": "0", "12]": "12", "1.": "", "1.x": "", "-": "", "1e": "", "1e+": "", ".5": "", "1_0": "", "0x10": "", "1-2": "", "": "", "1E5]": "1E5",
	} {
		require.Equal(t, want, plainNumber(s), s)
	}
}

// TestLabelNames holds that what is remembered of keys is right, whatever they are, and bounded.
func TestLabelNames(t *testing.T) {
	var ls labelSet
	ls.wanted = wantedOf([]string{"k7", "o_k7"})
	for round := range 3 {
		for i := range 3 * nameSlots {
			for _, prefix := range []string{"", "o"} {
				key := fmt.Sprint("k", i)
				name, wanted := ls.jsonName(prefix, key)
				require.Equal(t, jsonLabel(prefix, key), name, round)
				require.Equal(t, i == 7, wanted)
			}
			name, wanted := ls.logfmtName(fmt.Sprint("1ä", i))
			require.Equal(t, fmt.Sprint("_1_", i), name)
			require.False(t, wanted)
		}
	}
	long := strings.Repeat("k", 10_000)
	name, wanted := ls.jsonName("", long)
	require.Equal(t, long, name)
	require.False(t, wanted)
	for _, s := range ls.jsonNames.slots {
		require.LessOrEqual(t, len(s.raw), maxRememberedName)
	}
}

// TestSteadyStateAllocatesNothing holds that a line of a metric query costs no memory once names and series are known.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for _, q := range []string{
		`sum by (a) (count_over_time({app="x"} | json | b > 1 [1m]))`,
		`sum by (a, o_c) (count_over_time({app="x"} | json | a=~"x|y" [1m]))`,
		`sum by (a) (sum_over_time({app="x"} | logfmt | unwrap duration(b) [1m]))`,
		`sum by (q) (count_over_time({app="x"} | logfmt q="a", r="b" [1m]))`,
		`sum by (q) (count_over_time({app="x"} | json q="o.c" [1m]))`,
		`sum without (b, d) (count_over_time({app="x"} | json [1m]))`,
		`sum by (app) (count_over_time({app="x"} | pattern "<_>a<a>b<_>" |= "a" [1m]))`,
	} {
		e, err := Parse(q)
		require.NoError(t, err, q)
		line := `{"a":"x","b":12,"d":"say \"x\"","o":{"c":"y z"}}`
		if strings.Contains(q, "logfmt") {
			line = `a=x b=12ms d="x y"`
		}
		v := e.(*VectorAggregation)
		ev := &evaluator{ctx: t.Context(), p: Params{Start: 1, End: 1, Step: 1, Limits: Limits{}.withDefaults()}, steps: 1}
		entry := Entry{Timestamp: 1, Line: line, Stream: Labels{{"app", "x"}}}
		n := -1.0
		ev.src = sourceFunc(func(yield func(*Entry) error) error {
			one := func() { require.NoError(t, yield(&entry)) }
			n = testing.AllocsPerRun(2000, one)
			return nil
		})
		_, err = ev.rangeAggregation(v.Inner.(*RangeAggregation), v.Grouping)
		require.NoError(t, err, q)
		require.Less(t, n, 1.0, q) // samples grow now and then
	}
}
