// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

// Identity numbers of Asia, Africa and Oceania. The check functions name their sources.
var asianIDs = []nationalID{
	{
		name: "au_tfn", doc: "Australian tax file numbers behind a word that says so; check digit",
		named: []string{"999~999~999"}, words: []string{"tfn", "tax file"}, check: checkTFN,
		match: []string{"TFN «123 456 782»", "tax file number: «123456782»"}, miss: []string{"123 456 782", "TFN 123 456 783"},
	},
	{
		name: "au_abn", doc: "Australian business numbers behind a word that says so; check digits",
		named: []string{"99~999~999~999"}, words: []string{"abn", "australian business"}, check: checkABN,
		match: []string{"ABN «53 004 085 616»"}, miss: []string{"53 004 085 616", "ABN 53 004 085 617"},
	},
	{
		name: "au_acn", doc: "Australian company numbers behind a word that says so; check digit",
		named: []string{"999~999~999"}, words: []string{"acn", "australian company"}, check: checkACN,
		match: []string{"ACN «004 085 616»"}, miss: []string{"004 085 616", "ACN 004 085 617"},
	},
	{
		name: "au_medicare", doc: "Australian Medicare numbers behind a word that says so; check digit",
		named: []string{"9999~99999~9", "9999~99999~9~9"}, words: []string{"medicare"}, check: checkMedicareAU,
		match: []string{"Medicare «2950 12348 1»", `"medicareNumber": "«2950123481»"`}, miss: []string{"2950 12348 1", "Medicare 2950 12350 1"},
	},
	{
		name: "in_aadhaar", doc: "Indian Aadhaar numbers behind a word that says so; check digit",
		named: []string{"9999~9999~9999"}, words: []string{"aadhaar", "aadhar", "uidai", "adhaar"}, check: checkAadhaar,
		match: []string{"Aadhaar «2341-2341-2346»", `"aadhaar":"«234123412346»"`, "Aadhaar no: «2341 2341 2346»"}, miss: []string{"234123412346", "2341 2341 2346", "2341-2341-2346", "Aadhaar 2341-2341-2347", "aadhaar 134123412346"},
	},
	{
		name: "in_pan", doc: "Indian permanent account numbers behind a word that says so",
		named: []string{"AAAAA9999A"}, words: []string{"pan", "permanent account"}, check: checkPAN,
		match: []string{"PAN: «ABCPE1234F»"}, miss: []string{"ABCPE1234F", "PAN: ABCPE0000F"},
	},
	{
		name: "in_gstin", doc: "Indian tax numbers (GSTIN)",
		alone: []string{"99AAAA<A9999A^XzX"}, named: []string{"99AAAAA9999AXzX"}, words: []string{"gstin"}, check: checkGSTIN,
		match: []string{"«27AAPFU0939F1ZV»", "gstin=«27aapfu0939f1zv»"}, miss: []string{"47AAPFU0939F1ZV", "27AAPFU0939F1YV"},
	},
	{
		name: "sg_nric", doc: "Singapore's NRIC and FIN; check letter",
		alone: []string{"A9999999A"}, named: []string{"A9999999A"}, words: []string{"nric", "singapore id"}, check: checkNRIC,
		match: []string{"«S1234567D»", "nric=«s1234567d»"}, miss: []string{"S1234567E", "s1234567d"},
	},
	{
		name: "kr_rrn", doc: "Korean resident registration numbers with a dash and a right check digit, or with any behind a word that says so; date",
		alone: []string{"999999-9999999"}, named: []string{"999999~9999999"}, words: []string{"rrn", "resident registration"}, far: []string{"주민등록번호", "주민번호", "외국인등록번호"},
		check: checkRRN, nearCheck: checkRRNDate,
		match: []string{"«680101-1234561»", "RRN «6801011234567»", "주민등록번호: «680101-1234567»"}, miss: []string{"680101-1234562", "681301-1234563", "6801011234561"},
	},
	{
		name: "kr_brn", doc: "Korean business registration numbers with their dashes, or behind a word that says so; check digit",
		alone: []string{"999-99-99999"}, named: []string{"9999999999"}, words: []string{"brn", "business registration"}, far: []string{"사업자등록번호", "사업자번호"}, check: checkBRN,
		match: []string{"«124-81-00998»", "BRN: «1248100998»"}, miss: []string{"124-81-00999", "1248100998"},
	},
	{
		name: "tr_tckn", doc: "Turkish identity numbers behind a word that says so; check digits",
		named: []string{"99999999999"}, words: []string{"tckn", "kimlik", "tc no", "t.c.", "tc kimlik"}, check: checkTCKN,
		match: []string{"TCKN «12345678950»", "T.C. Kimlik No: «12345678950»"}, miss: []string{"12345678950", "TCKN 12345678951"},
	},
	{
		name: "za_id", doc: "South African identity numbers behind a word that says so; date and check digit",
		named: []string{"9999999999999", "999999~9999~999"}, words: []string{"south african", "sa id", "rsa id", "za id", "id number", "idnumber", "permanent resident", "identity number"}, check: checkZA,
		match: []string{"SA ID «8001015009087»", "South African ID is «8001015009087»"}, miss: []string{"8001015009087", "SA ID 8001015009088", "SA ID 1768435208976"},
	},
	{
		name: "th_national_id", doc: "Thai identity numbers with their dashes, or behind a word that says so; check digit",
		alone: []string{"9<-9999-99999-^99-9"}, named: []string{"9999999999999", "9~9999~99999~99~9"}, words: []string{"thai id", "thai national", "thai citizen", "thai identi", "tnin"}, far: []string{"เลขประจำตัวประชาชน", "บัตรประชาชน"}, check: checkTH,
		match: []string{"«1-2345-67890-12-1»", "Thai ID «1234567890121»", "เลขประจำตัวประชาชน: «1234567890121»"}, miss: []string{"1234567890121", "Thai ID 1234567890122"},
	},
	{
		name: "cn_resident_id", doc: "Chinese resident identity numbers that end in X, or behind a word that says so; date and check character",
		alone: []string{"99999999999999999x"}, named: []string{"99999999999999999X"}, words: []string{"sfzh", "idcard", "id card", "resident id", "shenfenzheng"}, far: []string{"身份证", "身份證"}, check: checkCN,
		match: []string{"«11010519491231002X»", "身份证号：«110105194912310046»", `"idcard":"«11010519491231002x»"`}, miss: []string{"110105194913310028", "110105194912310046"},
	},
	{
		name: "jp_my_number", doc: "Japanese individual numbers behind a word that says so; check digit",
		named: []string{"9999~9999~9999"}, words: []string{"my number", "mynumber"}, far: []string{"マイナンバー", "個人番号"}, check: checkMyNumber,
		match: []string{"My Number: «123456789018»"}, miss: []string{"123456789018", "My Number: 123456789019"},
	},
	{
		name: "tw_national_id", doc: "Identity numbers of Taiwan behind a word that says so; check digit",
		named: []string{"A999999999"}, words: []string{"taiwan id", "taiwanese id", "national id"}, check: checkTW,
		match: []string{"Taiwan ID «A123456789»"}, miss: []string{"A123456789", "Taiwan ID A123456788"},
	},
	{
		name: "hk_id", doc: "Hong Kong identity cards with the check digit in parentheses",
		alone: []string{"A999999(^X)"}, check: checkHKID,
		match: []string{"«A123456(3)»"}, miss: []string{"A123456(4)"},
	},
	{
		name: "il_id", doc: "Israeli identity numbers behind a word that says so; check digit",
		named: []string{"999999999", "99999999-9"}, words: []string{"teudat zehut", "israeli id"}, far: []string{"תעודת זהות"}, check: checkIL,
		match: []string{"Teudat Zehut «123456782»"}, miss: []string{"123456782", "Teudat Zehut 123456783"},
	},
}
