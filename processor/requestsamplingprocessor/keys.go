// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import "go.opentelemetry.io/collector/pdata/pcommon"

// keyIndex finds the attributes that the configuration asks for in one pass over a map. Each name has a slot.
type keyIndex struct {
	names []string
	first [maxIndexedLength + 1]int16 // by length of the name: the slot to try first, plus one
	next  []int16                     // by slot: the next of this length, plus one
}

// maxIndexedLength and all longer names share one list.
const maxIndexedLength = 63

// slot returns the slot of a name, which it gets now if it has none.
func (x *keyIndex) slot(name string) int {
	for i, n := range x.names {
		if n == name {
			return i
		}
	}
	x.names = append(x.names, name)
	length := min(len(name), maxIndexedLength)
	x.next = append(x.next, x.first[length])
	x.first[length] = int16(len(x.names)) //nolint:gosec // bounded by the number of conditions
	return len(x.names) - 1
}

// fill sets the slots to the values of m; a slot without one is the zero Value. Of equal names the first counts, as in Map.Get.
func (x *keyIndex) fill(m pcommon.Map, slots []pcommon.Value) {
	clear(slots)
	if len(slots) == 0 {
		return
	}
	for name, v := range m.All() {
		for i := x.first[min(len(name), maxIndexedLength)]; i != 0; i = x.next[i-1] {
			if x.names[i-1] == name {
				if slots[i-1] == (pcommon.Value{}) {
					slots[i-1] = v
				}
				break
			}
		}
	}
}
