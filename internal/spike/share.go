// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import "slices"

// fill is the height to which capacity fills demands, max-min fair: who asks for less than it gets all of it, and all others get
// it. It is unlimited when there is enough for all (Bertsekas and Gallager, Data Networks, 1992, section 6.5.2). demands are
// sorted.
func fill(demands []float64, capacity float64) float64 {
	slices.Sort(demands)
	left := max(capacity, 0)
	for i, d := range demands {
		if even := left / float64(len(demands)-i); d > even {
			return even
		}
		left -= d
	}
	return unlimited
}
