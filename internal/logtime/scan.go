// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import "time"

// scanner reads a text from left to right. It lives on the stack: reading a time allocates nothing.
type scanner struct {
	s string
	i int
	civil
}

func (t *scanner) rest() string { return t.s[t.i:] }
func (t *scanner) done() bool   { return t.i == len(t.s) }

// two reads two digits at offset i, -1 if they are none.
func two(s string, i int) int {
	a, b := s[i]-'0', s[i+1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

// pair reads two digits, -1 if they are not here.
func (t *scanner) pair() int {
	if t.i+2 > len(t.s) {
		return -1
	}
	v := two(t.s, t.i)
	t.i += 2
	return v
}

// number reads from least to most digits, at most 9.
func (t *scanner) number(least, most int) (int, bool) {
	v, n := 0, 0
	for n < most && t.i+n < len(t.s) {
		c := t.s[t.i+n] - '0'
		if c > 9 {
			break
		}
		v = v*10 + int(c)
		n++
	}
	t.i += n
	return v, n >= least
}

// blanks skips white space; there must be some unless the text ends here.
func (t *scanner) blanks() bool {
	from := t.i
	for t.i < len(t.s) && t.s[t.i] == ' ' {
		t.i++
	}
	return t.i > from || t.done()
}

// fraction reads a point or comma and digits, if they are here, or with colon that and one to three digits of milliseconds. Digits
// beyond nanoseconds are cut off.
func (t *scanner) fraction(colon bool) {
	if t.i+1 >= len(t.s) || !isDigit(t.s[t.i+1]) {
		return
	}
	switch t.s[t.i] {
	case '.', ',':
		t.i++
		t.nanos = t.digits()
	case ':':
		if !colon {
			return
		}
		from := t.i
		t.i++
		ms, _ := t.number(1, 3)
		if !t.done() && isDigit(t.s[t.i]) { // a year or something else
			t.i = from
			return
		}
		t.nanos = ms * 1e6
	}
}

// digits reads all digits here as a fraction of a second, in nanoseconds.
func (t *scanner) digits() int {
	v, n := 0, 0
	for ; t.i < len(t.s); t.i++ {
		c := t.s[t.i] - '0'
		if c > 9 {
			break
		}
		if n < 9 {
			v = v*10 + int(c)
			n++
		}
	}
	return v * nanosPer[n]
}

var nanosPer = [10]int{1e9, 1e8, 1e7, 1e6, 1e5, 1e4, 1e3, 1e2, 10, 1}

// monthName reads the first three letters of a month, in any case, and the rest of its full name if that is here.
func (t *scanner) monthName() bool {
	if t.i+3 > len(t.s) {
		return false
	}
	m := monthOf(t.s[t.i], t.s[t.i+1], t.s[t.i+2])
	if m == 0 {
		return false
	}
	t.month = m
	t.i += 3
	t.tail(time.Month(m).String()[3:])
	return true
}

// tail skips the rest of a long name if it is here.
func (t *scanner) tail(rest string) {
	if rest == "" || len(t.s)-t.i < len(rest) {
		return
	}
	for j := range len(rest) {
		if t.s[t.i+j]|0x20 != rest[j] {
			return
		}
	}
	t.i += len(rest)
}

func monthOf(a, b, c byte) int {
	switch uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20) {
	case 'j'<<16 | 'a'<<8 | 'n':
		return 1
	case 'f'<<16 | 'e'<<8 | 'b':
		return 2
	case 'm'<<16 | 'a'<<8 | 'r':
		return 3
	case 'a'<<16 | 'p'<<8 | 'r':
		return 4
	case 'm'<<16 | 'a'<<8 | 'y':
		return 5
	case 'j'<<16 | 'u'<<8 | 'n':
		return 6
	case 'j'<<16 | 'u'<<8 | 'l':
		return 7
	case 'a'<<16 | 'u'<<8 | 'g':
		return 8
	case 's'<<16 | 'e'<<8 | 'p':
		return 9
	case 'o'<<16 | 'c'<<8 | 't':
		return 10
	case 'n'<<16 | 'o'<<8 | 'v':
		return 11
	case 'd'<<16 | 'e'<<8 | 'c':
		return 12
	}
	return 0
}

// weekday skips the name of a day, short or long, in any case. That it is the right one is not checked.
func (t *scanner) weekday() bool {
	if t.i+3 > len(t.s) {
		return false
	}
	d := weekdayOf(t.s[t.i], t.s[t.i+1], t.s[t.i+2])
	if d < 0 {
		return false
	}
	t.i += 3
	t.tail(time.Weekday(d).String()[3:])
	return true
}

func weekdayOf(a, b, c byte) int {
	switch uint32(a|0x20)<<16 | uint32(b|0x20)<<8 | uint32(c|0x20) {
	case 's'<<16 | 'u'<<8 | 'n':
		return 0
	case 'm'<<16 | 'o'<<8 | 'n':
		return 1
	case 't'<<16 | 'u'<<8 | 'e':
		return 2
	case 'w'<<16 | 'e'<<8 | 'd':
		return 3
	case 't'<<16 | 'h'<<8 | 'u':
		return 4
	case 'f'<<16 | 'r'<<8 | 'i':
		return 5
	case 's'<<16 | 'a'<<8 | 't':
		return 6
	}
	return -1
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
