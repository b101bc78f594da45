// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// keyClass says how much the name of a key tells about its value.
type keyClass uint8

const (
	keyPlain    keyClass = iota
	keyWeak              // key, auth, sig: only a value that looks random is a secret
	keySecret            // token, api_key: a value without blanks that is not a plain word
	keyPassword          // password, ssn: any value
)

// The last word of a name decides, or the last two joined: "user.password", "x-api-key", "clientSecret".
var keyWords = map[string]keyClass{
	"password": keyPassword, "passwd": keyPassword, "passwort": keyPassword, "pwd": keyPassword, "passphrase": keyPassword,
	"passcode": keyPassword, "passwordhash": keyPassword, "hashedpassword": keyPassword, "encryptedpassword": keyPassword, "pw": keyPassword, "passwds": keyPassword,
	"kennwort": keyPassword, "contrasena": keyPassword, "motdepasse": keyPassword, "mdp": keyPassword, "senha": keyPassword, "haslo": keyPassword,
	"wachtwoord": keyPassword, "losenord": keyPassword, "salasana": keyPassword, "heslo": keyPassword, "jelszo": keyPassword, "parola": keyPassword,
	"sifre": keyPassword, "adgangskode": keyPassword, "passord": keyPassword, "katasandi": keyPassword, "parool": keyPassword, "lozinka": keyPassword,
	"storepass": keyPassword, "keypass": keyPassword, "userpass": keyPassword, "dbpass": keyPassword, "sshpass": keyPassword, "mysqlpwd": keyPassword,
	"secrets": keySecret, "apikeys": keySecret, "pincode": keySecret, "mfacode": keySecret, "otpcode": keySecret, "verificationcode": keySecret,
	"seedphrase": keySecret, "mnemonicphrase": keySecret, "recoveryphrase": keySecret, "recoverykey": keySecret,
	"otp": keySecret, "totp": keySecret, "passwords": keyPassword,
	"ssn": keyPassword, "cvv": keyPassword, "cvc": keyPassword, "cvv2": keyPassword, "socialsecurity": keyPassword,
	"socialsecuritynumber": keyPassword, "cardnumber": keyPassword, "creditcard": keyPassword, "creditcardnumber": keyPassword,
	"secret": keySecret, "token": keySecret, "credential": keySecret, "credentials": keySecret, "jwt": keySecret,
	"apikey": keySecret, "secretkey": keySecret, "accesskey": keySecret, "privatekey": keySecret, "authkey": keySecret,
	"encryptionkey": keySecret, "signingkey": keySecret, "masterkey": keySecret, "accountkey": keySecret,
	"subscriptionkey": keySecret, "storagekey": keySecret, "hmackey": keySecret, "consumerkey": keySecret, "apptoken": keySecret, "creds": keySecret,
	"xcsrftoken": keyPlain, "refreshtoken": keySecret, "idtoken": keySecret, "accesstoken": keySecret, "proxyauthorization": keySecret,
	"sharedkey": keySecret, "licensekey": keySecret, "sharedaccesskey": keySecret, "sessionkey": keySecret,
	"bearer": keySecret, "sessiontoken": keySecret, "secretid": keySecret, "clientsecret": keySecret,
	"authorization": keySecret, "cookie": keySecret, "setcookie": keySecret,
	"key": keyWeak, "auth": keyWeak, "sig": keyWeak, "signature": keyWeak, "pass": keyWeak, "sessionid": keyWeak, "sid": keyWeak,
}

// Endings that are as good written without a border: "dbpassword", "PGPASSWORD", "authtoken".
var keyEndings = []struct {
	end   string
	class keyClass
}{
	{"password", keyPassword},
	{"passwd", keyPassword},
	{"passphrase", keyPassword},
	{"passwordhash", keyPassword},
	{"passwort", keyPassword},
	{"secret", keySecret},
	{"token", keySecret},
	{"apikey", keySecret},
	{"secretkey", keySecret},
	{"accesskey", keySecret},
	{"privatekey", keySecret},
	{"credentials", keySecret},
}

// Names that end like a secret and are none.
var plainKeys = map[string]bool{
	"pagetoken": true, "nextpagetoken": true, "continuationtoken": true, "nexttoken": true, "cancellationtoken": true,
	"synctoken": true, "resumetoken": true, "publickey": true, "pubkey": true, "primarykey": true, "foreignkey": true, "partitionkey": true,
	"cachekey": true, "sortkey": true, "routingkey": true, "idempotencykey": true, "rowkey": true, "hotkey": true, "sshpublickey": true,
	"publickeytoken": true, "tagkey": true, "metrickey": true, "publictoken": true, "csrftoken": true, "xsrftoken": true, "xcsrftoken": true,
	"csrf": true, "withcredentials": true, "bucketkey": true, "schemakey": true, "sequencekey": true, "naturalkey": true, "indexkey": true, "idxkey": true,
	"objectkey": true, "groupkey": true, "lookupkey": true, "uniquekey": true, "compositekey": true, "clusterkey": true, "shardkey": true,
	"mapkey": true, "hashkey": true, "rangekey": true, "registrykey": true, "menukey": true, "shortcutkey": true, "turkey": true,
	"monkey": true, "donkey": true, "eofsecret": true, "windowtoken": true, "activitytoken": true, "apptokenid": true, "nextcontinuationtoken": true,
	"synchronizertoken": true, "antiforgerytoken": true, "requestverificationtoken": true, "jsonwebtoken": true, "tokentype": true,
	"httpprimarykey": true, "dedupkey": true, "deduplicationkey": true, "messagekey": true, "hotkeys": true, "cursortoken": true,
	"s3key": true, "i18nkey": true, "translationkey": true, "localekey": true, "sessionkeyid": true, "unexpectedtoken": true,
}

// lastLetters holds the last two letters of every word that tells anything: the cheap part of classifyKey.
var lastLetters = func() (set [32][32]bool) {
	add := func(w string) { set[w[len(w)-2]&31][w[len(w)-1]&31] = true }
	for w := range keyWords {
		add(w)
	}
	for _, e := range keyEndings {
		add(e.end)
	}
	for _, w := range suffixWords {
		add(w)
	}
	return set
}()

// normalizeKey keeps letters and digits, in lower case.
func normalizeKey(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r >= 0x80:
			return r
		}
		return -1
	}, name)
}

// classifyKey looks at the end of a key's name. It does not allocate.
func classifyKey(name string) keyClass {
	if n := len(name); n >= 2 && isAlpha(name[n-1]) && isAlpha(name[n-2]) && !lastLetters[name[n-2]&31][name[n-1]&31] {
		return keyPlain
	}
	// Fold into a buffer, and remember where the last words begin.
	var buf [64]byte
	if len(name) > len(buf) {
		name = name[len(name)-len(buf):]
	}
	name = trimSuffixWord(name)
	if hasHighByte(name) && foreignPassword(name) {
		return keyPassword
	}
	n, last, prev, third := 0, 0, 0, 0
	var before byte = '.'
	for i := range len(name) {
		c := name[i]
		if !isAlnum(c) && c < 0x80 {
			before = c
			continue
		}
		if isUpper(c) && (isLower(before) || isDigit(before) || i+1 < len(name) && isLower(name[i+1]) && isUpper(before)) || !isAlnum(before) && before < 0x80 {
			third, prev, last = prev, last, n
		}
		before = c
		if isUpper(c) {
			c |= 0x20
		}
		buf[n] = c
		n++
	}
	for n > last+2 && isDigit(buf[n-1]) { // password1, key_2
		n--
	}
	if n > 0 && last < n && allDigits(buf[last:n]) {
		n, last, prev = last, prev, third
	}
	all := buf[:n]
	class := max(keyWords[string(all[last:])], keyWords[string(all[prev:])], keyWords[string(all[third:])])
	if class < keySecret {
		for _, e := range keyEndings {
			if n >= len(e.end) && string(all[n-len(e.end):]) == e.end {
				class = max(class, e.class)
			}
		}
	}
	if class == keyPlain {
		return keyPlain
	}
	if plainKeys[string(all)] || plainKeys[string(all[last:])] || plainKeys[string(all[prev:])] || plainKeys[string(all[third:])] {
		return keyPlain
	}
	return class
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// suffixWords say of which kind or for what a value is, and stand behind the name proper: token_value, secretString.
var suffixWords = []string{"value", "string", "str", "val", "base64", "b64", "text", "plaintext", "raw", "prod", "production", "staging", "live", "new", "old"}

// trimSuffixWord takes such a word off the end of a name, where it begins a word of its own.
func trimSuffixWord(name string) string {
	for _, w := range suffixWords {
		i := len(name) - len(w)
		if i < 3 || name[len(name)-1]|0x20 != w[len(w)-1] || !strings.EqualFold(name[i:], w) {
			continue
		}
		switch c := name[i-1]; {
		case c == '_' || c == '-' || c == '.':
			return name[:i-1]
		case isLower(c) && isUpper(name[i]), isDigit(c):
			return name[:i]
		}
	}
	return name
}

// foreignWords are passwords in other languages, with a letter that ASCII does not have. They are looked for at the end of a name.
var foreignWords = spellings("contraseña", "hasło", "пароль", "lösenord", "jelszó", "şifre", "şifresi", "κωδικός", "密码", "密碼", "口令", "パスワード", "비밀번호", "รหัสผ่าน", "mật_khẩu", "mật khẩu", "סיסמה")

// spellings returns the words in lower case, capitalised and in upper case.
func spellings(words ...string) (out []string) {
	for _, w := range words {
		r, n := utf8.DecodeRuneInString(w)
		out = append(out, w)
		for _, v := range []string{string(unicode.ToUpper(r)) + w[n:], strings.ToUpper(w)} {
			if v != w {
				out = append(out, v)
			}
		}
	}
	return out
}

// foreignPassword tells whether a name ends in one of foreignWords.
func foreignPassword(name string) bool {
	for _, w := range foreignWords {
		if strings.HasSuffix(name, w) {
			return true
		}
	}
	return false
}

func hasHighByte(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return true
		}
	}
	return false
}

// nameTrigger is the expression for a name of the user's own and the sign of assignment behind it, in any way of writing the name.
func nameTrigger(name string) string {
	var b strings.Builder
	b.WriteString("(?i)")
	border := false
	for i := range len(name) {
		switch c := name[i]; {
		case c >= utf8.RuneSelf:
			b.WriteString(`[^\x00-\x7f]`)
		case isAlnum(c):
			if b.Len() > len("(?i)") && (border || isUpper(c) && !isUpper(name[i-1])) {
				b.WriteString(`[_.\- ]?`)
			}
			b.WriteByte(c)
			border = false
			continue
		}
		border = name[i] < utf8.RuneSelf
	}
	return b.String() + assignTail
}
