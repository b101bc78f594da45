// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"slices"

	"github.com/logboom/logboom/internal/dissect"
	"github.com/logboom/logboom/internal/grok"
	"github.com/logboom/logboom/internal/logformat"
)

// stage parses one text: that of a record, or one captured from it.
type stage struct {
	parsers []parser
	nested  []nestedStage
	depth   int // 0 for the record's own text
}

// nestedStage is applied to what its stage captured under a name.
type nestedStage struct {
	from  string
	stage *stage
}

// compiler makes the rules of one processor.
type compiler struct {
	cfg        *Config
	patterns   *grok.Set
	recogniser *logformat.Recogniser // made by the first auto parser
	formats    []logformat.Format
	depth      int // of the deepest stage
}

// names are those that the parsers of a stage may capture.
type captureNames struct {
	known  map[string]bool
	open   bool            // some parser takes its names from the text
	roles  [roleCount]bool // some pattern captures what plays the role
	nested []bool          // by nested item: some pattern captures what it is applied to
}

func (c *compiler) stage(r *rule, parsers []ParserConfig, nested []NestedConfig, depth int, names *captureNames) (*stage, error) {
	c.depth = max(c.depth, depth)
	s := &stage{depth: depth}
	var errs []error
	for i := range nested {
		s.nested = append(s.nested, nestedStage{from: nested[i].From})
	}
	own := captureNames{known: map[string]bool{}, nested: make([]bool, len(nested))}
	var list []*grok.Pattern
	var plans []*plan
	flush := func() {
		if len(list) > 0 {
			s.parsers = append(s.parsers, &patternParser{list: grok.NewList(list), plans: plans})
			list, plans = nil, nil
		}
	}
	for i := range parsers {
		pattern, p, err := c.parser(r, s, &parsers[i], &own)
		if err != nil {
			errs = append(errs, fmt.Errorf("parsers[%d]: %w", i, err))
			continue
		}
		if pattern != nil {
			list = append(list, pattern)
			plans = append(plans, c.plan(r, s, pattern.Fields(), false, &own))
			continue
		}
		flush()
		s.parsers = append(s.parsers, p)
	}
	flush()
	for i := range nested {
		where := fmt.Sprintf("nested[%d]", i)
		if !own.open && !own.nested[i] && len(own.known) > 0 {
			errs = append(errs, fmt.Errorf("%s: from %w", where, own.missing(nested[i].From)))
		}
		inner, err := c.stage(r, nested[i].Parsers, nested[i].inner(), depth+1, names)
		errs = append(errs, within(where, err))
		s.nested[i].stage = inner
	}
	names.add(&own)
	return s, errors.Join(errs...)
}

// parser compiles one parser: to a pattern, if it is one, else to a parser.
func (c *compiler) parser(r *rule, s *stage, pc *ParserConfig, names *captureNames) (*grok.Pattern, parser, error) {
	steps := grok.WithMaxSteps(c.cfg.MaxMatchSteps)
	switch {
	case pc.Grok != "":
		p, err := c.patterns.Compile(pc.Grok, steps)
		if err == nil {
			err = capturesSomething("grok", p)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("grok: %w", err)
		}
		return p, nil, nil
	case pc.Regex != "":
		p, err := grok.CompileRegexp(pc.Regex, steps)
		if err != nil {
			return nil, nil, fmt.Errorf("regex: %w", err)
		}
		return p, nil, nil
	case pc.Dissect != "":
		p, err := dissect.Compile(pc.Dissect)
		if err != nil {
			return nil, nil, fmt.Errorf("dissect: %w", err)
		}
		dynamic := namesItself(pc.Dissect)
		names.open = names.open || dynamic
		return nil, &dissectParser{pattern: p, plan: c.plan(r, s, p.Fields(), dynamic, names)}, nil
	case pc.JSON != nil:
		names.open = true
		return nil, c.json(), nil
	case pc.Logfmt != nil:
		names.open = true
		return nil, c.logfmt(), nil
	case pc.Auto != nil:
		names.open = true
		p, err := c.auto(r, s)
		return nil, p, err
	}
	return nil, nil, errors.New("no parser is set")
}

func (c *compiler) json() *jsonParser     { return &jsonParser{maxDepth: c.cfg.MaxJSONDepth} }
func (c *compiler) logfmt() *logfmtParser { return &logfmtParser{} }

func (c *compiler) auto(r *rule, s *stage) (parser, error) {
	if c.recogniser == nil {
		var err error
		c.recogniser, err = logformat.NewRecogniser(c.cfg.Library, logformat.Options{MaxSources: c.cfg.MaxSources, MaxSteps: c.cfg.MaxMatchSteps})
		if err != nil {
			return nil, fmt.Errorf("auto: %w", err)
		}
		c.formats = c.recogniser.Formats()
	}
	p := &autoParser{recogniser: c.recogniser, formats: c.formats, plans: make([]*plan, len(c.formats)), salt: autoSalt(r.index, s.depth), json: *c.json(), logfmt: *c.logfmt()}
	for i, f := range p.formats {
		pattern := p.recogniser.Pattern(i)
		if pattern == nil {
			continue
		}
		p.plans[i] = newPlan(r, s, pattern.Fields(), c.cfg.SemanticConventions, false)
		if len(f.Layouts) > 0 && len(c.cfg.Rules[r.index].Timestamp.Layouts) == 0 {
			reader, err := newTimestampReader(&TimestampConfig{Layouts: f.Layouts, Location: r.location})
			if err != nil {
				return nil, fmt.Errorf("auto: format %s: %w", f.Name, err)
			}
			p.plans[i].time = reader
		}
	}
	return p, nil
}

// autoSalt is another number for each rule and depth, spread over all bits.
func autoSalt(rule, depth int) uint64 {
	return uint64(rule*(maxNesting+1)+depth) * 0x9E3779B97F4A7C15 //nolint:gosec // not negative
}

func (c *compiler) plan(r *rule, s *stage, fields []*grok.Field, dynamic bool, names *captureNames) *plan {
	p := newPlan(r, s, fields, c.cfg.SemanticConventions, dynamic)
	for i := range p.places {
		names.known[p.places[i].raw], names.known[p.places[i].key] = true, true
	}
	for role := range roleCount {
		names.roles[role] = names.roles[role] || len(p.roles[role]) > 0
	}
	for i := range p.nested {
		names.nested[i] = names.nested[i] || len(p.nested[i]) > 0
	}
	return p
}

// within puts where in front of err, of each one if it is several.
func within(where string, err error) error {
	if several, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // what err itself is, not what it wraps
		var out []error
		for _, e := range several.Unwrap() {
			out = append(out, within(where, e))
		}
		return errors.Join(out...)
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", where, err)
	}
	return err
}

// namesItself reports a dissect expression some of whose fields have names that only the text knows.
func namesItself(expr string) bool {
	for i := 0; i+2 < len(expr); i++ {
		if expr[i] == '%' && expr[i+1] == '{' && (expr[i+2] == '*' || expr[i+2] == '&') {
			return true
		}
	}
	return false
}

func (n *captureNames) add(o *captureNames) {
	n.open = n.open || o.open
	for name := range o.known {
		n.known[name] = true
	}
	for role := range roleCount {
		n.roles[role] = n.roles[role] || o.roles[role]
	}
}

// missing is the error of a configured name that none of the parsers captures.
func (n *captureNames) missing(name string) error {
	known := make([]string, 0, len(n.known))
	for k := range n.known {
		known = append(known, k)
	}
	slices.Sort(known)
	const shown = 12
	more := ""
	if len(known) > shown {
		known, more = known[:shown], " and more"
	}
	return fmt.Errorf("must be what a parser captures, got %q; there are %q%s", name, known, more)
}
