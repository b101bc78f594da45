// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"math"
	"slices"
)

// Stratum is lines that are sampled alike.
type Stratum struct{ Service, Level string }

// Plan says how many lines there are, and which share of them is looked at, by stratum. The zero value looks at everything.
type Plan struct {
	// Scale is how many lines there are for each that comes by at all; 0 means 1.
	Scale float64
	// Every is which of the lines of a stratum are looked at: every one, every second, … At least 1; a stratum that is not there is looked at whole.
	Every map[Stratum]int
}

// Whole reports whether everything is looked at.
func (p *Plan) Whole() bool {
	for _, n := range p.Every {
		if n > 1 {
			return false
		}
	}
	return true
}

// Spread plans to look at about most of the lines: strata that are small are looked at whole, and of the others about as many of each.
func Spread(lines map[Stratum]int64, most int64) *Plan {
	p := &Plan{Every: map[Stratum]int{}}
	sizes := make([]int64, 0, len(lines))
	for _, n := range lines {
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	// The share is what each stratum may have at most: those below it leave the others what they do not need.
	share, left := int64(math.MaxInt64), most
	for i, n := range sizes {
		if fair := left / int64(len(sizes)-i); n > fair {
			share = max(fair, 1)
			break
		}
		left -= n
	}
	for s, n := range lines {
		p.Every[s] = 1
		if n > share {
			p.Every[s] = int((n + share - 1) / share)
		}
	}
	return p
}
