// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"fmt"
	"strconv"
	"strings"
)

// Number is a severity as OpenTelemetry counts them: 1 (TRACE) to 24 (FATAL4); 0 is none.
type Number int32

// Reader reads severities. It does not change: any number of goroutines may use one.
type Reader struct{ words *wordTable }

// New makes a Reader that knows the words in common use and those of mapping, which go first: words in any case to names that ByName
// reads.
func New(mapping map[string]string) (*Reader, error) {
	if len(mapping) == 0 {
		return &Reader{words: wellKnownTable}, nil
	}
	own := map[string]Number{}
	for text, name := range mapping {
		n, ok := ByName(name)
		if !ok {
			return nil, fmt.Errorf("mapping: unknown severity %q", name)
		}
		own[text] = n
	}
	return &Reader{words: newWordTable(wellKnown, own)}, nil
}

// maxText is the longest text that is taken for a severity, in bytes, if it is not a word of the table as it is.
const maxText = 32

// Read returns the severity's own text and its number. A bare number gets the name it stands for as its text; numbers says what
// it counts ([NumberingOf] the field's name). ok is false for what is no severity.
func (r *Reader) Read(text string, numbers Numbering) (name string, number Number, ok bool) {
	if n, ok := r.words.find(text); ok {
		return text, n, true
	}
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxText {
		return "", 0, false
	}
	if isDigit(text[len(text)-1]) {
		if n, ok := smallNumber(text); ok {
			if number, ok = r.words.find(text); ok {
				return text, number, true
			}
			name, number = ofNumber(n, numbers)
			return name, number, number != 0
		}
	}
	if name, number, ok = shortSyslog(text, numbers); ok {
		return name, number, ok
	}
	return r.dressed(text)
}

// dressed reads a word in brackets or with a colon after it, and slog's levels between the words: INFO+2.
func (r *Reader) dressed(text string) (string, Number, bool) {
	word := strings.Trim(text, "[]<>(){}:*|\"' \t")
	if n, ok := r.words.find(word); ok {
		return word, n, true
	}
	i := strings.IndexAny(word, "+-")
	if i <= 0 || len(word) > i+3 {
		return "", 0, false
	}
	base, ok := r.words.find(word[:i])
	by, err := strconv.ParseInt(word[i:], 10, 8)
	if !ok || err != nil {
		return "", 0, false
	}
	n := base + Number(by) //nolint:gosec // -99 to 99
	return word, max(1, min(24, n)), true
}

// ByName reads trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4.
func ByName(name string) (Number, bool) {
	base := strings.ToLower(name)
	extra := Number(0)
	if n := len(base); n > 0 && base[n-1] >= '2' && base[n-1] <= '4' {
		extra = Number(base[n-1] - '1')
		base = base[:n-1]
	}
	for i, n := range bases {
		if base == n {
			return Number(4*i+1) + extra, true //nolint:gosec // 1 to 24
		}
	}
	return 0, false
}

var bases = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// names are OpenTelemetry's short names of its severities, from 1 on.
var names = func() (names [25]string) {
	for i, base := range bases {
		upper := strings.ToUpper(base)
		names[4*i+1] = upper
		for extra := 2; extra <= 4; extra++ {
			names[4*i+extra] = upper + strconv.Itoa(extra)
		}
	}
	return names
}()

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
