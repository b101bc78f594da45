// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Checks of European identity numbers. s holds the characters without separators, letters in upper case.

// checkNHS: NHS Data Dictionary, NHS NUMBER: weights 10 to 2, modulus 11.
func checkNHS(s string) bool {
	if !digits(s, 10) {
		return false
	}
	c := 11 - weigh(s, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11
	return c%11 == int(s[9]-'0') && c != 10
}

// checkNINO: HMRC National Insurance Manual NIM39110: which prefixes are given out. There is no check digit.
func checkNINO(s string) bool {
	if len(s) != 9 || strings.IndexByte("DFIQUV", s[0]) >= 0 || strings.IndexByte("DFIOQUV", s[1]) >= 0 || strings.IndexByte("ABCD", s[8]) < 0 {
		return false
	}
	switch s[:2] {
	case "BG", "GB", "KN", "NK", "NT", "TN", "ZZ":
		return false
	}
	return true
}

// checkSteuerID: German tax identification number (BZSt): no leading 0, no digit more than three times among the first ten, ISO 7064
// MOD 11,10.
func checkSteuerID(s string) bool {
	if !digits(s, 11) || s[0] == '0' {
		return false
	}
	var count [10]int
	for i := range 10 {
		if count[s[i]-'0']++; count[s[i]-'0'] > 3 {
			return false
		}
	}
	return mod11_10(s)
}

// checkVSNR: German pension insurance number (VKVV § 2 to 4): area, date of birth, initial, serial number, and a check digit over all
// with the letter as two digits.
func checkVSNR(s string) bool {
	// An unknown day or month is 00; where the serial numbers of a day are used up, 32 or 64 is added to it.
	if len(s) != 12 || num(s[2:4]) > 95 || num(s[4:6]) > 12 {
		return false
	}
	letter := int(s[8]-'A') + 1
	d := s[:8] + string([]byte{byte('0' + letter/10), byte('0' + letter%10)}) + s[9:]
	if !allIn(d, isDigit) {
		return false
	}
	sum := 0
	for i, w := range [...]int{2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1} {
		p := int(d[i]-'0') * w
		sum += p/10 + p%10
	}
	return sum%10 == int(d[12]-'0')
}

// checkKVNR: German health insurance number (SGB V § 290): a letter, eight digits, and Luhn with the letter as two digits, doubling the
// second of each pair.
func checkKVNR(s string) bool {
	letter := int(s[0]-'A') + 1
	d := string([]byte{byte('0' + letter/10), byte('0' + letter%10)}) + s[1:]
	sum := 0
	for i := range 10 {
		p := int(d[i]-'0') * (1 + i%2)
		sum += p/10 + p%10
	}
	return sum%10 == int(d[10]-'0')
}

// checkMRZ731: document numbers as in ICAO Doc 9303: weights 7, 3, 1 over the characters (letters from 10 on), the last is the check digit.
func checkMRZ731(s string) bool {
	sum := 0
	for i := range len(s) - 1 {
		v := int(s[i] - '0')
		if !isDigit(s[i]) {
			v = int(s[i]-'A') + 10
		}
		sum += v * [...]int{7, 3, 1}[i%3]
	}
	return isDigit(s[len(s)-1]) && sum%10 == int(s[len(s)-1]-'0')
}

// checkVATDE: German VAT number (DE and nine digits): ISO 7064 MOD 11,10.
func checkVATDE(s string) bool { return len(s) == 11 && s[2] != '0' && mod11_10(s[2:]) }

// shapeVATDE is checkVATDE without the check digit.
func shapeVATDE(s string) bool { return len(s) == 11 && s[2] != '0' }

// checkNIR: French number of registration (INSEE, décret 82-103): sex, year, month, place, order, and 97 minus the rest by 97. 2A and
// 2B of Corsica count as 19 and 18.
func checkNIR(s string) bool {
	if len(s) != 15 || strings.IndexByte("123478", s[0]) < 0 {
		return false
	}
	switch s[5:7] {
	case "2A":
		s = s[:5] + "19" + s[7:]
	case "2B":
		s = s[:5] + "18" + s[7:]
	}
	month, n := num(s[3:5]), num(s[:13])
	return n > 0 && num(s[13:]) == 97-n%97 && (month >= 1 && month <= 12 || month >= 20 && month <= 42 || month >= 50)
}

// checkDNI: Spanish NIF and NIE (Real Decreto 1553/2005, 338/1990): the letter is the number modulo 23; X, Y, Z count as 0, 1, 2.
func checkDNI(s string) bool {
	const letters = "TRWAGMYFPDXBNJZSQVHLCKE"
	body := s[:len(s)-1]
	if body[0] >= 'X' && body[0] <= 'Z' {
		body = string(body[0]-'X'+'0') + body[1:]
	}
	n := num(body)
	return n > 0 && letters[n%23] == s[len(s)-1]
}

// checkCodiceFiscale: Decreto del Ministero delle finanze of 23 December 1976: values by odd and even places, modulus 26. Digits may be replaced
// by letters where two people would have the same code.
func checkCodiceFiscale(s string) bool {
	if len(s) != 16 || strings.IndexByte("ABCDEHLMPRST", s[8]) < 0 {
		return false
	}
	odd := [...]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}
	sum := 0
	for i := range 15 {
		v := int(s[i] - 'A')
		if isDigit(s[i]) {
			v = int(s[i] - '0')
		}
		if i%2 == 0 {
			v = odd[v]
		}
		sum += v
	}
	return byte('A'+sum%26) == s[15]
}

// checkPartitaIVA: Italian VAT number: Luhn over eleven digits.
func checkPartitaIVA(s string) bool { return digits(s, 11) && luhn(s) }

// checkBSN: Dutch citizen service number (elfproef of RvIG): weights 9 to 2 and -1, divisible by 11.
func checkBSN(s string) bool {
	return digits(s, 9) && weigh(s, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0
}

// checkPESEL: Polish PESEL (ustawa o ewidencji ludności): date with the century in the month, weights 1, 3, 7, 9.
func checkPESEL(s string) bool {
	return digits(s, 11) && day(num(s[:2]), num(s[2:4])%20, num(s[4:6])) && weigh(s, 1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)%10 == 0
}

// checkPersonnummer: Swedish personal identity number (folkbokföringslagen § 18): date, also with 60 added to the day, and Luhn.
func checkPersonnummer(s string) bool {
	if len(s) == 12 && (s[:2] == "19" || s[:2] == "20" || s[:2] == "18") {
		s = s[2:]
	}
	if !digits(s, 10) {
		return false
	}
	dd := num(s[4:6])
	if dd > 60 {
		dd -= 60
	}
	return day(num(s[:2]), num(s[2:4]), dd) && luhn(s)
}

// checkHETU: Finnish personal identity code (DVV): date, serial number from 002 on, and one of 31 characters.
func checkHETU(s string) bool {
	sep := s[6]
	if isAlpha(sep) {
		if strings.IndexByte("ABCDEFUVWXY", sep) < 0 {
			return false
		}
		s = s[:6] + s[7:]
	}
	n := num(s[:9])
	return len(s) == 10 && n >= 0 && ddmmyy(s) && num(s[6:9]) >= 2 && "0123456789ABCDEFHJKLMNPRSTUVWXY"[n%31] == s[9]
}

// checkCPR: Danish CPR number: a date. The check digit of old is not kept since 2007 (CPR-kontoret), so it is not asked for.
func checkCPR(s string) bool { return digits(s, 10) && ddmmyy(s) }

// checkFodselsnummer: Norwegian identity number (Skatteetaten): date, also of D numbers, and two check digits modulo 11.
func checkFodselsnummer(s string) bool {
	if !digits(s, 11) {
		return false
	}
	dd := num(s[:2])
	if dd > 40 {
		dd -= 40
	}
	return day(num(s[4:6]), num(s[2:4])%40, dd) &&
		weigh(s, 3, 7, 6, 1, 8, 9, 4, 5, 2, 1)%11 == 0 && weigh(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

// checkRijksregister: Belgian national register number (koninklijk besluit of 3 April 1984): 97 minus the first nine digits modulo 97, with a 2
// before them for those born since 2000.
func checkRijksregister(s string) bool {
	if !digits(s, 11) || num(s[2:4])%20 > 12 {
		return false
	}
	n, c := num(s[:9]), num(s[9:])
	return c == 97-n%97 || c == 97-(2000000000+n)%97
}

// checkAHV: Swiss social insurance number (AHVN13): country 756, EAN-13.
func checkAHV(s string) bool { return strings.HasPrefix(s, "756") && ean13(s) }

// checkNIFPT: Portuguese tax number: weights 9 to 2, modulus 11.
func checkNIFPT(s string) bool {
	if !digits(s, 9) || strings.IndexByte("1235689", s[0]) < 0 {
		return false
	}
	c := 11 - weigh(s, 9, 8, 7, 6, 5, 4, 3, 2)%11
	if c >= 10 {
		c = 0
	}
	return c == int(s[8]-'0')
}

// checkPPS: Irish personal public service number (Department of Social Protection): weights 8 to 2, a second letter weighs 9, modulus 23.
func checkPPS(s string) bool {
	if num(s[:7]) <= 0 {
		return false
	}
	sum := weigh(s, 8, 7, 6, 5, 4, 3, 2)
	if len(s) == 9 && s[8] != 'W' {
		sum += int(s[8]-'A'+1) * 9
	}
	return "WABCDEFGHIJKLMNOPQRSTUV"[sum%23] == s[7]
}

// checkCNP: Romanian personal numeric code: sex, date, county, weights 279146358279, modulus 11.
func checkCNP(s string) bool {
	if !digits(s, 13) || !yymmdd(s[1:7]) {
		return false
	}
	return weigh(s, 2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)%11%10 == int(s[12]-'0')
}

// checkRodneCislo: Czech and Slovak birth number (zákon 133/2000 Sb.): date with 50 added to the month of women, divisible by 11.
func checkRodneCislo(s string) bool {
	mm := num(s[2:4]) % 50
	if mm > 20 {
		mm -= 20
	}
	return digits(s, 10) && day(num(s[:2]), mm, num(s[4:6])) && num(s)%11 == 0
}

// checkOIB: Croatian personal identification number: ISO 7064 MOD 11,10.
func checkOIB(s string) bool { return digits(s, 11) && mod11_10(s) }

// checkNIE is checkDNI for numbers that begin with X, Y or Z.
func checkNIE(s string) bool { return s[0] >= 'X' && s[0] <= 'Z' && checkDNI(s) }

// checkIDCardDE: nine characters (PAuswV: no vowels, B, D, Q and S), and a check digit behind them where it is written too.
func checkIDCardDE(s string) bool {
	return strings.ContainsAny(s, "0123456789") && !strings.ContainsAny(s, "ABDEIOQSU") && (len(s) == 9 || checkMRZ731(s))
}

// shapeCodiceFiscale is checkCodiceFiscale without the check character.
func shapeCodiceFiscale(s string) bool {
	return len(s) == 16 && strings.IndexByte("ABCDEHLMPRST", s[8]) >= 0
}
