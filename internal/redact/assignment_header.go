// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

var authSchemes = []string{"bearer", "basic", "token", "apikey", "api-key", "digest", "negotiate", "aws4-hmac-sha256", "hmac", "key"}

// findAuthorization is called behind "Authorization:" or "Bearer ".
func findAuthorization(c *cursor, end int) (int, int, bool) {
	s := c.s
	header := !isSpace(s[end-1])
	i, quote := end, ""
	if header {
		i, quote = openValue(s, i)
		if quote == "" && i < len(s) && s[i] == '[' && !strings.HasPrefix(s[i:], maskPrefix) {
			i++ // a list, as in Go's map[Authorization:[Basic …]]
			if j, q := openValue(s, i); q != "" {
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
	bracket := false
	if quote == "" && i < len(s) && s[i] == '[' && !strings.HasPrefix(s[i:], maskPrefix) {
		if j, q := openValue(s, i+1); q != "" {
			i, quote = j, q
		} else {
			i, bracket = i+1, true
		}
	}
	closeCookie := func(limit int) int {
		if bracket {
			stop := closeLine(s, i, quote, limit)
			if k := strings.IndexByte(s[i:stop], ']'); k >= 0 {
				return i + k
			}
			return stop
		}
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
