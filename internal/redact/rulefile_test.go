// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withRules returns an engine with the rules of a file and nothing else.
func withRules(t testing.TB, file string) *Engine {
	t.Helper()
	o := DefaultOptions()
	o.Groups, o.Keys.Disabled = nil, true
	o.RuleFiles = []RuleFile{{Name: "own.toml", Data: []byte(file)}}
	e, err := New(o)
	require.NoError(t, err)
	return e
}

func TestRuleFile(t *testing.T) {
	for _, tc := range []struct{ name, file, in, want string }{
		{
			"the first group that is not empty", "[[rules]]\nid = \"Acme-Key\"\nregex = '''acme_(?:x=(\\w{4})|y=(\\w{4}))'''\nkeywords = [\"acme_\"]",
			"a acme_y=1234 b", "a acme_y=[REDACTED:acme_key] b",
		},
		{
			"secretGroup", "[[rules]]\nid = \"k\"\nregex = '''(acme)=(\\w{4})'''\nsecretGroup = 2\nkeywords = [\"ACME\"]",
			"acme=abcd", "acme=[REDACTED:k]",
		},
		{"no group", "[[rules]]\nid = \"k\"\nregex = '''acme-\\d+'''\nkeywords = [\"acme\"]", "x acme-123, acme-4", "x [REDACTED:k], [REDACTED:k]"},
		{"no keyword", "[[rules]]\nid = \"k\"\nregex = '''\\bq\\d{3}\\b'''", "q123 q1234 aq123", "[REDACTED:k] q1234 aq123"},
		{
			"a keyword somewhere else in the text", "[[rules]]\nid = \"k\"\nregex = '''\\bq\\d{3}\\b'''\nkeywords = [\"acme\"]",
			"q123 " + strings.Repeat(". ", 400) + "Acme", "[REDACTED:k] " + strings.Repeat(". ", 400) + "Acme",
		},
		{"without its keyword", "[[rules]]\nid = \"k\"\nregex = '''\\bq\\d{3}\\b'''\nkeywords = [\"acme\"]", "q123", "q123"},
		{
			"entropy", "[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nentropy = 2.5\nkeywords = [\"acme\"]",
			"acme=aaaaabbbb acme=x7Qm2Kp9", "acme=aaaaabbbb acme=[REDACTED:k]",
		},
		{
			"stop words and allowed secrets", "[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nkeywords = [\"acme\"]\n[[rules.allowlists]]\nstopwords = [\"test\"]\nregexes = ['''^dev''']",
			"acme=myTest1 acme=devx acme=real1", "acme=myTest1 acme=devx acme=[REDACTED:k]",
		},
		{
			"a list that asks for both", "[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nkeywords = [\"acme\"]\n[[rules.allowlists]]\ncondition = \"AND\"\nstopwords = [\"test\"]\nregexes = ['''^dev''']",
			"acme=mytest acme=devtest", "acme=[REDACTED:k] acme=devtest",
		},
		{
			"a list for a path, which a log line has not", "[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nkeywords = [\"acme\"]\n[[rules.allowlists]]\ncondition = \"AND\"\npaths = ['''.*''']\nregexes = ['''.''']",
			"acme=abcd", "acme=[REDACTED:k]",
		},
		{
			"the line as target", "[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nkeywords = [\"acme\"]\n[rules.allowlist]\nregexTarget = \"line\"\nregexes = ['''# example''']",
			"acme=abcd # example\nacme=efgh", "acme=abcd # example\nacme=[REDACTED:k]",
		},
		{
			"a list of the file for one rule", "[[allowlists]]\ntargetRules = [\"k\"]\nstopwords = [\"abcd\"]\n[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nkeywords = [\"acme\"]\n[[rules]]\nid = \"l\"\nregex = '''beta=(\\w+)'''\nkeywords = [\"beta\"]",
			"acme=abcd beta=abcd", "acme=abcd beta=[REDACTED:l]",
		},
		{"a rule for a path alone is nothing", "title = \"x\"\n[[rules]]\nid = \"k\"\npath = '''\\.p12$'''", "a.p12", "a.p12"},
		{
			"what speaks of repositories is not read", "minVersion = \"v8\"\n[extend]\nuseDefault = true\n[[rules]]\nid = \"k\"\nregex = '''acme-\\d+'''\npath = '''x'''\ntags = [\"a\"]\nkeywords = [\"acme\"]\n[[rules.required]]\nid = \"z\"",
			"acme-1", "[REDACTED:k]",
		},
		{"over several lines", "[[rules]]\nid = \"k\"\nregex = '''(?s)BEGIN.*?END'''\nkeywords = [\"begin\"]", "a BEGIN\nx\nEND b", "a [REDACTED:k] b"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sc := withRules(t, tc.file).NewScanner()
			got, _ := sc.Text(tc.in)
			assert.Equal(t, tc.want, got)
			again, _ := sc.Text(got)
			assert.Equal(t, got, again)
		})
	}
}

func TestRuleFileTakesTheBuiltinsPlace(t *testing.T) {
	o := DefaultOptions()
	o.RuleFiles = []RuleFile{{Name: "own.toml", Data: []byte("[extend]\ndisabledRules = [\"npm-access-token\"]\n[[rules]]\nid = \"github-pat\"\nregex = '''ghp_x\\d'''\nkeywords = [\"ghp_\"]")}}
	e, err := New(o)
	require.NoError(t, err)
	sc := e.NewScanner()
	for in, want := range map[string]string{
		"t ghp_x1": "t [REDACTED:github_pat]",
		"t ghp_" + "ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0": "t ghp_" + "ML9uMiDgyleCivD0lMk9hsdtVJi6EEVeJWV0",
		"t npm_" + "w0f0g4n0ccfahcdcccaxi55f769bn2pgqokc": "t npm_" + "w0f0g4n0ccfahcdcccaxi55f769bn2pgqokc",
	} {
		got, _ := sc.Text(in)
		assert.Equal(t, want, got)
	}
}

func TestRuleFileErrors(t *testing.T) {
	for file, want := range map[string]string{
		"[[rules]\n":                                                                            "read rules own.toml: line 1, column",
		"[[rules]]\nid = \"k\"\nregex = 'a(b'":                                                  `rule "k": parse regex: error parsing regexp: missing closing )`,
		"[[rules]]\nid = \"k\"\nregex = 'a*'":                                                   `rule "k": regex must not match the empty text`,
		"[[rules]]\nid = \"k\"\nregex = 'ab'\nsecretGroup = 1":                                  `secretGroup must be between 0 and 0`,
		"[[rules]]\nid = \"k\"":                                                                 "must have exactly one of token, names and value, regex",
		"[[rules]]\nid = \"a b\"\nregex = 'ab'":                                                 "id must be 1 to 64 letters, digits, - and _",
		"[[rules]]\nid = \"k\"\nregex = 'ab'\nentropy = 9.5":                                    "entropy must be between 0 and 8, got 9.5",
		"[[rules]]\nid = \"k\"\nregex = 'ab'\nkeywords = [\"\"]":                                "keywords must have 1 to 64 bytes",
		"[[rules]]\nid = \"k\"\nregex = 'ab'\n[[rules.allowlists]]\ncondition = \"XOR\"":        `allowlists[0]: condition must be OR or AND, got "XOR"`,
		"[[rules]]\nid = \"k\"\nregex = 'ab'\n[[rules.allowlists]]\nregexTarget = \"file\"":     `regexTarget must be secret, match or line, got "file"`,
		"[[rules]]\nid = \"k\"\nregex = 'ab'\n[[rules.allowlists]]\nregexes = ['(']":            "allowlists[0]: compile regex",
		"[[rules]]\nid = \"k\"\nregex = 'ab'\n[[rules]]\nid = \"K\"\nregex = 'ab'":              `rule "K" is in own.toml too`,
		"[[rules]]\nid = \"k\"\ntoken = '[a-z]{9}'":                                             "token must begin with 2 fixed characters",
		"[[rules]]\nid = \"k\"\ntoken = 'é_[a-z]{9}'":                                           "token must begin with ASCII",
		"[[rules]]\nid = \"k\"\nnames = [\"a\"]\nvalue = 'x{9}'":                                "a name must have 2 to 64 bytes",
		"[[rules]]\nid = \"k\"\nnames = [\"acme\"]":                                             "value must not be empty",
		"[[rules]]\nid = \"k\"\ntoken = 'ab_x'\nchecksum = \"crc9\"":                            `checksum "crc9" is not known`,
		"[[rules]]\nid = \"k\"\nregex = 'ab'\nkeywords = [\"" + strings.Repeat("x", 65) + "\"]": "keywords must have 1 to 64 bytes",
	} {
		o := DefaultOptions()
		o.RuleFiles = []RuleFile{{Name: "own.toml", Data: []byte(file)}}
		_, err := New(o)
		assert.ErrorContains(t, err, want, file)
	}
}

// TestRegionsMissNothing compares what a rule finds in the regions around its keywords with what Go's regexp finds in the
// whole text.
func TestRegionsMissNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, expr := range []string{
		`\bkey-([a-z]{2,6})\b`, `([a-z ]{0,9})key=([0-9]{1,3})`, `(?i)k(?:ey|oy)[ab]{1,4}$`, `^key.{0,3}`, `[a-z]{0,3}key|key[0-9]{2}`, `key(?:-key){0,2}`,
	} {
		re := regexp.MustCompile(expr)
		sc := withRules(t, "[[rules]]\nid = \"k\"\nregex = '''"+expr+"'''\nkeywords = [\"key\", \"koy\"]").NewScanner()
		found := 0
		for range 3000 {
			var b strings.Builder
			for range r.IntN(30) {
				b.WriteString([]string{"key", "koy", "KEY", "-", "=", " ", "a", "b", "12", "\n", "é", "key-abc", "key=12", "koyab", "........................"}[r.IntN(15)])
			}
			text := b.String()
			var want []Finding
			for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
				from, to := m[0], m[1]
				for g := 2; g < len(m); g += 2 {
					if m[g] < m[g+1] {
						from, to = m[g], m[g+1]
						break
					}
				}
				want = append(want, Finding{"k", from, to})
			}
			sc.Reset()
			sc.scan(text)
			var got []Finding
			for _, f := range sc.found {
				got = append(got, Finding{"k", f.start, f.end})
			}
			require.Equal(t, want, got, "%s in %q", expr, text)
			found += len(want)
		}
		require.Greater(t, found, 100, expr)
	}
}

func FuzzRuleFile(f *testing.F) {
	f.Add("[[rules]]\nid = \"k\"\nregex = '''acme=(\\w+)'''\nentropy = 2\nkeywords = [\"acme\"]\n[[rules.allowlists]]\nstopwords = [\"x\"]", "a acme=12 b")
	f.Add("[[rules]]\nid = \"k\"\ntoken = 'acme_(?:a|bc)?[0-9]{2,}'", "acme_12")
	f.Add("[[rules]]\nid = \"k\"\nnames = [\"acme\"]\nvalue = '[a-z]{3}'", "acme_key: abc")
	f.Fuzz(func(t *testing.T, file, text string) {
		if len(file) > 1<<12 || len(text) > 1<<12 {
			return
		}
		o := DefaultOptions()
		o.Groups = nil
		o.RuleFiles = []RuleFile{{Name: "own.toml", Data: []byte(file)}}
		e, err := New(o)
		if err != nil {
			return
		}
		sc := e.NewScanner()
		masked, _ := sc.FindAndMask(text)
		sc.Reset()
		again, _ := sc.Text(masked)
		if again != masked {
			t.Errorf("a second pass changes %q to %q", masked, again)
		}
	})
}

// TestRuleOutOfSteps has a rule for which a text needs more states than there is room for, and more steps than it may take: what it
// could not read is masked.
func TestRuleOutOfSteps(t *testing.T) {
	sc := withRules(t, "[[rules]]\nid = \"k\"\nregex = '''acme((a{1,9}){1,9}){1,9}!'''\nkeywords = [\"acme\"]").NewScanner()
	got, _ := sc.Text("before acme" + strings.Repeat("a", 20_000) + " after")
	assert.Equal(t, "[REDACTED:unscanned]", got)
	limits := map[Limit]int64{}
	sc.Counts(func(string, Action, int64) {}, func(l Limit, n int64) { limits[l] = n })
	assert.Equal(t, map[Limit]int64{LimitSteps: 1}, limits)
}

// TestRuleFileWithoutItsTable: the decoder panics on it.
func TestRuleFileWithoutItsTable(t *testing.T) {
	_, err := parseRules("x.toml", []byte("[[rules.allowlists]]\nstopwords = [\"x\"]"), false)
	require.ErrorContains(t, err, "read rules x.toml: a table stands where it cannot")
}
