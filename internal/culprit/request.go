// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// isRequestID reports whether a label holds the id of a request.
func isRequestID(name string) bool {
	switch name {
	case "trace_id", "request_id":
		return true
	}
	if len(name) > 40 || len(name) < 3 {
		return false
	}
	name = strings.NewReplacer("_", "", "-", "", ".", "").Replace(strings.ToLower(name))
	for _, part := range [...]string{"traceid", "requestid", "correlationid", "reqid", "transactionid", "operationid"} {
		if strings.HasSuffix(name, part) {
			return true
		}
	}
	return name == "rid"
}

// requests finds which records belong to the same request: those that share an id, also by way of others that have both of two.
func (a *analysis) requests() {
	a.request = make([]int32, len(a.records))
	var parent []int32
	find := func(x int32) int32 {
		for parent[x] != x {
			parent[x] = parent[parent[x]]
			x = parent[x]
		}
		return x
	}
	byID := make(map[uint64]int32, len(a.records)/4)
	known := map[string]bool{}
	for i, r := range a.records {
		at := int32(-1)
		for _, l := range r.Metadata {
			is, ok := known[l.Name]
			if !ok {
				is = isRequestID(l.Name)
				if len(known) < 10_000 {
					known[l.Name] = is
				}
			}
			if !is || len(l.Value) < 6 {
				continue
			}
			h := xxhash.Sum64String(l.Value)
			id, seen := byID[h]
			if !seen {
				id = int32(len(parent))
				parent = append(parent, id)
				byID[h] = id
			}
			if at < 0 {
				at = find(id)
			} else if x := find(id); x != at {
				parent[x] = at
			}
		}
		a.request[i] = at
	}
	for i, at := range a.request {
		if at >= 0 {
			a.request[i] = find(at)
		}
	}
}

// groupsOf returns the requests of records, in order.
func (a *analysis) groupsOf(members []int32) []int32 {
	var out []int32
	for _, at := range members {
		if g := a.request[at]; g >= 0 {
			out = append(out, g)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// common counts what is in both lists, which are in order.
func common(a, b []int32) (n int) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			n++
			i++
			j++
		}
	}
	return n
}

// both returns what is in both lists, which are in order.
func both(a, b []int32) (out []int32) {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			out = append(out, a[i])
			i++
			j++
		}
	}
	return out
}

// spans are the times that services took of requests: from the first record to the last, by the service's own clock.
type spans struct {
	a     *analysis
	first []int32 // by request: where its records begin in order
	order []int32 // records by request
}

func (a *analysis) newSpans() *spans {
	s := &spans{a: a}
	largest := int32(-1)
	for _, g := range a.request {
		largest = max(largest, g)
	}
	s.first = make([]int32, largest+2)
	for _, g := range a.request {
		if g >= 0 {
			s.first[g+1]++
		}
	}
	for i := range s.first[1:] {
		s.first[i+1] += s.first[i]
	}
	s.order = make([]int32, s.first[len(s.first)-1])
	next := slices.Clone(s.first)
	for i, g := range a.request {
		if g >= 0 {
			s.order[next[g]] = int32(i)
			next[g]++
		}
	}
	return s
}

// length returns how long a service was at work for a request, as far as its records tell; false: one record tells nothing.
func (s *spans) length(group int32, service string) (int64, bool) {
	lo, hi, n := int64(0), int64(0), 0
	for _, at := range s.order[s.first[group]:s.first[group+1]] {
		if r := s.a.records[at]; r.service == service {
			if n == 0 {
				lo = r.Time
			}
			hi = r.Time
			n++
		}
	}
	return hi - lo, n > 1
}

// anyName is that of any other service.
const anyName = ""

// names returns in which part of a candidate's lines each other service is named, and any ([anyName]).
func (a *analysis) names(c *candidate) map[string]float64 {
	const enough = 100
	counts, n := map[string]float64{}, 0.0
	step := max(len(c.members)/enough, 1)
	seen := map[string]bool{}
	for i := 0; i < len(c.members); i += step {
		n++
		clear(seen)
		own := a.records[c.members[i]].service
		eachName(a.message[c.members[i]], func(name string) {
			if name != own && name != anyName && !seen[name] && a.byName[name] != nil {
				seen[name] = true
				counts[name]++
			}
		})
		if len(seen) > 0 {
			counts[anyName]++
		}
	}
	for name := range counts {
		counts[name] /= n
	}
	return counts
}

// eachName calls f for every word of a text that may be the name of a service.
func eachName(s string, f func(string)) {
	s = s[:min(len(s), maxTextBytes)]
	start := -1
	for i := 0; i <= len(s); i++ {
		if i < len(s) && (class[s[i]]&(isLetter|isDigit) != 0 || s[i] == '-' || s[i] == '.') {
			if start < 0 {
				start = i
			}
			continue
		}
		if start >= 0 && i-start > 1 {
			name := strings.TrimRight(s[start:i], ".-")
			f(name)
			if host, _, found := strings.Cut(name, "."); found { // inventory.internal
				f(host)
			}
		}
		start = -1
	}
}

// within reports whether the work of service b lies within that of service a in most of the requests that are in both lists: then a
// called b. known is false where that cannot be told.
func (s *spans) within(a, b *candidate) (inner, known bool) {
	const enough = 200
	longer, shorter, unknown := 0, 0, 0
	for i, j := 0, 0; i < len(a.groups) && j < len(b.groups) && longer+shorter+unknown < enough; {
		switch {
		case a.groups[i] < b.groups[j]:
			i++
		case a.groups[i] > b.groups[j]:
			j++
		default:
			x, ok1 := s.length(a.groups[i], a.s.name)
			y, ok2 := s.length(b.groups[j], b.s.name)
			switch {
			case !ok1 || !ok2:
				unknown++
			case x > y:
				longer++
			case x < y:
				shorter++
			}
			i++
			j++
		}
	}
	if longer+shorter < max(3, unknown) {
		return false, false
	}
	switch {
	case longer*4 >= (longer+shorter)*3:
		return true, true
	case shorter*4 >= (longer+shorter)*3:
		return false, true
	}
	return false, false
}
