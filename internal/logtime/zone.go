// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logtime

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // places must be known where the machine has no time zone database
)

// zoneOffsets are the abbreviations of time zones that mean one thing, in minutes east of UTC: those of RFC 2822 and others
// that are in use in one place only. What is not here (CST and CDT are in Chicago, Shanghai and Havana, IST in India, Israel and
// Ireland, BST in Britain and Bangladesh) is understood only if the location calls its own time so.
var zoneOffsets = map[string]int{
	"Z": 0, "UTC": 0, "GMT": 0, "UT": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "MEZ": 60, "MESZ": 120,
	"EET": 120, "EEST": 180, "MSK": 180, "TRT": 180, "SAST": 120, "PKT": 300, "WIB": 420, "HKT": 480, "AWST": 480, "JST": 540, "KST": 540,
	"ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
	"HST": -600, "AKST": -540, "AKDT": -480, "PST": -480, "PDT": -420, "MST": -420, "MDT": -360, "EST": -300, "EDT": -240,
	"BRT": -180, "NST": -210, "NDT": -150,
}

// zone reads whatever says a time zone: Z, an abbreviation, ±hh, ±hhmm, ±hh:mm, also after UTC or GMT.
func (t *scanner) zone() bool {
	if t.done() {
		return false
	}
	switch c := t.s[t.i]; c {
	case 'Z', 'z':
		if t.i+1 == len(t.s) || !isLetter(t.s[t.i+1]) {
			t.i++
			t.zoned = true
			return true
		}
		return t.zoneName()
	case '+', '-':
		return t.zoneOffset(':')
	}
	if t.place() {
		return true
	}
	return t.zoneName()
}

// optionalZone reads a zone up to the end of the text, after a blank or not. A text that ends here is in the location.
func (t *scanner) optionalZone() bool {
	if t.done() {
		return true
	}
	t.blanks()
	if !t.zone() {
		return false
	}
	// The name beside the offset: 2006-01-02 15:04:05 -0700 MST, 15:04:05 GMT+0100 (CET).
	if !t.done() && t.s[t.i] == ' ' {
		rest := strings.TrimLeft(t.rest(), " ")
		if strings.HasPrefix(rest, "(") && strings.HasSuffix(rest, ")") || isZoneName(rest) {
			t.i = len(t.s)
		}
	}
	return t.done()
}

func isZoneName(s string) bool {
	if len(s) < 2 || len(s) > 5 {
		return false
	}
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// zoneOffset reads ±hh, ±hhmm and ±hh:mm. colon 0 takes the last only without colon.
func (t *scanner) zoneOffset(colon byte) bool {
	s := t.rest()
	if len(s) < 3 || s[0] != '+' && s[0] != '-' {
		return false
	}
	hours, minutes, n := two(s, 1), 0, 3
	switch {
	case len(s) >= 5 && isDigit(s[3]) && isDigit(s[4]):
		minutes, n = two(s, 3), 5
	case len(s) >= 6 && colon != 0 && s[3] == colon && isDigit(s[4]) && isDigit(s[5]):
		minutes, n = two(s, 4), 6
	}
	return t.setOffset(s[0], hours, minutes, n)
}

func (t *scanner) setOffset(sign byte, hours, minutes, n int) bool {
	if hours < 0 || hours > 24 || minutes < 0 || minutes > 60 {
		return false
	}
	t.i += n
	t.zoned = true
	t.offset = hours*3600 + minutes*60
	if sign == '-' {
		t.offset = -t.offset
	}
	return true
}

// zoneName reads an abbreviation in capital letters, and an offset right after UTC or GMT.
func (t *scanner) zoneName() bool {
	n := 0
	for t.i+n < len(t.s) && t.s[t.i+n] >= 'A' && t.s[t.i+n] <= 'Z' {
		n++
	}
	if n < 1 || n > 5 {
		return false
	}
	name := t.s[t.i : t.i+n]
	if name == "AM" || name == "PM" {
		return false
	}
	t.i += n
	if name == "UTC" || name == "GMT" {
		t.zoned = true
		if !t.done() && (t.s[t.i] == '+' || t.s[t.i] == '-') {
			return t.zoneOffset(':')
		}
		return true
	}
	if minutes, ok := zoneOffsets[name]; ok {
		t.zoned, t.offset = true, minutes*60
	}
	if name != "UT" && name != "Z" {
		t.abbreviation = name
	}
	return true
}

// place reads the name of a zone in the IANA database that has a slash: Europe/Berlin.
func (t *scanner) place() bool {
	s := t.rest()
	n, slash := 0, false
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '/' || s[n] == '_' || s[n] == '-' || s[n] == '+') {
		slash = slash || s[n] == '/'
		n++
	}
	if !slash {
		return false
	}
	place := places.find(s[:n])
	if place == nil {
		return false
	}
	t.in = place
	t.i += n
	return true
}

// placeCache keeps zones that texts have named, so that a look-up in the database happens once.
type placeCache struct {
	sync.RWMutex
	known   map[string]*time.Location // at most as many as the database has
	unknown map[string]struct{}       // at most maxUnknownPlaces
}

const maxUnknownPlaces = 1024

var places = placeCache{known: map[string]*time.Location{}, unknown: map[string]struct{}{}}

// find returns nil for what is no zone.
func (c *placeCache) find(name string) *time.Location {
	c.RLock()
	place := c.known[name]
	_, unknown := c.unknown[name]
	c.RUnlock()
	if place != nil || unknown {
		return place
	}
	name = strings.Clone(name) // not the whole line
	place, err := time.LoadLocation(name)
	c.Lock()
	defer c.Unlock()
	if err != nil || place.String() != name {
		if len(c.unknown) == maxUnknownPlaces {
			clear(c.unknown)
		}
		c.unknown[name] = struct{}{}
		return nil
	}
	c.known[name] = place
	return place
}
