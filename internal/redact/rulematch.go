// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"math"
	"strings"
	"unsafe"

	"github.com/logboom/logboom/internal/grok"
)

// region is a stretch of a text in which a rule of the form regex is to be looked for.
type region struct {
	det      uint16
	from, to int
}

// ruleHit is called at the end of a trigger of a rule.
func (sc *Scanner) ruleHit(s string, t trigger, end int) {
	c := sc.e.dets[t.det].rule
	switch c.form {
	case formRegex:
		sc.addRegion(s, t.det, c, end)
		return
	case formToken:
		start := end - int(t.back)
		if start < 0 || c.checksum == nil && !boundaryBefore(s, start) {
			return
		}
		sc.ruleAt(s, t.det, c, start)
	case formNames:
		if assignmentFollows(s, end) {
			sc.ruleAt(s, t.det, c, end)
		}
	}
}

// maxNameTail bounds what nameTail takes before the sign of assignment.
const maxNameTail = 26

// assignmentFollows is a quick look for what nameTail begins with.
func assignmentFollows(s string, i int) bool {
	for stop := min(len(s), i+maxNameTail+1); i < stop; i++ {
		switch c := s[i]; c {
		case '=', '>', ':', '|', '?', ',':
			return true
		case ' ', '\t', '\n', '\r', '\f', '\v', '.', '-', '_', '\'', '"', '\\':
		default:
			if !isAlnum(c) {
				return false
			}
		}
	}
	return false
}

// ruleAt matches a rule of the forms token and names at its place.
func (sc *Scanner) ruleAt(s string, det uint16, c *compiledRule, at int) {
	captures, ok, used, err := c.re.MatchAt(s, at, sc.captures[:0])
	sc.captures = captures[:0]
	sc.steps -= used
	if err != nil {
		sc.unread(s, at)
		return
	}
	if !ok || len(captures) == 0 {
		return
	}
	secret := captures[len(captures)-1].Text
	for i := range captures {
		if captures[i].Field.Name == groupSecret {
			secret = captures[i].Text
		}
	}
	start := offset(s, secret)
	stop := start + len(secret)
	if c.means(s, s[at:stop], secret, start, c.form == formToken && !boundaryBefore(s, start)) {
		sc.of(det).done = stop
		sc.add(s, start, stop, det)
	}
}

// unread masks what a matcher could not read within its steps.
func (sc *Scanner) unread(s string, from int) {
	sc.limits[LimitSteps]++
	sc.found = append(sc.found, finding{from, len(s), sc.e.unscanned})
	for det := range sc.state {
		sc.of(uint16(det)).done = len(s) //nolint:gosec // below 1<<15
	}
}

// offset is where part stands in s, of which it is a part.
func offset(s, part string) int {
	return int(uintptr(unsafe.Pointer(unsafe.StringData(part))) - uintptr(unsafe.Pointer(unsafe.StringData(s))))
}

// means tells whether what was found is meant: by its checksum, or by entropy and for what is on no list. glued says that it
// stands in a word; then only a checksum helps.
func (c *compiledRule) means(s, match, secret string, at int, glued bool) bool {
	if c.checksum != nil {
		switch {
		case c.checksum(secret):
			return true
		case c.rule.StrictChecksum:
			return false
		}
	}
	if glued || c.rule.Entropy > 0 && entropy(secret) <= c.rule.Entropy {
		return false
	}
	if c.form != formRegex && looksMade(secret) {
		return false
	}
	for i := range c.allow {
		if c.allow[i].allows(s, match, secret, at) {
			return false
		}
	}
	return true
}

// addRegion notes where the rule is to be looked for because of a keyword that ends at end. Regions that touch become
// one: each byte is read once by a rule, but for matches that begin in what was read.
func (sc *Scanner) addRegion(s string, det uint16, c *compiledRule, end int) {
	r := region{det, 0, len(s)}
	if c.local && c.max >= 0 {
		r.from, r.to = max(0, end-c.max), min(len(s), end+c.max)
	} else {
		sc.of(det).done = len(s)
	}
	state := sc.of(det)
	if i := state.region; i > 0 {
		if last := &sc.regions[i-1]; r.from <= last.to {
			last.to = max(last.to, r.to)
			return
		}
	}
	sc.regions = append(sc.regions, r)
	state.region = int32(len(sc.regions)) //nolint:gosec // below the bytes of a text
}

// readRegions looks for the rules in their regions. It returns how far the text was read: to its end, or to where the
// budget ended.
func (sc *Scanner) readRegions(s string) int {
	for i, r := range sc.regions {
		if sc.steps -= r.to - r.from; sc.steps < 0 {
			sc.steps = 0
			return sc.dropRegions(sc.regions[i:])
		}
		c := sc.e.dets[r.det].rule
		text, from := s[:r.to], r.from
		for from < r.to {
			captures, ok, err := c.re.MatchFrom(text, from, sc.captures[:0])
			sc.captures = captures[:0]
			if err != nil {
				sc.unread(s, from)
				break
			}
			if !ok || len(captures) == 0 {
				break
			}
			match := captures[0].Text
			start := offset(s, match)
			from = start + len(match)
			if secret := c.secretOf(captures); secret != "" && c.means(s, match, secret, start, false) {
				at := offset(s, secret)
				sc.add(s, at, at+len(secret), r.det)
			}
		}
	}
	sc.regions = sc.regions[:0]
	return len(s)
}

// dropRegions forgets the regions, of which those that are left were not read, and returns where the first of them begins.
func (sc *Scanner) dropRegions(left []region) int {
	first := math.MaxInt
	for _, r := range left {
		first = min(first, r.from)
	}
	sc.regions = sc.regions[:0]
	return first
}

// secretOf picks the group that is the secret: that of secretGroup, or the first that is not empty, or the match.
func (c *compiledRule) secretOf(captures []grok.Capture) string {
	match := captures[0].Text
	if c.rule.SecretGroup == 0 {
		if len(captures) > 1 {
			return captures[1].Text
		}
		return strings.Trim(match, "\n")
	}
	name := groupName(c.rule.SecretGroup)
	for _, x := range captures[1:] {
		if x.Field.Name == name {
			return x.Text
		}
	}
	return ""
}
