// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Identity numbers of the Americas. The check functions name their sources.
var americanIDs = []nationalID{
	{
		name: "us_ssn", doc: "United States social security numbers with dashes, or in unusual groups with a leading zero; otherwise behind a word that says so",
		alone: []string{"999-99-9999", "099 99 9999", "099-999999"}, named: []string{"999~99~9999", "999.99.9999", "99999~9999"},
		words: []string{"ssn", "ssns", "social sec", "soc sec"}, check: checkSSN,
		match: []string{"ssn=«219-09-8876»", "is «078-05-1120».", "social security no. «078 05 1120»", "ssn: «219098876»", "his SSN «219-098876»", "x «078 05 1120» y", "«078-051120»"},
		miss:  []string{"000-12-3456", "666-12-3456", "912-12-3456", "078-00-1120", "078-05-0000", "078-05-11201", "1-078-05-1120", "478 15 1120", "219098876", "219-098876", "21909-8876", "02139-4307", "x 478 05 1120"},
	},
	{
		name: "us_itin", doc: "United States taxpayer identification numbers with dashes, or behind a word that says so",
		alone: []string{"999-99-9999"}, named: []string{"999~99~9999"}, words: []string{"itin", "taxpayer", "tax id"}, check: checkITIN,
		match: []string{"«912-70-1234»", "ITIN «912701234»"}, miss: []string{"912-40-1234", "912701234", "812-70-1234"},
	},
	{
		name: "us_npi", doc: "United States provider identifiers (NPI) behind a word that says so; check digit",
		named: []string{"9999999999"}, words: []string{"npi", "national provider"}, check: checkNPI,
		match: []string{"NPI «1234567893»"}, miss: []string{"1234567893", "NPI 1234567894"},
	},
	{
		name: "us_routing_number", doc: "United States bank routing numbers with dashes, or behind a word that says so; check digit",
		alone: []string{"9999-9999-9"}, named: []string{"9999~9999~9"}, words: []string{"aba", "rtn", "routing", "transit number"}, check: checkABA,
		match: []string{"routing number «011000015»", "ABA: «0110-0001-5»", "«0110-0001-5»"}, miss: []string{"011000015", "ABA 011000016"},
	},
	{
		name: "us_dea_number", doc: "DEA registration numbers behind a word that says so; check digit",
		named: []string{"AA9999999", "A99999999"}, words: []string{"dea"}, check: checkDEA,
		match: []string{"DEA no «AB1234563»"}, miss: []string{"AB1234563", "DEA AB1234564"},
	},
	{
		name: "us_mbi", doc: "Medicare beneficiary identifiers behind a word that says so",
		named: []string{"9AX9~AX9~AA99"}, words: []string{"mbi", "medicare"}, check: checkMBI,
		match: []string{"MBI: «1EG4-TE5-MK72»", "Medicare id «1EG4TE5MK72»"}, miss: []string{"1EG4TE5MK72", "1EG4-TE5-MK72", "MBI: 1SG4-TE5-MK72"},
	},
	{
		name: "ca_sin", doc: "Canadian social insurance numbers behind a word that says so; check digit",
		named: []string{"999~999~999"}, words: []string{"sin", "nas", "social insurance", "assurance sociale"}, check: checkSIN,
		match: []string{"SIN «193 456 787»", "social insurance number: «193-456-787»"}, miss: []string{"193 456 787", "SIN 193 456 788", "sin 046 454 286"},
	},
	{
		name: "br_cpf", doc: "Brazilian CPF numbers with their dots, or behind a word that says so; check digits",
		alone: []string{"999<.999.999-^99"}, named: []string{"99999999999", "999~999~999~99"}, words: []string{"cpf"}, check: checkCPF,
		match: []string{"«529.982.247-25»", "cpf=«52998224725»"}, miss: []string{"529.982.247-26", "52998224725", "111.111.111-11"},
	},
	{
		name: "br_cnpj", doc: "Brazilian CNPJ numbers with their dots, or behind a word that says so; check digits",
		alone: []string{"99<.999.999/^9999-99"}, named: []string{"XXXXXXXXXXXX99", "XX.XXX.XXX/XXXX-99"}, words: []string{"cnpj"}, check: checkCNPJ,
		match: []string{"«11.222.333/0001-81»", "CNPJ «11222333000181»", "cnpj «12.ABC.345/01DE-35»"}, miss: []string{"11.222.333/0001-82", "11222333000181"},
	},
	{
		name: "ar_cuit", doc: "Argentine CUIT and CUIL numbers with their dashes, or behind a word that says so; check digit",
		alone: []string{"99-99999999-9"}, named: []string{"99999999999"}, words: []string{"cuit", "cuil"}, check: checkCUIT,
		match: []string{"«20-12345678-6»", "CUIT «20123456786»"}, miss: []string{"20-12345678-5", "20123456786"},
	},
	{
		name: "cl_rut", doc: "Chilean RUT numbers with their dots, or behind a word that says so; check digit",
		alone: []string{"99<.999.999-^X", "9<.999.999-^X"}, named: []string{"99999999~X", "9999999~X"}, words: []string{"rut"}, check: checkRUT,
		match: []string{"«12.345.678-5»", "RUT: «12345678-5»"}, miss: []string{"12.345.678-6", "12345678-5"},
	},
	{
		name: "mx_curp", doc: "Mexican CURP codes; date and check digit",
		alone: []string{"AAA<A999999A^AAAAAX9"}, check: checkCURP,
		match: []string{"«HEGG560427MVZRRL04»"}, miss: []string{"HEGG560427MVZRRL05"},
	},
}
