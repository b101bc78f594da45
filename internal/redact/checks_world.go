// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Checks of identity numbers outside Europe. s holds the characters without separators, letters in upper case.

// checkSSN: Social Security Administration: area numbers 000, 666 and from 900 on, group 00 and serial 0000 are not given out.
func checkSSN(s string) bool {
	return digits(s, 9) && s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[3:5] != "00" && s[5:] != "0000" && s != "123456789"
}

// checkITIN: IRS Publication 1915: begins with 9, fourth and fifth digit 50 to 65, 70 to 88, 90 to 92, 94 to 99.
func checkITIN(s string) bool {
	g := num(s[3:5])
	return s[0] == '9' && (g >= 50 && g <= 65 || g >= 70 && g <= 88 || g >= 90 && g != 93)
}

// checkNPI: CMS, National Provider Identifier: begins with 1 or 2, Luhn with 80840 before it.
func checkNPI(s string) bool { return digits(s, 10) && (s[0] == '1' || s[0] == '2') && luhn("80840"+s) }

// checkABA: American Bankers Association routing number: weights 3, 7, 1; the first two digits are a Federal Reserve district.
func checkABA(s string) bool {
	p := num(s[:2])
	return digits(s, 9) && (p >= 1 && p <= 12 || p >= 21 && p <= 32 || p >= 61 && p <= 72 || p == 80) && weigh(s, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0
}

// checkDEA: DEA registration number (21 CFR 1301): the digits in odd places and twice those in even places.
func checkDEA(s string) bool {
	return len(s) == 9 && num(s[2:]) > 0 && weigh(s[2:], 1, 2, 1, 2, 1, 2)%10 == int(s[8]-'0')
}

// checkMBI: CMS, Medicare Beneficiary Identifier: its letters leave out S, L, O, I, B and Z.
func checkMBI(s string) bool { return s[0] != '0' && !strings.ContainsAny(s, "SLOIBZ") }

// checkSIN: Canadian social insurance number: Luhn; none begins with 0 or 8.
func checkSIN(s string) bool { return digits(s, 9) && s[0] != '0' && s[0] != '8' && luhn(s) }

// cpfDigit is a check digit modulo 11 with weights 2, 3, … from the right, starting again at top+1.
func cpfDigit(s string, top int) byte {
	sum, w := 0, 2
	for i := len(s) - 1; i >= 0; i-- {
		sum += int(s[i]-'0') * w // letters of the CNPJ count by their place behind '0'
		if w++; w > top {
			w = 2
		}
	}
	if r := sum % 11; r >= 2 {
		return byte('0' + 11 - r)
	}
	return '0'
}

// checkCPF: Receita Federal, Cadastro de Pessoas Físicas: two check digits.
func checkCPF(s string) bool {
	return digits(s, 11) && cpfDigit(s[:9], 11) == s[9] && cpfDigit(s[:10], 11) == s[10]
}

// checkCNPJ: Receita Federal, Instrução Normativa 2.229/2024: two check digits; letters are allowed before them.
func checkCNPJ(s string) bool {
	return len(s) == 14 && s != "00000000000000" && cpfDigit(s[:12], 9) == s[12] && cpfDigit(s[:13], 9) == s[13]
}

// checkCUIT: Argentine tax number (AFIP): type 20 to 34, weights 5432765432, modulus 11.
func checkCUIT(s string) bool {
	p := num(s[:2])
	return digits(s, 11) && (p >= 20 && p <= 27 || p >= 30 && p <= 34) && weigh(s, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0
}

// checkRUT: Chilean tax number: weights 2 to 7 from the right, modulus 11, K for ten.
func checkRUT(s string) bool {
	sum, w := 0, 2
	for i := len(s) - 2; i >= 0; i-- {
		if !isDigit(s[i]) {
			return false
		}
		sum += int(s[i]-'0') * w
		if w++; w > 7 {
			w = 2
		}
	}
	return "0123456789K0"[11-sum%11] == s[len(s)-1]
}

// checkCURP: Mexican population registry code (RENAPO): date, sex, and a check digit modulo 10 over values that skip no letter but put Ñ
// behind N.
func checkCURP(s string) bool {
	if len(s) != 18 || !yymmdd(s[4:10]) || strings.IndexByte("HMX", s[10]) < 0 {
		return false
	}
	sum := 0
	for i := range 17 {
		v := int(s[i] - '0')
		if !isDigit(s[i]) {
			if v = int(s[i]-'A') + 10; s[i] > 'N' {
				v++
			}
		}
		sum += v * (18 - i)
	}
	return (10-sum%10)%10 == int(s[17]-'0')
}

// checkTFN: Australian Taxation Office, tax file number: weights 1 4 3 7 5 8 6 9 10, divisible by 11.
func checkTFN(s string) bool { return digits(s, 9) && weigh(s, 1, 4, 3, 7, 5, 8, 6, 9, 10)%11 == 0 }

// checkABN: Australian Business Register: 1 less in the first digit, weights 10 1 3 5 … 19, divisible by 89.
func checkABN(s string) bool {
	return digits(s, 11) && s[0] != '0' && (weigh(s, 10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)-10)%89 == 0
}

// checkACN: Australian Securities and Investments Commission: weights 8 to 1, modulus 10.
func checkACN(s string) bool {
	return digits(s, 9) && (10-weigh(s, 8, 7, 6, 5, 4, 3, 2, 1)%10)%10 == int(s[8]-'0')
}

// checkMedicareAU: Services Australia: begins with 2 to 6, weights 1 3 7 9 1 3 7 9, modulus 10; then the issue number.
func checkMedicareAU(s string) bool {
	return (digits(s, 10) || digits(s, 11)) && s[0] >= '2' && s[0] <= '6' && weigh(s, 1, 3, 7, 9, 1, 3, 7, 9)%10 == int(s[8]-'0')
}

// checkAadhaar: UIDAI: twelve digits, the first from 2 on, Verhoeff.
func checkAadhaar(s string) bool { return digits(s, 12) && s[0] >= '2' && verhoeff(s) }

// checkPAN: Income Tax Department of India. The check letter's rule is not public; the number is never 0000.
func checkPAN(s string) bool { return len(s) == 10 && s[5:9] != "0000" }

// checkGSTIN: Goods and Services Tax Network of India: state code, PAN, entity, Z, check character. The state and the Z among the letters are
// evidence enough; the check character is not asked.
func checkGSTIN(s string) bool {
	state := num(s[:2])
	return state >= 1 && state <= 38 || state == 97 || state == 99
}

// checkNRIC: Singapore's NRIC and FIN: weights 2 7 6 5 4 3 2, an offset and an alphabet by the first letter.
func checkNRIC(s string) bool {
	if len(s) != 9 || num(s[1:8]) < 0 {
		return false
	}
	sum := weigh(s[1:], 2, 7, 6, 5, 4, 3, 2)
	switch s[0] {
	case 'S':
		return "JZIHGFEDCBA"[sum%11] == s[8]
	case 'T':
		return "JZIHGFEDCBA"[(sum+4)%11] == s[8]
	case 'F':
		return "XWUTRQPNMLK"[sum%11] == s[8]
	case 'G':
		return "XWUTRQPNMLK"[(sum+4)%11] == s[8]
	case 'M':
		return "KLJNPQRTUWX"[10-(sum+3)%11] == s[8]
	}
	return false
}

// checkRRNDate: Korean resident registration number: date and sex. There is no check digit since October 2020.
func checkRRNDate(s string) bool { return digits(s, 13) && yymmdd(s) && s[6] >= '1' && s[6] <= '8' }

// checkRRN: as before October 2020 (주민등록법 시행규칙): weights 2 to 9 and 2 to 5, modulus 11; foreigners' numbers count two more.
func checkRRN(s string) bool {
	if !checkRRNDate(s) {
		return false
	}
	c := (11 - weigh(s, 2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)%11) % 10
	last := int(s[12] - '0')
	return c == last || s[6] >= '5' && (c+2)%10 == last
}

// checkBRN: Korean business registration number (National Tax Service): weights 1 3 7 1 3 7 1 3 5 with the tens of the last product added.
func checkBRN(s string) bool {
	return digits(s, 10) && (weigh(s, 1, 3, 7, 1, 3, 7, 1, 3, 5)+int(s[8]-'0')*5/10+int(s[9]-'0'))%10 == 0
}

// checkTCKN: Turkish identity number (NVİ): tenth digit from odd and even places, eleventh from the sum.
func checkTCKN(s string) bool {
	if !digits(s, 11) || s[0] == '0' {
		return false
	}
	odd, even := weigh(s, 1, 0, 1, 0, 1, 0, 1, 0, 1), weigh(s, 0, 1, 0, 1, 0, 1, 0, 1)
	ten := ((odd*7-even)%10 + 10) % 10
	return ten == int(s[9]-'0') && (odd+even+ten)%10 == int(s[10]-'0')
}

// checkZA: South African identity number (Identification Act 1986): date, citizenship, Luhn.
func checkZA(s string) bool { return digits(s, 13) && yymmdd(s) && s[10] <= '2' && luhn(s) }

// checkTH: Thai identity number (Department of Provincial Administration): a kind from 1 to 8, a province, weights 13 to 2,
// modulus 11.
func checkTH(s string) bool {
	return digits(s, 13) && s[0] >= '1' && s[0] <= '8' && s[1] != '0' && s[2] <= "0979987766"[s[1]-'0'] && (11-weigh(s, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11)%10 == int(s[12]-'0')
}

// checkCN: Chinese resident identity number (GB 11643-1999): region, date of birth, ISO 7064 MOD 11-2.
func checkCN(s string) bool {
	return len(s) == 18 && s[0] >= '1' && s[0] <= '8' && (s[6:8] == "19" || s[6:8] == "20") && day(num(s[6:10]), num(s[10:12]), num(s[12:14])) && mod11_2(s)
}

// checkMyNumber: Japanese individual number (総務省令 85 of 2014): weights 6 5 4 3 2 7 6 5 4 3 2, modulus 11.
func checkMyNumber(s string) bool {
	if !digits(s, 12) {
		return false
	}
	c := 11 - weigh(s, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11
	if c >= 10 {
		c = 0
	}
	return c == int(s[11]-'0')
}

// checkTW: identity number of Taiwan: the letter as a number of two digits, weights 1 9 8 … 1 1.
func checkTW(s string) bool {
	if num(s[1:]) < 0 || strings.IndexByte("1289", s[1]) < 0 {
		return false
	}
	v := strings.IndexByte("ABCDEFGHJKLMNPQRSTUVXYWZIO", s[0]) + 10
	return (v/10+v%10*9+weigh(s[1:], 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

// checkHKID: Hong Kong identity card: a letter (36 for the missing one before it), weights 9 to 2, modulus 11, A for ten.
func checkHKID(s string) bool {
	sum := 36*9 + (int(s[0]-'A')+10)*8 + weigh(s[1:], 7, 6, 5, 4, 3, 2)
	return "0123456789A0"[(11-sum%11)%11] == s[7]
}

// checkIL: Israeli identity number: Luhn over nine digits.
func checkIL(s string) bool { return digits(s, 9) && luhn(s) }
