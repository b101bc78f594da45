// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMaskBytes is the length of the longest mask: that of a user's own text, and what isMask looks at.
const (
	maxMaskTextBytes = 64
	maxMaskBytes     = 192
)

// noMaskText are the characters by which texts are divided into names and values, or escaped: with one of them in a mask,
// a second pass could read something into it, or JSON would be JSON no more.
const noMaskText = "\"'`\\%=:@&?/,;+"

// validateMaskText reports a text that must not stand in the place of findings.
func validateMaskText(text string, bad func(format string, args ...any)) {
	switch {
	case text == "":
	case len(text) > maxMaskTextBytes:
		bad("mask_text must have at most %d bytes, got %d", maxMaskTextBytes, len(text))
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		bad("mask_text must be UTF-8 without control characters, got %q", text)
	case strings.TrimSpace(text) != text:
		bad("mask_text must not begin or end with a blank, got %q", text)
	case strings.ContainsAny(text, noMaskText):
		bad("mask_text must hold none of the characters %s (a second pass would not leave it alone), got %q", noMaskText, text)
	}
}

// isMask returns the length of the mask that s begins with, or 0: [REDACTED], [REDACTED:name], with the characters that partial keeps
// or the hash. A name is a word: [REDACTED:AKIA...] is a key that somebody wrote so.
func isMask(s string) int { return maskLength(s, nil) }

// isMask also takes names that are no words, when a detector of the engine bears them.
func (e *Engine) isMask(s string) int {
	return maskLength(s, func(name string) bool {
		return slices.ContainsFunc(e.dets, func(d compiled) bool { return d.name == name })
	})
}

func maskLength(s string, known func(name string) bool) int {
	rest, ok := strings.CutPrefix(s, maskPrefix)
	if !ok {
		return 0
	}
	stop := strings.IndexByte(rest[:min(len(rest), maxMaskBytes-len(maskPrefix))], ']')
	switch {
	case stop == 0:
		return len(maskPrefix) + 1
	case stop < 0 || rest[0] != ':':
		return 0
	}
	name, extra, more := strings.Cut(rest[1:stop], ":")
	if !isMaskName(name) && (known == nil || !known(name)) || more && !isPartial(extra) && !isHashed(extra) {
		return 0
	}
	return len(maskPrefix) + stop + 1
}

const (
	maxMaskName   = 48
	maxMaskDigits = 5
	maxHashKeyID  = 16
)

// isMaskName tells whether a name can be that of a detector, of this engine or another.
func isMaskName(name string) bool {
	digits := 0
	for i := range len(name) {
		switch c := name[i]; {
		case isDigit(c):
			digits++
		case !isLower(c) && c != '_':
			return false
		}
	}
	return name != "" && len(name) <= maxMaskName && isLower(name[0]) && digits <= maxMaskDigits
}

func isPartial(extra string) bool {
	return extra != "" && len(extra) <= partialKeeps && allIn(extra, isAlnum)
}

func isHashed(extra string) bool {
	id, sum, ok := strings.Cut(extra, ".")
	if !ok {
		id, sum = "", extra
	}
	return len(id) <= maxHashKeyID && allIn(id, func(c byte) bool { return isAlnum(c) || c == '_' }) &&
		len(sum) == 2*hashBytes && allIn(sum, func(c byte) bool { return isHex(c) && !isUpper(c) })
}

// isOwnMask tells whether s is a mask of this engine: the user's text, and maybe what closes something.
func (e *Engine) isOwnMask(s string) bool {
	if e.maskText == "" || !strings.HasPrefix(s, e.maskText) {
		n := e.isMask(s)
		return n > 0 && n == len(s)
	}
	return strings.Trim(s[len(e.maskText):], ")]},;.") == ""
}

// maskAround returns where the mask begins and ends that s[start:end] lies within; end is 0 without one.
func (e *Engine) maskAround(s string, start, end int) (from, to int) {
	if text := e.maskText; text != "" && end-start <= len(text) {
		low, high := max(0, end-len(text)), min(len(s), start+len(text))
		if low < high {
			if i := strings.Index(s[low:high], text); i >= 0 {
				return low + i, low + i + len(text)
			}
		}
	}
	low := max(0, start-maxMaskBytes)
	if i := strings.LastIndex(s[low:min(len(s), start+len(maskPrefix))], maskPrefix); i >= 0 {
		if i += low; i <= start && end <= i+e.isMask(s[i:]) {
			return i, i + e.isMask(s[i:])
		}
	}
	return 0, 0
}

// dropMasked forgets findings within masks: what was masked before is none. A mask with a letter or a digit right behind it
// is no disguise for what follows.
func (sc *Scanner) dropMasked(s string) {
	if len(sc.found) == 0 || !strings.Contains(s, maskPrefix) && (sc.e.maskText == "" || !strings.Contains(s, sc.e.maskText)) {
		return
	}
	out := sc.found[:0]
	for _, f := range sc.found {
		if from, to := sc.e.maskAround(s, f.start, f.end); to > 0 {
			if to == len(s) || !isAlnum(s[to]) || f.start > from {
				continue
			}
			for f.end = to; f.end < len(s) && f.end-to < maxLook && isAlnum(s[f.end]); {
				f.end++
			}
		}
		out = append(out, f)
	}
	sc.found = out
}

// name returns the part of a key that can be the name of a value: what stands behind the last mask in it. A key that became
// [REDACTED:github_pat] does not make a token of the value below it.
func (sc *Scanner) name(key string) string {
	if i := strings.LastIndex(key, maskPrefix); i >= 0 {
		key = key[i+sc.e.isMask(key[i:]):]
	}
	if text := sc.e.maskText; text != "" {
		if i := strings.LastIndex(key, text); i >= 0 {
			key = key[i+len(text):]
		}
	}
	return key
}

// SensitiveName tells whether values under that name are hidden by these options.
func (o Options) SensitiveName(name string) bool {
	e := &Engine{keys: !o.Keys.Disabled, include: map[string]bool{}, exclude: map[string]bool{}}
	for _, n := range o.Keys.Include {
		e.include[normalizeKey(n)] = true
	}
	for _, n := range o.Keys.Exclude {
		e.exclude[normalizeKey(n)] = true
	}
	return e.sensitiveKey(name) > keyPlain
}
