// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the words in the user's own lists, in bytes.
const (
	MinWordBytes = 2
	MaxWordBytes = 256
)

// CheckWord tells what is wrong with a word of a list, without quoting it.
func CheckWord(word string) error {
	switch {
	case len(word) < MinWordBytes || len(word) > MaxWordBytes:
		return fmt.Errorf("a word must have %d to %d bytes, got %d", MinWordBytes, MaxWordBytes, len(word))
	case !utf8.ValidString(word):
		return fmt.Errorf("a word must be UTF-8")
	case strings.TrimSpace(word) != word:
		return fmt.Errorf("a word must not begin or end with a blank")
	}
	return nil
}

// validateWords reports mistakes in the word lists. known are the names of detectors that exist; those of the lists are added.
func validateWords(lists []WordOptions, known map[string]bool, bad func(format string, args ...any)) {
	for i, l := range lists {
		switch {
		case !patternName.MatchString(l.Name):
			bad("words[%d].name must be %s, got %q", i, patternNameFormat, l.Name)
		case known[l.Name]:
			bad("words[%d].name must not be the name of another detector, got %q", i, l.Name)
		}
		known[l.Name] = true
		for j, w := range l.Words {
			if err := CheckWord(w); err != nil {
				bad("words[%d].words[%d]: %w", i, j, err)
			}
		}
	}
}

// wordList finds any of its words. It is immutable. It has no part in the automaton, whose size would grow with the list:
// a table tells whether a word begins with some two bytes, and a look-up does the rest.
type wordList struct {
	det     uint16
	fold    bool
	words   map[string]bool
	lengths [MaxWordBytes + 1]bool
	starts  [1 << 16 / 64]uint64 // bits, by the first two bytes
}

func newWordList(o WordOptions, det uint16) *wordList {
	l := &wordList{det: det, fold: !o.CaseSensitive, words: make(map[string]bool, len(o.Words))}
	seen := map[string]bool{}
	for _, w := range o.Words {
		w = strings.Map(l.folded, w)
		if len(w) > MaxWordBytes { // some letters grow
			continue
		}
		l.words[w] = true
		l.lengths[len(w)] = true
		if seen[w[:2]] {
			continue
		}
		seen[w[:2]] = true
		for _, a := range l.cases(w[0]) {
			for _, b := range l.cases(w[1]) {
				at := uint16(a)<<8 | uint16(b)
				l.starts[at>>6] |= 1 << (at & 63)
			}
		}
	}
	return l
}

func (l *wordList) folded(r rune) rune {
	if l.fold {
		return unicode.ToLower(r)
	}
	return r
}

// cases returns the bytes by which a word may begin that begins with c when it is folded: all those of far characters,
// which are not folded byte by byte.
func (l *wordList) cases(c byte) []byte {
	switch {
	case !l.fold:
		return []byte{c}
	case c >= utf8.RuneSelf:
		out := make([]byte, 0, 128)
		for b := utf8.RuneSelf; b < 256; b++ {
			out = append(out, byte(b))
		}
		return out
	case isLower(c):
		return []byte{c, c &^ 0x20}
	}
	return []byte{c}
}

// readWords adds the words in s to sc.found.
func (sc *Scanner) readWords(l *wordList, s string) {
	if len(s) < MinWordBytes {
		return
	}
	at := uint16(s[0])
	for i := 1; i < len(s); i++ {
		at = at<<8 | uint16(s[i])
		if l.starts[at>>6]&(1<<(at&63)) == 0 {
			continue
		}
		if start, stop, ok := l.find(s, i-1); ok {
			sc.add(s, start, stop, l.det)
		}
	}
}

// find returns the longest word that begins at start, where neither a letter nor a digit stands before or after it.
func (l *wordList) find(s string, start int) (int, int, bool) {
	if !utf8.RuneStart(s[start]) {
		return 0, 0, false
	}
	if start > 0 {
		if r, _ := utf8.DecodeLastRuneInString(s[:start]); isWordRune(r) && !escapeBefore(s, start) {
			return 0, 0, false
		}
	}
	var buf [MaxWordBytes + utf8.UTFMax]byte
	n, stop := 0, 0
	for i := start; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		i += size
		if n += utf8.EncodeRune(buf[n:], l.folded(r)); n > MaxWordBytes {
			break
		}
		if !l.lengths[n] || !l.words[string(buf[:n])] {
			continue
		}
		if after, _ := utf8.DecodeRuneInString(s[i:]); i == len(s) || !isWordRune(after) {
			stop = i
		}
	}
	return start, stop, stop > 0
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
