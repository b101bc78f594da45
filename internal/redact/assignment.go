// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

const (
	maxKeyBytes = 64
	// maxLook is how much of a value is looked at to decide whether it is a secret. A value that is one is then taken to
	// its end, however far that is: only what is taken may be long, so that the time stays linear.
	maxLook       = 512
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
		return j + 1, s[i : j+1]
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
		case ' ', '\t', '\n', '\r', '"', '\'', '`', '<', '>', '&':
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
		}
	}
	for j > i {
		c := s[j-1]
		open := map[byte]byte{')': '(', ']': '[', '}': '{'}[c]
		if c == ',' || c == ';' || c == '.' && j < len(s) || open != 0 && strings.IndexByte(s[i:j-1], open) < 0 {
			j--
			continue
		}
		break
	}
	return j
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
	if stop-start >= maxLook-8 {
		stop = max(stop, end(len(s)))
	}
	return start, stop, true
}

// findAssignment is called behind the sign of assignment that follows a name.
func findAssignment(c *cursor, end int, want keyClass) (int, int, bool) {
	s, sign := c.s, s0(c.s, end-1)
	k := end - 1
	if sign == '=' && k > 0 && (s[k-1] == '?' || s[k-1] == '.') || sign == ':' && k > 0 && s[k-1] == '?' {
		k--
	}
	for n := 0; n < maxSeparators && k > 0 && isSpace(s[k-1]); n++ {
		k--
	}
	if k >= 7 && s[k-6:k] == "string" && isSpace(s[k-7]) { // var name string = ...
		k -= 6
		for n := 0; n < maxSeparators && k > 0 && isSpace(s[k-1]); n++ {
			k--
		}
	}
	quotedKey := false
	if k > 0 && (s[k-1] == '"' || s[k-1] == '\'' || s[k-1] == '`') {
		k--
		k -= backslashesBefore(s, k)
		quotedKey = true
	}
	name := k
	for name > 0 && k-name < maxKeyBytes && isKeyChar(s[name-1]) {
		name--
	}
	if name > 0 && name < k && s[name-1] == '\\' && isEscapeLetter(s[name]) { // \npassword=
		name++
	}
	class := c.e.keyClass(s[name:k])
	if class == keyPlain || (class == keyPassword) != (want == keyPassword) {
		return 0, 0, false
	}
	var start int
	var quote string
	switch {
	case sign == ',':
		if !quotedKey {
			return 0, 0, false
		}
		if start, quote = openValue(s, end); quote == "" {
			return 0, 0, false
		}
	case sign == '>' && (name > 0 && s[name-1] == '<'):
		for start = end; start < len(s) && start-end < maxSeparators && isSpace(s[start]); start++ {
		}
		closeElement := func(limit int) int {
			stop := start
			for stop < len(s) && stop-start < limit && s[stop] != '<' {
				stop++
			}
			for stop > start && isSpace(s[stop-1]) {
				stop--
			}
			return stop
		}
		return extend(s, start, closeElement(maxLook), func(v string) bool { return plausibleSecret(class, v, true, false) }, closeElement)
	case sign == '>':
		return 0, 0, false
	default:
		start, quote = openValue(s, end)
	}
	spaced := sign == ':' && start < len(s) && start > 0 && quote == "" && isSpace(s[start-1]) && !quotedKey
	closeValue := func(limit int) int {
		if quote != "" {
			return closeQuoted(s, start, quote, limit)
		}
		return closeBare(s, start, limit)
	}
	return extend(s, start, closeValue(maxLook), func(v string) bool {
		return plausibleSecret(class, v, quote != "" || quotedKey, spaced)
	}, closeValue)
}

func s0(s string, i int) byte { return s[i] }

var authSchemes = []string{"bearer", "basic", "token", "apikey", "api-key", "digest", "negotiate", "aws4-hmac-sha256", "hmac", "key"}

// findAuthorization is called behind "Authorization:" or "Bearer ".
func findAuthorization(c *cursor, end int) (int, int, bool) {
	s := c.s
	header := !isSpace(s[end-1])
	i, quote := end, ""
	if header {
		i, quote = openValue(s, i)
		if quote == "" && i < len(s) && s[i] == '[' && !strings.HasPrefix(s[i:], maskPrefix) {
			if j, q := openValue(s, i+1); q != "" {
				i, quote = j, q
			}
		}
		for _, scheme := range authSchemes {
			n := len(scheme)
			if len(s)-i > n && strings.EqualFold(s[i:i+n], scheme) && (s[i+n] == ' ' || s[i+n] == ':') {
				for i += n; i < len(s) && (s[i] == ' ' || s[i] == ':'); i++ {
				}
				if scheme == "digest" || scheme[0] == 'a' && n > 8 {
					return extend(s, i, closeLine(s, i, quote, maxLook), func(v string) bool { return !isPlaceholder(v) },
						func(limit int) int { return closeLine(s, i, quote, limit) })
				}
				return extend(s, i, closeCredential(s, i, maxLook), func(v string) bool {
					return len(v) >= 6 && !isPlaceholder(v) && strings.IndexByte("${<%", v[0]) < 0
				}, func(limit int) int { return closeCredential(s, i, limit) })
			}
		}
	} else {
		for i < len(s) && i-end < maxSeparators && isSpace(s[i]) {
			i++
		}
	}
	return extend(s, i, closeCredential(s, i, maxLook), func(v string) bool {
		if header {
			return plausibleSecret(keySecret, v, quote != "", true)
		}
		return len(v) >= 16 && strings.ContainsAny(v, "0123456789") && distinct(v) >= 8 && v[0] != '[' && !isPlaceholder(v)
	}, func(limit int) int { return closeCredential(s, i, limit) })
}

// closeCredential ends a credential at a blank, a quote or the end of a list.
func closeCredential(s string, i, limit int) int {
	j := i
	for j < len(s) && j-i < limit && !isSpace(s[j]) && strings.IndexByte("\"'`,;<>&)}\\", s[j]) < 0 {
		if s[j] == ']' && s[i] != '[' {
			break
		}
		j++
	}
	for j > i && s[j-1] == '.' {
		j--
	}
	return j
}

// closeLine ends a header at its closing quote or at the end of the line, written out or escaped.
func closeLine(s string, i int, quote string, limit int) int {
	if quote != "" {
		return closeQuoted(s, i, quote, limit)
	}
	j := i
	for ; j < len(s) && j-i < limit; j++ {
		if s[j] == '\n' || s[j] == '\r' || s[j] == '"' || s[j] == '\\' && j+1 < len(s) && strings.IndexByte(`nr"`, s[j+1]) >= 0 {
			break
		}
	}
	return j
}

func findCookie(c *cursor, end int) (int, int, bool) {
	s := c.s
	i, quote := openValue(s, end)
	if quote == "" && i < len(s) && s[i] == '[' && !strings.HasPrefix(s[i:], maskPrefix) {
		if j, q := openValue(s, i+1); q != "" {
			i, quote = j, q
		}
	}
	closeCookie := func(limit int) int {
		if s[end-1] == ':' || quote != "" {
			return closeLine(s, i, quote, limit)
		}
		return closeBare(s, i, limit)
	}
	return extend(s, i, closeCookie(maxLook), func(v string) bool {
		if n := isMask(v); n > 0 && isPlaceholder(v) {
			return false
		}
		eq := strings.IndexByte(v, '=')
		return eq > 0 && eq+1 < len(v) && allIn(v[:eq], func(c byte) bool { return isKeyChar(c) || c == '%' || c == '$' || c == '*' }) && !isPlaceholder(v[eq+1:])
	}, closeCookie)
}

func findURLPassword(c *cursor, end int) (int, int, bool) {
	s := c.s
	colon, at := -1, -1
	slash := false
	limit := min(len(s), end+maxUserInfo)
scan:
	for i := end; i < limit; i++ {
		switch b := s[i]; b {
		case ' ', '\t', '\n', '\r', '"', '\'', '<', '>', '`', '\\':
			break scan
		case '/':
			// A slash ends the authority, unless what stands behind the colon cannot be a port and an @ follows:
			// then somebody wrote a password without escaping it.
			if at >= 0 || colon < 0 || i == colon+1 || allIn(s[colon+1:i], isDigit) {
				break scan
			}
			slash = true
		case '?', '#':
			if colon < 0 || allIn(s[colon+1:i], isDigit) {
				break scan
			}
		case ':':
			if colon < 0 {
				colon = i
			} else if slash && at < 0 && i+2 < len(s) && s[i+1] == '/' && s[i+2] == '/' {
				break scan // the next URL
			}
		case '@':
			if colon >= 0 {
				at = i
				if slash {
					break scan
				}
			} else {
				break scan
			}
		}
	}
	if colon < 0 || at <= colon+1 {
		return 0, 0, false
	}
	if slash && strings.IndexByte(s[end:colon], '.') >= 0 { // host.example:x/y@z
		return 0, 0, false
	}
	return colon + 1, at, !isPlaceholder(s[colon+1 : at])
}
