// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

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
	"passcode": keyPassword, "passwordhash": keyPassword, "pw": keyPassword,
	"ssn": keyPassword, "cvv": keyPassword, "cvc": keyPassword, "cvv2": keyPassword, "socialsecurity": keyPassword,
	"socialsecuritynumber": keyPassword, "cardnumber": keyPassword, "creditcard": keyPassword, "creditcardnumber": keyPassword,
	"secret": keySecret, "token": keySecret, "credential": keySecret, "credentials": keySecret, "jwt": keySecret,
	"apikey": keySecret, "secretkey": keySecret, "accesskey": keySecret, "privatekey": keySecret, "authkey": keySecret,
	"encryptionkey": keySecret, "signingkey": keySecret, "masterkey": keySecret, "accountkey": keySecret,
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
	"synctoken": true, "resumetoken": true, "publickey": true, "primarykey": true, "foreignkey": true, "partitionkey": true,
	"cachekey": true, "sortkey": true, "routingkey": true, "idempotencykey": true, "rowkey": true, "hotkey": true, "sshpublickey": true,
	"publickeytoken": true, "tagkey": true, "metrickey": true,
}

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
	// Fold into a buffer, and remember where the last words begin.
	var buf [64]byte
	if len(name) > len(buf) {
		name = name[len(name)-len(buf):]
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
	if plainKeys[string(all)] || plainKeys[string(all[prev:])] || plainKeys[string(all[third:])] {
		return keyPlain
	}
	class := max(keyWords[string(all[last:])], keyWords[string(all[prev:])], keyWords[string(all[third:])])
	if class < keySecret {
		for _, e := range keyEndings {
			if n >= len(e.end) && string(all[n-len(e.end):]) == e.end {
				class = max(class, e.class)
			}
		}
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

// plausibleSecret tells whether v, the value behind a key of that class in a text, is to be masked.
func plausibleSecret(class keyClass, v string, quoted, spaced bool) bool {
	if isPlaceholder(v) {
		return false
	}
	digits, uppers, lowers, others := 0, 0, 0, 0
	for i := range len(v) {
		switch c := v[i]; {
		case isDigit(c):
			digits++
		case isUpper(c):
			uppers++
		case isLower(c):
			lowers++
		default:
			others++
		}
	}
	word := digits == 0 && others == 0 && (uppers == 0 || lowers == 0 || uppers == 1 && isUpper(v[0]))
	switch class {
	case keyPassword:
		// "password: required" and "Password: for user" are prose; "password=hunter" and "password": "hunter" are not.
		return !spaced || quoted || !word && len(v) >= 4
	case keySecret:
		if len(v) < 6 || strings.ContainsAny(v, " \t") && !quoted {
			return false
		}
		if strings.Contains(v, "://") || strings.ContainsAny(v, "(){}") || objectAt(v) || strings.HasPrefix(v, "0x") {
			return false
		}
		if digits > 0 && lowers+uppers == 0 {
			return others == 0 && digits >= 15 || others > 0 && digits >= 10
		}
		if word {
			return (quoted || !spaced) && len(v) >= 12 && entropy(v) >= 3 || len(v) >= 20
		}
		return digits > 0 && len(v) >= 8 && distinct(v) >= 5 || len(v) >= 10 && distinct(v) >= 6 && uppers > 0 && lowers > 0 && !looksLikeIdentifier(v)
	case keyWeak:
		return !strings.HasPrefix(v, "0x") && len(v) >= 16 && digits >= 2 && lowers+uppers >= 4 && others <= len(v)/6 && !isUUID(v) &&
			!strings.ContainsAny(v, " :/\\()@.,") && entropy(v) >= 3.3 && !looksLikeIdentifier(v)
	}
	return false
}

// looksLikeIdentifier: words joined by dots, underscores, dashes or capitals, as code has them (kVK_Return, my-secret-name).
func looksLikeIdentifier(v string) bool {
	words, run, good := 0, 0, 0
	for i := 0; i <= len(v); i++ {
		if i < len(v) && isLower(v[i]) {
			run++
			continue
		}
		if run >= 3 {
			words++
			good += run
		}
		run = 0
	}
	return words >= 2 && good*3 >= len(v)*2
}
