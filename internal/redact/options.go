// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"fmt"
	"regexp"
	"sort"
	"strings"
)

// Options says what an Engine looks for and what it does with it.
type Options struct {
	// Action applies to every detector without an action of its own; empty is Mask.
	Action Action
	// Groups switches groups; a group that is not in the map is off.
	Groups map[Group]bool
	// Detectors overrides single detectors by name, and wins over Groups.
	Detectors map[string]DetectorOptions
	Keys      KeyOptions
	Patterns  []PatternOptions
	// Words are lists of the user's own.
	Words []WordOptions
	// RuleFiles hold rules in the format of gitleaks (TOML), which become detectors of the group Secrets.
	RuleFiles []RuleFile
	// MaskText is what the actions but Partial and Hash write; empty is [REDACTED:<detector>].
	MaskText string
	// Allow holds exact texts that are no finding when a finding is exactly this text.
	Allow []string
	// HashKey is the key of the Hash action, HashKeyID its name in the output.
	HashKey   []byte
	HashKeyID string
	// MaxRecordBytes and MaxRecordSteps bound the work between two calls of Scanner.Reset: bytes that are read, and bytes that
	// matchers look at behind the triggers, each look counting one more.
	MaxRecordBytes int
	MaxRecordSteps int
}

// DetectorOptions overrides one detector.
type DetectorOptions struct {
	Enabled *bool
	Action  Action
}

// KeyOptions is about masking by the name of a key.
type KeyOptions struct {
	Disabled         bool
	Include, Exclude []string
}

// PatternOptions is a detector of the user's own: a Go regular expression, run over strings that hold one of the
// keywords (case-insensitive), or over every string when there are none.
type PatternOptions struct {
	Name     string
	Regex    string
	Keywords []string
}

// WordOptions is a detector of the user's own that finds any of some words, where neither a letter nor a digit stands
// before or after them.
type WordOptions struct {
	Name          string
	Words         []string
	CaseSensitive bool
}

// RuleFile is a file of rules that was read.
type RuleFile struct {
	Name string // for messages
	Data []byte
}

// DefaultOptions are the options of an empty configuration.
func DefaultOptions() Options {
	return Options{
		Action:         Mask,
		Groups:         map[Group]bool{Secrets: true, Personal: true, PaymentCard: true},
		MaxRecordBytes: 16 << 20,
		MaxRecordSteps: 50_000_000,
	}
}

const (
	minHashKeyBytes   = 16
	allActions        = "mask, partial, hash, drop_attribute, drop_record, tag"
	patternNameFormat = "lower-case letters, digits and underscores, starting with a letter"
)

var (
	patternName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,63}$`)
	hashKeyID   = regexp.MustCompile(`^[A-Za-z0-9_]{0,16}$`)
)

// Validate reports every mistake in the options, joined. It never quotes the hash key.
func (o Options) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	usesHash := o.Action == Hash
	if !o.Action.valid() {
		bad("action must be one of %s, got %q", allActions, string(o.Action))
	}
	known := map[string]bool{KeyDetector: true}
	for _, name := range Names() {
		known[name] = true
	}
	if fromFiles, _, err := o.rules(); err != nil && len(o.RuleFiles) > 0 {
		errs = append(errs, err)
	} else {
		for _, r := range fromFiles[:max(0, len(fromFiles)-len(o.Patterns))] {
			known[r.rule.name()] = true
		}
	}
	for i, p := range o.Patterns {
		switch {
		case !patternName.MatchString(p.Name):
			bad("patterns[%d].name must be %s, got %q", i, patternNameFormat, p.Name)
		case known[p.Name]:
			bad("patterns[%d].name must not be the name of another detector, got %q", i, p.Name)
		}
		known[p.Name] = true
		re, err := regexp.Compile(p.Regex)
		switch {
		case err != nil:
			bad("patterns[%d].regex must be a Go regular expression: %w", i, err)
		case p.Regex == "":
			bad("patterns[%d].regex must not be empty", i)
		case re.MatchString(""):
			bad("patterns[%d].regex must not match the empty string, got %q", i, p.Regex)
		}
		for j, k := range p.Keywords {
			if k == "" || len(k) > 64 {
				bad("patterns[%d].keywords[%d] must have 1 to 64 bytes, got %q", i, j, k)
			}
		}
	}
	validateWords(o.Words, known, bad)
	validateMaskText(o.MaskText, bad)
	for _, name := range sortedKeys(o.Detectors) {
		d := o.Detectors[name]
		if !known[name] {
			bad("detectors holds no detector with the name %q%s; `logboomctl redact --list` shows all", name, similar(name, known))
		}
		if !d.Action.valid() {
			bad("detectors.%s.action must be one of %s, got %q", name, allActions, string(d.Action))
		}
		usesHash = usesHash || d.Action == Hash
	}
	if usesHash && len(o.HashKey) < minHashKeyBytes {
		bad("hash.key must have at least %d bytes for the action hash, got %d", minHashKeyBytes, len(o.HashKey))
	}
	if !hashKeyID.MatchString(o.HashKeyID) {
		bad("hash.key_id must be at most 16 letters, digits and underscores, got %q", o.HashKeyID)
	}
	for _, list := range []struct {
		name  string
		names []string
	}{{"include", o.Keys.Include}, {"exclude", o.Keys.Exclude}} {
		for i, n := range list.names {
			if normalizeKey(n) == "" {
				bad("keys.%s[%d] must hold a letter or a digit, got %q", list.name, i, n)
			}
		}
	}
	for i, a := range o.Allow {
		if a == "" {
			bad("allow[%d] must not be empty", i)
		}
	}
	if o.MaxRecordBytes <= 0 {
		bad("limits.max_record_bytes must be positive, got %d", o.MaxRecordBytes)
	}
	if o.MaxRecordSteps <= 0 {
		bad("limits.max_record_steps must be positive, got %d", o.MaxRecordSteps)
	}
	return errors.Join(errs...)
}

// similar names those of the known ones that have a word in common with a name, or its first letters.
func similar(name string, known map[string]bool) string {
	var near []string
	for _, k := range sortedKeys(known) {
		for _, word := range strings.Split(name, "_") {
			if len(word) > 2 && (strings.Contains(k, word) || strings.HasPrefix(k, word[:2]) && len(k)-len(name) < 2 && len(name)-len(k) < 2) {
				near = append(near, k)
				break
			}
		}
	}
	if len(near) == 0 || len(near) > 8 {
		return ""
	}
	return "; similar: " + strings.Join(near, ", ")
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
