// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import (
	"strconv"
	"strings"
)

// texts are the words for severities in common use, lower case. The numbers follow the mapping in OpenTelemetry's
// log data model, appendix B.
var texts = map[string]Number{
	"trace": 1, "trc": 1, "finest": 1, "verbose": 1, "silly": 1, "t": 1, "v": 1,
	"trace1": 1, "trace5": 1, "trace6": 1, "trace7": 1, "trace8": 1, // httpd
	"debug": 5, "dbg": 5, "dbug": 5, "finer": 5, "d": 5, "fine": 6, "config": 7, "d1": 5, "d5": 5, // D1 to D5: MongoDB
	"info": 9, "information": 9, "informational": 9, "inf": 9, "i": 9, "log": 9, "audit": 9, "note": 9, "system": 9, "success": 9, "default": 9, "low": 9,
	"statement": 9, "detail": 9, "hint": 9, "context": 9, // PostgreSQL, beside its log
	"http": 9, "timing": 5, // npm; its and winston's http are requests
	"notice": 10, "n": 10,
	"warn": 13, "warning": 13, "wrn": 13, "w": 13, "medium": 13,
	"error": 17, "err": 17, "eror": 17, "severe": 17, "failure": 17, "high": 17, "e": 17, "crit": 18, "critical": 18, "crt": 18, "very-high": 18, "c": 18, "alert": 19,
	"fatal": 21, "ftl": 21, "f": 21, "panic": 21, "dpanic": 21, "emerg": 21, "emergency": 21, "assert": 21,
	"trac": 1, "debu": 5, "erro": 17, "fata": 21, "pani": 21, // logrus on a terminal
	"trce": 1, "vrb": 1, "fail": 17, "fault": 17, "pnc": 21, "dpn": 21, // .NET, Serilog, macOS, zerolog
	".": 5, "*": 10, "#": 13, // Redis
	"deprecation": 13, // Elasticsearch
}

// wellKnown are texts and the short names of all of OpenTelemetry's severities.
var wellKnown = func() map[string]Number {
	words := map[string]Number{"d2": 5, "d3": 5, "d4": 5}
	for i, base := range bases {
		for extra := 1; extra <= 4; extra++ {
			words[base+strconv.Itoa(extra)] = Number(4*i + extra) //nolint:gosec // 1 to 24
		}
	}
	for word, n := range texts {
		words[word] = n
	}
	return words
}()

var wellKnownTable = newWordTable(wellKnown)

// wordTable finds words without regard to case and without a copy in lower case. Open addressing; at most half of it is taken.
type wordTable struct {
	mask    uint32
	entries []wordEntry
}

type wordEntry struct {
	word   string // lower case
	number Number
}

func newWordTable(sets ...map[string]Number) *wordTable {
	all := map[string]Number{}
	for _, set := range sets {
		for word, n := range set {
			all[strings.Map(lowerRune, word)] = n
		}
	}
	size := uint32(64)
	for int(size) < 2*len(all) {
		size *= 2
	}
	t := &wordTable{mask: size - 1, entries: make([]wordEntry, size)}
	for word, n := range all {
		i := wordHash(word) & t.mask
		for t.entries[i].word != "" {
			i = (i + 1) & t.mask
		}
		t.entries[i] = wordEntry{word, n}
	}
	return t
}

func wordHash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(lowerByte(s[i]))) * 16777619
	}
	return h ^ h>>15
}

func lowerByte(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// lowerRune knows ASCII only, as find does.
func lowerRune(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r | 0x20
	}
	return r
}

func (t *wordTable) find(s string) (Number, bool) {
	for i := wordHash(s) & t.mask; t.entries[i].word != ""; i = (i + 1) & t.mask {
		if e := &t.entries[i]; len(e.word) == len(s) && equalLower(e.word, s) {
			return e.number, true
		}
	}
	return 0, false
}

func equalLower(lower, s string) bool {
	for i := range len(s) {
		if lower[i] != lowerByte(s[i]) {
			return false
		}
	}
	return true
}
