// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"fmt"
	"strconv"
	"strings"

	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which loggers print the severity. Words come before numbers, and syslog's priority last: a level in the text
// says more.
var severityNames = []string{
	"level", "severity", "log.level", "loglevel", "log_level", "logLevel", "lvl", "levelname", "level_name", "severity_text", "severityText",
	"SeverityText", "Level", "Severity", "LogLevel", "levelName", "levelStr", "@level", "@l", "log.severity", "log.syslog.severity.name", "syslog.severity.name", "syslog.severity", "syslog_severity",
	"levelno", "level_value", "severity_number", "severityNumber", "SeverityNumber",
	"log.syslog.severity.code", "syslog.severity.code", "syslog_severity_code", "syslog.priority", "log.syslog.priority", "syslog_pri",
	"syslog5424_pri", "priority", "PRIORITY", "cisco.severity", "cef.severity", "s",
}

// severityTexts are the words for severities in common use, lower case. The numbers follow the mapping in OpenTelemetry's
// log data model, appendix B.
var severityTexts = map[string]plog.SeverityNumber{
	"trace": 1, "trc": 1, "finest": 1, "verbose": 1, "silly": 1, "t": 1, "v": 1,
	"trace1": 1, "trace5": 1, "trace6": 1, "trace7": 1, "trace8": 1, // httpd
	"debug": 5, "dbg": 5, "dbug": 5, "finer": 5, "d": 5, "fine": 6, "config": 7, "d1": 5, "d5": 5, // D1 to D5: MongoDB
	"info": 9, "information": 9, "informational": 9, "inf": 9, "i": 9, "log": 9, "audit": 9, "note": 9, "system": 9, "success": 9, "default": 9, "low": 9,
	"statement": 9, "detail": 9, "hint": 9, "context": 9, // PostgreSQL, beside its log
	"notice": 10, "n": 10,
	"warn": 13, "warning": 13, "wrn": 13, "w": 13, "medium": 13,
	"error": 17, "err": 17, "eror": 17, "severe": 17, "failure": 17, "high": 17, "e": 17, "crit": 18, "critical": 18, "crt": 18, "very-high": 18, "c": 18, "alert": 19,
	"fatal": 21, "ftl": 21, "f": 21, "panic": 21, "dpanic": 21, "emerg": 21, "emergency": 21, "assert": 21,
	"trac": 1, "debu": 5, "erro": 17, "fata": 21, "pani": 21, // logrus on a terminal
	"trce": 1, "vrb": 1, "fail": 17, "fault": 17, "pnc": 21, "dpn": 21, // .NET, Serilog, macOS, zerolog
	".": 5, "*": 10, "#": 13, // Redis
	"deprecation": 13, // Elasticsearch
}

// syslogSeverities are the eight of RFC 5424, by their numeric code.
var syslogSeverities = [8]struct {
	text   string
	number plog.SeverityNumber
}{
	{"emerg", 21}, {"alert", 19}, {"crit", 18}, {"err", 17}, {"warning", 13}, {"notice", 10}, {"info", 9}, {"debug", 5},
}

// numericLevel is the severity of a level that a logger prints as a number: pino's and bunyan's 10 to 60, Monolog's from 100,
// java.util.logging's from 800, log4j's and Logback's from 5000.
func numericLevel(n int64) (text string, number plog.SeverityNumber) {
	switch n {
	case 10, 5000:
		return "TRACE", 1
	case 20, 100, 10000:
		return "DEBUG", 5
	case 30, 200, 800, 20000:
		return "INFO", 9
	case 250:
		return "NOTICE", 10
	case 40, 300, 900, 30000:
		return "WARN", 13
	case 50, 400, 1000, 40000:
		return "ERROR", 17
	case 500:
		return "CRITICAL", 18
	case 550:
		return "ALERT", 19
	case 60, 50000:
		return "FATAL", 21
	case 600:
		return "EMERGENCY", 21
	}
	return "", 0
}

// numbering is what a number in a field for severities counts.
type numbering uint8

const (
	numberingLevel    numbering = iota // numericLevel, or syslog's 0 to 7
	numberingPriority                  // syslog's facility * 8 + severity
	numberingPython                    // 10 to 50 as Python's logging has them
	numberingOTel                      // OpenTelemetry's 1 to 24
	numberingCEF                       // 0 to 10 of ArcSight's common event format
)

// numberingOf knows the numbering from the name of a field.
func numberingOf(name string) numbering {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, "pri") || strings.HasSuffix(lower, "priority"):
		return numberingPriority
	case lower == "levelno":
		return numberingPython
	case lower == "cef.severity":
		return numberingCEF
	case strings.HasPrefix(lower, "severity") && strings.HasSuffix(lower, "number"):
		return numberingOTel
	}
	return numberingLevel
}

// severityByName reads trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4.
func severityByName(name string) (plog.SeverityNumber, bool) {
	base := strings.ToLower(name)
	extra := plog.SeverityNumber(0)
	if n := len(base); n > 0 && base[n-1] >= '2' && base[n-1] <= '4' {
		extra = plog.SeverityNumber(base[n-1] - '1')
		base = base[:n-1]
	}
	for i, n := range severityBases {
		if base == n {
			return plog.SeverityNumber(4*i+1) + extra, true //nolint:gosec // 1 to 24
		}
	}
	return 0, false
}

var severityBases = [...]string{"trace", "debug", "info", "warn", "error", "fatal"}

// wordTable finds words without regard to case and without a copy in lower case. Open addressing; at most half of it is taken.
type wordTable struct {
	mask    uint32
	entries []wordEntry
}

type wordEntry struct {
	word   string // lower case
	number plog.SeverityNumber
}

func newWordTable(sets ...map[string]plog.SeverityNumber) *wordTable {
	all := map[string]plog.SeverityNumber{}
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

func (t *wordTable) find(s string) (plog.SeverityNumber, bool) {
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

// wellKnownWords are severityTexts and the short names of all of OpenTelemetry's severities.
var wellKnownWords = func() map[string]plog.SeverityNumber {
	words := map[string]plog.SeverityNumber{"d2": 5, "d3": 5, "d4": 5}
	for i, base := range severityBases {
		for extra := 1; extra <= 4; extra++ {
			words[base+strconv.Itoa(extra)] = plog.SeverityNumber(4*i + extra) //nolint:gosec // 1 to 24
		}
	}
	for word, n := range severityTexts {
		words[word] = n
	}
	return words
}()

var wellKnownTable = newWordTable(wellKnownWords)

// severityReader fills severity number and text.
type severityReader struct {
	names fieldNames
	words *wordTable
}

func newSeverityReader(cfg *SeverityConfig) (severityReader, error) {
	r := severityReader{names: newFieldNames(cfg.Field, severityNames), words: wellKnownTable}
	own := map[string]plog.SeverityNumber{}
	for text, name := range cfg.Mapping {
		n, ok := severityByName(name)
		if !ok {
			return r, fmt.Errorf("mapping: unknown severity %q", name)
		}
		own[text] = n
	}
	if len(own) > 0 {
		r.words = newWordTable(wellKnownWords, own)
	}
	return r, nil
}

// maxSeverityText is the longest text that is taken for a severity.
const maxSeverityText = 32

// readAs returns the severity's own text and its number. A bare number gets the name it stands for as its text; numbers says what it
// means (numberingOf of the capture's name).
func (r *severityReader) readAs(text string, numbers numbering) (string, plog.SeverityNumber, bool) {
	if n, ok := r.words.find(text); ok {
		return text, n, true
	}
	text = strings.TrimSpace(text)
	if text == "" || len(text) > maxSeverityText {
		return "", 0, false
	}
	if isDigit(text[len(text)-1]) {
		if n, ok := smallNumber(text); ok {
			if number, ok := r.words.find(text); ok {
				return text, number, true
			}
			name, number := severityOfNumber(n, numbers)
			return name, number, number != 0
		}
	}
	return r.dressed(text)
}

// smallNumber reads up to six digits.
func smallNumber(s string) (n int64, ok bool) {
	if len(s) > 6 {
		return 0, false
	}
	for i := range len(s) {
		if !isDigit(s[i]) {
			return 0, false
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n, true
}

func severityOfNumber(n int64, numbers numbering) (string, plog.SeverityNumber) {
	switch numbers {
	case numberingPriority:
		if n > 191 {
			return "", 0
		}
		s := syslogSeverities[n&7]
		return s.text, s.number
	case numberingPython:
		if n >= 10 && n <= 50 && n%10 == 0 {
			return [...]string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}[n/10-1], [...]plog.SeverityNumber{5, 9, 13, 17, 18}[n/10-1]
		}
		return "", 0
	case numberingOTel:
		if n < 1 || n > 24 {
			return "", 0
		}
		number := plog.SeverityNumber(n) //nolint:gosec // 1 to 24
		return strings.ToUpper(number.String()), number
	}
	if numbers == numberingCEF {
		switch {
		case n <= 3:
			return "Low", 9
		case n <= 6:
			return "Medium", 13
		case n <= 8:
			return "High", 17
		case n <= 10:
			return "Very-High", 18
		}
		return "", 0
	}
	if n <= 7 {
		s := syslogSeverities[n]
		return s.text, s.number
	}
	return numericLevel(n)
}

// dressed reads a word in brackets or with a colon after it, and slog's levels between the words: INFO+2.
func (r *severityReader) dressed(text string) (string, plog.SeverityNumber, bool) {
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
	n := base + plog.SeverityNumber(by) //nolint:gosec // -99 to 99
	return word, max(1, min(24, n)), true
}
