// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"runtime"
	"testing"
)

// What Bytes says is what the heap holds.
func TestBytesAreThoseOfTheHeap(t *testing.T) {
	lines := service(500)
	heap := func() int {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return int(s.HeapAlloc)
	}
	for name, add := range map[string]func(m *Miner, n int){
		"idle":    func(*Miner, int) {},
		"service": func(m *Miner, n int) { m.Add(lines[n%len(lines)]) },
		"words":   func(m *Miner, n int) { m.Add(letters(n, n%20)) },
		"shapes":  func(m *Miner, n int) { m.Add(shapes(n)) },
	} {
		t.Run(name, func(t *testing.T) {
			miners := make([]*Miner, 200)
			before, said := heap(), 0
			for i := range miners {
				miners[i] = New(Config{MaxTemplates: 100})
				for n := range 500 {
					add(miners[i], n)
				}
				said += miners[i].Bytes()
			}
			held := heap() - before
			t.Logf("%d bytes a miner, accounted %d", held/len(miners), said/len(miners))
			if held > said+said/16+64<<10 || said > held+held/8+64<<10 {
				t.Errorf("%d bytes held, %d accounted", held, said)
			}
			runtime.KeepAlive(miners)
		})
	}
}

// several adds n templates of different shapes, each with a number of lines, and returns their IDs.
func several(m *Miner, from, n, lines int) map[uint64]string {
	ids := map[uint64]string{}
	for i := range n {
		l := shapes(from + i)
		for range lines {
			id, _ := m.Add(l)
			ids[id] = l
		}
	}
	return ids
}

// kept returns how many of the templates are there.
func kept(m *Miner, ids map[uint64]string) (n int) {
	for id := range ids {
		if _, ok := m.Template(id); ok {
			n++
		}
	}
	return n
}

// Templates that are seen some times each fight for the place of the weakest alone.
func TestChallengersTakeThePlaceOfTheWeakest(t *testing.T) {
	m := New(Config{MaxTemplates: 16})
	known := several(m, 0, 12, 100)
	weakest := several(m, 20, 1, 3)
	several(m, 3000, 500, 1)
	if n := kept(m, known); n != 12 {
		t.Errorf("%d of 12 kept beside one of three lines", n)
	}
	several(m, 100, 300, 4)
	if n := kept(m, known); n < 11 {
		t.Errorf("%d of 12 kept", n)
	}
	if n := kept(m, weakest); n != 0 {
		t.Error("the weakest is kept")
	}
	// One that is seen as often as they were comes in.
	late := several(m, 1000, 1, 100)
	several(m, 2000, 500, 1)
	if n := kept(m, late); n != 1 {
		t.Error("one seen often is not kept")
	}
	checkAll(t, m)
}

func TestWhatIsSeenNoMoreGivesWay(t *testing.T) {
	m := New(Config{MaxTemplates: 16})
	old := several(m, 0, 12, 100)
	for i := range 20 {
		for range 20 {
			several(m, 100, 12, 1)
		}
		if n := kept(m, old); i < 6 && n != 12 {
			t.Fatalf("%d of 12 kept after %d times", n, i)
		}
		m.Age()
	}
	if n := kept(m, old); n > 4 {
		t.Errorf("%d of 12 that are seen no more are kept", n)
	}
	if n := kept(m, several(m, 100, 12, 1)); n != 12 {
		t.Errorf("%d of 12 that are seen are kept", n)
	}
	checkAll(t, m)
}

func TestAQuarterIsLeftToTheYoung(t *testing.T) {
	m := New(Config{MaxTemplates: 16})
	several(m, 0, 16, 100)
	proven := map[uint64]string{}
	for i := range m.templates {
		if x := &m.templates[i]; x.id != 0 && !x.young {
			proven[x.id] = ""
		}
	}
	if len(proven) != 12 {
		t.Errorf("%d proven", len(proven))
	}
	several(m, 100, 500, 1)
	if n := kept(m, proven); n != len(proven) {
		t.Errorf("%d of %d kept", n, len(proven))
	}
}

func TestAFloodOfOneShapeForgetsItsOwn(t *testing.T) {
	m := New(Config{})
	young := several(m, 0, 20, 1)
	for i := range 5000 {
		m.Add(letters(i, 6))
	}
	if n := kept(m, young); n != 20 || m.Len() > 20+maxChain {
		t.Errorf("%d of 20 kept, %d templates", n, m.Len())
	}
}
