// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
)

// secondJudge is regexp2, an engine that nobody here wrote, on the same tree: it watches over the reference. It cannot
// speak about texts that are not UTF-8, repeats what can be empty by a rule of its own, and knows no group that stands twice.
type secondJudge struct {
	*reference
	re     *regexp2.Regexp
	nums   []int // group of each of its captures
	silent bool  // the pattern repeats what can be empty, or calls a group
}

func newSecondJudge(r *reference) (*secondJudge, error) {
	w := &regexp2Writer{number: map[int]int{}}
	w.node(r.root)
	re, err := regexp2.Compile(w.String(), regexp2.None)
	if err != nil {
		return nil, err
	}
	re.MatchTimeout = 50 * time.Millisecond
	groups := map[int]bool{}
	silent := r.root.any(func(n *node) bool {
		if n.op == opCapture {
			if groups[n.group] {
				return true
			}
			groups[n.group] = true
		}
		return n.op == opRepeat && n.subs[0].nullable()
	})
	return &secondJudge{reference: r, re: re, nums: w.groups, silent: silent}, nil
}

// speaks reports whether the judge has a say about text.
func (j *secondJudge) speaks(text string) bool {
	return !j.silent && len(text) < 2000 && utf8.ValidString(text)
}

func (j *secondJudge) match(text string) (captures []Capture, ok bool, err error) {
	m, err := j.re.FindStringMatch(text)
	if err != nil || m == nil {
		return nil, false, err
	}
	for num, group := range j.nums {
		f := j.groups[group]
		if g := m.GroupByNumber(num + 1); f >= 0 && g != nil && len(g.Captures) > 0 && g.Length > 0 {
			captures = append(captures, Capture{Field: j.fields[f], Text: g.String()})
		}
	}
	return captures, true, nil
}

// regexp2Writer writes a tree in the syntax of regexp2.
type regexp2Writer struct {
	strings.Builder
	groups []int
	number map[int]int
}

func (w *regexp2Writer) wrap(head string, n *node) {
	w.WriteString(head)
	w.node(n)
	w.WriteByte(')')
}

func (w *regexp2Writer) node(n *node) {
	const word = `[0-9A-Za-z_]`
	switch n.op {
	case opClass:
		w.class(n.set)
	case opBeginLine:
		w.WriteString(`(?m:^)`)
	case opEndLine:
		w.WriteString(`(?m:$)`)
	case opBeginText:
		w.WriteString(`\A`)
	case opEndText:
		w.WriteString(`\z`)
	case opEndTextNL:
		w.WriteString(`\Z`)
	case opWordB: // its own \b knows Unicode
		w.WriteString(`(?:(?<=` + word + `)(?!` + word + `)|(?<!` + word + `)(?=` + word + `))`)
	case opNotWordB:
		w.WriteString(`(?:(?<=` + word + `)(?=` + word + `)|(?<!` + word + `)(?!` + word + `))`)
	case opConcat:
		for _, s := range n.subs {
			w.wrap("(?:", s)
		}
	case opAlt:
		for i, s := range n.subs {
			if i > 0 {
				w.WriteByte('|')
			}
			w.wrap("(?:", s)
		}
	case opRepeat:
		w.wrap("(?:", n.subs[0])
		w.WriteString("{" + strconv.Itoa(n.min) + ",")
		if n.max >= 0 {
			w.WriteString(strconv.Itoa(n.max))
		}
		w.WriteByte('}')
		if n.lazy {
			w.WriteByte('?')
		}
	case opCapture:
		w.groups = append(w.groups, n.group)
		w.number[n.group] = len(w.groups)
		w.wrap(fmt.Sprintf("(?<%d>", len(w.groups)), n.subs[0])
	case opLook:
		head := map[[2]bool]string{{false, false}: "(?=", {false, true}: "(?!", {true, false}: "(?<=", {true, true}: "(?<!"}
		w.wrap(head[[2]bool{n.behind, n.negative}], n.subs[0])
	case opAtomic:
		w.wrap("(?>", n.subs[0])
	case opBackref:
		fmt.Fprintf(w, `(?:\k<%d>)`, w.number[n.group])
	}
}

func (w *regexp2Writer) class(s set) {
	switch {
	case len(s) == 0:
		w.WriteString(`(?!)`)
		return
	case len(s) == 2 && s[0] == 0 && s[1] == unicode.MaxRune:
		w.WriteString(`[\s\S]`)
		return
	}
	w.WriteByte('[')
	for i := 0; i < len(s); i += 2 {
		w.rune(s[i])
		w.WriteByte('-')
		w.rune(s[i+1])
	}
	w.WriteByte(']')
}

func (w *regexp2Writer) rune(r rune) {
	if r < 0x10000 {
		fmt.Fprintf(w, `\u%04x`, r)
		return
	}
	w.WriteRune(r)
}
