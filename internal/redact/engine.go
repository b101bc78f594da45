// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Engine is a compiled set of detectors. It is immutable; any number of scanners may use it at the same time.
type Engine struct {
	dets     []compiled
	auto     *automaton
	triggers []trigger
	always   []uint16 // rules that no trigger gates

	keys             bool
	include, exclude map[string]bool
	keyDetector      uint16
	unscanned        uint16

	short     bool // very short texts are looked at too
	allow     map[string]bool
	words     []*wordList
	maskText  string
	hashKey   []byte
	hashKeyID string
	maxBytes  int
	maxSteps  int
}

type compiled struct {
	name   string
	action Action
	rank   int
	rule   *compiledRule
	find   func(c *cursor, end int) (int, int, bool)
	decode int // for the pseudo detectors that ask for a second reading
}

// trigger tells whose matcher to ask, and how many characters before its end the finding begins, for tokens.
type trigger struct {
	det  uint16
	back uint8
}

// UnscannedDetector is the name that stands where a limit stopped the reading.
const UnscannedDetector = "unscanned"

// New compiles the detectors that the options ask for.
func New(o Options) (*Engine, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{
		keys: !o.Keys.Disabled, include: map[string]bool{}, exclude: map[string]bool{}, allow: map[string]bool{},
		maskText: o.MaskText, hashKey: o.HashKey, hashKeyID: o.HashKeyID, maxBytes: o.MaxRecordBytes, maxSteps: o.MaxRecordSteps,
	}
	for _, a := range o.Allow {
		e.allow[a] = true
	}
	for _, n := range o.Keys.Include {
		e.include[normalizeKey(n)] = true
	}
	for _, n := range o.Keys.Exclude {
		e.exclude[normalizeKey(n)] = true
	}
	action := func(name string) Action {
		if a := o.Detectors[name].Action; a != "" {
			return a
		}
		if o.Action != "" {
			return o.Action
		}
		return Mask
	}
	if on := o.Detectors[KeyDetector].Enabled; on != nil {
		e.keys = *on
	}
	e.keyDetector = e.add(compiled{name: KeyDetector, action: action(KeyDetector), rank: rankKey})
	e.unscanned = e.add(compiled{name: UnscannedDetector, action: Mask, rank: rankUnscanned})

	var exprs []string
	on := func(expr string, t trigger) {
		exprs = append(exprs, expr)
		e.triggers = append(e.triggers, t)
	}
	addRule := func(c compiled) {
		det := e.add(c)
		if len(c.rule.triggers) == 0 {
			e.always = append(e.always, det)
		}
		for _, t := range c.rule.triggers {
			on(t.expr, trigger{det, uint8(t.back)}) //nolint:gosec // at most triggerChars
		}
	}
	rules, disabled, err := o.rules()
	if err != nil {
		return nil, err
	}
	for i := range all() {
		d := &all()[i]
		wanted := o.Groups[d.Group] && !disabled[d.Name]
		if v := o.Detectors[d.Name].Enabled; v != nil {
			wanted = *v
		}
		if !wanted {
			continue
		}
		c := compiled{name: d.Name, action: action(d.Name), rank: d.rank, rule: d.rule, find: d.find}
		if c.rule != nil {
			addRule(c)
			continue
		}
		det := e.add(c)
		for _, expr := range d.Triggers {
			on(expr, trigger{det: det})
		}
	}
	for _, r := range rules {
		name := r.rule.name()
		if v := o.Detectors[name].Enabled; v == nil || *v {
			addRule(compiled{name: name, action: action(name), rank: rankUser, rule: r})
			e.short = true
		}
	}
	for _, name := range o.Keys.Include {
		if e.keys {
			e.dets[e.keyDetector].find = func(c *cursor, end int) (int, int, bool) { return findAssignment(c, end, keyPassword) }
			on(nameTrigger(name), trigger{det: e.keyDetector})
		}
	}
	for _, list := range o.Words {
		if v := o.Detectors[list.Name].Enabled; v != nil && !*v {
			continue
		}
		e.words = append(e.words, newWordList(list, e.add(compiled{name: list.Name, action: action(list.Name), rank: rankUser})))
		e.short = true
	}
	if len(exprs) > 0 {
		on(`%[0-9A-Fa-f]{2}`, trigger{det: e.add(compiled{decode: decodePercent})})
		on(`\\(u00|x)[0-9A-Fa-f]{2}|\\/`, trigger{det: e.add(compiled{decode: decodeJSON})})
	}
	if len(e.dets) > 1<<15 {
		return nil, errors.New("compile detectors: too many")
	}
	e.auto, err = compileTriggers(exprs)
	return e, err
}

func (e *Engine) add(c compiled) uint16 {
	e.dets = append(e.dets, c)
	return uint16(len(e.dets) - 1)
}

// rules compiles the rules of the user: those of files, and the patterns. disabled are the built-in detectors that a file
// switches off or has a rule of the same name for.
func (o Options) rules() (rules []*compiledRule, disabled map[string]bool, err error) {
	var errs []error
	disabled = map[string]bool{}
	seen := map[string]string{}
	for _, file := range o.RuleFiles {
		f, err := parseRules(file.Name, file.Data, false)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		more, off, err := compileRules(file.Name, f)
		if err != nil {
			errs = append(errs, err)
		}
		for _, name := range off {
			disabled[name] = true
		}
		for _, r := range more {
			name := r.rule.name()
			if other, taken := seen[name]; taken {
				errs = append(errs, fmt.Errorf("read rules %s: rule %q is in %s too", file.Name, r.rule.ID, other))
			}
			seen[name] = file.Name
			disabled[name] = true
		}
		rules = append(rules, more...)
	}
	for _, p := range o.Patterns {
		r := &rule{ID: p.Name, Regex: "(" + p.Regex + ")", SecretGroup: 1, Keywords: p.Keywords}
		c, err := r.compile(nil)
		if err != nil {
			errs = append(errs, fmt.Errorf("compile pattern %s: %w", p.Name, err))
			continue
		}
		rules = append(rules, c)
	}
	return rules, disabled, errors.Join(errs...)
}

// Names of all detectors that exist, in the order of their families.
func Names() []string {
	names := make([]string, 0, len(all()))
	for _, d := range all() {
		names = append(names, d.Name)
	}
	return names
}

// Detectors returns the detectors that exist, for documentation.
func Detectors() []Detector { return slices.Clone(all()) }

// sensitiveKey tells whether the value under a key is to be masked whatever it is.
func (e *Engine) sensitiveKey(key string) keyClass {
	if !e.keys {
		return keyPlain
	}
	if len(e.exclude) > 0 && e.exclude[normalizeKey(key)] {
		return keyPlain
	}
	if len(e.include) > 0 && e.include[normalizeKey(key)] {
		return keyPassword
	}
	return classifyKey(lastSegment(key))
}

// lastSegment is what stands behind the last dot: the name itself of a dotted attribute key.
func lastSegment(key string) string {
	if i := strings.LastIndexByte(key, '.'); i >= 0 && i+1 < len(key) {
		return key[i+1:]
	}
	return key
}

// keyClass is the class of a name inside a text.
func (e *Engine) keyClass(name string) keyClass {
	if len(e.exclude) > 0 && e.exclude[normalizeKey(name)] {
		return keyPlain
	}
	if len(e.include) > 0 && e.include[normalizeKey(name)] {
		return keyPassword
	}
	return classifyKey(name)
}
