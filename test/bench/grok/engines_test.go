// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"regexp"
	"strconv"
	"strings"

	gogrok "github.com/elastic/go-grok"

	"github.com/logboom/logboom/internal/grok"
)

// outcome is what came of some lines. Engines that do the same work have the same outcome.
type outcome struct {
	matched   int
	captures  int // that are not empty
	converted int // to numbers
	bytes     int // of the captures
}

// parser parses one line, converts what is typed, and adds to sum.
type parser func(line string, sum *outcome)

// ownParser is Logboom's engine: captures are parts of the line, numbers are made of those whose pattern says so.
func ownParser(p *grok.Pattern) parser {
	var captures []grok.Capture
	return func(line string, sum *outcome) {
		var ok bool
		if captures, ok, _ = p.Match(line, captures[:0]); ok {
			sum.matched++
			countOwn(captures, sum)
		}
	}
}

func countOwn(captures []grok.Capture, sum *outcome) {
	sum.captures += len(captures)
	for i := range captures {
		c := &captures[i]
		sum.bytes += len(c.Text)
		if v, _ := c.Field.Value(c.Text); v.Type != grok.TypeString {
			sum.converted++
		}
	}
}

func ownList(l *grok.List) parser {
	var captures []grok.Capture
	return func(line string, sum *outcome) {
		var i int
		if i, captures, _ = l.Match(line, captures[:0]); i >= 0 {
			sum.matched++
			countOwn(captures, sum)
		}
	}
}

// handParser is a regular expression of Go with named groups.
func handParser(expr string) parser {
	re := regexp.MustCompile(expr)
	const asText, asInt, asFloat = 0, 1, 2
	kinds := make([]int, len(re.SubexpNames()))
	for i, name := range re.SubexpNames() {
		switch {
		case strings.HasSuffix(name, "_int"):
			kinds[i] = asInt
		case strings.HasSuffix(name, "_float"):
			kinds[i] = asFloat
		}
	}
	return func(line string, sum *outcome) {
		m := re.FindStringSubmatchIndex(line)
		if m == nil {
			return
		}
		sum.matched++
		for g := 1; g < len(kinds); g++ {
			from, to := m[2*g], m[2*g+1]
			if from >= to || re.SubexpNames()[g] == "" {
				continue
			}
			text := line[from:to]
			sum.captures++
			sum.bytes += len(text)
			var err error
			switch kinds[g] {
			case asText:
				continue
			case asInt:
				_, err = strconv.ParseInt(text, 10, 64)
			case asFloat:
				_, err = strconv.ParseFloat(text, 64)
			}
			if err == nil {
				sum.converted++
			}
		}
	}
}

// handList tries regular expressions of Go one after the other.
func handList(exprs []string) parser {
	var list []*regexp.Regexp
	for _, e := range exprs {
		list = append(list, regexp.MustCompile(e))
	}
	return func(line string, sum *outcome) {
		for _, re := range list {
			if re.FindStringSubmatchIndex(line) != nil {
				sum.matched++
				return
			}
		}
	}
}

// goGrokParser is elastic/go-grok with all its definitions.
func goGrokParser(expr string) (parser, error) {
	g, err := gogrok.NewComplete()
	if err != nil {
		return nil, err
	}
	if err := g.Compile(expr, true); err != nil {
		return nil, err
	}
	return func(line string, sum *outcome) {
		captures, err := g.ParseTypedString(line)
		if err != nil || len(captures) == 0 { // no match is an empty map
			return
		}
		sum.matched++
		sum.captures += len(captures)
	}, nil
}
