// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"
)

func all(m *Miner) (out []Template) {
	m.Each(func(t Template) bool { out = append(out, t); return true })
	slices.SortFunc(out, func(a, b Template) int { return int(a.ID) - int(b.ID) })
	return out
}

func TestSnapshotRoundTrip(t *testing.T) {
	for name, line := range streams {
		t.Run(name, func(t *testing.T) {
			m := New(Config{MaxTemplates: 100})
			lines := service(300)
			for i := range many(line, 300) {
				m.Add(line(i))
				m.Add(lines[i%len(lines)])
			}
			data := m.AppendSnapshot([]byte("before"))
			got, err := Restore(Config{MaxTemplates: 100}, data[len("before"):])
			if err != nil {
				t.Fatal(err)
			}
			checkAll(t, got)
			if !reflect.DeepEqual(all(got), all(m)) || got.Lines() != m.Lines() {
				t.Fatal("other templates")
			}
			for id := range m.nextID + 2 {
				if got.Resolve(id) != m.Resolve(id) {
					t.Fatalf("%d resolves to %d, was %d", id, got.Resolve(id), m.Resolve(id))
				}
			}
			if again := got.AppendSnapshot(nil); !reflect.DeepEqual(again, data[len("before"):]) {
				t.Fatal("another snapshot")
			}
			for _, l := range lines {
				a, x := m.Add(l)
				if b, y := got.Add(l); a != b || x != y {
					t.Fatalf("%q: ID %d seen %d times, was %d seen %d times", l, b, y, a, x)
				}
			}
		})
	}
}

func TestSmallerMinerTakesTheMostValuable(t *testing.T) {
	m := New(Config{})
	for i := range 300 {
		for range 1 + i%3*50 {
			m.Add(letters(i, 3+i%7))
		}
	}
	data := m.AppendSnapshot(nil)
	small, err := Restore(Config{MaxTemplates: minMaxTemplates}, data)
	if err != nil {
		t.Fatal(err)
	}
	checkAll(t, small)
	if small.Len() != minMaxTemplates {
		t.Errorf("%d templates", small.Len())
	}
	small.Each(func(x Template) bool {
		if x.Count < 101 {
			t.Errorf("took one seen %d times", x.Count)
		}
		return true
	})
	for i := range 2000 {
		small.Add(letters(i, 4))
	}
	checkAll(t, small)
}

// frozen is a snapshot of version 1: templates of this version are read for ever, or the version changes.
const frozen = "" +
	"010504010302010103010303001f0274925b6c3eea051b1be4dbbd440107a6ab0108010e12eba66a01128e0e94670117157c4a7f031b73657373696f6e206f70" +
	"656e656420666f722075736572203c2a3e73657373696f6e206f70656e656420666f72207573657220616e6e0401050501013a10eec3c74f5cf5010505552e25" +
	"bd0105616c6f6e65616c6f6e6503010404010179f3666d76a7735707191ad20b029f0105d311bc7d0006cd86fb9f010a66a85e3f010ed311bc7d000fea86a25c" +
	"0114157c4a7f03196c6576656c3d696e666f206d73673d22746f6f6b203c2a3e226c6576656c3d696e666f206d73673d22746f6f6b2035206d7322b8f3241894" +
	"4b41de"

func TestFrozenSnapshot(t *testing.T) {
	m, _ := mined("session opened for user ann", "session opened for user ben", "session opened for user cleo", `level=info msg="took 5 ms"`, "alone")
	data := m.AppendSnapshot(nil)
	if got := hex.EncodeToString(data); got != frozen {
		t.Fatalf("the format or the way lines are cut changed: bump snapshotVersion\n%s", got)
	}
	r, err := Restore(Config{}, data)
	if err != nil || !reflect.DeepEqual(all(r), all(m)) || r.Resolve(2) != 1 {
		t.Errorf("%v %+v", err, all(r))
	}
}

func TestRestoreRefuses(t *testing.T) {
	m, _ := mined("a line", "another: line")
	good := m.AppendSnapshot(nil)
	refused := func(data []byte, want error) {
		t.Helper()
		if _, err := Restore(Config{}, data); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	refused(nil, ErrCorrupt)
	refused([]byte{9}, ErrVersion)
	refused([]byte{snapshotVersion}, ErrCorrupt)
	for i := 1; i < len(good); i++ {
		bad := slices.Clone(good)
		bad[i] ^= 0x40
		refused(bad, ErrCorrupt)
		refused(good[:i], ErrCorrupt)
	}
}

func sealed(body []byte) []byte {
	data := append([]byte{snapshotVersion}, body...)
	return binary.LittleEndian.AppendUint64(data, xxhash.Sum64(data))
}

func FuzzRestore(f *testing.F) {
	for _, line := range streams {
		m := New(Config{MaxTemplates: 20})
		for i := range many(line, 30) {
			m.Add(line(i))
		}
		data := m.AppendSnapshot(nil)
		f.Add(data[1 : len(data)-8])
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := Restore(Config{}, body); err == nil {
			t.Skip("a whole snapshot")
		}
		cfg := Config{MaxTemplates: 64, MaxBytes: minMaxBytes}
		m, err := Restore(cfg, sealed(body))
		if err != nil {
			if !errors.Is(err, ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		check(t, m)
		for _, x := range all(m) {
			m.Add(x.Example)
		}
		for i := range 200 {
			m.Add(letters(i, 1+i%5))
			check(t, m)
		}
		if _, err := Restore(cfg, m.AppendSnapshot(nil)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzAdd(f *testing.F) {
	for _, line := range streams {
		if len(line(1)) < 8<<10 {
			f.Add(line(1), line(2))
		}
	}
	for _, l := range service(20) {
		f.Add(l, "")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		m := New(Config{MaxBytes: minMaxBytes})
		for range 2 {
			for _, l := range []string{a, b, a + b, b + " " + a} {
				first, _ := m.Add(l)
				if again, n := m.Add(l); n == 1 || again != m.Resolve(first) {
					t.Fatalf("%q: ID %d, then %d", l, first, again)
				}
				if x, ok := m.Template(first); !ok || x.ID != m.Resolve(first) {
					t.Fatalf("%q: no template %d", l, first)
				}
			}
		}
		checkAll(t, m)
		if got, err := Restore(Config{MaxBytes: minMaxBytes}, m.AppendSnapshot(nil)); err != nil || !slices.Equal(all(got), all(m)) {
			t.Fatalf("restored otherwise: %v", err)
		}
	})
}
