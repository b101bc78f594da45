// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Check digits that several kinds of numbers share. All take the characters of the number without separators; letters in
// upper case. None of them panics on a text of another shape or length: it is refused.

// luhn is the check digit of ISO/IEC 7812-1, over the digits in s; other characters are skipped.
func luhn(s string) bool {
	sum, double, n := 0, false, 0
	for i := len(s) - 1; i >= 0; i-- {
		if !isDigit(s[i]) {
			continue
		}
		d := int(s[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
		double = !double
		n++
	}
	return n > 0 && sum%10 == 0
}

// mod97 is the check of ISO 13616 (IBAN): the four leading characters moved to the end, letters as two digits, must
// leave 1 when divided by 97. s holds upper-case letters and digits only.
func mod97(s string) bool {
	rem := 0
	for k := range len(s) {
		c := s[(k+4)%len(s)]
		if isDigit(c) {
			rem = (rem*10 + int(c-'0')) % 97
		} else {
			rem = (rem*100 + int(c-'A') + 10) % 97
		}
	}
	return rem == 1
}

// digits tells whether s is n digits, not all alike.
func digits(s string, n int) bool {
	return len(s) == n && allIn(s, isDigit) && !allIn(s, func(c byte) bool { return c == s[0] })
}

// num is the number that the digits in s are, -1 when there is something else.
func num(s string) int {
	n := 0
	for i := range len(s) {
		if !isDigit(s[i]) || i >= 18 {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// weigh adds the products of the leading digits and the weights.
func weigh(s string, weights ...int) int {
	sum := 0
	for i, w := range weights {
		sum += int(s[i]-'0') * w
	}
	return sum
}

// mod11_10 is ISO/IEC 7064, MOD 11,10: a check digit over digits.
func mod11_10(s string) bool {
	if len(s) < 2 || !allIn(s, isDigit) {
		return false
	}
	p := 10
	for i := range len(s) - 1 {
		if p = (p + int(s[i]-'0')) % 10; p == 0 {
			p = 10
		}
		p = p * 2 % 11
	}
	return (p+int(s[len(s)-1]-'0'))%10 == 1
}

// mod11_2 is ISO/IEC 7064, MOD 11-2: digits and a last character that may be X.
func mod11_2(s string) bool {
	if len(s) < 2 || !allIn(s[:len(s)-1], isDigit) {
		return false
	}
	p := 0
	for i := range len(s) - 1 {
		p = (p + int(s[i]-'0')) * 2 % 11
	}
	last := 10
	if c := s[len(s)-1]; isDigit(c) {
		last = int(c - '0')
	} else if c != 'X' {
		return false
	}
	return (p+last)%11 == 1
}

// Tables of the dihedral group D5 (J. Verhoeff, Error Detecting Decimal Codes, 1969).
var (
	verhoeffMul  = [10]string{"0123456789", "1234067895", "2340178956", "3401289567", "4012395678", "5987604321", "6598710432", "7659821043", "8765932104", "9876543210"}
	verhoeffPerm = [8]string{"0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258"}
)

// verhoeff is Verhoeff's check digit.
func verhoeff(s string) bool {
	if !allIn(s, isDigit) {
		return false
	}
	c := byte('0')
	for i := range len(s) {
		d := s[len(s)-1-i]
		c = verhoeffMul[c-'0'][verhoeffPerm[i%8][d-'0']-'0']
	}
	return c == '0'
}

// ean13 is the check digit of GS1's thirteen-digit numbers.
func ean13(s string) bool {
	return len(s) == 13 && allIn(s, isDigit) && weigh(s, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)%10 == 0
}

// day tells whether dd, mm and (two- or four-digit) yy may be a date. The year only rules out 29 February.
func day(yy, mm, dd int) bool {
	if mm < 1 || mm > 12 || dd < 1 || yy < 0 {
		return false
	}
	last := [...]int{31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[mm-1]
	if mm == 2 && yy%4 != 0 {
		last = 28
	}
	return dd <= last
}

// yymmdd and ddmmyy read a date of six digits.
func yymmdd(s string) bool { return day(num(s[:2]), num(s[2:4]), num(s[4:6])) }
func ddmmyy(s string) bool { return day(num(s[4:6]), num(s[2:4]), num(s[:2])) }
