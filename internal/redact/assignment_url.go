// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// findURLPassword is called behind the first character that follows two slashes.
func findURLPassword(c *cursor, end int) (int, int, bool) {
	s := c.s
	end--
	bare := end < 3 || s[end-3] != ':'
	if bare && end > 2 && strings.IndexByte(" \t\r\n\"'`=(,</", s[end-3]) < 0 {
		return 0, 0, false
	}
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
	if bare && (slash || colon == end || !allIn(s[end:colon], isKeyChar) || hostAt(s, at+1) == 0) { // //user:password@host
		return 0, 0, false
	}
	at = lastAt(s[:limit], at)
	return colon + 1, at, !isPlaceholder(s[colon+1 : at])
}

// lastAt returns the @ that ends the user information of a URL of which the one at "at" was found: a later one, when the password
// holds an @ and then a slash. What stands between them must not be a host with a path for sure.
func lastAt(s string, at int) int {
	if n := hostAt(s, at+1); n > 0 && strings.ContainsAny(s[at+1:at+1+n], ".:") || strings.HasPrefix(s[at+1:], "localhost/") {
		return at
	}
	last := at
	for i := at + 1; i < len(s); i++ {
		switch s[i] {
		case ' ', '\t', '\n', '\r', '"', '\'', '<', '>', '`', '\\', '?', '=', '&', ',', ';', '[', ']':
			return last
		case ':':
			if strings.HasPrefix(s[i:], "://") {
				return last
			}
		case '@':
			if s[i-1] != '/' && hostAt(s, i+1) > 0 {
				last = i
			}
		}
	}
	return last
}

// hostAt returns the length of the host, maybe with its port, that stands at i and ends as the authority of a URL does; or 0.
func hostAt(s string, i int) int {
	j := i
	for j < len(s) && (isAlnum(s[j]) || s[j] == '.' || s[j] == '-' || s[j] == '_') {
		j++
	}
	name := s[i:j]
	if j == i || !isAlnum(name[0]) || isDigit(name[0]) && strings.Count(name, ".") < 3 && allIn(name, func(c byte) bool { return isDigit(c) || c == '.' }) {
		return 0 // or the version of a package
	}
	if j+1 < len(s) && s[j] == ':' && isDigit(s[j+1]) {
		for j++; j < len(s) && isDigit(s[j]); j++ {
		}
	}
	if j < len(s) && strings.IndexByte("/?#& \t\r\n\"'`<>\\),;]}", s[j]) < 0 {
		return 0
	}
	return j - i
}
