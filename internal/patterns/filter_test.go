// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import (
	"strings"
	"testing"

	"github.com/logboom/logboom/internal/templates"
)

// templateOf mines lines that are one template.
func templateOf(t testing.TB, lines ...string) string {
	t.Helper()
	m := templates.New(templates.Config{})
	for _, l := range lines {
		m.Add(l)
	}
	if m.Len() != 1 {
		t.Fatalf("%d templates of %q", m.Len(), lines)
	}
	text := ""
	m.Each(func(t templates.Template) bool { text = t.Text; return true })
	return text
}

func TestFilter(t *testing.T) {
	for _, c := range []struct {
		want  string
		lines []string
	}{
		{"|> `took <_>`", []string{"took 12 ms", "took 7 ms"}},
		{"|> `user <_> logged in from <_>`", []string{"user u1 logged in from 10.0.0.1", "user u22 logged in from fe80::1"}},
		{"|> `connection reset`", []string{"connection reset"}},
		{"|> `<_> connection reset`", []string{"17 connection reset"}},
		{"|> `took<_>in all`", []string{"took     5 ms in all", "took   123 ms in all"}}, // blanks that align numbers
		{`|> "panic: oh\n\ngoroutine <_> [running]"`, []string{"panic: oh\n\ngoroutine 7 [running]"}},
		{"|> `{\"level\":\"info\",\"msg\":\"order <_> accepted\",\"n\":<_>}`", []string{`{"level":"info","msg":"order 17 accepted","n":3}`}},
		{"|> `ruser=<_>rhost=<_>tty=ssh<_>`", []string{"ruser= rhost=10.0.0.1 tty=ssh 5", "ruser=x rhost= tty=ssh 5"}}, // nothing is no value
		{"|> \"it`s <_> o'clock\"", []string{"it`s 5 o'clock"}},
		{"|> `tag <_> of <_>`", []string{"tag <b> of 5"}}, // <b> would be a capture
		{"|> `list << <_> >> end`", []string{"list << 5 >> end"}},
		{"", []string{"1 2 3"}},
		{"", []string{""}},
		{"", []string{"[] {} ()"}},
		{"|> `größe überschritten: <_>`", []string{"größe überschritten: 5"}},
		{"|= `is closed`", []string{"caf\xe9 of 5 is closed"}}, // not UTF-8
		{"|> `ready `", []string{" ready "}},
		{"|= `ready`", []string{" ready ", "ready"}},
		{"|> `user=<_>x y`", []string{"user= x y", "user=5 x y"}},
		{"|= `call from peer (` |= `) at noon`", []string{"call from peer () at noon", "call from peer (7) at noon"}}, // nothing is no value
	} {
		template := templateOf(t, c.lines...)
		template = strings.Replace(template, "tty=<*>", "tty=ssh <*>", 1)
		got := Filter(template, c.lines)
		if got != c.want {
			t.Errorf("%q, %q:\n got %s\nwant %s", template, c.lines, got, c.want)
		}
		if got != "" && !Selects(got, c.lines) {
			t.Errorf("%s does not select %q", got, c.lines)
		}
	}
	long := "begin " + strings.Repeat("many words ", 300)
	f := Filter(templateOf(t, long), []string{long})
	if len(f) > maxFilterBytes+200 || !Selects(f, []string{long}) || Selects(f, []string{"begin many words"}) {
		t.Errorf("got %s", f)
	}
	if Filter("no such text <*>", []string{"another line"}) != "" {
		t.Error("a filter that selects nothing of it")
	}
	if Filter("text", nil) != "" {
		t.Error("a filter that nobody has tried")
	}
}

// FuzzFilter makes filters of any lines: what comes out selects them.
func FuzzFilter(f *testing.F) {
	f.Add("user u1 logged in from 10.0.0.1", "user u2 logged in from 10.0.0.2")
	f.Add("<a> <b>\x00\n`\"' <", "<<_>>")
	f.Add(`{"msg":"a <x> \"b\" 5","n":[1,2]}`, "caf\xe9 … <*> <_>")
	f.Add(strings.Repeat("x y ", 1000), "")
	f.Fuzz(func(t *testing.T, a, b string) {
		m := templates.New(templates.Config{})
		lines := map[uint64][]string{}
		for _, l := range []string{a, b, a + " " + b, b + " 5 " + a} {
			id, _ := m.Add(l)
			lines[id] = append(lines[id], l)
		}
		m.Each(func(tm templates.Template) bool {
			of := lines[tm.ID]
			if got := Filter(tm.Text, of); got != "" && !Selects(got, of) {
				t.Fatalf("%q does not select %q", got, of)
			}
			return true
		})
		Filter(a, []string{b})
		Filter(b, []string{a, b})
	})
}

// FuzzMessage reads the message of any template: it is a part of it.
func FuzzMessage(f *testing.F) {
	f.Add(`{"level":"error","msg":"query \"<*>\" failed","error":"<*> is gone"}`)
	f.Add(`level=error msg="it failed: <*>" err="no \\`)
	f.Add(`"msg":"`)
	f.Fuzz(func(t *testing.T, template string) {
		got := Message(template)
		if len(got) > len(template) {
			t.Fatalf("%q says %q", template, got)
		}
		if got != "" && !strings.Contains(template, `":"`) && !strings.Contains(template, `="`) {
			t.Fatalf("%q has no message, got %q", template, got)
		}
		if again := Message("no structure: " + strings.ReplaceAll(template, `"`, "")); again != "" {
			t.Fatalf("a text without quotes says %q", again)
		}
	})
}
