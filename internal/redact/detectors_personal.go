// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Personal data: mail addresses (the part of RFC 5321 that is in use), telephone numbers (ITU-T E.164 and the North
// American plan), IBAN (ISO 13616), United States social security numbers.
var personalDetectors = []Detector{
	{
		Name: "email", Group: Personal, rank: rankPersonal,
		Doc:      "Mail addresses with a domain that has a dot; with %40 for the @ too",
		Triggers: []string{`@([0-9A-Za-z]|[^\x00-\x7f])`},
		find:     findEmail,
		Match: []string{
			"contact is «mira.berg3@post.example.net», ok", `{"m":"x: \n«bob@example.com»"}`, "mailto:«bob+tag@example.co.uk»?subject=x",
			"?mail=«bob%40example.com»&x=1", "<«zoë@exämple.com»>", "«user@xn--exmple-cua.com».",
		},
		Miss: []string{
			"a@b", "info@example.", "app@sha256:0123", "leftpad@1.3.0", "icon@2x.png", "user@10.0.0.1", "getty@tty1.service",
			"https://user@host.example.com/x", "git@github.com:acme/x.git", "@example.com",
		},
	},
	{
		Name: "phone", Group: Personal, rank: rankPersonal,
		Doc:      "Telephone numbers: international with a plus sign, North American with separators, others with a leading 0 behind a word such as phone",
		Triggers: []string{`[^0-9A-Za-z+]\+[1-9]`, `[^0-9][2-9][0-9]{2}\)?[ .\-]?[2-9][0-9]{2}[ .\-][0-9]{4}`, `[^0-9]0[0-9]{1,4}[ /\-][0-9]{3}`},
		find:     findPhone,
		Match: []string{
			"sms queued to «+1 212-555-0115» now", "call «+4915112345678»", "«(415) 555-0132», and", "«212-555-0115»", "«+44 (20) 7123 4567»",
			"tel «212.555.0115»", "«1-800-555-0115»", "phone: «415 555 0132»", "my number is «08-5512340»", "Tel. «030/1234567»", "mobile «080-4455-6677»,",
		},
		Miss: []string{
			"2026-01-15T00:00:08+0100", "offset +12345", "200 555 0132 bytes", "+1.2345678", "212-555-01155", "a212-555-0115", "12.212.555.0115", "+100",
		},
	},
	{
		Name: "iban", Group: Personal, rank: rankChecked,
		Doc:      "International bank account numbers: length by country, mod 97; plain or in groups",
		Triggers: []string{`[^0-9A-Z][A-Z]{2}[0-9]{2}[ \-]?[0-9A-Z]{4}`},
		find:     findIBAN,
		Match: []string{
			"refund account «DE89370400440532013000» verified", "«GB82 WEST 1234 5698 7654 32»", "«CH93 0076 2011 6238 5295 7».",
		},
		Miss: []string{"DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "DE893704004405320130001"},
	},
	{
		Name: "us_ssn", Group: Personal, rank: rankPersonal,
		Doc:      "United States social security numbers with dashes; with blanks where a word before it says so",
		Triggers: []string{`[^0-9][0-9]{3}[\- ][0-9]{2}[\- ][0-9]{4}`},
		find:     findSSN,
		Match:    []string{"ssn=«219-09-8876»", "is «078-05-1120».", "social security no. «078 05 1120»"},
		Miss:     []string{"000-12-3456", "666-12-3456", "912-12-3456", "078-00-1120", "078-05-0000", "078-05-11201", "1-078-05-1120", "078 05 1120"},
	},
}

// Endings that a mail domain does not have but file and unit names do.
var noMailEndings = map[string]bool{
	"png": true, "jpg": true, "jpeg": true, "gif": true, "svg": true, "webp": true, "js": true, "mjs": true, "css": true, "html": true,
	"json": true, "yaml": true, "yml": true, "xml": true, "txt": true, "log": true, "py": true, "go": true, "java": true, "jar": true,
	"tgz": true, "gz": true, "zip": true, "tar": true, "so": true, "service": true, "socket": true, "target": true, "mount": true,
	"timer": true, "slice": true, "scope": true, "device": true, "conf": true,
}

func isLocal(c byte) bool {
	return isAlnum(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%' || c == '\'' || c >= 0x80
}

func findEmail(c *cursor, end int) (int, int, bool) {
	s := c.s
	at := end - 2
	start := at
	for start > 0 && at-start < 64 && isLocal(s[start-1]) {
		start--
	}
	start = runeEnd(s, start)
	for start < at && (s[start] == '.' || s[start] == '-' || s[start] == '\'' || s[start] == '%') {
		start++
	}
	if start == at || at > 0 && s[at-1] == '.' {
		return 0, 0, false
	}
	if start > 1 && start+1 < at && s[start-1] == '\\' && strings.IndexByte("nrt", s[start]) >= 0 && !isAlnum(s[start-2]) {
		start++ // \nbob@...; DOMAIN\nbob@... keeps its n, and the merge takes the backslash along
	}
	stop, label, dots := at+1, at+1, 0
	for stop < len(s) && stop-at < 255 {
		b := s[stop]
		if b == '.' {
			if stop == label || stop+1 >= len(s) || !isAlnum(s[stop+1]) && s[stop+1] < 0x80 {
				break
			}
			dots++
			label = stop + 1
		} else if !isAlnum(b) && b != '-' && b < 0x80 {
			break
		}
		stop++
	}
	for stop > label && (s[stop-1] == '-' || s[stop-1] == '.') {
		stop--
	}
	tld := s[label:stop]
	if dots == 0 || len(tld) < 2 || isDigit(tld[0]) || len(tld) <= 8 && noMailEndings[strings.ToLower(tld)] {
		return 0, 0, false
	}
	if !allIn(tld, func(c byte) bool { return isAlpha(c) || c >= 0x80 }) && !strings.HasPrefix(tld, "xn--") {
		return 0, 0, false
	}
	if s[start:at] == "git" && stop < len(s) && s[stop] == ':' || inUserInfo(s, start) {
		return 0, 0, false
	}
	return start, stop, true
}

// inUserInfo tells whether i stands between :// and the @ of a URL.
func inUserInfo(s string, i int) bool {
	for k := i; k > 2 && i-k < maxUserInfo; k-- {
		switch b := s[k-1]; {
		case b == '/':
			return s[k-2] == '/' && s[k-3] == ':'
		case isSpace(b), b == '?', b == '=', b == '&', b == '"', b == '<', b == '>', b == ',':
			return false
		}
	}
	return false
}

func findPhone(c *cursor, end int) (int, int, bool) {
	if c.s[end-2] == '+' {
		return findInternational(c.s, end-2)
	}
	if isDigit(c.s[end-4]) { // four digits behind the last separator, not three
		return findNorthAmerican(c.s, end)
	}
	return findNational(c.s, end)
}

// findNational is called behind a group with a leading 0, a separator and three digits.
func findNational(s string, end int) (int, int, bool) {
	start := end - 4 // the separator
	for start > 0 && isDigit(s[start-1]) && end-start < 10 {
		start--
	}
	if s[start] != '0' || !boundaryBefore(s, start) || !hasWordBefore(s, start, 40, phoneWords) {
		return 0, 0, false
	}
	stop, digits := start, 0
	for stop < len(s) && stop-start < 20 {
		if isDigit(s[stop]) {
			digits++
		} else if !(s[stop] == ' ' || s[stop] == '-' || s[stop] == '/') || stop+1 >= len(s) || !isDigit(s[stop+1]) {
			break
		}
		stop++
	}
	return start, stop, digits >= 9 && digits <= 12 && (stop == len(s) || !isAlnum(s[stop]))
}

func findInternational(s string, start int) (int, int, bool) {
	digits, seps, dots, open := 0, 0, 0, 0
	stop := start + 1
scan:
	for i := start + 1; i < len(s) && i-start < 24; i++ {
		b := s[i]
		switch {
		case isDigit(b):
			if digits == 15 || digits == 11 && s[start+1] == '1' {
				if isDigit(s[i-1]) {
					return 0, 0, false
				}
				break scan
			}
			digits++
			stop = i + 1
		case b == ' ' || b == '-' || b == '.':
			if i+1 >= len(s) || !isDigit(s[i+1]) && s[i+1] != '(' {
				break scan
			}
			seps++
			if b == '.' {
				dots++
			}
		case b == '(' && open == 0:
			open++
		case b == ')' && open == 1:
			open++
			seps++
			if i+1 < len(s) && !isDigit(s[i+1]) && s[i+1] != ' ' && s[i+1] != '-' {
				break scan
			}
		default:
			break scan
		}
	}
	if stop < len(s) && (isAlpha(s[stop]) || s[stop] == '_' || s[stop] == ':' && stop+1 < len(s) && isDigit(s[stop+1])) {
		return 0, 0, false
	}
	switch {
	case dots > 0 && dots < 2, dots > 0 && dots < seps:
		return 0, 0, false
	case s[start+1] == '1':
		return start, stop, digits == 11
	case seps == 0:
		return start, stop, digits >= 10
	}
	return start, stop, digits >= 8
}

var phoneWords = []string{"phone", "tel", "mobile", "cell", "call", "sms", "fax", "contact", "dial", "number"}

func findNorthAmerican(s string, end int) (int, int, bool) {
	start, seps := end, 0
	for n := 0; start > 0 && n < 10; start-- {
		if isDigit(s[start-1]) {
			n++
		} else {
			seps++
		}
	}
	exchange := s[end-8]
	blank := exchange == ' ' || s[end-5] == ' '
	plain := s[end-5] != '.' || seps > 1
	if end < len(s) && (isAlnum(s[end]) || s[end] == '_' || (s[end] == '.' || s[end] == '-') && end+1 < len(s) && isAlnum(s[end+1])) {
		return 0, 0, false
	}
	paren := start > 0 && s[start-1] == '('
	closing := strings.IndexByte(s[start:end], ')') >= 0
	if paren != closing {
		return 0, 0, false
	}
	if paren {
		start--
	}
	prefixed := false
	if start >= 2 && s[start-2] == '1' && (s[start-1] == '-' || s[start-1] == ' ' || s[start-1] == '.') && boundaryBefore(s, start-2) {
		start -= 2
		prefixed = true
	}
	if !boundaryBefore(s, start) {
		return 0, 0, false
	}
	if start > 0 && strings.IndexByte("-.+/$#", s[start-1]) >= 0 {
		return 0, 0, false
	}
	if seps == 1 && !paren { // 415555 0132
		plain = false
	}
	if !plain || blank && !paren && !prefixed {
		return start, end, hasWordBefore(s, start, 40, phoneWords)
	}
	return start, end, true
}

// hasWordBefore looks for one of the words, in any case, in the n bytes before i.
func hasWordBefore(s string, i, n int, words []string) bool {
	for _, w := range words {
		if containsFold(s[max(0, i-n):i], w) {
			return true
		}
	}
	return false
}

var ssnWords = []string{"ssn", "social", "security"}

func findSSN(c *cursor, end int) (int, int, bool) {
	s, start := c.s, end-11
	if s[start+3] != s[start+6] || !boundaryBefore(s, start) {
		return 0, 0, false
	}
	if end < len(s) && (isAlnum(s[end]) || s[end] == '_' || s[end] == '-' || s[end] == '.' && end+1 < len(s) && isDigit(s[end+1])) {
		return 0, 0, false
	}
	if start > 0 && strings.IndexByte("-./+", s[start-1]) >= 0 {
		return 0, 0, false
	}
	area, group, serial := s[start:start+3], s[start+4:start+6], s[start+7:end]
	if area == "000" || area == "666" || area[0] == '9' || group == "00" || serial == "0000" {
		return 0, 0, false
	}
	return start, end, s[start+3] == '-' || hasWordBefore(s, start, 40, ssnWords)
}

// Lengths by country, after the IBAN registry of SWIFT.
var ibanLength = map[string]int{
	"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28, "CH": 21,
	"CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18,
	"FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23,
	"IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27,
	"MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28,
	"PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
	"SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}

func findIBAN(c *cursor, end int) (int, int, bool) {
	s := c.s
	start := end - 8
	if !isUpper(s[start]) || !isUpper(s[start+1]) || !isDigit(s[start+2]) {
		start--
	}
	if start < 0 || !isUpper(s[start]) || !isUpper(s[start+1]) || !boundaryBefore(s, start) {
		return 0, 0, false
	}
	n := ibanLength[s[start:start+2]]
	if n == 0 {
		return 0, 0, false
	}
	var buf [34]byte
	k, i := 0, start
	for i < len(s) && k < n {
		b := s[i]
		if isUpper(b) || isDigit(b) {
			buf[k] = b
			k++
		} else if !(b == ' ' || b == '-') || i+1 >= len(s) || !isUpper(s[i+1]) && !isDigit(s[i+1]) {
			break
		}
		i++
	}
	if k < n || i < len(s) && (isAlnum(s[i]) || s[i] == '_') {
		return 0, 0, false
	}
	return start, i, mod97(string(buf[:n]))
}
