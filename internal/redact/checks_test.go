// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestChecks has one good number for each check (specimens of the issuers, or made up), and the bad ones that show what the check looks at.
func TestChecks(t *testing.T) {
	for _, c := range []struct {
		name  string
		check func(string) bool
		good  []string
		bad   []string
	}{
		{"luhn", luhn, []string{"79927398713", "4111-1111-1111-1111"}, []string{"79927398714", "97927398713", ""}},
		{"mod97", mod97, []string{"DE89370400440532013000"}, []string{"DE89370400440532013001", "DE98370400440532013000"}},
		{"mod11_10", mod11_10, []string{"86095742719"}, []string{"86095742718", "68095742719", "A", ""}},
		{"mod11_2", mod11_2, []string{"11010519491231002X"}, []string{"110105194912310020", "11010519491231002A", "A1"}},
		{"verhoeff", verhoeff, []string{"2363", "234123412346"}, []string{"2364", "3263", "12A"}},
		{"ean13", ean13, []string{"4006381333931"}, []string{"4006381333932", "406381333931"}},
		{"checkNHS", checkNHS, []string{"9434765919"}, []string{"9434765918", "943476591", "1111111111"}},
		{"checkNINO", checkNINO, []string{"AB123456C", "JG103759A"}, []string{"QQ123456C", "GB123456A", "AO123456A", "AB123456E", "AB123456"}},
		{"checkSteuerID", checkSteuerID, []string{"86095742719", "47036892816"}, []string{"86095742718", "01234567890", "11111111111"}},
		{"checkVSNR", checkVSNR, []string{"15070649C103", "65170839J003"}, []string{"15070649C104", "15071349C103", "15070649D103"}},
		{"checkKVNR", checkKVNR, []string{"A123456780"}, []string{"A123456781", "B123456780"}},
		{"checkMRZ731", checkMRZ731, []string{"T220001293"}, []string{"T220001294", "T22000129X"}},
		{"checkIDCardDE", checkIDCardDE, []string{"T220001293", "L01X00T47"}, []string{"A220001293", "TTTTTTTTT"}},
		{"checkVATDE", checkVATDE, []string{"DE136695976"}, []string{"DE136695977", "DE036695976"}},
		{"checkNIR", checkNIR, []string{"255081416802538", "188022A00100173"}, []string{"255081416802539", "955081416802538", "255131416802538"}},
		{"checkDNI", checkDNI, []string{"12345678Z", "X1234567L"}, []string{"12345678A", "00000000T"}},
		{"checkNIE", checkNIE, []string{"X1234567L", "Y1234567X", "Z1234567R"}, []string{"A1234567L", "X1234567M"}},
		{"checkCodiceFiscale", checkCodiceFiscale, []string{"RSSMRA85T10A562S"}, []string{"RSSMRA85T10A562T", "RSSMRA85F10A562S"}},
		{"checkPartitaIVA", checkPartitaIVA, []string{"00743110157"}, []string{"00743110158", "0743110157"}},
		{"checkBSN", checkBSN, []string{"111222333"}, []string{"111222334", "000000000"}},
		{"checkPESEL", checkPESEL, []string{"44051401359", "02070803628"}, []string{"44051401358", "44151401359"}},
		{"checkPersonnummer", checkPersonnummer, []string{"8112289874", "198112289874"}, []string{"8112289875", "8113289874", "218112289874"}},
		{"checkHETU", checkHETU, []string{"131052308T", "131052A308T", "131052Y308T"}, []string{"131052308U", "131352308T", "131052G308T"}},
		{"checkCPR", checkCPR, []string{"0707614285"}, []string{"3213614285", "070761428"}},
		{"checkFodselsnummer", checkFodselsnummer, []string{"01010750160"}, []string{"01010750161", "01130750160"}},
		{"checkRijksregister", checkRijksregister, []string{"93051822361"}, []string{"93051822362", "93991822361"}},
		{"checkAHV", checkAHV, []string{"7569217076985"}, []string{"7569217076984", "4006381333931"}},
		{"checkNIFPT", checkNIFPT, []string{"123456789"}, []string{"123456788", "423456789"}},
		{"checkPPS", checkPPS, []string{"1234567T", "1234567FA"}, []string{"1234567U", "0000000W"}},
		{"checkCNP", checkCNP, []string{"1800101221144"}, []string{"1800101221145", "1801301221144"}},
		{"checkRodneCislo", checkRodneCislo, []string{"7360285163"}, []string{"7360285164", "7390285163"}},
		{"checkOIB", checkOIB, []string{"94577403194"}, []string{"94577403195"}},
		{"checkSSN", checkSSN, []string{"219098876"}, []string{"000123456", "666123456", "912123456", "219008876", "219090000", "123456789"}},
		{"checkITIN", checkITIN, []string{"912701234"}, []string{"912401234", "812701234", "912931234"}},
		{"checkNPI", checkNPI, []string{"1234567893"}, []string{"1234567894", "3234567893"}},
		{"checkABA", checkABA, []string{"011000015"}, []string{"011000016", "991000015"}},
		{"checkDEA", checkDEA, []string{"AB1234563"}, []string{"AB1234564"}},
		{"checkMBI", checkMBI, []string{"1EG4TE5MK72"}, []string{"1SG4TE5MK72", "0EG4TE5MK72"}},
		{"checkSIN", checkSIN, []string{"193456787"}, []string{"193456788", "046454286"}},
		{"checkCPF", checkCPF, []string{"52998224725"}, []string{"52998224726", "11111111111"}},
		{"checkCNPJ", checkCNPJ, []string{"11222333000181", "12ABC34501DE35"}, []string{"11222333000182", "00000000000000"}},
		{"checkCUIT", checkCUIT, []string{"20123456786"}, []string{"20123456785", "40123456786"}},
		{"checkRUT", checkRUT, []string{"123456785"}, []string{"123456786", "12345K785"}},
		{"checkCURP", checkCURP, []string{"HEGG560427MVZRRL04"}, []string{"HEGG560427MVZRRL05", "HEGG561327MVZRRL04", "HEGG560427AVZRRL04"}},
		{"checkTFN", checkTFN, []string{"123456782"}, []string{"123456783"}},
		{"checkABN", checkABN, []string{"53004085616"}, []string{"53004085617", "03004085616"}},
		{"checkACN", checkACN, []string{"004085616"}, []string{"004085617"}},
		{"checkMedicareAU", checkMedicareAU, []string{"2950123481"}, []string{"2950123581", "1950123481"}},
		{"checkAadhaar", checkAadhaar, []string{"234123412346"}, []string{"234123412347", "134123412346"}},
		{"checkPAN", checkPAN, []string{"ABCPE1234F"}, []string{"ABCPE0000F"}},
		{"checkGSTIN", checkGSTIN, []string{"27AAPFU0939F1ZV"}, []string{"47AAPFU0939F1ZV", "00AAPFU0939F1ZV"}},
		{"checkNRIC", checkNRIC, []string{"S1234567D"}, []string{"S1234567E", "A1234567D"}},
		{"checkRRN", checkRRN, []string{"6801011234561", "6801015234562"}, []string{"6801011234562", "6813011234561", "6801019234561"}},
		{"checkBRN", checkBRN, []string{"1248100998"}, []string{"1248100999"}},
		{"checkTCKN", checkTCKN, []string{"12345678950"}, []string{"12345678951", "02345678950"}},
		{"checkZA", checkZA, []string{"8001015009087"}, []string{"8001015009088", "8013015009087"}},
		{"checkTH", checkTH, []string{"1234567890121", "1499900000018"}, []string{"1234567890122", "9234567890121", "1974567890124"}},
		{"checkCN", checkCN, []string{"11010519491231002X", "110105194912310046"}, []string{"110105194912310028", "110105194913310028", "11010521491231002X"}},
		{"checkMyNumber", checkMyNumber, []string{"123456789018"}, []string{"123456789019"}},
		{"checkTW", checkTW, []string{"A123456789"}, []string{"A123456788", "A323456789"}},
		{"checkHKID", checkHKID, []string{"A1234563"}, []string{"A1234564"}},
		{"checkIL", checkIL, []string{"123456782"}, []string{"123456783"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, s := range c.good {
				assert.True(t, c.check(s), s)
			}
			for _, s := range c.bad {
				assert.False(t, c.check(s), s)
			}
		})
	}
}

// FuzzNational looks for texts on which a check or a shape of an identity number panics, which would mask the whole text, and
// for findings that do not hold.
func FuzzNational(f *testing.F) {
	for _, id := range nationalDetectors {
		for _, s := range append(id.Match, id.Miss...) {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		for i := range nationalDetectors {
			d := &nationalDetectors[i]
			c := cursor{s: s}
			for end := 1; end <= min(len(s), 64); end++ {
				start, stop, ok := d.find(&c, end)
				if ok && (start < 0 || stop > len(s) || start >= stop) {
					t.Fatalf("%s: %d to %d of %d", d.Name, start, stop, len(s))
				}
			}
		}
	})
}
