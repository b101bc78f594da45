// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Payment cards (ISO/IEC 7812): an issuer's prefix with one of its lengths, and the Luhn digit.
var paymentDetectors = []Detector{
	{
		Name: "payment_card", Group: PaymentCard, rank: rankChecked,
		Doc:      "Card numbers, plain or in groups with blanks, dashes or plus signs",
		Triggers: []string{`[^0-9][0-9]{13}`, `[^0-9][0-9]{4}[ +\-][0-9]{4}[ +\-][0-9]{4}[ +\-][0-9]`, `[^0-9][0-9]{4}[ +\-][0-9]{6}[ +\-][0-9]{4}`},
		find:     findCard,
		Match: []string{
			"card «5412750000112236» sent", "card «5200-8282-1122-3343» x", "card «5105 1051 2233 4451» x", "«371449635390008»",
			`{"n":«4111111111111111»}`, "2026 «4111 1111 1111 1111»", "ab65 «4111111111111111»", `x\n«4111111111111111»`, "«3782 822463 10005»",
		},
		Miss: []string{
			"4111111111111112", "card ************1111", "1768435208976", "0.4111111111111111", "a4111111111111111", "41111111111111110000000",
			"blk_-4111111111111111", "4111-1111 1111-1111", "0000000000000000",
		},
	},
}

func findCard(c *cursor, end int) (int, int, bool) {
	s := c.s
	// The run begins before the trigger's end: digits with single separators, at most 23 characters back.
	start := end
	for start > 0 && end-start < 23 && (isDigit(s[start-1]) || isCardSep(s[start-1]) && start > 1 && isDigit(s[start-2]) && start < end) {
		start--
	}
	if start < end && !isDigit(s[start]) {
		start++
	}
	if idBefore(s, start) {
		return 0, 0, false
	}
	// Groups of digits from start on.
	var from, to [12]int
	groups, i := 0, start
	var sep byte
	for groups < len(from) {
		from[groups] = i
		for i < len(s) && isDigit(s[i]) && i-from[groups] < 24 {
			i++
		}
		if i == from[groups] {
			break
		}
		to[groups] = i
		groups++
		if i+1 >= len(s) || !isCardSep(s[i]) || !isDigit(s[i+1]) {
			break
		}
		i++
	}
	for g := range groups {
		if g == 0 && !cardMayBegin(s, start) {
			continue
		}
		if g > 0 && s[from[g]-1] == '-' { // a number begins in the middle of a row of groups only behind a blank
			continue
		}
		for h := min(g+4, groups-1); h >= g; h-- {
			sep = 0
			digits, ok := 0, true
			for k := g; k <= h; k++ {
				digits += to[k] - from[k]
				if k > g {
					if sep != 0 && s[from[k]-1] != sep {
						ok = false
					}
					sep = s[from[k]-1]
				}
			}
			if !ok || digits < 13 || digits > 19 || !cardGroups(to[g]-from[g], h-g, func(k int) int { return to[g+k] - from[g+k] }) {
				continue
			}
			a, b := from[g], to[h]
			if b < len(s) && (isAlnum(s[b]) || s[b] == '_' || s[b] == '.' && b+1 < len(s) && isDigit(s[b+1])) {
				continue
			}
			if isCard(s[a:b], digits) {
				return a, b, true
			}
		}
	}
	return 0, 0, false
}

// cardMayBegin refuses numbers that are the rest of a longer one, of a word, or of a name such as blk_-1.
func cardMayBegin(s string, i int) bool {
	if i == 0 {
		return true
	}
	switch p := s[i-1]; {
	case p == '_' || p == '-' && i > 1 && (s[i-2] == '_' || isAlnum(s[i-2])):
		return false
	case (p == '.' || p == ',') && i > 1 && isDigit(s[i-2]):
		return false
	}
	return boundaryBefore(s, i)
}

// idBefore tells whether the number is the value of span_id, trace_id and the like: 16 hexadecimal digits that happen to
// be decimal.
func idBefore(s string, i int) bool {
	for n := 0; n < 8 && i > 0 && strings.IndexByte(` "'=:\\`, s[i-1]) >= 0; n++ {
		i--
	}
	if i < 7 || s[i-2]|0x20 != 'i' || s[i-1]|0x20 != 'd' {
		return false
	}
	name := s[max(0, i-9) : i-2]
	return containsFold(name, "span") || containsFold(name, "trace") || containsFold(name, "parent")
}

func isCardSep(c byte) bool { return c == ' ' || c == '-' || c == '+' }

// cardGroups accepts one group, groups of four, and the 4-6-5 and 4-6-4 of American Express and Diners Club.
func cardGroups(first, more int, size func(int) int) bool {
	if more == 0 {
		return true
	}
	if first != 4 {
		return false
	}
	if more == 2 && size(1) == 6 && (size(2) == 5 || size(2) == 4) {
		return true
	}
	if more < 3 {
		return false
	}
	for k := 1; k < more; k++ {
		if size(k) != 4 {
			return false
		}
	}
	return size(more) <= 4
}

// isCard checks issuer, length and check digit. s may hold separators.
func isCard(s string, n int) bool {
	var d [6]int
	k, same := 0, true
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			continue
		}
		same = same && s[i] == s[0]
		if k < len(d) {
			d[k] = int(s[i] - '0')
			k++
		}
	}
	if same || !luhn(s) {
		return false
	}
	grouped := len(s) > n
	two := d[0]*10 + d[1]
	four := two*100 + d[2]*10 + d[3]
	six := four*100 + d[4]*10 + d[5]
	switch {
	case d[0] == 1: // UATP; numbers of users of a social network begin with 1000
		return n == 15 && four != 1000
	case d[0] == 4: // Visa
		return n == 16 || n == 13 || n == 19 && grouped
	case two >= 51 && two <= 55, four >= 2221 && four <= 2720: // Mastercard
		return n == 16
	case two == 34, two == 37: // American Express
		return n == 15
	case four >= 2200 && four <= 2205: // Mir
		return n == 16 || n > 16 && grouped
	case four >= 3528 && four <= 3589: // JCB
		return n == 16 || n > 16 && grouped
	case four >= 3000 && four <= 3059, four == 3095, two == 36, two == 38, two == 39: // Diners Club
		return n == 14 || n == 16 && two != 36
	case four == 6011, two == 65, six >= 644000 && six <= 649999, two == 60 && four >= 6060 && four <= 6099, four == 6521, four == 6522, six >= 622126 && six <= 622925: // Discover, RuPay, Hipercard
		return n == 16 || n > 16 && grouped
	case two == 62, two == 81, two == 82: // UnionPay, RuPay
		return n == 16 || n > 16 && grouped
	case four == 5018, four == 5019, four == 5020, four == 5038, four == 5893, four == 6304, four == 6759, four >= 6761 && four <= 6763: // Maestro, Dankort
		return n == 16 || grouped
	case two == 50, two >= 56 && two <= 58, four >= 6360 && four <= 6399, four == 6703, four == 6709, four == 6771: // Maestro, Elo, Verve, InterPayment, InstaPayment, Bancontact, Laser
		return n == 16 || n > 16 && grouped
	case four == 9792, four == 8600, four == 9860, four == 6012: // Troy, UzCard, Humo
		return n == 16
	}
	return false
}
