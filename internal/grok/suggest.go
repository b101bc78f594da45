// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// suggest returns the names that name was probably meant to be, as the rest of a message; empty if there is none.
func (b *builder) suggest(name string) string {
	all := slices.AppendSeq(b.set.Names(), maps.Keys(b.local))
	slices.Sort(all)
	names := near(name, slices.Compact(all))
	switch len(names) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf(", there is %q", names[0])
	}
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	return ", there are " + strings.Join(quoted, ", ")
}

// near returns at most three of names, those that name is most likely a slip of: first such that differ only by case, _
// and -, else those with few edits, else those that name is a part of.
func near(name string, names []string) []string {
	if len(name) > 100 {
		return nil
	}
	const most = 3
	plain := func(s string) string { return strings.ToUpper(strings.NewReplacer("_", "", "-", "").Replace(s)) }
	want := plain(name)
	allowed := (len(want) + 1) / 4
	best, bound := []string{}, 1+allowed
	for _, n := range names {
		d := distance(want, plain(n), bound)
		switch {
		case d < bound:
			best, bound = []string{n}, d
		case d == bound && bound <= allowed && len(best) < most:
			best = append(best, n)
		}
	}
	if len(best) > 0 || len(want) < 4 {
		return best
	}
	for _, n := range names {
		if strings.HasPrefix(plain(n), want) && len(best) < most {
			best = append(best, n)
		}
	}
	return best
}

// distance returns how many letters must be put in, left out, changed or swapped with the next to make b of a; more than
// bound is bound+1.
func distance(a, b string, bound int) int {
	if max(len(a), len(b))-min(len(a), len(b)) > bound {
		return bound + 1
	}
	before, last, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d = 1 + min(last[j-1], last[j], cur[j-1])
				if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
					d = min(d, 1+before[j-2])
				}
			}
			cur[j] = d
			least = min(least, d)
		}
		if least > bound {
			return bound + 1
		}
		before, last, cur = last, cur, before
	}
	return min(last[len(b)], bound+1)
}
