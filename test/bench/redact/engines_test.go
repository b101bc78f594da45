// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"regexp"
	"strings"
	"testing"

	ahocorasick "github.com/BobuSumisu/aho-corasick"
	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/logboom/logboom/internal/redact"
)

// engine returns the text with what it sees masked, and whether that is anything.
type engine func(line string) (string, bool)

func scanner(t *testing.T, network bool) *redact.Scanner {
	t.Helper()
	o := redact.DefaultOptions()
	o.Groups[redact.Network] = network
	e, err := redact.New(o)
	require.NoError(t, err)
	return e.NewScanner()
}

func ownEngine(sc *redact.Scanner) engine {
	return func(line string) (string, bool) {
		sc.Reset()
		out, effect := sc.Text(line)
		return out, effect != 0
	}
}

// ownPrefilter is the automaton alone.
func ownPrefilter(sc *redact.Scanner) engine {
	return func(line string) (string, bool) { return line, sc.Hits(line) > 0 }
}

// blocked are eight expressions that configurations of contrib's redaction hold: what its README shows, and what people add.
var blocked = []string{
	`4[0-9]{12}(?:[0-9]{3})?`, // Visa
	`(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}`, // MasterCard
	`[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}`,
	`\b\d{3}-\d{2}-\d{4}\b`,
	`\b(?:\d{1,3}\.){3}\d{1,3}\b`,
	`(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]\d{3}[-. ]\d{4}\b`,
	`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`,
	`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}`,
}

// eightExpressions replaces what each of them matches, one after the other, as contrib's redaction does.
func eightExpressions() engine {
	var list []*regexp.Regexp
	for _, expr := range blocked {
		list = append(list, regexp.MustCompile(expr))
	}
	return func(line string) (string, bool) {
		seen := false
		for _, re := range list {
			if re.MatchString(line) {
				line, seen = re.ReplaceAllString(line, "****"), true
			}
		}
		return line, seen
	}
}

func gitleaksDetector(t *testing.T) *detect.Detector {
	t.Helper()
	d, err := detect.NewDetectorDefaultConfig()
	require.NoError(t, err)
	require.Greater(t, len(d.Config.Rules), 200)
	return d
}

// gitleaks is its own engine with its own rules, a line at a time, as Grafana Alloy's secretfilter calls it.
func gitleaks(d *detect.Detector) engine {
	return func(line string) (string, bool) {
		found := d.DetectString(line)
		for i := range found {
			line = strings.ReplaceAll(line, found[i].Secret, "<SECRET>")
		}
		return line, len(found) > 0
	}
}

// ahoCorasick has the expressions of gitleaks' rules behind its own automaton of their keywords, and nothing else of it: no
// decoding, allow-lists or entropy. It is as fast as that design gets with Go's regexp: each keyword names its rules.
func ahoCorasick(d *detect.Detector, expressions bool) engine {
	index := map[string]int{}
	var keywords []string
	var rules [][]*regexp.Regexp
	for _, r := range d.Config.Rules {
		if r.Regex == nil || r.Path != nil {
			continue
		}
		re := regexp.MustCompile(r.Regex.String())
		for _, k := range r.Keywords {
			k = strings.ToLower(k)
			if _, ok := index[k]; !ok {
				index[k] = len(keywords)
				keywords = append(keywords, k)
				rules = append(rules, nil)
			}
			rules[index[k]] = append(rules[index[k]], re)
		}
	}
	trie := ahocorasick.NewTrieBuilder().AddStrings(keywords).Build()
	tried := map[*regexp.Regexp]bool{}
	return func(line string) (string, bool) {
		hits := trie.MatchString(strings.ToLower(line))
		if !expressions || len(hits) == 0 {
			return line, len(hits) > 0
		}
		clear(tried)
		out, seen := line, false
		for _, h := range hits {
			for _, re := range rules[h.Pattern()] {
				if tried[re] {
					continue
				}
				tried[re] = true
				for _, m := range re.FindAllStringSubmatchIndex(line, -1) {
					secret := line[m[0]:m[1]]
					for g := 2; g+1 < len(m); g += 2 {
						if m[g] >= 0 && m[g] < m[g+1] {
							secret = line[m[g]:m[g+1]]
							break
						}
					}
					out, seen = strings.ReplaceAll(out, secret, "<SECRET>"), true
				}
			}
		}
		return out, seen
	}
}
