// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import "strings"

const (
	// nameSlots is how many names of fields are remembered; lines of one service have some tens.
	nameSlots = 512
	// maxRememberedName bounds their bytes: 512 of 3 × 128 bytes are 200 kB.
	maxRememberedName = 128

	// The fewest bytes that a field of a line takes.
	minJSONField   = 5 // "":1,
	minLogfmtField = 2
)

// labelNames remembers the label names that parsers make of the keys of lines: those of one line are mostly those of the
// line before.
type labelNames struct {
	slots  [nameSlots]labelName
	misses uint
}

type labelName struct {
	prefix, raw string // the key and what is in front of it; prefix is the name of the object around it
	name        string
	used        bool
	wanted      bool // by labelSet.wanted
}

// slotOf spreads keys over slots by their lengths, their first and their last bytes.
func slotOf(prefix, raw string) uint {
	h := uint64(len(raw))<<8 + uint64(len(prefix))
	if n := len(raw); n >= 8 {
		h ^= load8(raw)*0x9e3779b97f4a7c15 ^ load8(raw[n-8:])*0xc2b2ae3d27d4eb4f
	} else {
		for i := range n {
			h = h<<8 | uint64(raw[i])
		}
	}
	h *= 0x9e3779b97f4a7c15
	return uint(h>>40) % nameSlots
}

// load8 reads the first 8 bytes of s.
func load8(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// name returns the label name of a key, and whether anybody wants to know its value. make makes it.
func (n *labelNames) name(prefix, raw string, w *wanted, make func(prefix, raw string) string) (string, bool) {
	slot := slotOf(prefix, raw)
	for _, i := range [2]uint{slot, slot ^ 1} {
		if s := &n.slots[i]; s.raw == raw && s.prefix == prefix && s.used {
			return s.name, s.wanted
		}
	}
	name := make(prefix, raw)
	wanted := w.has(name)
	if len(raw) > maxRememberedName || len(prefix) > maxRememberedName || len(name) > maxRememberedName {
		return name, wanted
	}
	s := &n.slots[slot]
	if s.used {
		s = &n.slots[slot^1]
	}
	// Where every line has keys of its own, remembering is dearer than making names.
	if n.misses++; s.used && n.misses%16 != 0 {
		return name, wanted
	}
	*s = labelName{prefix: strings.Clone(prefix), raw: strings.Clone(raw), name: strings.Clone(name), used: true, wanted: wanted}
	return s.name, wanted
}

// jsonName is the label name of a key of a JSON object, and whether its value matters.
func (s *labelSet) jsonName(prefix, key string) (string, bool) {
	if s.jsonNames == nil {
		s.jsonNames = &labelNames{}
	}
	name, wanted := s.jsonNames.name(prefix, key, s.wanted, jsonLabel)
	return name, wanted || s.all
}

// logfmtName is the label name of a key of a logfmt line, and whether its value matters.
func (s *labelSet) logfmtName(key string) (string, bool) {
	if s.logfmtNames == nil {
		s.logfmtNames = &labelNames{}
	}
	name, wanted := s.logfmtNames.name("", key, s.wanted, logfmtLabel)
	return name, wanted || s.all
}

func logfmtLabel(_, key string) string { return SanitizeLabelName(key) }

// wants reports whether the value of a label that a parser found matters.
func (s *labelSet) wants(name string) bool { return s.all || s.wanted.has(name) }

// extractAll says that parsers extract all that a line of this length holds if it may have more fields than an entry: only
// who counts them all finds out.
func (s *labelSet) extractAll(lineBytes, fieldBytes int) {
	s.all = lineBytes/fieldBytes >= maxLabels-len(s.labels)
}
