// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of the user's own word lists.
const (
	MinWordBytes = 2
	MaxWordBytes = 256
	// maxWordStates bounds what a list adds to the automaton: long lists are told apart by fewer leading bytes, and the
	// rest is left to a look-up.
	maxWordStates = 1000
	maxWordPrefix = 8
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

// wordList finds any of its words. It is immutable.
type wordList struct {
	words   map[string]bool
	lengths [MaxWordBytes + 1]bool
	fold    bool
}

func (l *wordList) folded(r rune) rune {
	if l.fold {
		return unicode.ToLower(r)
	}
	return r
}

// wordDetectors makes the detectors of a list: one for each length of the leading bytes that are its triggers, so that
// the end of a trigger tells where the word begins.
func wordDetectors(o WordOptions) []Detector {
	l := &wordList{words: make(map[string]bool, len(o.Words)), fold: !o.CaseSensitive}
	for _, w := range o.Words {
		w = strings.Map(l.folded, w)
		if len(w) > MaxWordBytes { // some letters grow
			continue
		}
		l.words[w] = true
		l.lengths[len(w)] = true
	}
	n := maxWordPrefix
	for n > 1 && l.prefixStates(n) > maxWordStates {
		n--
	}
	byLength := map[int]map[string]bool{}
	for w := range l.words {
		p := w[:min(n, len(w))]
		if byLength[len(p)] == nil {
			byLength[len(p)] = map[string]bool{}
		}
		byLength[len(p)][l.trigger(p)] = true
	}
	var out []Detector
	for length := 1; length <= n; length++ {
		if len(byLength[length]) == 0 {
			continue
		}
		out = append(out, Detector{
			Name: o.Name, Triggers: sortedKeys(byLength[length]), rank: rankUser,
			find: func(c *cursor, end int) (int, int, bool) { return l.find(c.s, end-length) },
		})
	}
	return out
}

// prefixStates counts the different beginnings of up to n bytes.
func (l *wordList) prefixStates(n int) int {
	seen := map[string]bool{}
	for w := range l.words {
		for k := 1; k <= min(n, len(w)); k++ {
			seen[w[:k]] = true
		}
	}
	return len(seen)
}

// trigger is a regular expression of bytes: the automaton does not tell those of far characters apart.
func (l *wordList) trigger(prefix string) string {
	var b strings.Builder
	if l.fold {
		b.WriteString("(?i)")
	}
	for i := range len(prefix) {
		if prefix[i] >= utf8.RuneSelf {
			b.WriteString(`[^\x00-\x7f]`)
		} else {
			b.WriteString(regexp.QuoteMeta(prefix[i : i+1]))
		}
	}
	return b.String()
}

// find returns the longest word that begins at start, where neither a letter nor a digit stands before or after it.
func (l *wordList) find(s string, start int) (int, int, bool) {
	if start < 0 || !utf8.RuneStart(s[start]) {
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
