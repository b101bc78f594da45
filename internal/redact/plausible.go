// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// certainty says how much the way in which a value is written tells of its being one. Structure gives certainty.
type certainty uint8

const (
	// certainLoose: free text and snippets of code, "name: value", `name = "value"`, a call. The value must look random.
	certainLoose certainty = iota
	// certainTight: name=value without blanks, a quoted name, a header named X-…. The value must not look like a word.
	certainTight
	// certainQuery: a parameter of a URL. As tight, and short random values behind weak names count.
	certainQuery
	// certainJSON: the whole text is JSON. The name decides, as it does for attributes.
	certainJSON
)

// shape counts the kinds of characters in a value.
type shape struct{ digits, uppers, lowers, others int }

func shapeOf(v string) (s shape) {
	for i := range len(v) {
		switch c := v[i]; {
		case isDigit(c):
			s.digits++
		case isUpper(c):
			s.uppers++
		case isLower(c):
			s.lowers++
		default:
			s.others++
		}
	}
	return s
}

// context is how a value is written.
type context struct {
	certain certainty
	quoted  bool
	spaced  bool // behind a colon and a blank, as in prose
	line    bool // name and value are a line of several, as in YAML
	after   byte // what follows the value; 0 at the end
}

// begins is the cheap part of plausible: the first characters of a value, ten at most, refuse most texts that are none.
func (x context) begins(class keyClass, v string) bool {
	switch {
	case class == keyWeak && x.certain != certainQuery:
		return len(v) == 10 && !strings.ContainsAny(v, " :/\\()@.,=\t\n\"'<>?&")
	case class == keySecret && x.certain == certainLoose && !strings.HasPrefix(v, maskPrefix):
		return len(v) == 10 && allIn(v, func(c byte) bool { return isTokenChar(c) || c == '+' || c == '/' })
	}
	return true
}

// plausibleSecret is plausible where the structure tells that the value is one.
func plausibleSecret(class keyClass, v string, quoted, spaced bool) bool {
	return plausible(class, v, context{certain: certainTight, quoted: quoted, spaced: spaced})
}

// plausible tells whether v, the value behind a name of that class in a text, is to be masked.
func plausible(class keyClass, v string, x context) bool {
	if isPlaceholder(v) || isCall(v, x.after) {
		return false
	}
	s := shapeOf(v)
	word := s.digits == 0 && s.others == 0 && (s.uppers == 0 || s.lowers == 0 || s.uppers == 1 && isUpper(v[0]))
	switch class {
	case keySecret:
		return secretByName(v, s, word, x) && (x.certain == certainJSON || !hasWord(v, docWords))
	case keyPassword:
		// "password: required" and "Password: for user" are prose; "password=hunter" and "password": "hunter" are not.
		return !x.spaced || x.quoted || (!word || x.line) && len(v) >= 4
	case keyWeak:
		if x.certain == certainQuery {
			return len(v) >= 10 && s.digits >= 1 && s.lowers+s.uppers >= 2 && !isUUID(v) && distinct(v) >= 6 && !looksLikeIdentifier(v)
		}
		return !strings.HasPrefix(v, "0x") && len(v) >= 16 && s.digits >= 2 && s.lowers+s.uppers >= 4 && s.others <= len(v)/6 && !isUUID(v) &&
			!strings.ContainsAny(v, " :/\\()@.,") && entropy(v) >= 3.3 && !looksLikeIdentifier(v) && !isNamedDigest(v)
	}
	return false
}

// isCall tells whether v is the name of a function whose argument follows in quotes: password := os.Getenv("DB_PASSWORD").
func isCall(v string, after byte) bool {
	name, ok := strings.CutSuffix(v, "(")
	return ok && (after == '"' || after == '\'' || after == '`') && name != "" && !isDigit(name[0]) &&
		allIn(name, func(c byte) bool { return isAlnum(c) || c == '_' || c == '.' })
}

// isNamedDigest tells whether v is words and a digest, joined by dashes, as caches have for keys: linux-node-9f86d0818884….
func isNamedDigest(v string) bool {
	i := strings.LastIndexByte(v, '-')
	return i > 0 && len(v)-i-1 >= 32 && allIn(v[i+1:], isHex) && strings.IndexByte(v[:i], '-') > 0 &&
		allIn(v[:i], func(c byte) bool { return isAlnum(c) || c == '-' || c == '_' || c == '.' })
}

// secretByName is plausible for keySecret.
func secretByName(v string, s shape, word bool, x context) bool {
	switch {
	case x.certain == certainJSON:
		return len(v) >= 4
	case x.certain == certainLoose:
		return looksRandom(v, x)
	}
	if len(v) < 6 || strings.ContainsAny(v, " \t") && !x.quoted {
		return false
	}
	if strings.Contains(v, "://") || strings.ContainsAny(v, "(){}") || objectAt(v) || strings.HasPrefix(v, "0x") {
		return false
	}
	if s.digits > 0 && s.lowers+s.uppers == 0 {
		return s.others == 0 && s.digits >= 15 || s.others > 0 && s.digits >= 10
	}
	if word {
		return (x.quoted || !x.spaced) && len(v) >= 16 && entropy(v) >= 3 || len(v) >= 20
	}
	return s.digits > 0 && len(v) >= 8 && distinct(v) >= 5 || len(v) >= 10 && distinct(v) >= 6 && s.uppers > 0 && s.lowers > 0 && !looksLikeIdentifier(v)
}

// looksRandom is what gitleaks asks of the value of its rule generic-api-key (MIT licence): an alphabet, Shannon entropy
// over 3.5 bits, a digit, no word that says that it is something else, and a proper end.
func looksRandom(v string, x context) bool {
	switch x.after {
	case 0, '"', '\'', '`', ' ', '\t', '\n', '\r', ';', '\\', '<', ',', '}', ']', '&', '|':
	default:
		return false
	}
	if strings.HasPrefix(v, "ey") && threeParts(v) {
		return true
	}
	if len(v) < 10 || !allIn(v, isTokenChar) && !base64Like(v) || allIn(v, func(c byte) bool { return isAlpha(c) || c == '_' || c == '.' || c == '-' }) {
		return false
	}
	digits := 0
	for i := range len(v) {
		if isDigit(v[i]) {
			digits++
		}
	}
	if digits == 0 || strings.HasPrefix(v, "0x") || hasStopWord(v) || looksLikeIdentifier(v) {
		return false
	}
	// Hexadecimal digits cannot have more than 4 bits each; that long they are a digest, a UUID or a key.
	return entropy(v) > 3.5 || len(v) >= 24 && entropy(v) > 2.9 && allIn(v, func(c byte) bool { return isHex(c) || c == '-' })
}

// threeParts tells whether v has the outer form of a JSON Web Token.
func threeParts(v string) bool {
	a, rest, _ := strings.Cut(v, ".")
	b, c, ok := strings.Cut(rest, ".")
	part := func(p string) bool {
		return len(p) >= 10 && allIn(p, func(c byte) bool { return isTokenChar(c) && c != '.' || c == '/' || c == '+' })
	}
	return ok && part(a) && part(b) && part(c)
}

func isTokenChar(c byte) bool { return isAlnum(c) || c == '_' || c == '.' || c == '=' || c == '-' }

func base64Like(v string) bool {
	body := strings.TrimRight(v, "=")
	return len(v)-len(body) <= 3 && len(body) >= 12 && isAlnum(body[0]) && allIn(body, func(c byte) bool { return isAlnum(c) || c == '+' || c == '/' })
}

// stopWords stand in what is a name or an example, and next to never in random characters of that length.
var stopWords = []string{
	"example", "sample", "dummy", "placeholder", "changeme", "change_me", "test_", "_test", "-test", "test-", "testing", "secret",
	"token", "passw", "client", "server", "config", "default", "public", "string", "your", "insert", "replace", "agency", "content",
	"encoding", "account", "application", "attribute", "container", "document", "element", "experience", "function", "handler", "identif",
	"include", "instance", "interface", "keyword", "localhost", "manager", "message", "module", "number", "object", "operation", "option",
	"package", "parameter", "permission", "platform", "product", "project", "property", "provider", "request", "resource", "response",
	"schema", "security", "service", "session", "setting", "status", "storage", "template", "undefined", "variable", "version", "android",
	".java", ".class", ".json", ".yaml", ".html", ".jar", ".com", ".org", ".net", "www.", "000000", "123456789", "aaaaaa",
}

// docWords stand in what documentation writes in the place of a secret.
var docWords = []string{"example", "placeholder", "dummy", "changeme", "change_me", "change-me", "your_", "your-", "insert_", "insert-", "replace_", "replace-"}

func hasStopWord(v string) bool { return hasWord(v, stopWords) }

func hasWord(v string, words []string) bool {
	for _, w := range words {
		if containsFold(v, w) {
			return true
		}
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
