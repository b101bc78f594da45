// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// streams are lines that nobody should write, by what is wrong with them. The line n of a stream is always the same.
var streams = map[string]func(n int) string{
	"unique numbers":  func(n int) string { return fmt.Sprintf("request %d of session %x done", n, n*7919) },
	"unique word":     func(n int) string { return "the user " + letters(n, 1) + " has logged in" },
	"unique words":    func(n int) string { return letters(n, 8) },
	"unique lengths":  func(n int) string { return letters(n, n%70) },
	"unique shapes":   shapes,
	"unique marks":    marks,
	"unique names":    func(n int) string { return strings.ReplaceAll(letters(n, 6), " ", "_") + " has failed" },
	"unique keys":     func(n int) string { return `{"` + strings.ReplaceAll(letters(n, 5), " ", `":1,"`) + `":2}` },
	"unique logfmt":   func(n int) string { return strings.ReplaceAll(letters(n, 9), " ", "=x ") },
	"seen thrice":     func(n int) string { return letters(n/3, 5) },
	"many words":      func(n int) string { return letters(n, 3000) },
	"no blanks":       func(n int) string { return strings.ReplaceAll(letters(n, 3000), " ", "") },
	"a megabyte":      func(n int) string { return letters(n, 2) + strings.Repeat("x", 1<<20) },
	"a megabyte of (": func(n int) string { return letters(n, 2) + strings.Repeat("(", 1<<20) },
	"quotes":          func(n int) string { return letters(n, 2) + strings.Repeat(`"'`, 2000) },
	"open objects":    func(n int) string { return letters(n, 2) + strings.Repeat(`{"a":`, 2000) },
	"open arrays":     func(n int) string { return `{"a":` + strings.Repeat(`["`, 2000) },
	"equals":          func(n int) string { return letters(n, 2) + strings.Repeat("a=", 2000) },
	"escapes":         func(n int) string { return `{"msg":"` + strings.Repeat(`\"`, n%2000) + letters(n, 3) },
	"binary":          func(n int) string { return noise(n, 300) },
	"invalid UTF-8":   func(n int) string { return strings.Repeat("\xff\xc0 ", n%1000) + letters(n, 2) },
	"empty":           func(int) string { return "" },
}

func noise(n, size int) string {
	r := rand.New(rand.NewPCG(uint64(n), 3))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// letters invents words that no other n has.
func letters(n, words int) string {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	var b strings.Builder
	for i := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 6 + r.IntN(4) {
			b.WriteByte("ghijklmnopqrstuvwxyz"[r.IntN(20)])
		}
	}
	return b.String()
}

func marks(n int) string {
	b := make([]byte, 0, 8)
	for range 8 {
		b = append(b, ",;:()[]<>|!?"[n%12])
		n /= 12
	}
	return string(b)
}

func shapes(n int) string {
	r := rand.New(rand.NewPCG(uint64(n), 2))
	var b strings.Builder
	for range 12 {
		b.WriteString("word")
		b.WriteByte(",;:()[]<>|!?"[r.IntN(12)])
	}
	return b.String()
}

// many returns how many lines of a stream are tested: fewer of long ones.
func many(line func(int) string, n int) int { return min(n, 4<<20/(1+len(line(1001)))+20) }

// check verifies what holds after every line.
func check(tb testing.TB, m *Miner) {
	tb.Helper()
	if m.Bytes() > int(m.cfg.bytes) {
		tb.Fatalf("%d bytes, more than %d", m.Bytes(), m.cfg.bytes)
	}
	if m.tables() > int(m.cfg.bytes)/2 {
		tb.Fatalf("tables of %d bytes, more than half of %d", m.tables(), m.cfg.bytes)
	}
	if m.Len() > int(m.cfg.templates) {
		tb.Fatalf("%d templates, more than %d", m.Len(), m.cfg.templates)
	}
}

// checkAll verifies that what is accounted is what is there.
func checkAll(tb testing.TB, m *Miner) {
	tb.Helper()
	check(tb, m)
	live, held, young, heldYoung := 0, 0, 0, 0
	ids := map[uint64]bool{}
	for i := range m.templates {
		t := &m.templates[i]
		if t.id == 0 {
			continue
		}
		live++
		held += t.bytes()
		if t.young {
			young++
			heldYoung += t.bytes()
		}
		if ids[t.id] || t.id > m.nextID {
			tb.Fatalf("ID %d twice or too high", t.id)
		}
		ids[t.id] = true
		if x := t.export(); !utf8.ValidString(x.Text) || !utf8.ValidString(x.Example) || x.First > x.Last || x.Last > m.seq {
			tb.Fatalf("template %+v", x)
		}
	}
	if live != m.live || held != m.held || young != m.young.n || heldYoung != m.heldYoung {
		tb.Fatalf("counted %d %d %d %d, found %d %d %d %d", m.live, m.held, m.young.n, m.heldYoung, live, held, young, heldYoung)
	}
	listed, chained := 0, 0
	for next := m.young.head; next != 0 && listed <= live; next = m.templates[next-1].older {
		listed++
	}
	for _, next := range m.shapes {
		for ; next != 0 && chained <= live; next = m.templates[next-1].chain {
			chained++
		}
	}
	if listed != young || chained != live {
		tb.Fatalf("%d of %d young listed, %d of %d templates chained", listed, young, chained, live)
	}
}

func TestHostileStreamsAreBounded(t *testing.T) {
	for name, line := range streams {
		t.Run(name, func(t *testing.T) {
			for _, cfg := range []Config{{}, {MaxTemplates: minMaxTemplates, MaxBytes: minMaxBytes}, {MaxTemplates: maxMaxTemplates, MaxBytes: minMaxBytes, MaxExampleBytes: maxMaxExampleBytes}, {MaxTemplates: maxMaxTemplates, MaxBytes: minMaxBytes, MaxExampleBytes: -1}} {
				m := New(cfg)
				for i := range many(line, 2000) {
					m.Add(line(i))
					check(t, m)
				}
				checkAll(t, m)
			}
		})
	}
}

// A flood of templates that nobody saw before leaves those alone that were seen often, also when they were not seen for long.
func TestFloodLeavesTheKnown(t *testing.T) {
	for name, line := range streams {
		t.Run(name, func(t *testing.T) {
			m := New(Config{MaxTemplates: 200, MaxBytes: 128 << 10})
			known := map[string]uint64{}
			for i := range 60 {
				l := fmt.Sprintf("component %s reports state %s after # seconds", letters(i, 1), letters(i+1000, i%5+1))
				for range 100 {
					known[l], _ = m.Add(l)
				}
			}
			for i := range many(line, 10000) {
				m.Add(line(1<<20 + i))
			}
			for l, id := range known {
				if got, n := m.Add(l); n == 1 || got != m.Resolve(id) {
					t.Fatalf("%q has ID %d (seen %d times), had %d", l, got, n, id)
				}
			}
			checkAll(t, m)
		})
	}
}
