// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"embed"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// Rule files are TOML in the format of gitleaks (https://github.com/gitleaks/gitleaks#configuration). The files in rules/ also
// use what rule adds to it.

//go:embed rules/*.toml
var builtinRules embed.FS

// ruleFile is a file of rules. Of gitleaks' keys those that speak of repositories, such as title, minVersion and paths, say
// nothing about a log and are not read.
type ruleFile struct {
	Extend struct {
		Path, URL     string
		DisabledRules []string
	}
	Allowlist  *ruleAllowlist // as gitleaks had it first
	Allowlists []ruleAllowlist
	Rules      []rule
}

// rule is what a file says of one detector.
type rule struct {
	ID, Description string

	// One of three forms says what is looked for, in the syntax of Go's regexp.
	//
	// Token is the secret itself; it begins with fixed characters.
	Token string
	// Names and Value are an assignment: a name that holds any of the names, and behind the sign of assignment the secret.
	Names         []string
	Value         string
	CaseSensitive bool `toml:"case_sensitive"` // the names are
	// Regex is gitleaks' form: it is looked for in texts that hold one of the Keywords; the group SecretGroup, or for 0 the first
	// that is not empty, is the secret.
	Regex       string
	Keywords    []string
	SecretGroup int
	Path        string // a log line has none: a rule with a regex is looked for everywhere, one without is nothing

	Entropy    float64 // the secret has more than that, in bits a character
	Allowlist  *ruleAllowlist
	Allowlists []ruleAllowlist

	// Checksum names a function of checksum.go. If it holds, nothing else is asked of the secret; if not, and it is strict, there is none.
	Checksum       string
	StrictChecksum bool `toml:"strict_checksum"`

	Examples, Counterexamples []string
}

// ruleAllowlist says what a rule finds and does not mean.
type ruleAllowlist struct {
	TargetRules []string // of a file's list: the rules it is for; all without any
	Condition   string   // "OR", which is the default, or "AND"
	RegexTarget string   // what Regexes look at: the secret, the "match" or the "line"
	Regexes     []string
	StopWords   []string // in the secret, without regard to case
	Paths       []string
	Commits     []string
}

// name is the detector's, for a rule that gitleaks may call github-pat.
func (r *rule) name() string { return strings.ReplaceAll(strings.ToLower(r.ID), "-", "_") }

// parseRules reads a rule file. strict refuses keys that nobody knows.
func parseRules(name string, data []byte, strict bool) (*ruleFile, error) {
	f := &ruleFile{}
	d := toml.NewDecoder(strings.NewReader(string(data)))
	if strict {
		d.DisallowUnknownFields()
	}
	err := decode(d, f)
	var place *toml.DecodeError
	var unknown *toml.StrictMissingError
	switch {
	case errors.As(err, &unknown):
		return nil, fmt.Errorf("read rules %s: unknown keys: %s", name, unknown.String())
	case errors.As(err, &place):
		line, column := place.Position()
		return nil, fmt.Errorf("read rules %s: line %d, column %d: %w", name, line, column, err)
	case err != nil:
		return nil, fmt.Errorf("read rules %s: %w", name, err)
	}
	return f, nil
}

// decode is d.Decode. The decoder panics on some files in which a table is also a value ([[rules.x]] without [[rules]]).
func decode(d *toml.Decoder, f *ruleFile) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("a table stands where it cannot: is a [[rules]] missing before it?")
		}
	}()
	return d.Decode(f)
}

// compileRules compiles the rules of a file. disabled holds the names that the file switches off among those that were there
// before it. Every mistake is reported.
func compileRules(name string, f *ruleFile) (rules []*compiledRule, disabled []string, err error) {
	var errs []error
	shared := f.Allowlists
	if f.Allowlist != nil {
		shared = append([]ruleAllowlist{*f.Allowlist}, shared...)
	}
	for i := range f.Rules {
		r := &f.Rules[i]
		if r.Regex == "" && r.Path != "" && r.Token == "" && len(r.Names) == 0 {
			continue
		}
		lists := r.Allowlists
		if r.Allowlist != nil {
			lists = append([]ruleAllowlist{*r.Allowlist}, lists...)
		}
		for _, l := range shared {
			if len(l.TargetRules) == 0 || containsString(l.TargetRules, r.ID) {
				lists = append(lists, l)
			}
		}
		c, err := r.compile(lists)
		if err != nil {
			errs = append(errs, fmt.Errorf("read rules %s: rule %q: %w", name, r.ID, err))
			continue
		}
		rules = append(rules, c)
	}
	for _, id := range f.Extend.DisabledRules {
		disabled = append(disabled, (&rule{ID: id}).name())
	}
	return rules, disabled, errors.Join(errs...)
}

func containsString(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// builtin reads the files in rules/. A mistake there is one of the program.
func builtin() []Detector {
	shared := readBuiltin("allow.toml")
	entries, err := builtinRules.ReadDir("rules")
	if err != nil {
		panic(err)
	}
	var dets []Detector
	for _, entry := range entries {
		if entry.Name() == "allow.toml" {
			continue
		}
		f := readBuiltin(entry.Name())
		f.Allowlist, f.Allowlists = shared.Allowlist, shared.Allowlists
		rules, _, err := compileRules(entry.Name(), f)
		if err != nil {
			panic(err)
		}
		for _, c := range rules {
			dets = append(dets, Detector{
				Name: c.rule.name(), Group: Secrets, Doc: c.rule.Description, rank: rankToken, rule: c,
				Match: plain(c.rule.Examples), Miss: plain(c.rule.Counterexamples),
			})
		}
	}
	return dets
}

func readBuiltin(name string) *ruleFile {
	data, err := builtinRules.ReadFile(path.Join("rules", name))
	if err != nil {
		panic(err)
	}
	f, err := parseRules(name, data, true)
	if err != nil {
		panic(err)
	}
	return f
}

// plain takes the dots out that keep examples from looking like secrets where nobody reads them as examples.
func plain(examples []string) []string {
	out := make([]string, len(examples))
	for i, e := range examples {
		out[i] = strings.ReplaceAll(e, "·", "")
	}
	return out
}
