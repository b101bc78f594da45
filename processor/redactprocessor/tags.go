// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// tag adds names to the list under a key; the list is in order and holds each name once.
func tag(m pcommon.Map, key string, names []string) {
	if v, ok := m.Get(key); ok {
		if v.Type() == pcommon.ValueTypeSlice {
			for _, e := range v.Slice().All() {
				names = append(names, e.AsString())
			}
		} else if text := v.AsString(); text != "" {
			names = append(names, text)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	list := m.PutEmptySlice(key)
	list.EnsureCapacity(len(names))
	for _, name := range names {
		list.AppendEmpty().SetStr(name)
	}
}
