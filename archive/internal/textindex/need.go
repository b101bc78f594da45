// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// A need is what the tokens of a row group must be for a query to match in it: a formula of terms.
type need struct {
	op   needOp
	term int // index into query.terms
	of   []need
}

type needOp uint8

const (
	needNothing needOp = iota
	needAll            // of
	needAny            // of of
	needTerm           // the term
	needUUIDs          // some UUID
)

// A term is a question to the tokens of a row group.
type term struct {
	termKey
	pattern []byte // text with wordEnd where it must begin or end a word
}

type termKey struct {
	op   termOp
	text string // folded, where fold is
	fold bool
	kind kind // of a whole token
	hash uint64
	// sure says that the hash is that of every spelling.
	sure bool
	// mayHex and mayTime say that a token of these kinds could hold the text there.
	mayHex, mayTime bool
}

type termOp uint8

const (
	termWhole termOp = iota // a token is the text
	termPrefix
	termSuffix
	termInfix
)

const (
	// maxTerms bounds the terms of a query, and maxReadings the readings of a needle.
	maxTerms    = 256
	maxReadings = 32
	// maxNeedle is how much of a needle is considered.
	maxNeedle = 4 << 10
)

// scans reports whether the term is answered by all words, not by a look-up.
func (t *term) scans() bool {
	return t.op != termWhole || t.fold && t.kind != kindHex && t.kind != kindUUID
}

// needs collects the terms of a query.
type needs struct {
	terms []term
	index map[termKey]int
}

func all(of ...need) need    { return combine(needAll, of) }
func either(of ...need) need { return combine(needAny, of) }

func combine(op needOp, of []need) need {
	list := of[:0:0]
	for _, n := range of {
		switch {
		case n.op == needNothing && op == needAny:
			return need{}
		case n.op == needNothing:
		case n.op == op:
			list = append(list, n.of...)
		default:
			list = append(list, n)
		}
	}
	switch len(list) {
	case 0:
		return need{}
	case 1:
		return list[0]
	}
	return need{op: op, of: list}
}

func (c *needs) term(t termKey) need {
	if i, ok := c.index[t]; ok {
		return need{op: needTerm, term: i}
	}
	if len(c.terms) >= maxTerms {
		return need{}
	}
	if c.index == nil {
		c.index = map[termKey]int{}
	}
	i := len(c.terms)
	c.index[t] = i
	pattern := []byte(t.text)
	if t.op == termWhole || t.op == termPrefix {
		pattern = append([]byte{wordEnd}, pattern...)
	}
	if t.op == termWhole || t.op == termSuffix {
		pattern = append(pattern, wordEnd)
	}
	c.terms = append(c.terms, term{t, pattern})
	return need{op: needTerm, term: i}
}

// needle returns what a text needs that holds the needle; open says that it may go on to the left and right of it.
// A needle has several readings: a UUID is a token of its own, and whether there is one at an end of the needle depends
// on what is beside it.
func (c *needs) needle(text string, fold, open bool) need {
	if fold {
		if !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError) {
			return need{} // a regular expression takes damaged bytes for the replacement character
		}
		text = string(appendFolded(nil, []byte(text)))
	}
	if text == "" || len(text) > maxNeedle {
		return need{}
	}
	b := []byte(text)
	if !open {
		return c.reading(b, 0, len(b), fold, false, false)
	}
	type end struct {
		at   int
		need need
		none bool
	}
	var readings []need
	lefts, rights := []end{{0, need{}, true}}, []end{{len(b), need{}, true}}
	for o := 1 - uuidBytes; o < len(b); o++ {
		to := o + uuidBytes
		if o > 0 && to < len(b) || !couldBeUUID(b, o) {
			continue
		}
		known := need{op: needUUIDs}
		if o >= 0 && to <= len(b) {
			known = c.uuid(b[o:to])
		}
		switch {
		case o <= 0 && to >= len(b):
			readings = append(readings, known)
		case o <= 0:
			lefts = append(lefts, end{to, known, false})
		default:
			rights = append(rights, end{o, known, false})
		}
	}
	if len(readings)+len(lefts)*len(rights) > maxReadings {
		return need{}
	}
	for _, l := range lefts {
		for _, r := range rights {
			if l.at <= r.at {
				readings = append(readings, all(l.need, r.need, c.reading(b, l.at, r.at, fold, l.none, r.none)))
			}
		}
	}
	return either(readings...)
}

// couldBeUUID reports whether a UUID could begin at o, which may be outside of the text.
func couldBeUUID(b []byte, o int) bool {
	if o > 0 && classes[b[o-1]] != 0 || o+uuidBytes < len(b) && classes[b[o+uuidBytes]] != 0 {
		return false
	}
	for i := max(0, o); i < min(len(b), o+uuidBytes); i++ {
		switch i - o {
		case 8, 13, 18, 23:
			if b[i] != '-' {
				return false
			}
		default:
			if cl := classes[b[i]]; cl == 0 || cl&^hexDigits != 0 {
				return false
			}
		}
	}
	return true
}

// reading returns what the tokens of b[from:to] need. With openLeft and openRight, the tokens at its ends may go on, and
// are no UUIDs.
func (c *needs) reading(b []byte, from, to int, fold, openLeft, openRight bool) need {
	var list []need
	for i := from; i < to; {
		flags := classes[b[i]]
		if flags == 0 {
			i++
			continue
		}
		start := i
		for i++; i < to && classes[b[i]] != 0; i++ {
			flags |= classes[b[i]]
		}
		left, right := openLeft && start == from, openRight && i == to
		if i-start == 8 && flags&^hexDigits == 0 && !left && isUUID(b[:to], start) && !(openRight && start+uuidBytes == to) {
			i = start + uuidBytes
			list = append(list, c.uuid(b[start:i]))
			continue
		}
		op := termWhole
		switch {
		case left && right:
			op = termInfix
		case left:
			op = termSuffix
		case right:
			op = termPrefix
		}
		list = append(list, c.token(op, b[start:i], flags, fold))
	}
	return all(list...)
}

func (c *needs) uuid(token []byte) need {
	return c.term(termKey{op: termWhole, text: string(token), kind: kindUUID, hash: hash64(token), sure: true})
}

func (c *needs) token(op termOp, token []byte, flags uint8, fold bool) need {
	t := termKey{op: op, text: string(token), fold: fold}
	if op == termWhole {
		t.kind = kindOf(token, flags)
		if t.kind == kindTime {
			return need{}
		}
		t.hash = hash64(token)
		t.sure = !fold || flags&high == 0 && !bytes.ContainsAny(token, "ks")
	} else {
		if t.mayHex = flags&^hexDigits == 0; t.mayHex && kindOf(token, flags) == kindHex {
			t.kind, t.hash, t.sure = kindHex, hash64(token), true
		}
		t.mayTime = len(token) <= maxFraction+1 && (allDigits(token) || token[len(token)-1]|0x20 == 'z' && allDigits(token[:len(token)-1]))
	}
	return c.term(t)
}
