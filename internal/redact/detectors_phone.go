// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"slices"
	"strings"
)

// Telephone numbers: ITU-T E.164 and the North American plan.
var phoneDetectors = []Detector{
	{
		Name: "phone", Group: Personal, rank: rankPersonal,
		Doc: "Telephone numbers: international with a plus sign, North American with separators, others behind a word such as phone",
		Triggers: []string{
			`[^0-9A-Za-z+]\+[1-9]`,
			`[0-9]([ .\-)][2-9][0-9]{2}-|\.[2-9][0-9]{2}\.| [2-9][0-9]{2} |\) [2-9][0-9]{2}[ .\-])[0-9]{4}`,
			phoneWordTrigger,
		},
		find: findPhone,
		Match: []string{
			"sms queued to «+1 212-555-0115» now", "call «+4915112345678»", "«(415) 555-0132», and", "«212-555-0115»", "«+44 (20) 7123 4567»",
			"tel «212.555.0115»", "«1-800-555-0115»", "phone: «415 555 0132»", "my number is «08-5512340»", "Tel. «030/1234567»", "mobile «080-4455-6677»,",
			`"phone_number":"«4155550132»"`, "msisdn=«46701234567»", "Téléphone : «01.23.45.67.89»", "phone no. «0044 20 7946 0958»", "tel: «0312 555 45 67»", "GSM «0-532-555-45-67»", "fax «020 7946 0958»",
		},
		Miss: []string{
			"2026-01-15T00:00:08+0100", "offset +12345", "200 555 0132 bytes", "+1.2345678", "212-555-01155", "a212-555-0115", "12.212.555.0115", "+100",
			"phone_id=123456789", "phone connected 2026-01-15 00:00:08", "tel 192.168.100.254", "telemetry 123456789012", "phone at 1768435208976", "mobile size 123456789", "08 201 33",
		},
	},
}

func findPhone(c *cursor, end int) (int, int, bool) {
	s := c.s
	switch {
	case !isDigit(s[end-1]):
		return findBehindWord(s, end)
	case s[end-2] == '+':
		return findInternational(s, end-2)
	}
	return findNorthAmerican(s, end)
}

// phoneForm is what a number looks like that is written in groups.
type phoneForm struct {
	stop, digits int
	groups       [8]int // digits of each
	n            int
	dots         bool
	plus         bool
}

// readPhone reads digits in groups from i on: single separators, or a parenthesis around a group.
func readPhone(s string, i int) (f phoneForm, ok bool) {
	start, open := i, false
	if i < len(s) && s[i] == '+' {
		f.plus = true
		i++
	}
	for i < len(s) && i-start < 26 && f.n < len(f.groups) {
		if s[i] == '(' && !open {
			open = true
			i++
		}
		from := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i == from {
			break
		}
		f.groups[f.n] = i - from
		f.n++
		f.digits += i - from
		f.stop = i
		if i+1 < len(s) && s[i] == ')' && open {
			f.stop = i + 1
			i++
			if isDigit(s[i]) {
				continue
			}
		}
		if i+1 >= len(s) || strings.IndexByte(" -./", s[i]) < 0 || !isDigit(s[i+1]) && s[i+1] != '(' {
			break
		}
		f.dots = f.dots || s[i] == '.'
		i++
	}
	return f, f.n > 0 && f.digits <= 15 && (f.stop == len(s) || !isAlnum(s[f.stop]) && s[f.stop] != '_' && (s[f.stop] != ':' || f.stop+1 == len(s) || !isDigit(s[f.stop+1])))
}

// is tells whether the groups have these sizes.
func (f *phoneForm) is(sizes ...int) bool { return slices.Equal(f.groups[:f.n], sizes) }

// Words before telephone numbers, by the first letters that they are recognised by. Behind those that are strong a row of digits is
// enough; the others ask for groups or a leading zero too.
var (
	strongPhoneWords = []string{"phone", "telep", "telef", "tel", "mobil", "handy", "celul", "fax", "whats", "msisd", "téléphone", "móvil", "movil", "tlf", "gsm", "rufnu"}
	weakPhoneWords   = []string{"call", "cell", "sms", "conta", "dial", "numbe"}
	phoneWordTrigger = wordTrigger(slices.Concat(strongPhoneWords, weakPhoneWords))
)

// findBehindWord is called behind the beginning of one of the words.
func findBehindWord(s string, end int) (int, int, bool) {
	weak := false
	for _, w := range weakPhoneWords {
		weak = weak || end >= len(w) && strings.EqualFold(s[end-len(w):end], w)
	}
	i := end
	for i < len(s) && i-end < 12 && isAlpha(s[i]) { // the rest of the word
		i++
	}
	for n := 0; i < len(s) && n < 30 && !isDigit(s[i]) && s[i] != '+' && s[i] != '('; n++ {
		i++
	}
	if i >= len(s) || !isDigit(s[i]) && (i+1 == len(s) || !isDigit(s[i+1]) && s[i+1] != '(') {
		return 0, 0, false
	}
	f, ok := readPhone(s, i)
	switch {
	case !ok, f.digits < 8, f.digits > 15, namesOther(s[end:i]):
		return 0, 0, false
	case !boundaryBefore(s, i) || i >= 2 && strings.IndexByte("-./", s[i-1]) >= 0 && isAlnum(s[i-2]):
		return 0, 0, false
	case f.plus:
		return i, f.stop, true
	case f.digits > 14, f.n > 1 && f.groups[f.n-1] < 2, f.n >= 3 && f.groups[0] == 4 && f.groups[1] == 2 && f.groups[2] == 2: // a date
		return 0, 0, false
	case f.dots && (f.n < 3 || f.groups[f.n-1] < 4 && !f.is(2, 2, 2, 2, 2)):
		return 0, 0, false
	case weak:
		return i, f.stop, s[i] == '0' && f.n > 1 && f.digits >= 9 || f.is(3, 3, 4) || f.is(1, 3, 3, 4)
	case f.n == 1: // a row of digits: neither seconds nor milliseconds of a clock
		return i, f.stop, f.digits >= 9 && !((f.digits == 10 || f.digits == 13) && s[i] == '1')
	}
	return i, f.stop, true
}

// namesOther tells whether what stands between the word and the number names something else than a number to call.
func namesOther(s string) bool {
	for _, w := range [...]string{"id", "metr", "time", "size", "len", "count", "byte", "hash", "port", "uid", "pid", "version", "serial", "imei", "imsi"} {
		if containsFold(s, w) {
			return true
		}
	}
	return false
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

var phoneWords = []string{"phone", "tel", "mobil", "cell", "call", "sms", "fax", "contact", "dial", "number", "rufnummer", "handy", "gsm", "whatsapp"}

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
