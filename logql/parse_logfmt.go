// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"strings"
	"unicode/utf8"
)

// logfmtScanner yields the key=value pairs of a line.
type logfmtScanner struct {
	s string
	i int
}

type logfmtPair struct {
	key, value string
	hasValue   bool
}

// next returns the next pair; bad says that the text at this place is not logfmt (it is then skipped up to the next space).
func (l *logfmtScanner) next() (p logfmtPair, bad, more bool) {
	for l.i < len(l.s) && l.s[l.i] <= ' ' {
		l.i++
	}
	if l.i >= len(l.s) {
		return p, false, false
	}
	start := l.i
	for l.i < len(l.s) && l.s[l.i] > ' ' && l.s[l.i] != '=' && l.s[l.i] != '"' {
		l.i++
	}
	p.key = l.s[start:l.i]
	if strings.ContainsRune(p.key, utf8.RuneError) || !utf8.ValidString(p.key) {
		l.skipWord()
		return p, true, true
	}
	switch {
	case l.i >= len(l.s) || l.s[l.i] <= ' ':
		return p, false, true
	case l.s[l.i] == '"' || p.key == "":
		l.skipWord()
		return p, true, true
	}
	l.i++ // =
	p.hasValue = true
	if l.i >= len(l.s) || l.s[l.i] <= ' ' {
		return p, false, true
	}
	if l.s[l.i] == '"' {
		return l.quoted(p)
	}
	start = l.i
	for l.i < len(l.s) && l.s[l.i] > ' ' && l.s[l.i] != '=' && l.s[l.i] != '"' {
		l.i++
	}
	p.value = l.s[start:l.i]
	if l.i < len(l.s) && l.s[l.i] > ' ' {
		l.skipWord()
		return p, true, true
	}
	return p, false, true
}

func (l *logfmtScanner) skipWord() {
	for l.i < len(l.s) && l.s[l.i] > ' ' {
		l.i++
	}
}

func (l *logfmtScanner) quoted(p logfmtPair) (logfmtPair, bool, bool) {
	l.i++
	start, escaped := l.i, false
	for l.i < len(l.s) && l.s[l.i] != '"' {
		if l.s[l.i] == '\\' {
			escaped = true
			l.i++
		}
		l.i++
	}
	if l.i >= len(l.s) {
		l.i = len(l.s)
		return p, true, true
	}
	p.value = l.s[start:l.i]
	l.i++
	if escaped {
		p.value = unescapeLogfmt(p.value)
	}
	return p, false, true
}

func unescapeLogfmt(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			b = append(b, s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case '"', '\\', '/', '\'':
			b = append(b, c)
		case 'u':
			r, n := unescapeRune(s[i-1:])
			b = append(b, string(r)...)
			i += n - 2
		default:
			b = append(b, '\\', c)
		}
	}
	return string(b)
}

func cleanLogfmt(s string) string {
	return strings.ReplaceAll(cleanUTF8(s), "\uFFFD", " ")
}

func (s *LogfmtParser) process(st *lineState, ls *labelSet) bool {
	if len(s.Extractions) > 0 {
		return s.extract(st, ls)
	}
	ls.extractAll(len(st.line), minLogfmtField)
	sc := &logfmtScanner{s: st.line}
	for {
		p, bad, more := sc.next()
		if !more {
			return true
		}
		if bad {
			if s.Strict {
				ls.fail(errLogfmt, "line is not logfmt")
				return true
			}
			continue
		}
		if p.value == "" && !s.KeepEmpty {
			continue
		}
		if name, wanted := ls.logfmtName(p.key); wanted {
			ls.extract(name, cleanLogfmt(p.value))
		}
	}
}

// foundText is what a line has for an expression.
type foundText struct {
	text  string
	has   bool
	known bool // to an earlier parser
}

func (s *LogfmtParser) extract(st *lineState, ls *labelSet) bool {
	found := ls.found[:0]
	for range s.Extractions {
		found = append(found, foundText{})
	}
	ls.found = found
	s.find(st, ls, found)
	for i, x := range s.Extractions {
		switch {
		case !ls.wanted.has(x.Label):
		case found[i].has, !found[i].known && !ls.collides(x.Label):
			ls.overwrite(x.Label, found[i].text, true)
		default:
			ls.missing(x.Label)
		}
	}
	return true
}

// find goes through the line to its end or, if the parser is strict, to the first mistake.
func (s *LogfmtParser) find(st *lineState, ls *labelSet, found []foundText) {
	sc := &logfmtScanner{s: st.line}
	for {
		p, bad, more := sc.next()
		if !more {
			return
		}
		if bad {
			if s.Strict {
				ls.fail(errLogfmt, "line is not logfmt")
				return
			}
			continue
		}
		for i, x := range s.Extractions {
			// The label's own name is looked for as well.
			if x.Path != p.key && x.Label != p.key {
				continue
			}
			switch {
			case ls.hasFound(p.key):
				found[i].known = true
			case !found[i].has || !ls.collides(x.Label): // the last pair counts where the name is free, else the first
				found[i].text, found[i].has = cleanLogfmt(p.value), true
			}
		}
	}
}

func (s *RegexpParser) process(st *lineState, ls *labelSet) bool {
	m := s.re.FindStringSubmatchIndex(st.line)
	if m == nil {
		return true
	}
	for i, name := range s.re.SubexpNames() {
		if name == "" || !ls.wanted.has(SanitizeLabelName(name)) {
			continue
		}
		v := ""
		if m[2*i] >= 0 {
			v = st.line[m[2*i]:m[2*i+1]]
		}
		ls.extract(SanitizeLabelName(name), v)
	}
	return true
}
