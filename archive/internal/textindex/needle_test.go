// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPruning says which needles the tokens exclude, and which they cannot.
func TestPruning(t *testing.T) {
	const uuid, trace, span = "3ddaac1b-e355-47ae-8017-995118032abe", "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	groups := []textGroup{
		{bodies: []string{"card declined for user=u10644", "rid=" + uuid + " took 250ms"}, values: []string{trace, span, "api-94skjm66-dl4cf"}},
		{bodies: []string{"payment accepted", "nothing else"}},
	}
	data, directory := buildIndex(t, new(Builder), groups)
	ix := openIndex(t, data, directory, groups)
	prunes := func(want string, lines []Line, values []Value) {
		t.Helper()
		q, err := Compile(lines, values)
		require.NoError(t, err)
		set := newGroupSet(2)
		set.fill(2)
		require.NoError(t, ix.tokens(context.Background(), q, set))
		got := ""
		for g := range groups {
			if set.has(g) {
				got += fmt.Sprint(g)
			}
		}
		assert.Equal(t, want, got, "%+v %+v", lines, values)
	}
	contains := func(want, text string) {
		t.Helper()
		prunes(want, []Line{{Text: text}}, nil)
	}
	contains("0", "declined")
	contains("0", "eclin")
	contains("0", "card dec")
	contains("", "card declinex")
	contains("", "card xdec")
	contains("0", "ard")
	contains("01", "e")
	contains("1", "pay")
	contains("1", " pay") // the beginning of a word; shapes know that there is no space
	contains("", " pay ")
	contains("1", "t acce") // the end of one and the beginning of another
	contains("", "t cce")
	contains("0", uuid)
	contains("0", "rid="+uuid+" ")
	contains("0", "e355-47ae")
	contains("0", "-e355-")
	contains("", "x"+uuid)
	contains("", "3ddaac1b-e355-47ae-8017-995118032abf ")
	contains("", "3ddaac1b-e355-47ae-8017-995118032abf")
	contains("0", "17-9951") // could be in a UUID, where there is one
	contains("0", trace)
	contains("", "4bf92f3577b34da6a3ce929d0e0e4737")
	contains("0", trace[3:20]) // a part of an id
	contains("0", "u10644")
	contains("0", "10644")
	contains("0", "10645") // could be in an id
	contains("", "=10645 ")
	contains("0", "94skjm")
	contains("01", "")
	contains("01", " ")
	prunes("0", []Line{{Text: "CARD DEC", Fold: true}}, nil)
	prunes("", []Line{{Text: "CARDS", Fold: true}}, nil)
	prunes("0", []Line{{Text: "ta\u212ae\u017f", Fold: true}, {Text: "TOO\u212a", Fold: true}}[1:], nil)
	prunes("0", []Line{{Text: "3DDAAC1B-E355-47AE-8017-995118032ABE", Fold: true}}, nil)
	prunes("0", []Line{{Kind: Regexp, Text: `card (declined|refused) for`}}, nil)
	prunes("", []Line{{Kind: Regexp, Text: `cards? (accepted|refused)`}}, nil)
	prunes("01", []Line{{Kind: Regexp, Text: `(declined|accepted)`}}, nil)
	prunes("1", []Line{{Kind: Regexp, Text: `(?i)PAYMENT.*ACC`}}, nil)
	prunes("01", []Line{{Text: "declined", Not: true}}, nil)
	prunes("0", nil, []Value{{trace, true}, {span, true}})
	prunes("", nil, []Value{{"00f067aa0ba902b8", true}})
	prunes("0", nil, []Value{{"api-94skjm66-dl4cf", true}})
	prunes("", nil, []Value{{"api-94skjm66-dl4c", true}})
	prunes("0", nil, []Value{{"skjm66-dl4", false}})
}

// TestManyAtOnce shares a query and its matches among goroutines.
func TestManyAtOnce(t *testing.T) {
	groups, data, directory := sample(t)
	ix := openIndex(t, data, directory, groups)
	q, err := Compile([]Line{{Kind: Regexp, Text: `took \d*7ms`}, {Text: "SHAPE", Fold: true, Not: true}}, []Value{{"4bf92f3577b34da6a3ce929d0e0e4736", true}})
	require.NoError(t, err)
	want, err := ix.Match(q).Groups(context.Background(), nil)
	require.NoError(t, err)
	shared := ix.Match(q)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			m := shared
			if i%2 == 0 {
				m = ix.Match(q)
			}
			for range 5 {
				got, err := m.Groups(context.Background(), nil)
				assert.NoError(t, err)
				assert.Equal(t, want, got)
				for g := range groups {
					rows, err := m.Rows(context.Background(), g)
					assert.NoError(t, err)
					assert.True(t, rows.Known)
				}
			}
		})
	}
	wg.Wait()
}
