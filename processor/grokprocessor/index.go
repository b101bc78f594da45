// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/severity"
)

// nameIndex finds the keys of an object that fill fields of the record, with one look at each key. A name with dots is
// found as one key and as a path into nested objects.
type nameIndex struct {
	first [4]uint64 // bytes that a known key begins with
	known map[string]*nameEntry
}

type nameEntry struct {
	uses  []nameUse
	below *nameIndex // names that go on in the object under this key
}

// nameUse is a role that the value under a key can play. Of several values the one with the lowest rank does.
type nameUse struct {
	role    role
	rank    int
	numbers severity.Numbering
	decimal bool
}

// found is the value that plays a role.
type found struct {
	member
	use *nameUse // nil for none
}

func newNameIndex(names *[roleCount]fieldNames) *nameIndex {
	x := &nameIndex{known: map[string]*nameEntry{}}
	for r := range roleCount {
		for rank, name := range names[r] {
			x.add(name, nameUse{role: r, rank: rank, numbers: severity.NumberingOf(name), decimal: isDecimalID(name)})
		}
	}
	return x
}

func (x *nameIndex) add(name string, use nameUse) {
	e := x.entry(name)
	e.uses = append(e.uses, use)
	for i := 1; i < len(name)-1; i++ {
		if name[i] != '.' {
			continue
		}
		e := x.entry(name[:i])
		if e.below == nil {
			e.below = &nameIndex{known: map[string]*nameEntry{}}
		}
		e.below.add(name[i+1:], use)
	}
}

func (x *nameIndex) entry(key string) *nameEntry {
	x.first[key[0]>>6] |= 1 << (key[0] & 63)
	e := x.known[key]
	if e == nil {
		e = &nameEntry{}
		x.known[key] = e
	}
	return e
}

// find puts the values that play a role into out.
func (x *nameIndex) find(object pcommon.Map, out *[roleCount]found) {
	for key, v := range object.All() {
		if key == "" || x.first[key[0]>>6]&(1<<(key[0]&63)) == 0 {
			continue
		}
		e := x.known[key]
		if e == nil {
			continue
		}
		for i := range e.uses {
			use := &e.uses[i]
			if f := &out[use.role]; (f.use == nil || use.rank < f.use.rank) && v.Type() != pcommon.ValueTypeEmpty {
				*f = found{member{object, key, v}, use}
			}
		}
		if e.below != nil && v.Type() == pcommon.ValueTypeMap {
			e.below.find(v.Map(), out)
		}
	}
}

// valueText returns what a value says as text, without surrounding white space; a list is its first element.
func valueText(v pcommon.Value) string {
	if v.Type() == pcommon.ValueTypeSlice && v.Slice().Len() > 0 {
		v = v.Slice().At(0)
	}
	if v.Type() == pcommon.ValueTypeStr {
		return strings.TrimSpace(v.Str())
	}
	return v.AsString()
}
