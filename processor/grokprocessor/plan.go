// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"slices"
	"strings"

	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logtime"
	"github.com/logboom/logboom/internal/severity"
)

// role is a field of the record that a capture may fill.
type role uint8

const (
	roleTimestamp role = iota
	roleSeverity
	roleTraceID
	roleSpanID
	roleService
	roleStacktrace
	roleBody
	roleCount
)

// plan says where the captures of one pattern go. It is made when the pattern is compiled, so that no name is looked at
// for each record.
type plan struct {
	places []place // by slot
	unique bool    // no two captures of a match go to the same attribute
	extra  int     // attributes that a match may have beyond its captures
	roles  [roleCount][]ref
	nested [][]ref // by nested item of the stage
	time   *logtime.Reader
}

// place is where the captures of one slot go.
type place struct {
	target
	simple   bool  // a text that becomes an attribute as it is
	address  bool  // so does one without a port
	reserved bool  // a line must not set this attribute
	rivals   []int // slots that go to the same attribute and leave this one its spare
	alias    bool  // another slot goes there too, under another name
	shared   int   // slot under which match.wrote notes that the attribute was written, -1 if no other capture goes there
}

// ref is a capture that a field of the record may be filled from, or several whose texts belong together.
type ref struct {
	slotRef
	numbers severity.Numbering // severity.NumberingOf the name
	decimal bool               // isDecimalID of the name
}

// The attributes that formURL makes of a target, beside those of urlKey.
const (
	keyURLPath  = "url.path"
	keyURLQuery = "url.query"
)

// keys returns the attributes that captures of the target may become. A target with a spare gives way to others.
func (t *target) keys() []string {
	switch {
	case t.form == formURL:
		return []string{keyURLPath, keyURLQuery, "url.full", "url.original"}
	case t.spare != "":
		return []string{t.spare}
	}
	return []string{t.key}
}

// newPlan makes the plan of a pattern with these fields for a stage of a rule. dynamic says that matches may hold further
// fields with names of their own.
func newPlan(r *rule, s *stage, fields []*grok.Field, conventions, dynamic bool) *plan {
	targets := newNaming(fields, conventions)
	p := &plan{places: make([]place, len(targets)), unique: !dynamic, time: r.timestamp}
	holders := map[string]int{}  // attribute to the first slot that goes there
	captured := map[string]int{} // attribute to the number of captures that may go there
	slotsOf := map[string]int{}  // attribute to the number of slots that go there
	typed := make([]bool, len(targets))
	for _, f := range fields {
		typed[f.Slot] = typed[f.Slot] || f.Type != grok.TypeString
		for _, key := range targets[f.Slot].keys() {
			captured[key]++
		}
	}
	for slot := range targets {
		for _, key := range targets[slot].keys() {
			if slotsOf[key]++; slotsOf[key] == 1 {
				holders[key] = slot
			}
		}
	}
	for i := range targets {
		t := &targets[i]
		pl := place{target: *t, reserved: isReserved(t.key), shared: -1}
		for _, key := range t.keys() {
			if captured[key] > 1 {
				p.unique = false
				pl.shared = holders[key]
				pl.alias = pl.alias || slotsOf[key] > 1
			}
		}
		if t.spare != "" {
			for slot := range targets {
				if slot != i && targets[slot].key == t.key && targets[slot].spare == "" {
					pl.rivals = append(pl.rivals, slot)
				}
			}
		}
		if t.form == formURL {
			p.extra++
		}
		plain := !pl.reserved && pl.shared < 0 && t.spare == ""
		pl.simple = plain && (t.form == formText || t.form == formField && !typed[i])
		pl.address = plain && t.form == formAddress
		p.places[i] = pl
	}
	for role := range roleCount {
		p.roles[role] = newRefs(r.names[role].slots(targets))
	}
	if r.usual {
		p.roles[roleTimestamp] = newRefs(withZones(r.names[roleTimestamp].slots(targets), targets))
	}
	if !r.anyService && !targets.syslog() {
		p.roles[roleService] = slices.DeleteFunc(p.roles[roleService], func(f ref) bool { return isProgram(f.name) })
	}
	for _, n := range s.nested {
		p.nested = append(p.nested, newRefs(fieldNames{n.from}.slots(targets)))
	}
	return p
}

func newRefs(slots []slotRef) []ref {
	var out []ref
	for _, s := range slots {
		out = append(out, ref{slotRef: s, numbers: severity.NumberingOf(s.name), decimal: isDecimalID(s.name)})
	}
	return out
}

// isReserved reports attributes that say something about the record's way through the pipeline. A log line must not set
// them: it could make the query engine count it a thousand times, or take it for a copy of another. Nor is there an attribute
// without a name.
func isReserved(key string) bool {
	return key == "" || key == "log.record.uid" || key == "sampling.threshold" || strings.HasPrefix(key, "logboom.")
}

// fieldNames are the captures a field of the record may be filled from, most telling first.
type fieldNames []string

func newFieldNames(configured string, wellKnown []string) fieldNames {
	switch configured {
	case "":
		return wellKnown
	case "-":
		return nil
	}
	return fieldNames{configured}
}
