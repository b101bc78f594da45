// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import "strings"

// What a byte can be. A word's classes are those of its bytes together.
const (
	classSpace  = 1 << iota // blanks and control bytes
	classBreak              // ends a word wherever it stands: , ; ( ) [ ] { } " ` < > | =
	classDigit              // 0-9
	classLower              // a-z
	classUpper              // A-Z
	classNotHex             // a letter beyond f
	classHigh               // a byte of a character beyond ASCII, or of none
	classPath               // / and \
	classAt                 // @
	classColon              // :
	classJoin               // . _ - $ : what joins words to a name
	classOther              // ! # % & ' * + ? ^ ~

	classEnd   = classSpace | classBreak
	classAlnum = classDigit | classLower | classUpper | classHigh
	classText  = classLower | classUpper | classHigh
)

var classes = func() (t [256]uint16) {
	for c := range t {
		b := byte(c)
		switch {
		case b <= ' ' || b == 0x7f:
			t[c] = classSpace
		case b >= 0x80:
			t[c] = classHigh | classNotHex
		case b >= '0' && b <= '9':
			t[c] = classDigit
		case b >= 'a' && b <= 'z':
			t[c] = classLower
		case b >= 'A' && b <= 'Z':
			t[c] = classUpper
		default:
			t[c] = classOther
		}
		if lower := b | 0x20; lower > 'f' && lower <= 'z' && b < 0x80 {
			t[c] |= classNotHex
		}
	}
	for class, bytes := range map[uint16]string{
		classBreak: ",;()[]{}\"`<>|=",
		classPath:  "/\\",
		classAt:    "@",
		classColon: ":",
		classJoin:  "._-$",
	} {
		for i := range len(bytes) {
			t[bytes[i]] = class
		}
	}
	return t
}()

// isTruth reports a value that programs print for themselves: it varies although it has no digit.
func isTruth(s string) bool {
	switch s {
	case "true", "false", "True", "False", "TRUE", "FALSE", "null", "NULL", "nil":
		return true
	}
	return false
}

// isCalendar reports the short name of a day or a month, which is part of a time when it stands beside a number.
func isCalendar(s string) bool {
	switch s {
	case "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun",
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// isUnit reports the short name of a unit, or what else belongs to the number before it.
func isUnit(s string) bool {
	switch s {
	case "B", "KB", "MB", "GB", "TB", "PB", "kB", "KiB", "MiB", "GiB", "TiB", "K", "M", "G", "T",
		"ns", "us", "µs", "ms", "s", "sec", "secs", "m", "min", "mins", "h", "hr", "hrs", "d",
		"Hz", "kHz", "KHz", "MHz", "GHz", "bps", "kbps", "Mbps", "Gbps", "AM", "PM", "am", "pm", "UTC", "GMT":
		return true
	}
	return false
}

// isMessageKey reports the names under which structured logs carry their message.
func isMessageKey(s string) bool {
	switch s {
	case "msg", "message", "Message", "MESSAGE", "@m", "@mt", "text", "log", "event", "short_message", "error", "err", "reason":
		return true
	}
	return false
}

// isLevelKey reports the names under which structured logs carry their severity, whose few words are kept.
func isLevelKey(s string) bool {
	switch s {
	case "level", "Level", "lvl", "severity", "Severity", "loglevel", "log.level", "levelname", "@l":
		return true
	}
	return false
}

// isVerb reports an English word that looks like the form of a verb: what a program says that it did, does or will do.
func isVerb(s string) bool {
	return len(s) > 4 && (strings.HasSuffix(s, "ed") || strings.HasSuffix(s, "ing"))
}

// asksForValue reports an English word that is followed by what it is about.
func asksForValue(s string) bool {
	switch s {
	case "for", "from", "to", "by", "on", "in", "at", "of", "with", "as", "into", "via", "named", "called",
		"user", "host", "node", "service", "server", "client", "name", "file", "device", "module", "interface", "process":
		return true
	}
	return false
}
