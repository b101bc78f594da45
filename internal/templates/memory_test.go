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
