// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

const (
	maxColumns   = 64
	maxStatement = 1 << 10
)

// findSQL is called behind a quote that opens a password, or behind VALUES (.
func findSQL(c *cursor, end int) (int, int, bool) {
	s := c.s
	if s[end-1] == '(' {
		return findInsert(c, end)
	}
	at := end - 1
	if isSpace(s[at]) { // IDENTIFIED
		if at = behindBy(s, at); at < 0 {
			return 0, 0, false
		}
	}
	start, quote := openValue(s, at)
	if quote == "" || flagWords[strings.ToLower(s[start:closeQuoted(s, start, quote, maxLook)])] {
		return 0, 0, false
	}
	stop := closeSQL(s, start, quote, maxLook)
	return extend(s, start, stop, func(v string) bool {
		return !isPlaceholder(v) && strings.IndexByte("$:?@{", v[0]) < 0 && !isPlaceholder(strings.ToLower(v))
	}, func(limit int) int { return closeSQL(s, start, quote, limit) })
}

// behindBy reads [WITH plugin] BY|AS [PASSWORD] and returns where what follows begins, or -1.
func behindBy(s string, i int) int {
	for n := 0; n < 4; n++ {
		word, next := nextWord(s, i)
		if i = next; strings.EqualFold(word, "by") || strings.EqualFold(word, "as") {
			if word, next = nextWord(s, i); strings.EqualFold(word, "password") {
				i = next
			}
			for i < len(s) && isSpace(s[i]) {
				i++
			}
			return i
		}
	}
	return -1
}

// closeSQL is closeQuoted with the doubled quote of SQL.
func closeSQL(s string, start int, quote string, limit int) int {
	stop := closeQuoted(s, start, quote, limit)
	for stop-start < limit && stop+2*len(quote) <= len(s) && s[stop:stop+len(quote)] == quote && s[stop+len(quote):stop+2*len(quote)] == quote {
		from := stop + 2*len(quote)
		stop = closeQuoted(s, from, quote, max(0, limit-(from-start)))
	}
	return stop
}

// findInsert pairs the names of the columns before VALUES with the values behind it. The finding goes from the first
// secret value to the last, over all rows of the statement.
func findInsert(c *cursor, end int) (int, int, bool) {
	s := c.s
	k := blanksBefore(s, end-1)
	k = blanksBefore(s, k-len("values")+boolInt(k > 0 && s[k-1]|0x20 == 'e'))
	if k < 2 || s[k-1] != ')' {
		return 0, 0, false
	}
	open := strings.LastIndexByte(s[max(0, k-maxStatement):k], '(')
	if open < 0 {
		return 0, 0, false
	}
	open += max(0, k-maxStatement)
	var secret uint64
	column := 0
	for at := open + 1; at < k && column < maxColumns; column++ {
		to := at
		for to < k-1 && s[to] != ',' {
			to++
		}
		if c.e.keyClass(strings.Trim(s[at:to], " \t\r\n\"'`[]\\")) >= keySecret {
			secret |= 1 << column
		}
		at = to + 1
	}
	if secret == 0 {
		return 0, 0, false
	}
	start, stop, i := 0, 0, end
	for i < len(s) {
		for column = 0; i < len(s); column++ {
			from, to, next := sqlValue(s, i)
			if column < maxColumns && secret&(1<<column) != 0 && from < to && !isPlaceholder(s[from:to]) && strings.IndexByte("$:?@{%", s[from]) < 0 {
				if start == 0 {
					start = from
				}
				stop = to
			}
			if i = next; i >= len(s) || s[i] != ',' {
				break
			}
			i++
		}
		// On to the next row, if there is one.
		for i < len(s) && (isSpace(s[i]) || s[i] == ')' || s[i] == ',') {
			i++
		}
		if i >= len(s) || s[i] != '(' {
			break
		}
		i++
	}
	return start, stop, start < stop
}

// sqlValue returns the value at i without its quotes, and where the comma or parenthesis behind it stands.
func sqlValue(s string, i int) (from, to, next int) {
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	if i < len(s) && strings.IndexByte(`'"\`, s[i]) >= 0 {
		start, quote := openValue(s, i)
		if quote != "" {
			stop := closeSQL(s, start, quote, len(s))
			for next = min(len(s), stop+len(quote)); next < len(s) && isSpace(s[next]); next++ {
			}
			return start, stop, next
		}
	}
	for next = i; next < len(s) && s[next] != ',' && s[next] != ')'; next++ {
	}
	to = next
	for to > i && isSpace(s[to-1]) {
		to--
	}
	return i, to, next
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
