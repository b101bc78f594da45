// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Engine is a compiled set of detectors. It is immutable; any number of scanners may use it at the same time.
type Engine struct {
	dets     []compiled
	auto     *automaton
	triggers []uint16 // trigger -> detector
	patterns []userPattern

	keys             bool
	include, exclude map[string]bool
	keyDetector      uint16
	unscanned        uint16

	allow     map[string]bool
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
	token  *tokenPattern
	prefix int // characters of the trigger that belong to the token
	check  func(string) bool
	find   func(c *cursor, end int) (int, int, bool)
	decode int // for the pseudo detectors that ask for a second reading
	user   int // index+1 into patterns
}

type userPattern struct {
	det    uint16
	re     *regexp.Regexp
	always bool
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
	trigger := func(expr string, det uint16) {
		exprs = append(exprs, expr)
		e.triggers = append(e.triggers, det)
	}
	for i := range all {
		d := &all[i]
		on := o.Groups[d.Group]
		if v := o.Detectors[d.Name].Enabled; v != nil {
			on = *v
		}
		if !on {
			continue
		}
		c := compiled{name: d.Name, action: action(d.Name), rank: d.rank, check: d.check, find: d.find}
		if d.Pattern != "" {
			var err error
			if c.token, err = compileToken(d.Pattern); err != nil {
				return nil, fmt.Errorf("detector %s: %w", d.Name, err)
			}
		}
		for _, expr := range d.Triggers {
			if c.token != nil {
				// One compiled detector a trigger: its length tells where the token begins.
				c.prefix = len(expr)
				expr = regexp.QuoteMeta(expr)
			}
			trigger(expr, e.add(c))
		}
	}
	if len(exprs) > 0 {
		trigger(`%[0-9A-Fa-f]{2}`, e.add(compiled{decode: decodePercent}))
		trigger(`\\u00[0-9A-Fa-f]{2}|\\/`, e.add(compiled{decode: decodeJSON}))
	}
	for _, p := range o.Patterns {
		re, err := regexp.Compile(p.Regex)
		if err != nil {
			return nil, fmt.Errorf("compile pattern %s: %w", p.Name, err)
		}
		det := e.add(compiled{name: p.Name, action: action(p.Name), rank: rankUser, user: len(e.patterns) + 1})
		e.patterns = append(e.patterns, userPattern{det: det, re: re, always: len(p.Keywords) == 0})
		for _, k := range p.Keywords {
			trigger("(?i)"+regexp.QuoteMeta(k), det)
		}
	}
	if len(e.dets) > 1<<15 {
		return nil, errors.New("compile detectors: too many")
	}
	var err error
	e.auto, err = compileTriggers(exprs)
	return e, err
}

func (e *Engine) add(c compiled) uint16 {
	e.dets = append(e.dets, c)
	return uint16(len(e.dets) - 1)
}

// Names of all detectors that exist, in the order of their families.
func Names() []string {
	names := make([]string, 0, len(all))
	for i := range all {
		names = append(names, all[i].Name)
	}
	return names
}

// Detectors returns the detectors that exist, for documentation.
func Detectors() []Detector { return all[:len(all):len(all)] }

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
