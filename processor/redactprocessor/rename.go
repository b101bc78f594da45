// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/xpdata"
)

// rename gives entries other names; names are pairs of the old and the new one, in the order of the entries. When a name is
// taken, a number is added, so that no value is lost. The map is built anew, in time that grows with its length: a search
// for each name would grow with its square.
func rename(m pcommon.Map, names []string) {
	if len(names) == 0 {
		return
	}
	used := make(map[string]struct{}, m.Len()) // names that are taken
	rest := names
	for key := range m.All() {
		if len(rest) > 0 && key == rest[0] {
			rest = rest[2:]
			continue
		}
		used[key] = struct{}{}
	}
	numbers := map[string]int{} // new name -> number that was given last
	var built xpdata.MapBuilder
	built.EnsureCapacity(m.Len())
	rest = names
	for key, v := range m.All() {
		if len(rest) > 0 && key == rest[0] {
			key = free(rest[1], used, numbers)
			used[key] = struct{}{}
			rest = rest[2:]
		}
		v.MoveTo(built.AppendEmpty(key))
	}
	built.UnsafeIntoMap(m)
}

// free returns the name, with a number if it is taken. Thousands of keys may get the same mask: the numbers are not tried
// again for each.
func free(to string, used map[string]struct{}, numbers map[string]int) (name string) {
	name = to
	for number := numbers[to]; ; {
		if _, taken := used[name]; !taken && (number == 0 || name != to) {
			numbers[to] = max(number, 1)
			return name
		}
		number = max(number, 1) + 1
		name = to + "_" + strconv.Itoa(number)
	}
}
