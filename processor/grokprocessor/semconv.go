// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import "github.com/logboom/logboom/internal/grok"

// form is how a captured text becomes the value of an attribute.
type form uint8

const (
	formField form = iota // as the field's own type says (grok.Field.Convert)
	formText              // the text, whatever type the field has
	formInt               // int64; a text that is no whole number stays a text and is counted
	formList              // a list that holds the text
	formURL               // split by splitURL into url.path and url.query; what cannot be split stays whole under the target's key
)

// target is where the captures of one slot of a pattern go.
type target struct {
	raw  string // the field's own name, parts joined by dots
	key  string // the attribute
	form form
}

// naming holds the targets of a pattern's captures by grok.Field.Slot.
type naming []target

// newNaming gives the fields of one pattern their attributes: as they are named, or, with conventions, by OpenTelemetry's
// semantic conventions where a mapping exists.
func newNaming(fields []*grok.Field, conventions bool) naming {
	n := naming{}
	for _, f := range fields {
		for len(n) <= f.Slot {
			n = append(n, target{})
		}
		n[f.Slot] = target{raw: f.Key(), key: f.Key()}
	}
	_ = conventions
	return n
}

// splitURL splits the target of a request into path and query (without the ?). ok is false where it is no path.
func splitURL(s string) (path, query string, ok bool) {
	return s, "", false
}

// slotRef is a capture, or several whose texts are joined by a blank, that a field of the record may be filled from.
type slotRef struct {
	name  string // the name it was found under
	slots []int
}

// slots finds the captures of a pattern that have one of the names, most telling first. Names are compared with the
// fields' own and with those of the attributes.
func (n fieldNames) slots(targets naming) []slotRef {
	var out []slotRef
	for _, name := range n {
		for slot := range targets {
			if targets[slot].raw == name || targets[slot].key == name {
				out = append(out, slotRef{name: name, slots: []int{slot}})
			}
		}
	}
	return out
}
