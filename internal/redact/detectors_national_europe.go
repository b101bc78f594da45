// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Identity numbers of Europe. The check functions name their sources.
var europeanIDs = []nationalID{
	{
		name: "uk_nhs_number", doc: "NHS numbers of the United Kingdom behind a word that says so; check digit",
		named: []string{"999~999~9999"}, words: []string{"nhs"}, check: checkNHS,
		match: []string{"NHS no. «943 476 5919»", "nhs_number=«9434765919»", `{"nhsNumber":"«943-476-5919»"}`},
		miss:  []string{"943 476 5919", "NHS 943 476 5918", "nhs trust 12"},
	},
	{
		name: "uk_nino", doc: "National Insurance numbers of the United Kingdom in groups, or behind a word that says so",
		alone: []string{"A<A 99 99^ 99 A"}, named: []string{"AA~99~99~99~A"}, words: []string{"nino", "ni no", "ni number", "national insurance"}, check: checkNINO,
		match: []string{"is «AB 12 34 56 C».", "nino=«ab123456c»", "National Insurance number «JG 103759A»"},
		miss:  []string{"AB123456C", "nino QQ123456C", "GB 12 34 56 C", "nino AB123456E"},
	},
	{
		name: "de_tax_id", doc: "German tax identification numbers behind a word that says so; check digit",
		named: []string{"99~999~999~999", "99 999 999 999"}, words: []string{"steuer id", "steueridentifikation", "idnr", "tax id", "taxid", "tin"}, check: checkSteuerID,
		match: []string{"Steuer-ID «86095742719»", "IdNr. «47 036 892 816»"},
		miss:  []string{"86095742719", "Steuer-ID 86095742718", "Steuer-ID 11111111111"},
	},
	{
		name: "de_social_security", doc: "German pension insurance numbers; check digit",
		alone: []string{"99999999A^999"}, named: []string{"99~999999~A~999"}, words: []string{"rentenvers", "versicherungsnummer", "vsnr", "rvnr", "sozialvers"}, check: checkVSNR,
		match: []string{"«15070649C103»", "RVNR «65 170839 J 003»"},
		miss:  []string{"15070649C104", "15990649C103"},
	},
	{
		name: "de_health_insurance", doc: "German health insurance numbers behind a word that says so; check digit",
		named: []string{"A999999999"}, words: []string{"kvnr", "kranken", "versicherten"}, check: checkKVNR,
		match: []string{"KVNR: «A123456780»"}, miss: []string{"A123456780", "KVNR: A123456781"},
	},
	{
		name: "de_id_card", doc: "Numbers of German identity cards behind a word that says so; check digit where there is one",
		named: []string{"AXXXXXXXX9", "AXXXXXXXX"}, words: []string{"personalausweis", "ausweis"}, check: checkIDCardDE,
		match: []string{"Personalausweis «T220001293»", "Ausweis-Nr. «L01X00T471»"}, miss: []string{"T220001293", "Personalausweis T220001294", "Personalausweis beantragt"},
	},
	{
		name: "de_vat_id", doc: "German VAT numbers with a right check digit, or with any behind a word that says so",
		alone: []string{"DE999999999"}, named: []string{"DE~999~999~999"}, words: []string{"ust id", "ustid", "vat", "umsatzsteuer"}, check: checkVATDE, nearCheck: shapeVATDE,
		match: []string{"USt «DE136695976»", "VAT: «de 136 695 976»"}, miss: []string{"DE136695977", "de 136 695 976"},
	},
	{
		name: "fr_nir", doc: "French social security numbers in groups, or behind a word that says so; check digits",
		alone: []string{"9 99 99 99^ 999 999 99", "9 99 99 9A^ 999 999 99"}, named: []string{"9~99~99~9X~999~999~99"},
		words: []string{"nir", "insee", "sécurité sociale", "securite sociale", "sécu", "secu"}, check: checkNIR,
		match: []string{"«2 55 08 14 168 025 38»", "NIR «255081416802538»", "n° de sécurité sociale : «255081416802538»"},
		miss:  []string{"255081416802538", "nir 255081416802539"},
	},
	{
		name: "es_nif", doc: "Spanish DNI and NIF of persons; check letter",
		alone: []string{"99999999U", "99999999-A"}, named: []string{"99999999~A", "9999999~A", "99.999.999~A"}, words: []string{"dni", "nif"}, check: checkDNI,
		match: []string{"«12345678Z»", "«12345678-Z»", "DNI: «12.345.678-Z»", "nif=«1111111g»", "DNI «10000007K»"}, miss: []string{"12345678A", "10000007K", "1111111G", "12345678Z9", "x-12345678Z"},
	},
	{
		name: "es_nie", doc: "Spanish identity numbers of foreigners; check letter",
		alone: []string{"A9999999A", "A9999999-A"},
		named: []string{"A~9999999~A"}, words: []string{"nie"}, check: checkNIE,
		match: []string{"«X1234567L»", "NIE «Z-1234567-R»", "«Y1234567-X»"}, miss: []string{"X1234567M", "A1234567L"},
	},
	{
		name: "it_fiscal_code", doc: "Italian codice fiscale; check character",
		alone: []string{"AAAAA<A99A99A9^99A"}, named: []string{"AAA~AAA~XXAXX~AXXXA"}, words: []string{"codice fiscale", "codicefiscale"}, check: checkCodiceFiscale, nearCheck: shapeCodiceFiscale,
		match: []string{"«RSSMRA85T10A562S»", "codice fiscale: «rss mra 85t10 a562s»"}, miss: []string{"RSSMRA85T10A562T", "XRSSMRA85T10A562S"},
	},
	{
		name: "it_vat_code", doc: "Italian VAT numbers behind a word that says so; check digit",
		named: []string{"99999999999", "IT99999999999"}, words: []string{"partita iva", "p.iva", "p. iva", "piva"}, check: func(s string) bool { return checkPartitaIVA(s[len(s)-11:]) },
		match: []string{"P.IVA «00743110157»"}, miss: []string{"00743110157", "P.IVA 00743110158"},
	},
	{
		name: "nl_bsn", doc: "Dutch citizen service numbers behind a word that says so; check digit",
		named: []string{"999999999", "9999.99.999", "9999 99 999"}, words: []string{"bsn", "burgerservice", "sofinummer"}, check: checkBSN,
		match: []string{"bsn=«111222333»", "burgerservicenummer «1112.22.333»"}, miss: []string{"111222333", "bsn=111222334"},
	},
	{
		name: "pl_pesel", doc: "Polish PESEL numbers behind a word that says so; check digit",
		named: []string{"99999999999"}, words: []string{"pesel"}, check: checkPESEL,
		match: []string{"PESEL: «44051401359»", `"peselNumber":"«44051401359»"`}, miss: []string{"44051401359", "PESEL 44051401358", "PESEL 44151401359"},
	},
	{
		name: "se_personnummer", doc: "Swedish personal identity numbers with a dash, or behind a word that says so; date and check digit",
		alone: []string{"999999-9999", "99999999-9999"}, named: []string{"999999~9999", "99999999~9999"}, words: []string{"personnummer", "personnr", "samordningsnummer", "personal identity"}, check: checkPersonnummer,
		match: []string{"«811228-9874»", "«19811228-9874»", "personnummer «8112289874»"}, miss: []string{"811228-9875", "8112289874", "811328-9873", "811228-98740"},
	},
	{
		name: "fi_hetu", doc: "Finnish personal identity codes; date and check character",
		alone: []string{"999999-999X", "999999A999X"},
		check: checkHETU,
		match: []string{"«131052-308T»", "hetu «131052A308T»"}, miss: []string{"131052-308U", "131352-308T", "131052/308T", "131052-001H"},
	},
	{
		name: "dk_cpr", doc: "Danish CPR numbers behind a word that says so; date",
		named: []string{"999999~9999"}, words: []string{"cpr", "cprnr", "personnummer", "cprnummer"}, check: checkCPR,
		match: []string{"CPR «070761-4285»", "cpr=«0707614285»"}, miss: []string{"070761-4285", "CPR 321361-4285"},
	},
	{
		name: "no_fodselsnummer", doc: "Norwegian identity numbers behind a word that says so; date and check digits",
		named: []string{"999999~99999"}, words: []string{"fødselsnummer", "fodselsnummer", "foedselsnummer", "personnummer", "fnr", "d nummer"}, check: checkFodselsnummer,
		match: []string{"fødselsnummer «01010750160»", "fnr: «010107 50160»"}, miss: []string{"01010750160", "fnr: 01010750161"},
	},
	{
		name: "be_national_number", doc: "Belgian national register numbers with their dots, or behind a word that says so; check digits",
		alone: []string{"99.99.99-^999.99"}, named: []string{"99999999999", "999999~999~99"}, words: []string{"rijksregister", "registre national", "niss", "insz"}, check: checkRijksregister,
		match: []string{"«93.05.18-223.61»", "rijksregisternummer «93051822361»"}, miss: []string{"93051822361", "93.05.18-223.62"},
	},
	{
		name: "ch_ahv", doc: "Swiss social insurance numbers with their dots, or behind a word that says so; check digit",
		alone: []string{"999.9999.^9999.99"}, named: []string{"7569999999999", "756~9999~9999~99"}, words: []string{"ahv", "avs", "ahvn13", "navs13"}, check: checkAHV,
		match: []string{"«756.9217.0769.85»", "AHV-Nr «7569217076985»"}, miss: []string{"756.9217.0769.84", "7569217076985"},
	},
	{
		name: "pt_nif", doc: "Portuguese tax numbers behind a word that says so; check digit",
		named: []string{"999~999~999"}, words: []string{"nif", "contribuinte"}, check: checkNIFPT,
		match: []string{"NIF «123456789»", "contribuinte n.º «123 456 789»"}, miss: []string{"123456789", "NIF 123456788"},
	},
	{
		name: "ie_pps", doc: "Irish PPS numbers behind a word that says so; check letter",
		named: []string{"9999999A", "9999999AA"}, words: []string{"pps", "ppsn", "personal public service"}, check: checkPPS,
		match: []string{"PPS «1234567T»", "ppsn=«1234567FA»"}, miss: []string{"1234567T", "PPS 1234567U"},
	},
	{
		name: "ro_cnp", doc: "Romanian personal numeric codes behind a word that says so; date and check digit",
		named: []string{"9999999999999"}, words: []string{"cnp", "cod numeric personal"}, check: checkCNP,
		match: []string{"CNP «1800101221144»"}, miss: []string{"1800101221144", "CNP 1800101221145"},
	},
	{
		name: "cz_birth_number", doc: "Czech and Slovak birth numbers behind a word that says so; date, divisible by 11",
		named: []string{"999999/9999", "9999999999"}, words: []string{"rodné číslo", "rodne cislo", "birth number"}, check: checkRodneCislo,
		match: []string{"rodné číslo «736028/5163»"}, miss: []string{"736028/5163", "rodné číslo 736028/5164"},
	},
	{
		name: "hr_oib", doc: "Croatian personal identification numbers behind a word that says so; check digit",
		named: []string{"99999999999"}, words: []string{"oib"}, check: checkOIB,
		match: []string{"OIB: «94577403194»"}, miss: []string{"94577403194", "OIB: 94577403195"},
	},
}
