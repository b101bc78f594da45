// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// What the differential tests run: patterns made at random, and texts made from patterns.

// seed is the same in every run, unless LOGBOOM_SEED asks for other patterns and texts.
func seed() uint64 {
	n, _ := strconv.ParseUint(os.Getenv("LOGBOOM_SEED"), 10, 64)
	return n
}

// mutate changes a few bytes of text: takes some away, doubles some, puts others in.
func mutate(r *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + r.IntN(3) {
		if len(b) == 0 {
			break
		}
		at := r.IntN(len(b))
		switch r.IntN(5) {
		case 0:
			b = append(b[:at], b[min(at+1+r.IntN(4), len(b)):]...)
		case 1:
			b = append(b[:at], append([]byte(" -\"[]:/.9aZ\n\té")[r.IntN(13):][:1], b[at:]...)...)
		case 2:
			b[at] = " -\"[]:/.9aZ\n"[r.IntN(12)]
		case 3:
			to := min(at+1+r.IntN(8), len(b))
			b = append(b[:to], b[at:]...)
		case 4:
			if r.IntN(4) == 0 {
				b[at] = byte(r.IntN(256))
			}
		}
	}
	return string(b)
}

// generate writes a text that n matches, look-around and anchors aside.
func generate(r *rand.Rand, n *node, b *strings.Builder) {
	(&textMaker{r: r, groups: map[int]string{}}).write(n, b)
}

type textMaker struct {
	r      *rand.Rand
	groups map[int]string // what each group wrote last
}

func (m *textMaker) write(n *node, b *strings.Builder) {
	r := m.r
	switch n.op {
	case opClass:
		s := n.set
		for _, part := range []set{{' ', '~'}, {'0', '9', 'A', 'Z', 'a', 'z'}} {
			if narrow := s.intersect(part); len(narrow) > 0 && r.IntN(8) > 0 {
				s = narrow
			}
		}
		if len(s) == 0 {
			return
		}
		i := r.IntN(len(s)/2) * 2
		b.WriteRune(s[i] + rune(r.IntN(int(s[i+1]-s[i])+1)))
	case opAlt:
		m.write(n.subs[r.IntN(len(n.subs))], b)
	case opRepeat:
		most := n.min + 5
		if n.max >= 0 {
			most = min(n.max, most)
		}
		for range n.min + r.IntN(most-n.min+1) {
			if b.Len() > 2000 && r.IntN(2) == 0 {
				break
			}
			m.write(n.subs[0], b)
		}
	case opCapture:
		from := b.Len()
		m.write(n.subs[0], b)
		m.groups[n.group] = b.String()[from:]
	case opBackref:
		b.WriteString(m.groups[n.group])
	case opConcat, opAtomic:
		for _, sub := range n.subs {
			m.write(sub, b)
		}
	}
}

// smallSet holds a definition of each kind of trouble.
var smallSet = &Set{defs: map[string]string{
	"W": `\b\w+\b`, "N": `(?<![0-9.])(?>[0-9]+(?:\.[0-9]+)?)`, "D": `.*?`, "G": `.*`, "E": `a*|b`,
}}

var (
	smallAtoms = []string{
		"a", "b", "ab", "ba", ".", "[ab]", "[^a]", "[é-ü]", `[\x{fffd}a]`, `\d`, " ", "1", `\b`, `\B`, "^", "$", `\A`, `\z`, `\Z`, "é", "",
		"%{W:w}", "%{N:n}", "%{D:d}", "%{G:g}", "%{E:e}", "(?<x>a|ab)", "(?<x>)", "(?<z>.)", "(?<z>[ab]+)", "(?=a)", "(?!b)", "(?<=a)", "(?<!b)", "(?<=a|bb)", "(?<!ab|[é1])",
		"(?>a|ab)", "a*+", "[ab]++", "(?=(?<l>a*)b)", "(?!a.b)", "(?i:A|É)", "(?-m:.)", "a{2,3}", ".{3}", `[^\n]`, `\W`, `\n`,
		`(?<q>a|b).?\k<q>`, `(?:(?<q>1|é)|b)\k<q>`, `(?<q>a|b.)(?:.b|\g<q>)`, `(?:(?<q>a)|\g<q>b|.)`,
	}
	smallQuantifiers = []string{"", "", "", "", "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{2,}?", "{0}", "*+", "?+", "++"}
)

// smallPattern puts together a pattern of few letters and all constructs.
func smallPattern(r *rand.Rand) string {
	names := 0
	var build func(depth int) string
	build = func(depth int) string {
		var b strings.Builder
		for range 1 + r.IntN(3) {
			if depth > 0 && r.IntN(5) < 2 {
				names++
				open := anyOf(r, "(?:", "(?:", "(?:", fmt.Sprintf("(?<g%d>", names), fmt.Sprintf("(?<g%d>", names), "(?<y>", "(?>", "(?=", "(?!")
				body := build(depth - 1)
				for range r.IntN(3) {
					body += "|" + build(depth-1)
				}
				b.WriteString(open + body + ")" + smallQuantifiers[r.IntN(len(smallQuantifiers))])
				continue
			}
			a := smallAtoms[r.IntN(len(smallAtoms))]
			if strings.Contains(a, "(?<q>") { // of its own name, so that it means the group before it
				names++
				a = strings.ReplaceAll(a, "<q>", fmt.Sprintf("<q%d>", names))
			}
			b.WriteString(a)
			if a != "" && !strings.ContainsAny(a, `^$`) && a != `\b` && a != `\B` && a != `\A` && a != `\z` && a != `\Z` {
				b.WriteString(smallQuantifiers[r.IntN(len(smallQuantifiers))])
			}
		}
		return b.String()
	}
	return build(2)
}

func smallText(r *rand.Rand) string {
	var text strings.Builder
	for range r.IntN(10) {
		text.WriteString([]string{"a", "a", "b", "ab", "ba", " ", "1", "12", ".", "é", "\n", "\xff", "\xe2\x82", "\xc3"}[r.IntN(14)])
	}
	return text.String()
}

// composer makes patterns of a library's definitions, as people do, and lines for them.
type composer struct {
	r     *rand.Rand
	set   *Set
	names []string
	used  int
}

var composerSets = sync.OnceValue(func() [2]*Set {
	var out [2]*Set
	for i, lib := range []string{LibraryECS, LibraryLegacy} {
		s, err := NewSet(lib)
		if err != nil {
			panic(err)
		}
		out[i] = s
	}
	return out
})

// everyday are the definitions that most patterns are made of.
var everyday = strings.Fields(`WORD NOTSPACE INT NUMBER BASE10NUM POSINT NONNEGINT DATA GREEDYDATA QS QUOTEDSTRING UUID IP IPV4 IPV6 HOSTNAME
	IPORHOST HOSTPORT PATH UNIXPATH URI URIPATH URIPATHPARAM URIPARAM USER USERNAME EMAILADDRESS MONTH MONTHNUM MONTHDAY YEAR HOUR MINUTE
	SECOND TIME DATE TIMESTAMP_ISO8601 HTTPDATE SYSLOGTIMESTAMP LOGLEVEL SPACE MAC JAVACLASS PROG SYSLOGPROG BASE16NUM`)

func newComposer(seed uint64) *composer {
	r := rand.New(rand.NewPCG(seed, 77))
	s := composerSets()[r.IntN(2)]
	return &composer{r: r, set: s, names: s.Names()}
}

func anyOf(r *rand.Rand, from ...string) string { return from[r.IntN(len(from))] }

func (g *composer) pattern() string {
	var b strings.Builder
	if g.r.IntN(2) == 0 {
		b.WriteString(anyOf(g.r, "^", "^", `\A`, "(?i)", "^(?:<%{POSINT:pri}>)?"))
	}
	n := 1 + g.r.IntN(4)
	for i := range n {
		if i > 0 {
			b.WriteString(g.separator())
		}
		b.WriteString(g.piece(2))
	}
	if g.r.IntN(3) == 0 {
		b.WriteString(anyOf(g.r, "$", `\z`, " %{GREEDYDATA:rest}$", `\s*$`, "%{DATA:rest}$"))
	}
	return b.String()
}

func (g *composer) separator() string {
	return anyOf(g.r, " ", " ", " ", " ", ",", ": ", ":", `\|`, "-", `\s+`, `\s*`, " - ", `\] \[`, ` "`, "=", "", "(?: |:)", "[ ,;]+", ".*?", ".*", `\t`)
}

func (g *composer) name() string {
	if g.r.IntN(4) > 0 {
		n := everyday[g.r.IntN(len(everyday))]
		if _, ok := g.set.Definition(n); ok {
			return n
		}
	}
	return g.names[g.r.IntN(len(g.names))]
}

func (g *composer) reference() string {
	n := g.name()
	g.used++
	switch g.r.IntN(6) {
	case 0:
		return "%{" + n + "}"
	case 1:
		return fmt.Sprintf("%%{%s:[a][f%d]}", n, g.used)
	case 2:
		return "%{" + n + ":again}"
	}
	return fmt.Sprintf("%%{%s:f%d}", n, g.used)
}

func (g *composer) piece(depth int) string {
	if depth == 0 {
		return g.reference()
	}
	sub := func() string { return g.piece(depth - 1) }
	g.used++
	id := g.used
	switch g.r.IntN(20) {
	case 0:
		return "(?:" + sub() + "|" + sub() + ")"
	case 1:
		return "(?:" + sub() + "|-)"
	case 2:
		return "(?:" + g.separator() + sub() + ")?"
	case 3:
		return "(?:" + sub() + "(?:, )?)" + anyOf(g.r, "*", "+", "{1,3}", "*?", "+?", "{2,}", "{0,2}?", "*+")
	case 4:
		return fmt.Sprintf("(?<o%d>%s%s%s)", id, sub(), g.separator(), sub())
	case 5:
		return sub() + anyOf(g.r, `(?= )`, `(?!\d)`, `(?=[ ,:]|$)`, `(?!\S)`, `(?=.*\d)`, `(?!.*ERROR)`)
	case 6:
		return anyOf(g.r, `(?<!\d)`, `(?<=[ \[]|^)`, `(?<![\w.])`, `(?<=ab)`, `\b`, `(?<!%)`) + sub()
	case 7:
		return "(?>" + sub() + ")"
	case 8:
		return fmt.Sprintf(`(?<q%d>["'|])%s\k<q%d>`, id, sub(), id)
	case 9:
		return `\[` + sub() + `\]`
	case 10:
		return `"(?:` + sub() + `|-)"`
	case 11:
		return fmt.Sprintf("(?<c%d>[^ %s]%s)", id, anyOf(g.r, ",", `"`, `\]`, ":", `\d`), anyOf(g.r, "+", "*", "{1,8}", "+?", "++"))
	case 12:
		return sub() + sub()
	}
	return g.reference()
}

// line makes a line that ref's pattern may match: made from it, most times spoiled a little, sometimes within others.
func (g *composer) line(ref *reference) string {
	var b strings.Builder
	if g.r.IntN(4) == 0 {
		b.WriteString(anyOf(g.r, "x ", "\n", "12", "- ", "é", "\xff"))
	}
	generate(g.r, ref.root, &b)
	if g.r.IntN(4) == 0 {
		b.WriteString(anyOf(g.r, " x", "\n", "12", " -", "é", "\xe2\x82", "\nline"))
	}
	line := b.String()
	if len(line) > 400 {
		line = line[:400]
	}
	if g.r.IntN(3) > 0 {
		line = mutate(g.r, line)
	}
	return line
}

// shrink takes away from text what it can while wrong holds.
func shrink(text string, wrong func(string) bool) string {
	for size := len(text) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(text); {
			if less := text[:at] + text[at+size:]; wrong(less) {
				text = less
				continue
			}
			at += size
		}
	}
	runes := []rune(text)
	if utf8.ValidString(text) && slices.ContainsFunc(runes, func(r rune) bool { return r != 'a' }) {
		for i, r := range runes {
			for _, plain := range "a0 " {
				runes[i] = plain
				if wrong(string(runes)) {
					break
				}
				runes[i] = r
			}
		}
		return string(runes)
	}
	return text
}
