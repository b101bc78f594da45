// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rubyScript answers each line [pattern, text] with null (the pattern is wrong), false (no match) or the named captures.
const rubyScript = `
require "json"
$VERBOSE = nil
STDIN.each_line do |line|
  re, text = JSON.parse(line)
  begin
    m = Regexp.new(re, Regexp::MULTILINE).match(text)
    puts JSON.generate(m ? m.named_captures : false)
  rescue RegexpError
    puts "null"
  end
end`

// TestLikeRuby compares matches with those of Ruby's regular expressions, which are Logstash's: on a table of constructs and
// on patterns made up at random. It needs ruby.
func TestLikeRuby(t *testing.T) {
	if _, err := exec.Command("timeout", "10", "ruby", "-e", "0").Output(); err != nil {
		if os.Getenv("LOGBOOM_REQUIRE_SERVERS") != "" {
			t.Fatal("ruby or timeout is not here, and LOGBOOM_REQUIRE_SERVERS is set")
		}
		t.Skip("ruby or timeout is not here")
	}
	s := &Set{defs: map[string]string{}}
	type question struct {
		expr, text string
		same       bool // must compile here if it does there
	}
	var ask []question
	for _, q := range [][2]string{
		{`(?<x>^*a)`, "ba"},
		{`(?<x>\b?a$*)`, "a"},
		{`(?<x>a{2}?)b`, "b"},
		{`(?<x>a{2}?)b`, "aaab"},
		{`(?<x>a{2}??)b`, "aab"},
		{`(?<x>a{2,2}?)b`, "b"},
		{`(?<x>a{,3}?)b`, "aaaab"},
		{`(?<x>a{2}+)`, "aaaaa"},
		{`(?<x>a{2,3}+a)`, "aaa"},
		{`(?<x>a{,})`, "a{,}"},
		{`(?<x>a{,2})`, "aaa"},
		{`(?<x>{a)`, "{a"},
		{`(?<x>a{ 2})`, "a{ 2}"},
		{`(?<x>a**)`, "aa"},
		{`(?<x>a+?+)`, "aa"},
		{`(?<x>a???)`, "a"},
		{`(?<x>\k\g)`, "kg"},
		{`(?<x>\012\0\08\12)`, "\n\x00\x008\n"},
		{`(?<x>\10)`, "\b"},
		{`(?<x>[\1\12\08]+)`, "\x01\n\x008"},
		{`(?<x>\18)`, "\x018"},
		{`(?<x>\xc3\xa9)`, "é"},
		{`(?<x>[\xc3\xa9\xe2\x82\xac]+)`, "€é"},
		{`(?<x>\u{e9 61})`, "éa"},
		{`(?<x>[\u{e9 61}]+)`, "éa"},
		{`(?<x>\u00e9)`, "é"},
		{`(?<x>\C-a\ca\c\\)`, "\x01\x01\x1c"},
		{`(?<x>\t\v\n\r\f\a\e)`, "\t\v\n\r\f\a\x1b"},
		{`(?<x>[\b])`, "\b"},
		{`(?<x>[\B\A\R\X\K]+)`, "BARXK"},
		{`(?<x>\y\Q\N\O\i\m)`, "yQNOim"},
		{`(?<x>\pL\p)`, "pLp"},
		{`(?<x>a(?#x\)y)+)`, "aaa"},
		{`(?<x>(?#)a)`, "a"},
		{`(?'x'a)\k'x'`, "aa"},
		{`(?<x>a|b)(?<x>b)\k<x>`, "abb"},
		{`(?<x>a)(?<x>b)\k<x>`, "aba"},
		{`(?<x>a)(?<x>b)?\k<x>`, "aa"},
		{`(?<x>\d+)-\g<x>`, "1-2"},
		{`\g<x>-(?<x>\d+)`, "1-2"},
		{`(?<o>\d{1,3}){0}(?<x>\g<o>\.\g<o>)`, "10.20"},
		{`(?<b>(?<a>[ab])\k<a>)\g<b>`, "aabb"},
		{`(?i:(?<x>a))\g<x>`, "aA"},
		{`(?<x>a|b\g<y>c)(?<y>d)`, "bdcd"},
		{`(?<=a|bc)(?<x>d)`, "bcd"},
		{`(?<!a|bc)(?<x>d)`, "bcd xd"},
		{`(?<=^|a)(?<x>d)`, "d"},
		{`(?<!^|a)(?<x>d)`, "dad.d"},
		{`(?<=(?:a|bc))(?<x>d)`, "bcd"},
		{`(?<=a{2})(?<x>b)`, "abaab"},
		{`(?<=\b)(?<x>d)`, "ed d"},
		{`(?<=^a)(?<x>b)`, "bab\nab"},
		{`(?<x>(?~a))`, "bca"},
		{`(?<x>(?~[ab])a)`, "cca"},
		{`(?<x>a\Kb)`, "ab"},
		{`\G(?<x>a)`, "ba"},
		{`(?<x>a\Gb)`, "ab"},
		{`(?<x>\R\R)`, "\r\n\v"},
		{`(?<x>\R\n)`, "\r\n"},
		{`(?<x>\R+)`, "\u0085\u2028\f"},
		{`(?<x>(?a)[[:alpha:]]+)`, "aé"},
		{`(?<x>(?u)\w+\d\s)`, "é²٣\u00a0"},
		{`(?<x>(?u:\w)\w)`, "éé ea"},
		{`(?<x>(?im)x.)`, "X\n"},
		{`(?<x>(?-m).+)`, "a\nb"},
		{`(?<x>a(?i)b|c)`, "aC"},
		{`(?<x>a(?i)b|c)`, "C"},
		{`(?<x>(?i-)a(?-i)b)`, "Ab"},
		{`(?<x>(?x) a b # c)
 d )`, "abd"},
		{`(?<x>(?x)a  +[ ])`, "aa "},
		{`(?<x>(?x: a b)c d)`, "abc d"},
		{`(?<x>(?x)a\ \#b)`, "a #b"},
		{`(?<x>[]a]+)`, "]a"},
		{`(?<x>[^]a]+)`, "b]"},
		{`(?<x>[a-c-e]+)`, "b-ed"},
		{`(?<x>[-a]+[a-]+)`, "-a-a"},
		{`(?<x>[a&&])`, "a"},
		{`(?<x>[&&a])`, "a"},
		{`(?<x>[a-z&&[^b]&&a-c]+)`, "dabc"},
		{`(?<x>[^a&&b]+)`, "ab"},
		{`(?<x>[a&b]+)`, "a&b"},
		{`(?<x>[a&&&b]+)`, "a&b"},
		{`(?<x>[[:^digit:]\h]+)`, "a1"},
		{`(?<x>[:alpha:]+)`, "al:x"},
		{`(?<x>[[.a.]]+)`, "a."},
		{`(?<x>[a[bc]d]+)`, "dcba"},
		{`(?<x>[+--]+)`, "+,-"},
		{`(?<x>[!--/]+)`, "!-/"},
		{`(?<x>[--/]+)`, "-./"},
		{`(?<x>[^^]+)`, "a^"},
		{`(?<x>[\w-]+)`, "a-b"},
		{`(?<x>[a\]b]+)`, "a]b"},
		{`(?<x>a]})`, "a]}"},
		{`(?<x>\p{Alpha}\p{^Alpha}\P{^Alpha})`, "a1b"},
		{`(?<x>\p{uppercase letter}\p{Uppercase_Letter}\p{LU}+)`, "ABC"},
		{`(?<x>\p{Greek}\p{Any}\p{Assigned})`, "αβγ"},
		{`(?<x>\p{Punct}+)`, "!+"},
		{`(?<x>[[:punct:]]+)`, "!+$~"},
		{`(?<x>(?i)[^k]+)`, "kK\u212aa"},
		{`(?<x>(?i)σ+)`, "ςΣσ"},
		{`(?<x>(?i)[a-z]+)`, "ſK"},
		{`(?<x>(?i)é\u00c9)`, "Éé"},
		{`(?<x>(?i)[[:upper:]]+)`, "aB"},
		{`(?<x>(?i)\p{Lower}+)`, "aB"},
		{`(?<x>a\Z)`, "a\n"},
		{`(?<x>a\z)`, "a\n"},
		{`(?<x>a$)`, "a\nb"},
		{`(?<x>^b)`, "a\nb"},
		{`(?<x>\A\s\h+\H)`, " 0aFg"},
		{`(?<x>.)(?<y>\B)(?<z>\bc)`, "abc"},
		{`(?<x>(?:a|b)++)c`, "abc"},
		{`(?<x>(?>a|ab)c)`, "abc"},
		{`(?<x>(?:)*a)`, "a"},
		{`(?<x>(?=a)*a)`, "a"},
		{`(?<x>|a)`, "a"},
		{`(?<x>\ \/\-\_\é)`, " /-_é"},
	} {
		ask = append(ask, question{q[0], q[1], true})
	}
	r := rand.New(rand.NewPCG(7, 8))
	n := 6000
	if testing.Short() {
		n = 600
	}
	for range n {
		g := dialect{r: r}
		expr := "(?<x>" + g.alternatives(2) + ")" + g.alternatives(1)
		for range 2 {
			ask = append(ask, question{expr, g.text(), false})
		}
	}
	var in, out bytes.Buffer
	enc := json.NewEncoder(&in)
	for _, q := range ask {
		require.NoError(t, enc.Encode([]string{q.expr, q.text}))
	}
	// Some patterns never end there.
	cmd := exec.CommandContext(t.Context(), "timeout", "60", "ruby", "-EUTF-8:UTF-8", "-e", rubyScript)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, t.Output()
	require.NoError(t, cmd.Run())
	dec := json.NewDecoder(&out)
	refused, compared, wrong := map[string]int{}, 0, 0
	for _, q := range ask {
		var answer any
		require.NoError(t, dec.Decode(&answer))
		p, err := s.Compile(q.expr)
		if err != nil {
			var e *Error
			require.ErrorAs(t, err, &e)
			if answer != nil {
				if q.same {
					t.Errorf("%s: %v", q.expr, err)
				}
				refused[e.Msg]++
			}
			continue
		}
		if answer == nil {
			if q.same {
				t.Logf("only here: %s", q.expr)
			}
			continue
		}
		captures, ok, err := p.Match(q.text, nil)
		if err != nil {
			continue
		}
		compared++
		got := any(false)
		if ok {
			m := map[string]any{}
			for _, c := range captures {
				m[c.Field.Name] = c.Text // the last of a name, as in Ruby
			}
			got = m
		}
		if want := nonEmpty(answer); !reflect.DeepEqual(want, got) {
			if wrong++; wrong < 20 {
				t.Errorf("%s on %q: got %q, want %q", q.expr, q.text, got, want)
			}
		}
	}
	t.Logf("%d compared, refused only here: %v", compared, refused)
	require.Greater(t, compared, len(ask)/2)
}

func nonEmpty(answer any) any {
	m, ok := answer.(map[string]any)
	for k, v := range m {
		if v == nil || v == "" {
			delete(m, k)
		}
	}
	if ok {
		return m
	}
	return answer
}

// dialect makes patterns up.
type dialect struct {
	r     *rand.Rand
	named int
}

func oneOf[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func (g *dialect) alternatives(depth int) string {
	out := g.sequence(depth)
	for g.r.IntN(4) == 0 {
		out += "|" + g.sequence(depth)
	}
	return out
}

func (g *dialect) sequence(depth int) string {
	var b strings.Builder
	for range 1 + g.r.IntN(3) {
		atom := g.atom(depth)
		b.WriteString(atom)
		if g.r.IntN(3) == 0 {
			b.WriteString(oneOf(g.r, "*", "+", "?", "*?", "+?", "??", "*+", "++", "?+", "{2}", "{2}?", "{1,2}", "{,2}", "{1,}", "{0,2}?", "{2}+", "{", "{,}", "{x}"))
		}
	}
	return b.String()
}

func (g *dialect) atom(depth int) string {
	if depth > 0 && g.r.IntN(3) == 0 {
		inner := g.alternatives(depth - 1)
		switch open := oneOf(g.r, "(?:", "(?>", "(?=", "(?!", "(?i:", "(?-m:", "(?x:", "(?u:", "(?a:", "(", "named"); open {
		case "named":
			g.named++
			return fmt.Sprintf("(?<n%d>%s)", g.named, inner)
		default:
			return open + inner + ")"
		}
	}
	switch g.r.IntN(12) {
	case 0:
		return g.class(2)
	case 1:
		return oneOf(g.r, "^", "$", `\A`, `\z`, `\Z`, `\G`, `\K`, "(?i)", "(?x)", "(?#c)", "(?<=a)", "(?<!b)", "(?<=a|b.)", "(?<!a|b.|^)")
	case 2:
		return oneOf(g.r, ".", `\d`, `\D`, `\w`, `\W`, `\s`, `\S`, `\h`, `\H`, `\R`, `\p{Alpha}`, `\P{L}`, `\p{^Nd}`)
	case 3:
		return oneOf(g.r, `\x61`, `\061`, `\t`, `\.`, `\-`, `\u0062`, `\u{62 31}`, "é", "É", "-", "]", "}", " ", "#", "&", `\k<x>`, `\g<x>`)
	}
	return oneOf(g.r, "a", "b", "A", "1", " ")
}

func (g *dialect) class(depth int) string {
	var b strings.Builder
	b.WriteString(oneOf(g.r, "[", "[", "[^"))
	for range 1 + g.r.IntN(4) {
		switch g.r.IntN(8) {
		case 0:
			if depth > 0 {
				b.WriteString(g.class(depth - 1))
				continue
			}
		case 1:
			b.WriteString(oneOf(g.r, "[:alpha:]", "[:^digit:]", "[:space:]", "[:punct:]", "[:word:]", "[:upper:]"))
			continue
		case 2:
			b.WriteString(oneOf(g.r, `\d`, `\W`, `\s`, `\h`, `\b`, `\n`, `\]`, `\x61`, `\p{Lu}`, `\101`))
			continue
		case 3:
			b.WriteString(oneOf(g.r, "&&", "-", "^", "&", "]", ":"))
			continue
		case 4:
			b.WriteString(oneOf(g.r, "a-b", "0-9", "A-Z", "a-é", " -/"))
			continue
		}
		b.WriteString(oneOf(g.r, "a", "b", "A", "1", "é", "."))
	}
	b.WriteByte(']')
	return b.String()
}

func (g *dialect) text() string {
	var b strings.Builder
	for range g.r.IntN(8) {
		b.WriteString(oneOf(g.r, "a", "b", "A", "B", "1", " ", "\n", "é", "É", ".", "-", "ab", "x", "{", "\r\n", "]", "²", "&"))
	}
	return b.String()
}
