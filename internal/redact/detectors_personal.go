// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Personal data: mail addresses (the part of RFC 5321 that is in use), IBAN (ISO 13616). Telephone
// numbers and national identity numbers have their own files.
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
		Name: "iban", Group: Personal, rank: rankChecked,
		Doc:      "International bank account numbers: length by country, mod 97; plain or in groups",
		Triggers: []string{`([^0-9A-Za-z]|\\[nrt])[A-Z]{2}[0-9]{2}`},
		find:     findIBAN,
		Match: []string{
			"refund account «DE89370400440532013000» verified", "«GB82 WEST 1234 5698 7654 32»", "«CH93 0076 2011 6238 5295 7».",
		},
		Miss: []string{"DE89370400440532013001", "DE8937040044053201300", "XX89370400440532013000", "DE893704004405320130001"},
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
	start := end - 4
	if len(s)-start < 15 || !boundaryBefore(s, start) {
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
