// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// mined adds lines and returns the templates' texts by ID.
func mined(lines ...string) (m *Miner, texts []string) {
	m = New(Config{})
	for _, l := range lines {
		m.Add(l)
	}
	var all []Template
	m.Each(func(t Template) bool { all = append(all, t); return true })
	slices.SortFunc(all, func(a, b Template) int { return int(a.ID) - int(b.ID) })
	for _, t := range all {
		texts = append(texts, t.Text)
	}
	return m, texts
}

func TestMasks(t *testing.T) {
	text := func(line, want string) {
		t.Helper()
		if _, got := mined(line); len(got) != 1 || got[0] != want {
			t.Errorf("%q:\n got %q\nwant %q", line, got, want)
		}
	}
	text("", "")
	text(" \t ", "")
	text("ready", "ready")
	text("  indented\tline ", "indented line")
	text("took 12 ms", "took <*>")
	text("took 1.5s of 18.4 KB", "took <*> of <*>")
	text("offset -17 at 0x1f4", "offset <*> at <*>")
	text("key deadbeefcafe of worker-3", "key <*> of <*>")
	text("from 10.1.2.3:4022, fe80::1 and 00:1a:2b:3c:4d:5e", "from <*> and <*>")
	text("mail to ann.lee@mail.example sent", "mail to <*> sent")
	text("open /var/lib/app/data: no such file", "open <*>: no such file")
	text(`open C:\Users\ann\x.txt now`, "open <*> now")
	text("see https://docs.example/a?b=c for more", "see <*> for more")
	text("at Sat Jun 18 02:08:10 2005 it began", "at <*> it began")
	text("May I enter the Sun room", "May I enter the Sun room")
	text("got 1, 2, 3, 4 and 5", "got <*> and <*>")
	text(`module "net" and 'disk' loaded`, `module <*> and <*> loaded`)
	text("can't open the user's file", "can't open the user's file")
	text(`a "quote that never ends`, `a "quote that never ends`)
	text("ruser= rhost=10.0.0.1 tty=ssh", "ruser=<*> rhost=<*> tty=<*>")
	text("x == y => z", "x == y => z")
	text("Pool{id=1, open=true, last=[]}", "Pool{id=<*>, open=<*>, last=[]}")
	text("dest:/10.0.0.1:80 size:77", "dest:<*> size:<*>")
	text("error: disk full.", "error: disk full.")
	text("done (3 of 4) [worker]", "done (<*> of <*>) [worker]")
	text("call from peer () at noon", "call from peer (<*>) at noon")
	text(`"GET /a/b HTTP/1.1" 200`, `"GET <*>" <*>`)
	text(`10.0.0.1 "POST /a/b HTTP/1.1" 200 17 rest`, `<*> "POST <*>" <*> rest`)
	text("enabled: true, parent: null", "enabled: <*>, parent: <*>")
	text("==== begin ====", "==== begin ====")
	text("größe überschritten: 5 µs", "größe überschritten: <*>")
	text("bad \xff\xfe bytes", "bad � bytes")
	text("panic: oh\n\ngoroutine 7 [running]:\nmain.main()", "panic: oh goroutine <*> [running]: main.main()")
}

func TestStructured(t *testing.T) {
	text := func(line, want string) {
		t.Helper()
		if _, got := mined(line); len(got) != 1 || got[0] != want {
			t.Errorf("%q:\n got %q\nwant %q", line, got, want)
		}
	}
	text(`{"level":"warn","msg":"retry 3 of job x7","job":"alpha","n":3}`, `{"level":"warn","msg":"retry <*> of job <*>","job":"<*>","n":<*>}`)
	text(`{ "a" : 1, "message" : "hi there", "x": null }`, `{ "a" : <*>, "message" : "hi there", "x": <*>}`)
	text(`{"a":{"b":"c","d":[1,{"e":"]"}]},"msg":"m"}`, `{"a":{"b":"<*>","d":<*>},"msg":"m"}`)
	text(`{"u1234":1,"msg":"say \"hi\" to\nall"}`, `{"<*>":<*>,"msg":"say \"hi\" to\nall"}`)
	text(`request done {"id":5,"path":"/x"}`, `request done {"id":<*>,"path":"<*>"}`)
	text(`{"msg":"cut in the mid`, `{"msg":"cut in the mid…`)
	text(`{"a":1,,"b"}}`, `{"a":<*>,,"b"<*>}}`)
	text(`level=info msg="user bob came" dur=5ms user=bob`, `level=info msg="user bob came" dur=<*> user=<*>`)
	text(`time="x y" level=error msg="it \"failed\"" err="no route" n=5`, `time=<*> level=error msg="it \"failed\"" err="no route" n=<*>`)
	text(`msg=started id=a`, `msg=started id=<*>`)
}

func TestPlacesVaryWhenEnoughTextsWereSeen(t *testing.T) {
	same := func(want string, lines ...string) {
		t.Helper()
		if _, got := mined(lines...); len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	apart := func(lines ...string) {
		t.Helper()
		if _, got := mined(lines...); len(got) != len(lines) {
			t.Errorf("got %q, want %d templates", got, len(lines))
		}
	}
	// names and what has digits: two
	same("lookup of <*> failed", "lookup of db.example failed", "lookup of cache.example failed")
	same("lookup of <*> failed", "lookup of db7 failed", "lookup of cache failed")
	// words after one that calls for a value: three
	apart("session opened for user ann", "session opened for user ben")
	same("session opened for user <*>", "session opened for user ann", "session opened for user ben", "session opened for user cleo")
	// plain words: five
	apart("the red lamp is on", "the blue lamp is on", "the green lamp is on", "the white lamp is on")
	same("the <*> lamp is on", "the red lamp is on", "the blue lamp is on", "the green lamp is on", "the white lamp is on", "the pink lamp is on")
	// what a program did: many
	apart("session opened for ann", "session closed for ann", "session started for ann", "session suspended for ann", "session restored for ann", "session dropped for ann")
	// two places at once
	same("job of <*> in <*> is late", "job of ann in paris is late", "job of ben in rome is late", "job of cleo in oslo is late")
	// other marks, another template
	apart("disk full", "disk: full", "disk full!", "disk (full)")
}

func TestIDsOfMergedTemplatesResolveToOne(t *testing.T) {
	m := New(Config{})
	var ids []uint64
	for _, who := range []string{"ann", "ben", "cleo", "dora"} {
		id, _ := m.Add("session opened for user " + who)
		ids = append(ids, id)
	}
	if !reflect.DeepEqual(ids, []uint64{1, 2, 1, 1}) {
		t.Fatalf("IDs %v", ids)
	}
	for _, id := range ids {
		got, ok := m.Template(id)
		want := Template{ID: 1, Text: "session opened for user <*>", Count: 4, First: 1, Last: 4, Example: "session opened for user ann"}
		if !ok || got != want {
			t.Errorf("template %d: %+v, %v", id, got, ok)
		}
		if m.Resolve(id) != 1 {
			t.Errorf("%d resolves to %d", id, m.Resolve(id))
		}
	}
	if _, ok := m.Template(77); ok {
		t.Error("a template that never was")
	}
	if _, ok := m.Template(0); ok {
		t.Error("a template 0")
	}
}

func TestNewIsSaidOnce(t *testing.T) {
	m := New(Config{})
	for i, want := range []bool{true, false, false} {
		if _, n := m.Add(fmt.Sprintf("took %d ms", i)); (n == 1) != want {
			t.Errorf("line %d: seen %d times", i, n)
		}
	}
}

func TestSameStreamSameIDs(t *testing.T) {
	a, b := New(Config{MaxTemplates: 64}), New(Config{MaxTemplates: 64})
	for name, line := range streams {
		_ = name
		for i := range many(line, 200) {
			x, _ := a.Add(line(i))
			y, _ := b.Add(line(i))
			if x != y {
				t.Fatalf("line %d of %s: %d and %d", i, name, x, y)
			}
		}
	}
}

// An ID stays that of its template, whatever else is seen.
func TestIDsAreStable(t *testing.T) {
	m := New(Config{})
	lines := service(3000)
	ids := make([]uint64, len(lines))
	for i, l := range lines {
		ids[i], _ = m.Add(l)
	}
	for name, line := range streams {
		for i := range many(line, 300) {
			m.Add(line(i))
		}
		for i, l := range lines[:500] {
			if got, n := m.Add(l); n == 1 || got != m.Resolve(ids[i]) {
				t.Fatalf("after %s: %q has ID %d, had %d", name, l, got, ids[i])
			}
		}
	}
}

func TestCountsAddUp(t *testing.T) {
	m := New(Config{})
	lines := service(5000)
	for _, l := range lines {
		m.Add(l)
	}
	sum := uint64(0)
	m.Each(func(t Template) bool { sum += t.Count; return true })
	if sum != 5000 || m.Lines() != 5000 || m.Len() != 8 {
		t.Errorf("%d lines counted, %d added, %d templates", sum, m.Lines(), m.Len())
	}
}

func TestWhatIsBeyondTheLimitsIsOne(t *testing.T) {
	words := strings.Repeat("word ", maxElems)
	m, got := mined(words+"a", words+"b c", words+"d e f")
	if len(got) != 1 || !strings.HasSuffix(got[0], "word…") || m.Len() != 1 {
		t.Errorf("got %q", got)
	}
	if _, got := mined(words); len(got) != 1 || strings.HasSuffix(got[0], "…") {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("x", maxScanBytes)
	if _, got := mined("a "+long, "a "+long+"y"); len(got) != 1 || got[0] != "a…" {
		t.Errorf("got %q", got)
	}
	list := "ids 1"
	for i := range 1000 {
		list += fmt.Sprintf(" %d", i)
	}
	if _, got := mined("ids 1 2 3", list); len(got) != 1 {
		t.Errorf("got %q", got)
	}
}

func TestIdleMinerIsSmall(t *testing.T) {
	m := New(Config{})
	if m.Bytes() > 200 || m.Bytes() != int(unsafe.Sizeof(*m)) {
		t.Errorf("%d bytes", m.Bytes())
	}
	if _, n := m.Add("first line"); n != 1 || m.Bytes() > 1200 {
		t.Errorf("%d bytes after a line", m.Bytes())
	}
}

func TestKnownLinesAllocateNothing(t *testing.T) {
	m := New(Config{})
	lines := service(2000)
	for _, l := range lines {
		m.Add(l)
	}
	i := 0
	if n := testing.AllocsPerRun(len(lines)-1, func() { m.Add(lines[i]); i++ }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestEachStops(t *testing.T) {
	m, _ := mined("a b", "c, d")
	n := 0
	m.Each(func(Template) bool { n++; return false })
	if n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestConfig(t *testing.T) {
	if err := (Config{}).Validate(); err != nil {
		t.Error(err)
	}
	if err := (Config{MaxTemplates: 64, MaxBytes: 1 << 20, MaxExampleBytes: -1}).Validate(); err != nil {
		t.Error(err)
	}
	err := Config{MaxTemplates: 3, MaxBytes: 5, MaxExampleBytes: 1 << 20}.Validate()
	for _, want := range []string{"MaxTemplates must be 0 or from 16 to 32768, got 3", "MaxBytes must be 0 or from 65536 to 1073741824, got 5", "MaxExampleBytes must be at most 2048, got 1048576"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	m := New(Config{MaxTemplates: 1, MaxBytes: 1, MaxExampleBytes: -1})
	m.Add("a line")
	if got, _ := m.Template(1); got.Example != "" || m.cfg.templates != minMaxTemplates || m.cfg.bytes != minMaxBytes {
		t.Errorf("%+v %+v", got, m.cfg)
	}
}

func TestWordsHaveHashesOfTheirOwn(t *testing.T) {
	seen := map[uint32]string{}
	twice := 0
	add := func(w string) {
		h := uint32(hashWord(w))
		if o, ok := seen[h]; ok && o != w {
			twice++
		}
		seen[h] = w
	}
	for i := range 30000 {
		add(letters(i, 1))
		add(letters(i, 2))
		add(fmt.Sprint(i))
	}
	for a := range 26 {
		add(string(rune('a' + a)))
		for b := range 26 {
			add(string([]rune{rune('a' + a), rune('a' + b)}))
			for c := range 26 {
				add(string([]rune{rune('a' + a), rune('a' + b), rune('a' + c)}))
			}
		}
	}
	if twice > 8 { // of 108,000: 1.4 are expected by chance
		t.Errorf("%d words with the hash of another", twice)
	}
}
