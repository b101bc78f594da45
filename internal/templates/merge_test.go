// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"fmt"
	"slices"
	"testing"
)

func texts(m *Miner) (out []string, lines uint64) {
	m.Each(func(t Template) bool {
		out = append(out, t.Text)
		lines += t.Count
		return true
	})
	slices.Sort(out)
	return out, lines
}

// TestMergeIsMiningTogether mines lines in parts: the templates are those of one Miner.
func TestMergeIsMiningTogether(t *testing.T) {
	lines := service(20000)
	for _, parts := range []int{1, 2, 3, 7} {
		whole, all := New(Config{}), New(Config{})
		some := make([]*Miner, parts)
		for i := range some {
			some[i] = New(Config{})
		}
		ids := make([]uint64, len(lines))
		for i, l := range lines {
			whole.Add(l)
			ids[i], _ = some[i*parts/len(lines)].Add(l)
		}
		moved := make([]map[uint64]uint64, parts)
		for i, m := range some {
			moved[i] = map[uint64]uint64{}
			all.Merge(m, func(from, to uint64) { moved[i][from] = to })
		}
		want, _ := texts(whole)
		got, n := texts(all)
		if !slices.Equal(got, want) || n != uint64(len(lines)) || all.Lines() != uint64(len(lines)) {
			t.Errorf("%d parts: %d lines in %q, want %q", parts, n, got, want)
		}
		for i, l := range lines[:5000] { // a line is found where its part says
			part := i * parts / len(lines)
			id := all.Resolve(moved[part][some[part].Resolve(ids[i])])
			if again, _ := all.Add(l); again != id {
				t.Fatalf("%d parts: %q is %d, was %d", parts, l, again, id)
			}
		}
	}
}

func TestMergeOfWhatVariesInOnePart(t *testing.T) {
	for _, order := range [][2]int{{0, 1}, {1, 0}} {
		parts := []*Miner{New(Config{}), New(Config{})}
		parts[0].Add("session opened for user ann")
		parts[0].Add("session closed for user ann")
		for _, who := range []string{"bea", "cleo", "dora"} {
			parts[1].Add("session opened for user " + who)
		}
		m := New(Config{})
		for _, i := range order {
			m.Merge(parts[i], func(uint64, uint64) {})
		}
		got, n := texts(m)
		if want := []string{"session closed for user ann", "session opened for user <*>"}; !slices.Equal(got, want) || n != 5 {
			t.Errorf("%d lines in %q", n, got)
		}
	}
	// Each alone has too few to know.
	a, b, m := New(Config{}), New(Config{}), New(Config{})
	a.Add("session opened for user ann")
	a.Add("session opened for user bea")
	b.Add("session opened for user cleo")
	m.Merge(a, func(uint64, uint64) {})
	m.Merge(b, func(uint64, uint64) {})
	if got, _ := texts(m); !slices.Equal(got, []string{"session opened for user <*>"}) {
		t.Errorf("got %q", got)
	}
}

// TestMergeIsBounded merges what nobody should write.
func TestMergeIsBounded(t *testing.T) {
	cfg := Config{MaxTemplates: 64, MaxBytes: minMaxBytes}
	m := New(cfg)
	for name, line := range streams {
		part := New(cfg)
		for i := range many(line, 500) {
			part.Add(line(i))
		}
		live := map[uint64]bool{}
		part.Each(func(t Template) bool { live[t.ID] = true; return true })
		m.Merge(part, func(from, to uint64) {
			if !live[from] || to == 0 {
				t.Fatalf("%s: %d moved to %d", name, from, to)
			}
			delete(live, from)
		})
		if len(live) > 0 || m.Bytes() > minMaxBytes || m.Len() > 64 {
			t.Fatalf("%s: %d templates not moved; %d bytes, %d templates", name, len(live), m.Bytes(), m.Len())
		}
	}
	// Whatever was merged, the Miner goes on.
	for i := range 2000 {
		m.Add(fmt.Sprintf("request %d of %s", i, letters(i, 2)))
	}
	if again, err := Restore(cfg, m.AppendSnapshot(nil)); err != nil || again.Len() == 0 {
		t.Fatal(err)
	}
}
