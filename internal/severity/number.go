// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package severity

import "strings"

// syslog are the eight of RFC 5424, by their numeric code.
var syslog = [8]struct {
	text   string
	number Number
}{
	{"emerg", 21}, {"alert", 19}, {"crit", 18}, {"err", 17}, {"warning", 13}, {"notice", 10}, {"info", 9}, {"debug", 5},
}

// numericLevel is the severity of a level that a logger prints as a number: pino's and bunyan's 10 to 60, Monolog's from 100,
// java.util.logging's from 800, log4j's and Logback's from 5000.
func numericLevel(n int64) (text string, number Number) {
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

// Numbering is what a number counts.
type Numbering uint8

const (
	NumberingLevel    Numbering = iota // a logger's levels (10 to 60, 100 to 1000 or 5000 to 50000), or syslog's 0 to 7
	NumberingPriority                  // syslog's facility * 8 + severity
	NumberingPython                    // 10 to 50 as Python's logging has them
	NumberingOTel                      // OpenTelemetry's 1 to 24
	NumberingCEF                       // 0 to 10 of ArcSight's common event format
	NumberingVMware                    // two letters of a syslog severity, also with the priority behind: Wa(180)
)

// NumberingOf knows the numbering from the name of the field that holds the number.
func NumberingOf(name string) Numbering {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, "pri") || strings.HasSuffix(lower, "priority"):
		return NumberingPriority
	case lower == "levelno":
		return NumberingPython
	case lower == "cef.severity":
		return NumberingCEF
	case lower == "vmware.level":
		return NumberingVMware
	case strings.HasPrefix(lower, "severity") && strings.HasSuffix(lower, "number"):
		return NumberingOTel
	}
	return NumberingLevel
}

// shortSyslog reads ESXi's severities, the first two letters of syslog's, and the priority in parentheses that says the same. The
// letters alone are words too, so they are known only where numbers says so.
func shortSyslog(text string, numbers Numbering) (word string, number Number, ok bool) {
	word = text
	if i := strings.IndexByte(text, '('); i == 2 && text[len(text)-1] == ')' {
		n, ok := smallNumber(text[i+1 : len(text)-1])
		if !ok || i+2 == len(text) || n > 191 || !isShort(text[:2], int(n&7)) {
			return "", 0, false
		}
		return text[:2], syslog[n&7].number, true
	}
	if numbers == NumberingVMware && len(word) == 2 {
		for code := range syslog {
			if isShort(word, code) {
				return word, syslog[code].number, true
			}
		}
	}
	return "", 0, false
}

func isShort(word string, code int) bool {
	return strings.EqualFold(word, [...]string{"em", "al", "cr", "er", "wa", "no", "in", "db"}[code])
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

// ofNumber is the severity of a number, 0 for none, and its name.
func ofNumber(n int64, numbers Numbering) (string, Number) {
	switch numbers {
	case NumberingPriority:
		if n <= 191 {
			return syslog[n&7].text, syslog[n&7].number
		}
	case NumberingPython:
		if n >= 10 && n <= 50 && n%10 == 0 {
			return [...]string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}[n/10-1], [...]Number{5, 9, 13, 17, 18}[n/10-1]
		}
	case NumberingOTel:
		if n >= 1 && n <= 24 {
			return names[n], Number(n) //nolint:gosec // 1 to 24
		}
	case NumberingCEF:
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
	default:
		if n <= 7 {
			return syslog[n].text, syslog[n].number
		}
		return numericLevel(n)
	}
	return "", 0
}
