// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"path/filepath"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
)

type piiCase struct {
	ID     string   `json:"id"`
	Entity string   `json:"entity"`
	Text   string   `json:"text"`
	Spans  [][2]int `json:"spans"`
}

// covered maps the entities of the corpus to detectors.
type covered struct {
	detectors []string
	word      string // before the text where the number alone is not enough; "" where it is
}

var coveredEntities = map[string]covered{
	"CREDIT_CARD": {detectors: []string{"payment_card"}}, "IBAN_CODE": {detectors: []string{"iban"}},
	"EMAIL_ADDRESS": {detectors: []string{"email"}}, "PHONE_NUMBER": {detectors: []string{"phone"}},
	"US_SSN": {detectors: []string{"us_ssn"}}, "IP_ADDRESS": {detectors: []string{"ipv4", "ipv6"}},
	"MAC_ADDRESS": {detectors: []string{"mac"}}, "CRYPTO": {detectors: []string{"crypto_address"}},

	"UK_NHS": {[]string{"uk_nhs_number"}, "NHS"}, "UK_NINO": {[]string{"uk_nino"}, "NINO"},
	"DE_TAX_ID": {[]string{"de_tax_id"}, "Steuer-ID"}, "DE_SOCIAL_SECURITY": {[]string{"de_social_security"}, ""},
	"DE_HEALTH_INSURANCE": {[]string{"de_health_insurance"}, "KVNR"}, "DE_VAT_ID": {[]string{"de_vat_id"}, "VAT"}, "DE_ID_CARD": {[]string{"de_id_card"}, "Personalausweis"},
	"ES_NIF": {[]string{"es_nif"}, "NIF"}, "ES_NIE": {[]string{"es_nie"}, ""},
	"IT_FISCAL_CODE": {[]string{"it_fiscal_code"}, ""}, "IT_VAT_CODE": {[]string{"it_vat_code"}, "P.IVA"},
	"PL_PESEL": {[]string{"pl_pesel"}, "PESEL"}, "SE_PERSONNUMMER": {[]string{"se_personnummer"}, ""},
	"FI_PERSONAL_IDENTITY_CODE": {[]string{"fi_hetu"}, ""},
	"ABA_ROUTING_NUMBER":        {[]string{"us_routing_number"}, "routing number"}, "US_ITIN": {[]string{"us_itin"}, "ITIN"},
	"US_NPI": {[]string{"us_npi"}, "NPI"}, "US_MBI": {[]string{"us_mbi"}, "MBI"}, "MEDICAL_LICENSE": {[]string{"us_dea_number"}, "DEA"},
	"CA_SIN": {[]string{"ca_sin"}, "SIN"}, "AU_TFN": {[]string{"au_tfn"}, "TFN"}, "AU_ABN": {[]string{"au_abn"}, "ABN"},
	"AU_ACN": {[]string{"au_acn"}, "ACN"}, "AU_MEDICARE": {[]string{"au_medicare"}, "Medicare"},
	"IN_AADHAAR": {[]string{"in_aadhaar"}, "Aadhaar"}, "IN_PAN": {[]string{"in_pan"}, "PAN"}, "IN_GSTIN": {[]string{"in_gstin"}, ""},
	"SG_NRIC_FIN": {[]string{"sg_nric"}, ""}, "KR_RRN": {[]string{"kr_rrn"}, "RRN"}, "KR_BRN": {[]string{"kr_brn"}, "BRN"},
	"TR_NATIONAL_ID": {[]string{"tr_tckn"}, "TCKN"}, "ZA_ID_NUMBER": {[]string{"za_id"}, "SA ID"}, "TH_TNIN": {[]string{"th_national_id"}, "Thai ID"},
	"BR_CPF": {[]string{"br_cpf"}, "CPF"},
}

var coreEntities = []string{"CREDIT_CARD", "IBAN_CODE", "EMAIL_ADDRESS", "PHONE_NUMBER", "US_SSN", "IP_ADDRESS", "MAC_ADDRESS", "CRYPTO"}

type piiScore struct{ hit, want, right, got int }

func (s *piiScore) add(o piiScore) {
	s.hit, s.want, s.right, s.got = s.hit+o.hit, s.want+o.want, s.right+o.right, s.got+o.got
}

func (s *piiScore) recall() float64    { return float64(s.hit) / float64(max(s.want, 1)) }
func (s *piiScore) precision() float64 { return float64(s.right) / float64(max(s.got, 1)) }

// scorePersonal compares findings with the marked spans of a text, behind a word if one is given. A span is found when any finding covers it;
// a finding of the entity's own detectors is right when it covers one.
func scorePersonal(t *testing.T, sc *Scanner, c piiCase, detectors []string, word string, quiet bool) (s piiScore) {
	text := c.Text
	if word != "" {
		text = word + ": " + text
	}
	sc.Reset()
	fs := sc.Find(text)
	runes := []rune(c.Text)
	used := make([]bool, len(fs))
	for _, span := range c.Spans {
		a := len(string(runes[:span[0]])) + len(text) - len(c.Text)
		b := a + len(string(runes[span[0]:span[1]]))
		s.want++
		ok := false
		for i, f := range fs {
			if f.Start <= a && f.End >= b {
				ok, used[i] = true, true
			}
		}
		if ok {
			s.hit++
		} else if !quiet {
			t.Logf("missed %s %q in %q", c.Entity, text[a:b], text)
		}
	}
	for i, f := range fs {
		if !slices.Contains(detectors, f.Detector) {
			continue
		}
		s.got++
		if used[i] {
			s.right++
		} else if !quiet {
			t.Logf("extra %s %q in %q", f.Detector, text[f.Start:f.End], text)
		}
	}
	return s
}

// TestCorporaPersonal measures recall and precision for the entities that detectors cover. National numbers that are digits alone need
// a word before them: their texts are read as they are, and once more behind one. Other entities' texts are not counted: what is found in
// them is not marked there.
func TestCorporaPersonal(t *testing.T) {
	cases := readJSONL[piiCase](t, filepath.Join(corpora(t), "redaction/pii.jsonl"))
	sc := engine(t, func(o *Options) { o.Groups[Network] = true }).NewScanner()
	bare, named := map[string]*piiScore{}, map[string]*piiScore{}
	for _, c := range cases {
		cover, ok := coveredEntities[c.Entity]
		if !ok || !inHalf(t, c.ID) {
			continue
		}
		if bare[c.Entity] == nil {
			bare[c.Entity], named[c.Entity] = &piiScore{}, &piiScore{}
		}
		bare[c.Entity].add(scorePersonal(t, sc, c, cover.detectors, "", cover.word != ""))
		named[c.Entity].add(scorePersonal(t, sc, c, cover.detectors, cover.word, false))
	}
	var core, alone, behind piiScore
	for _, entity := range sortedKeys(bare) {
		b, n := bare[entity], named[entity]
		t.Logf("%-26s recall %d/%d precision %d/%d; behind a word recall %d/%d precision %d/%d",
			entity, b.hit, b.want, b.right, b.got, n.hit, n.want, n.right, n.got)
		if slices.Contains(coreEntities, entity) {
			core.add(*b)
		} else {
			alone.add(*b)
			behind.add(*n)
		}
	}
	t.Logf("core: recall %.4f precision %.4f", core.recall(), core.precision())
	t.Logf("national: recall %.4f precision %.4f; behind a word: recall %.4f precision %.4f", alone.recall(), alone.precision(), behind.recall(), behind.precision())
	require.GreaterOrEqual(t, core.recall(), 0.97)
	require.GreaterOrEqual(t, core.precision(), 0.97)
	require.GreaterOrEqual(t, alone.precision(), 0.96)
	require.GreaterOrEqual(t, behind.recall(), 0.89)
	require.GreaterOrEqual(t, behind.precision(), 0.95)
}

// TestCorporaCleanLinesPersonal asks that lines of real systems hold no personal datum but those that are listed with them.
func TestCorporaCleanLinesPersonal(t *testing.T) {
	groups := map[string]Group{}
	for _, d := range Detectors() {
		groups[d.Name] = d.Group
	}
	shape := map[string][]string{"email": {"email"}, "ipv4": {"ipv4"}, "ipv6": {"ipv6_like"}, "mac": {"mac"}}
	sc := engine(t, func(o *Options) { o.Groups[Network] = true }).NewScanner()
	extra := map[string]int{}
	personal := 0
	for _, line := range realLines(t, corpora(t)) {
		sc.Reset()
		for _, f := range sc.Find(line.text) {
			listed := slices.ContainsFunc(shape[f.Detector], func(has string) bool { return slices.Contains(line.has, has) })
			if listed {
				continue
			}
			if extra[f.Detector]++; extra[f.Detector] < 6 {
				t.Logf("%s %q in %q", f.Detector, line.text[f.Start:f.End], head(line.text))
			}
			if groups[f.Detector] == Personal || groups[f.Detector] == PaymentCard {
				personal++
			}
		}
	}
	names := sortedKeys(extra)
	sort.Strings(names)
	t.Logf("findings that are not listed: %v", extra)
	require.LessOrEqual(t, personal, 5)
}
