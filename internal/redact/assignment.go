// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

const (
	maxKeyBytes = 64
	// maxLook is how much of a value is looked at to decide whether it is a secret. A value that is one is then taken to
	// its end, however far that is: only what is taken may be long, so that the time stays linear.
	maxLook = 512
	// bareLook is the same for a value without quotes: what is a secret shows it earlier.
	bareLook      = 160
	maxUserInfo   = 512
	maxSeparators = 24
)

func isKeyChar(c byte) bool { return isAlnum(c) || c == '_' || c == '-' || c == '.' || c >= 0x80 }

// skipSeparators goes from behind the sign of assignment to the value: over further signs, blanks, and an opening quote.
func skipSeparators(s string, i int) int {
	i, _ = openValue(s, i)
	return i
}

// openValue also tells how the value is quoted: the quote with the backslashes before it, or "".
func openValue(s string, i int) (int, string) {
	from := i
	for i < len(s) && i-from < maxSeparators && (strings.IndexByte("=:>?. \t", s[i]) >= 0) {
		i++
	}
	j := i
	for j < len(s) && s[j] == '\\' && j-i < 16 {
		j++
	}
	if j < len(s) && (s[j] == '"' || s[j] == '\'' || s[j] == '`') {
		if i < j {
			return j + 1, s[i : j+1]
		}
		// Doubled in SQL and CSV, three in Python; but "" alone is the empty text.
		for n := 0; n < 2 && j+2 < len(s) && s[j+1] == s[j] && strings.IndexByte(" \t\r\n,;:)}]&/>\\|", s[j+2]) < 0; n++ {
			j++
		}
		return j + 1, s[j : j+1]
	}
	return i, ""
}

// closeQuoted returns where the quoted value that begins at i ends; without an end it goes on to the end of the line.
func closeQuoted(s string, i int, quote string, limit int) int {
	q, depth := quote[len(quote)-1], len(quote)-1
	stop := min(len(s), i+limit)
	for j := i; j < stop; j++ {
		if s[j] == q {
			if n := backslashesBefore(s[i:j], j-i); n <= depth || n%2 == 0 && depth == 0 {
				return max(i, j-min(n, depth))
			}
		}
	}
	if stop < len(s) {
		return stop
	}
	if k := strings.IndexByte(s[i:stop], '\n'); k >= 0 {
		return i + k
	}
	return stop
}

// closeBare returns where the unquoted value that begins at i ends.
func closeBare(s string, i, limit int) int {
	stop := min(len(s), i+limit)
	j := i
scan:
	for ; j < stop; j++ {
		switch s[j] {
		case ' ', '\t', '\n', '\r', '"', '\'', '`', '<', '>':
			if s[j] == '<' && j == i {
				continue // <redacted>
			}
			if s[j] == '>' && s[i] == '<' {
				j++
			}
			break scan
		case '\\':
			if j+1 < len(s) && strings.IndexByte(`nrt"'`, s[j+1]) >= 0 {
				break scan
			}
		case ',', ';':
			if nextIsName(s, j+1) {
				break scan
			}
		case '&':
			if nextIsParameter(s, j+1) {
				break scan
			}
		}
	}
	var unopened [3]bool // kinds of brackets that do not open within the value: each is looked for once
	for ; j > i; j-- {
		c := s[j-1]
		if c == ',' || c == ';' || c == '.' && j < len(s) {
			continue
		}
		k := strings.IndexByte(")]}", c)
		if k < 0 || !unopened[k] && strings.IndexByte(s[i:j-1], "([{"[k]) >= 0 {
			break
		}
		unopened[k] = true
	}
	return j
}

// nextIsParameter tells whether the text goes on, behind an &, with the end, "name=" or the rest of an entity of HTML.
func nextIsParameter(s string, i int) bool {
	j := i
	for j < len(s) && j-i < maxKeyBytes && (isKeyChar(s[j]) || strings.IndexByte("%[]#", s[j]) >= 0) {
		j++
	}
	return j == len(s) && j == i || j < len(s) && (s[j] == '=' || s[j] == ';' || j == i && isSpace(s[j]))
}

// nextIsName tells whether the text goes on with a blank, the end, or "name=" or "name:".
func nextIsName(s string, i int) bool {
	if i >= len(s) || isSpace(s[i]) {
		return true
	}
	for j := i; j < len(s) && j-i < maxKeyBytes; j++ {
		if s[j] == '=' || s[j] == ':' || s[j] == '"' {
			return j > i || s[j] == '"'
		}
		if !isKeyChar(s[j]) && s[j] != ' ' {
			return false
		}
	}
	return false
}

// extend returns the end of a value: that within maxLook when the value ends there, or else, for a value that is a
// secret by what was seen of it, its true end.
func extend(s string, start, stop int, secret func(string) bool, end func(limit int) int) (int, int, bool) {
	if stop <= start || !secret(s[start:stop]) {
		return 0, 0, false
	}
	return start, trueEnd(s, start, stop, end), true
}

// trueEnd is stop, or for a value that is longer than what was looked at its end.
func trueEnd(s string, start, stop int, end func(limit int) int) int {
	if stop-start < bareLook-8 {
		return stop
	}
	return max(stop, end(len(s)))
}

// name is what stands before a sign of assignment.
type name struct {
	from, to int
	quoted   bool // in quotes or brackets
	half     bool // the opening quote is missing
	blank    bool // a blank before the sign
	sign     byte
}

// nameBefore reads the name whose sign of assignment ends at end.
func nameBefore(s string, end int) name {
	sign := s[end-1]
	k := end - 1
	if sign == '=' && k > 0 && (s[k-1] == '?' || s[k-1] == '.') || sign == ':' && k > 0 && s[k-1] == '?' {
		k--
	}
	at := k
	k = blanksBefore(s, k)
	if k >= 7 && s[k-6:k] == "string" && isSpace(s[k-7]) { // var name string = ...
		k = blanksBefore(s, k-6)
	}
	if k >= 7 && sign == '=' && strings.EqualFold(s[k-5:k], "value") { // name="password" value=
		if j := blanksBefore(s, k-5); j < k-5 && j > 0 && (s[j-1] == '"' || s[j-1] == '\'') {
			k, at = j, j
		}
	}
	n := name{blank: k < at, sign: sign}
	inBrackets := k > 1 && s[k-1] == ']' && (sign == '=' || sign == ':') // user[password]=, $row['password'] =
	if inBrackets {
		k--
	}
	if k > 0 && (s[k-1] == '"' || s[k-1] == '\'' || s[k-1] == '`') {
		k--
		k -= backslashesBefore(s, k)
		if k > 0 && s[k-1] == s[k] && s[k] != '\\' { // doubled in CSV
			k--
		}
		n.quoted = true
	}
	n.to, n.from = k, k
	closed := n.quoted
	for n.from > 0 && k-n.from < maxKeyBytes && isKeyChar(s[n.from-1]) {
		n.from--
	}
	if n.from > 0 && n.from < k && s[n.from-1] == '\\' && isEscapeLetter(s[n.from]) { // \npassword=
		n.from++
	}
	if sign == ':' && n.from > 0 && s[n.from-1] == '(' && strings.Contains(s[max(0, n.from-maxSeparators):n.from], "pam_") {
		n.from = n.to // pam_unix(gdm-password:session)
	}
	if inBrackets && !n.quoted && (n.from == 0 || s[n.from-1] != '[') { // gdm-password]: is a program
		n.from = n.to
	}
	// A name of which only the closing quote is there is the rest of something: half a structure gives no certainty.
	n.half = closed && (n.from == 0 || !isAlnum(s[n.from-1]) && strings.IndexByte("\"'`", s[n.from-1]) < 0 && !isSpace(s[n.from-1]))
	return n
}

func blanksBefore(s string, k int) int {
	for n := 0; n < maxSeparators && k > 0 && isSpace(s[k-1]); n++ {
		k--
	}
	return k
}

// findAssignment is called behind the sign of assignment that follows a name, or behind the blank after an option.
func findAssignment(c *cursor, end int, want keyClass) (int, int, bool) {
	s := c.s
	if isSpace(s[end-1]) {
		return findFlag(c, end, want)
	}
	n := nameBefore(s, end)
	class := c.e.keyClass(s[n.from:n.to])
	if class == keyPlain || (class == keyPassword) != (want == keyPassword) {
		return 0, 0, false
	}
	var start int
	var quote string
	switch {
	case n.sign == ',':
		if start, quote = valueOfPair(s, n, end); start < 0 {
			return 0, 0, false
		}
	case n.sign == '>':
		if n.from == 0 || !opensElement(s, n) {
			return 0, 0, false
		}
		return findElement(s, end, class)
	default:
		start, quote = openValue(s, end)
	}
	if strings.HasSuffix(quote, `"`) && !n.quoted && stringEnds(s, start) {
		return 0, 0, false
	}
	if class == keyWeak && n.half || class == keyWeak && (n.sign != '=' || n.blank) && isSignature(s[n.from:n.to]) {
		return 0, 0, false
	}
	if quote == "" && !n.quoted && start+1 < len(s) && s[start] == '[' && isAlnum(s[start+1]) && !strings.HasPrefix(s[start:], maskPrefix) { // Go's map[X-Api-Key:[…]]
		start++
	}
	x := context{certain: certaintyOf(s, n, end, start), quoted: quote != "" || n.quoted}
	x.spaced = n.sign == ':' && start < len(s) && start > 0 && quote == "" && isSpace(s[start-1]) && !n.quoted
	if quote == "" && n.quoted && n.sign == ':' && (class == keyPassword || class == keySecret && x.certain == certainJSON) {
		if stop := closeContainer(s, start); stop > 0 {
			return start, stop, !isMessages(s[start:stop])
		}
	}
	pass := class == keyWeak && isPass(s[n.from:n.to])
	if !pass && !x.begins(class, s[start:min(len(s), start+10)]) {
		return 0, 0, false
	}
	closeValue := func(limit int) int {
		if quote != "" {
			return closeQuoted(s, start, quote, limit)
		}
		return closeBare(s, start, limit)
	}
	look := maxLook
	if quote == "" {
		look = bareLook
	}
	stop := closeValue(look)
	if stop < len(s) {
		x.after = s[stop]
	}
	x.line = x.spaced && wholeLine(s, n.from, stop)
	return extend(s, start, stop, func(v string) bool {
		if n.sign == ',' && class == keyPassword && allIn(v, isNameChar) { // a list of names
			return false
		}
		if x.certain == certainJSON && quote == "" && len(v) < 6 && class != keyPassword { // a count
			return false
		}
		if pass {
			h := shapeOf(v)
			return x.certain >= certainTight && len(v) >= 5 && h.lowers+h.uppers > 0 && (h.digits+h.others > 0 || x.certain >= certainQuery) && !isPlaceholder(v) && !looksLikeIdentifier(v)
		}
		return plausible(class, v, x) && !isWorkingDirectory(s[n.from:n.to], v)
	}, closeValue)
}

// stringEnds tells whether the quote before i ends a string of JSON rather than beginning a value: {"prompt":"Password:"}.
func stringEnds(s string, i int) bool {
	if i < len(s) && s[i] == ',' {
		for i++; i < len(s) && (s[i] == ' ' || s[i] == '\\'); i++ {
		}
		return i < len(s) && s[i] == '"'
	}
	return i < len(s) && (s[i] == '}' || s[i] == ']') && (i+1 == len(s) || strings.IndexByte(",}]\"\\ \r\n", s[i+1]) >= 0)
}

// isPass: pass=1 counts and spf=pass judges, but user=bob pass=… logs in.
func isPass(name string) bool {
	n := len(name)
	return n >= 4 && strings.EqualFold(name[n-4:], "pass") && (n == 4 || !isAlnum(name[n-5]) || isUpper(name[n-4]) && isLower(name[n-5]))
}

// wholeLine tells whether a name begins a line of several and its value, which ends at stop, ends it, as in YAML.
func wholeLine(s string, from, stop int) bool {
	for from > 0 && (s[from-1] == ' ' || s[from-1] == '\t') && stop-from < maxLook {
		from--
	}
	first, last := from == 0 || s[from-1] == '\n', stop >= len(s) || s[stop] == '\n' || s[stop] == '\r'
	return first && last && (from > 0 || stop+1 < len(s))
}

// isWorkingDirectory: PWD is also what a shell calls the directory it is in.
func isWorkingDirectory(name, v string) bool {
	return strings.EqualFold(name, "pwd") && (v[0] == '/' || v[0] == '~' || len(v) > 2 && v[1] == ':' && (v[2] == '\\' || v[2] == '/'))
}

// isSignature: a signature is no secret but where it signs a URL or a form.
func isSignature(name string) bool {
	return len(name) >= 3 && strings.EqualFold(name[len(name)-3:], "sig") || len(name) >= 9 && strings.EqualFold(name[len(name)-9:], "signature")
}

func isNameChar(c byte) bool { return isAlpha(c) || c == '_' || c == '-' || c == '.' || c == ' ' }

// certaintyOf tells how certain the way of writing makes it that a name has its value behind it.
func certaintyOf(s string, n name, end, start int) certainty {
	switch {
	case n.half:
		return certainLoose
	case n.quoted && n.sign == ':' && wholeJSON(s):
		return certainJSON
	case n.sign == '=' && !n.blank && start < len(s) && !isSpace(s[start-1]) && (start == end || s[end-1] == '='):
		if n.from > 0 && (s[n.from-1] == '?' || s[n.from-1] == '&' || s[n.from-1] == ';') {
			return certainQuery
		}
		return certainTight
	case n.quoted && n.sign == ':', n.sign == '>', n.sign == '=' && n.quoted && !n.blank:
		return certainTight
	case n.sign == ':' && n.to-n.from > 2 && s[n.from]|0x20 == 'x' && s[n.from+1] == '-': // a header
		return certainTight
	}
	return certainLoose
}

// wholeJSON tells by its ends whether a text is a JSON object or array.
func wholeJSON(s string) bool {
	i, j := 0, len(s)
	for i < j && i < maxSeparators && isSpace(s[i]) {
		i++
	}
	for j > i && len(s)-j < maxSeparators && isSpace(s[j-1]) {
		j--
	}
	return j-i > 1 && (s[i] == '{' && s[j-1] == '}' || s[i] == '[' && s[j-1] == ']')
}

// valueOfPair returns the value behind ("name", or {"name":"password", with its quote; or -1.
func valueOfPair(s string, n name, end int) (int, string) {
	if !n.quoted {
		return -1, ""
	}
	start, quote := openValue(s, end)
	if quote == "" {
		return -1, ""
	}
	stop := closeQuoted(s, start, quote, maxKeyBytes)
	j := min(len(s), stop+len(quote))
	for j < len(s) && isSpace(s[j]) && j-stop < maxSeparators {
		j++
	}
	if j < len(s) && (s[j] == ':' || s[j] == '=') { // a pair of its own
		if word := s[start:stop]; !strings.EqualFold(word, "value") && !strings.EqualFold(word, "val") {
			return -1, ""
		}
		if start, quote = openValue(s, j); quote == "" {
			return -1, ""
		}
	}
	return start, quote
}
