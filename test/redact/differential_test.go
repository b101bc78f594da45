// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"github.com/zricethezav/gitleaks/v8/config"
	"github.com/zricethezav/gitleaks/v8/detect"
	"github.com/zricethezav/gitleaks/v8/report"
	"github.com/zricethezav/gitleaks/v8/sources"

	"github.com/logboom/logboom/internal/redact"
)

// exceptions are what is not always masked on purpose though gitleaks reports it, by gitleaks' rule, with the reason.
var exceptions = map[string]string{
	"curl-auth-user":         "the detector basic_credentials leaves templates alone, which random characters look like",
	"generic-api-key":        "gitleaks' guess about any name with key, auth or access in it; secret_assignment has names and contexts of its own",
	"hashicorp-tf-password":  "needs a .tf file; the detector password finds assignments wherever they stand",
	"jwt":                    "the detector jwt asks for a JOSE header, which random characters are not",
	"jwt-base64":             "as jwt; gitleaks reports a piece of the header",
	"kubernetes-secret-yaml": "needs a .yaml file; the detector kubernetes_secret reads a manifest, which random characters are not",
	"nytimes-access-token":   "gitleaks takes a comma for a part of the name new-york-times",
	"private-key":            "the detector private_key asks for a label as RFC 7468 has it, which random characters are not",
}

// words are what the rules for short values behind a vendor's name let pass: applicationVersion is no key, and
// s.DestinationIpv6CidrBlock no token of Vault. Nor is a token what a _ joins to the next word.
var words = regexp.MustCompile(`^(?:[A-Z]?[a-z]{3,}(?:[A-Z][a-z]{3,})*|[A-Z]+|[0-9]+|EAAAAA.*|s\..*[A-Za-z][a-z]{8}.*|[a-z]+(?:[_-][a-z]+)+|sntrys_.*_)$`)

// perRule is how many texts of each kind are drawn for a rule; seed is the same in every run unless LOGBOOM_SEED says another.
const perRule = 24

func seed(t *testing.T) uint64 {
	text := os.Getenv("LOGBOOM_SEED")
	if text == "" {
		return 1
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, "LOGBOOM_SEED")
	return n
}

// Ways in which a value is written. %[1]s is a name and %[2]s the value.
var ways = []string{
	`{"time":"2026-03-01T10:00:00Z","level":"info","%[1]s":"%[2]s","n":1}`,
	`{"config":{"%[1]s": "%[2]s"}}`,
	`level=info msg="reading settings" %[1]s=%[2]s retries=3`,
	`level=info %[1]s="%[2]s"`,
	"settings:\n  %[1]s: %[2]s\n  retries: 3\n",
	"settings:\n  %[1]s: \"%[2]s\"\n",
	"%[1]s=%[2]s\nPORT=8080\n",
	"export %[1]s='%[2]s'",
	"%[1]s := \"%[2]s\"\n",
	"%[1]s => \"%[2]s\",",
	"2026-03-01 10:00:00,123 INFO [main] c.e.Settings - %[1]s: %[2]s",
	"<134>1 2026-03-01T10:00:00Z host app 1 - - %[1]s = %[2]s",
	`msg="{\"%[1]s\":\"%[2]s\"}"`,
}

// Ways in which a token stands in a text with no name before it.
var bare = []string{
	"2026-03-01 10:00:00,123 INFO [main] sent %s to upstream",
	"GET https://api.example.com/v1/things?t=%s&page=2 200",
	`{"args":["%s","--verbose"]}`,
	"%s",
	"curl https://user:%s@example.com/x",
	"panic: bad token (%s)",
	"a\n%s\nb",
}

// keyNames are the names that a rule with the keyword asks for.
func keyNames(m maker, keyword string) string {
	k := strings.Trim(keyword, "_")
	return []string{k + "_api_key", strings.ToUpper(k) + "_TOKEN", k + "Secret", "my." + k + ".token", k, "x-" + k + "-key"}[m.IntN(6)]
}

type sample struct{ rule, text string }

// samples draws texts for a rule: matches of its whole expression in a line, and matches of its groups in all ways.
func samples(t *testing.T, m maker, r config.Rule) (out []sample) {
	re, err := syntax.Parse(r.Regex.String(), syntax.Perl)
	require.NoError(t, err)
	m.source = r.Regex.String()
	secrets := groups(re)
	if len(secrets) == 0 {
		secrets = []*syntax.Regexp{re}
	}
	for i := range perRule {
		whole := m.text(re)
		out = append(out, sample{r.RuleID, whole}, sample{r.RuleID, "INFO " + whole})
		secret := m.text(secrets[m.IntN(len(secrets))])
		keyword := "some"
		if len(r.Keywords) > 0 {
			if k := r.Keywords[m.IntN(len(r.Keywords))]; !strings.Contains(strings.ToLower(secret), k) {
				keyword = k
			}
		}
		way := ways[i%len(ways)]
		if strings.Contains(way, `{"`) && strings.ContainsAny(secret, `"\`) {
			continue
		}
		out = append(out, sample{r.RuleID, fmt.Sprintf(way, keyNames(m, keyword), secret)}, sample{r.RuleID, fmt.Sprintf(bare[i%len(bare)], secret)})
	}
	return out
}

// left returns what of the secret no finding covers, wherever the secret stands in the text; a scheme and host before
// a secret in a URL do not count, nor what has neither letter nor digit: some rules report
// the quotes around the secret, or the character behind it.
func left(text string, f report.Finding, ours []redact.Finding) string {
	at := strings.Index(text, f.Match)
	inner := max(0, strings.Index(f.Match, f.Secret))
	at += inner
	if !strings.HasPrefix(text[max(0, at):], f.Secret) {
		at = strings.Index(text, f.Secret)
	}
	var b strings.Builder
	for i := at; i < at+len(f.Secret); i++ {
		if !slices.ContainsFunc(ours, func(o redact.Finding) bool { return o.Start <= i && i < o.End }) {
			b.WriteByte(text[i])
		}
	}
	rest := host.ReplaceAllString(b.String(), "")
	if !strings.ContainsFunc(rest, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return ""
	}
	return rest
}

var host = regexp.MustCompile(`^https?://(?:[\w-]+\.)*$`)

func TestAgainstGitleaks(t *testing.T) {
	gitleaks, err := detect.NewDetectorDefaultConfig()
	require.NoError(t, err)
	o := redact.DefaultOptions()
	o.Groups = map[redact.Group]bool{redact.Secrets: true}
	e, err := redact.New(o)
	require.NoError(t, err)
	sc := e.NewScanner()
	m := maker{Rand: rand.New(rand.NewPCG(seed(t), 0))}

	texts, reported, covered, missed, excused, onlyOurs := 0, 0, 0, map[string]int{}, map[string]int{}, 0
	rules := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(gitleaks.Config.Rules)) {
		r := gitleaks.Config.Rules[id]
		if r.Regex == nil {
			continue
		}
		for _, s := range samples(t, m, r) {
			texts++
			fragment := sources.Fragment{Raw: s.text}
			if r.Path != nil {
				fragment.FilePath = pathOf[id]
			}
			theirs := gitleaks.DetectContext(t.Context(), detect.Fragment(fragment)) //nolint:staticcheck // it takes no other type yet
			sc.Reset()
			ours := sc.Find(s.text)
			if len(theirs) == 0 && len(ours) > 0 {
				onlyOurs++
			}
			for _, f := range theirs {
				reported++
				rules[f.RuleID]++
				rest := left(s.text, f, ours)
				switch {
				case rest == "":
					covered++
				case exceptions[f.RuleID] != "":
					excused[f.RuleID]++
				case words.MatchString(f.Secret):
					excused["words"]++
				default:
					if missed[f.RuleID]++; missed[f.RuleID] <= 3 {
						t.Errorf("%s: %q of %q is left in %q; found %v", f.RuleID, rest, f.Secret, s.text, ours)
					}
				}
			}
		}
	}
	t.Logf("%d texts; gitleaks reports %d secrets by %d rules; %d are masked, %d by exception are not (%v)", texts, reported, len(rules), covered, reported-covered-sum(missed), excused)
	t.Logf("texts in which only Logboom finds something: %d", onlyOurs)
	for _, id := range slices.Sorted(maps.Keys(missed)) {
		t.Logf("missed %-45s %d of %d", id, missed[id], rules[id])
	}
	require.Greater(t, len(rules), 200, "the texts do not reach enough rules")
	for id := range exceptions {
		require.Contains(t, gitleaks.Config.Rules, id, "an exception for a rule that gitleaks does not have")
	}
}

// pathOf names a file for the rules that look at certain files only.
var pathOf = map[string]string{
	"freemius-secret-key": "a.php", "hashicorp-tf-password": "a.tf", "kubernetes-secret-yaml": "a.yaml", "nuget-config-password": "nuget.config",
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// TestRuleFilesAreQuiet: the examples in the rule files do not alarm who scans the source code.
func TestRuleFilesAreQuiet(t *testing.T) {
	gitleaks, err := detect.NewDetectorDefaultConfig()
	require.NoError(t, err)
	files, err := filepath.Glob("../../internal/redact/rules/*")
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, f := range gitleaks.DetectBytes(data) {
			t.Errorf("%s: gitleaks reports %s: %q", file, f.RuleID, f.Match)
		}
	}
}
