// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"regexp"
	"slices"
	"strings"
)

// nationalID describes an identity number as data.
//
// A shape is written with 9 for a digit, A for a letter, U for a letter that is no unit of size (B, G, K, M), X for letter or digit, ~ for a blank, a dash or nothing, a lower-case letter
// for that capital; everything else stands for itself. Numbers with one of the shapes in alone are found wherever they stand,
// when the check is right; < and ^ in such a shape are where its trigger begins and ends, where the whole would cost the automaton many states.
// Those with a shape in named are found only behind one of the words, at most 40 bytes after it, and then in lower case too.
type nationalID struct {
	name, doc string
	alone     []string
	named     []string
	words     []string // lower case; a blank stands for a blank, a dash, an underscore or nothing
	far       []string // words of scripts without letters in ASCII
	check     func(s string) bool
	nearCheck func(s string) bool // instead of check behind a word
	match     []string
	miss      []string
}

const (
	nationalReach  = 40 // bytes between a word and the number
	wordPrefix     = 5  // bytes of a word that its trigger has
	maxNationalLen = 24
	// farTrigger is the beginning of a number behind another script.
	farTrigger = `[^\x00-\x7f][ :=]{0,2}[0-9]{6}`
)

// detectors makes the detectors of a table.
func detectors(ids []nationalID) []Detector {
	var out []Detector
	for i := range ids {
		id := &ids[i]
		d := Detector{Name: id.name, Group: Personal, Doc: id.doc, rank: rankChecked, find: id.find, Match: id.match, Miss: id.miss}
		for _, shape := range id.alone {
			d.Triggers = append(d.Triggers, shapeTrigger(shape))
		}
		if len(id.words) > 0 {
			d.Triggers = append(d.Triggers, wordTrigger(id.words))
		}
		if len(id.far) > 0 {
			d.Triggers = append(d.Triggers, farTrigger)
		}
		out = append(out, d)
	}
	return out
}

// shapeTrigger is the expression of a shape, or of what stands between < and ^; the whole stands behind a character that is no part
// of a word.
func shapeTrigger(shape string) string {
	var b strings.Builder
	shape, _, _ = strings.Cut(shape, "^")
	if i := strings.IndexByte(shape, '<'); i >= 0 {
		shape = shape[i+1:]
	} else {
		b.WriteString(`[^0-9A-Za-z]`)
	}
	for i := range len(shape) {
		switch c := shape[i]; c {
		case '9':
			b.WriteString(`[0-9]`)
		case 'A':
			b.WriteString(`[A-Z]`)
		case 'U':
			b.WriteString(`[AC-FH-JLN-Z]`)
		case 'X':
			b.WriteString(`[0-9A-Z]`)
		default:
			b.WriteString(regexp.QuoteMeta(strings.ToUpper(shape[i : i+1])))
		}
	}
	return b.String()
}

// wordTrigger is the expression of the first bytes of the words: in lower case, with capitals where words begin, in capitals; very short
// ones in any case, which costs states. Bytes of other scripts are all alike to the automaton: any may stand there, and find looks at the word.
func wordTrigger(words []string) string {
	var forms []string
	for _, w := range words {
		w = w[:min(len(w), wordPrefix)]
		var lower, upper strings.Builder
		for i := range len(w) {
			switch up := strings.ToUpper(w[i : i+1]); {
			case w[i] >= 0x80:
				lower.WriteString(`[^\x00-\x7f]`)
				upper.WriteString(`[^\x00-\x7f]`)
			case w[i] == ' ':
				lower.WriteString(`[ _\-]`)
				upper.WriteString(`[ _\-]`)
			case isLower(w[i]) && (i == 0 || w[i-1] == ' ' || len(w) < wordPrefix):
				lower.WriteString("[" + w[i:i+1] + up + "]")
				upper.WriteString(up)
			default:
				lower.WriteString(regexp.QuoteMeta(w[i : i+1]))
				upper.WriteString(regexp.QuoteMeta(up))
			}
		}
		for _, form := range []string{lower.String(), upper.String()} {
			if !slices.Contains(forms, form) {
				forms = append(forms, form)
			}
		}
	}
	return `[^0-9A-Za-z](` + strings.Join(forms, "|") + `)`
}

func (id *nationalID) find(c *cursor, end int) (int, int, bool) {
	s := c.s
	var buf [maxNationalLen]byte
	for _, shape := range id.alone {
		n := strings.IndexByte(shape, '^')
		if n < 0 {
			n = len(shape)
		}
		if strings.IndexByte(shape, '<') >= 0 {
			n--
		}
		if start := end - n; start >= 0 {
			if stop, ok := id.at(s, start, shape, true, &buf); ok {
				return start, stop, true
			}
		}
	}
	for _, w := range id.words {
		if start := end - min(len(w), wordPrefix); start >= 0 {
			if i := afterWord(s, start, w); i > 0 {
				return id.behind(s, i, &buf)
			}
		}
	}
	if len(id.far) > 0 && end >= 6 && isDigit(s[end-1]) {
		start := end - 6
		for _, w := range id.far {
			if strings.Contains(s[max(0, start-nationalReach-len(w)):start], w) {
				return id.behind(s, start, &buf)
			}
		}
	}
	return 0, 0, false
}

// afterWord returns where the word ends that begins at i, 0 if it does not.
func afterWord(s string, i int, word string) int {
	for k := range len(word) {
		if word[k] == ' ' {
			if i < len(s) && (s[i] == ' ' || s[i] == '_' || s[i] == '-') {
				i++
			}
			continue
		}
		if i >= len(s) || s[i] != word[k] && (s[i]|0x20 != word[k] || !isUpper(s[i])) {
			return 0
		}
		i++
	}
	if len(word) <= wordPrefix && i < len(s) && (isLower(s[i]) || isDigit(s[i])) {
		return 0
	}
	return i
}

// behind looks for the number in what follows a word.
func (id *nationalID) behind(s string, from int, buf *[maxNationalLen]byte) (int, int, bool) {
	for i := from; i < len(s) && i-from < nationalReach; i++ {
		if !isAlnum(s[i]) || i > 0 && isAlnum(s[i-1]) && !escapeBefore(s, i) {
			continue
		}
		for _, shapes := range [2][]string{id.named, id.alone} {
			for _, shape := range shapes {
				if stop, ok := id.at(s, i, shape, false, buf); ok {
					return i, stop, true
				}
			}
		}
	}
	return 0, 0, false
}

// at tells whether a number with that shape and a right check digit stands at i, and where it ends.
func (id *nationalID) at(s string, i int, shape string, alone bool, buf *[maxNationalLen]byte) (int, bool) {
	if alone && !numberMayBegin(s, i) {
		return 0, false
	}
	n := 0
	for k := range len(shape) {
		want := shape[k]
		if want == '^' || want == '<' {
			continue
		}
		if want == '~' {
			if i < len(s) && (s[i] == ' ' || s[i] == '-') {
				i++
			}
			continue
		}
		if i >= len(s) {
			return 0, false
		}
		c := s[i]
		if isLower(c) && !alone {
			c -= 'a' - 'A'
		}
		var ok, keep bool
		switch want {
		case '9':
			ok, keep = isDigit(c), true
		case 'A':
			ok, keep = isUpper(c), true
		case 'U':
			ok, keep = isUpper(c) && strings.IndexByte("BGKM", c) < 0, true
		case 'X':
			ok, keep = isDigit(c) || isUpper(c), true
		default:
			if isLower(want) {
				want -= 'a' - 'A'
			}
			ok, keep = c == want, isAlnum(want)
		}
		if !ok || keep && n == len(buf) {
			return 0, false
		}
		if keep {
			buf[n] = c
			n++
		}
		i++
	}
	if !numberMayEnd(s, i) {
		return 0, false
	}
	check := id.check
	if !alone && id.nearCheck != nil {
		check = id.nearCheck
	}
	return i, check(string(buf[:n]))
}

// numberMayBegin refuses what is the rest of a longer number or of a name.
func numberMayBegin(s string, i int) bool {
	if !boundaryBefore(s, i) {
		return false
	}
	return i < 2 || strings.IndexByte("-.,+/_#$@", s[i-1]) < 0 || !isAlnum(s[i-2]) && s[i-1] != '$' && s[i-1] != '#'
}

// numberMayEnd refuses what goes on as a longer number or a name.
func numberMayEnd(s string, i int) bool {
	if i >= len(s) {
		return true
	}
	if isAlnum(s[i]) || s[i] == '_' {
		return false
	}
	return i+1 >= len(s) || strings.IndexByte("-.,/+@:", s[i]) < 0 || !isAlnum(s[i+1]) || s[i] == ',' && !isDigit(s[i+1])
}

var nationalDetectors = detectors(slices.Concat(europeanIDs, americanIDs, asianIDs))
