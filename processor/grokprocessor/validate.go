// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/grok"
)

// Validate reports everything that is wrong with the configuration but for the patterns themselves and OTTL
// conditions, which are compiled when the processor is created.
func (c *Config) Validate() error {
	var errs []error
	if !grok.IsLibrary(c.Library) {
		errs = append(errs, fmt.Errorf("library must be one of %s, got %q", strings.Join(grok.Libraries(), ", "), c.Library))
	}
	for name := range c.Definitions {
		if !grok.IsPatternName(name) {
			errs = append(errs, fmt.Errorf("definitions: name must be letters, digits and _, got %q", name))
		}
	}
	if c.MaxRecordBytes <= 0 {
		errs = append(errs, fmt.Errorf("max_record_bytes must be positive, got %d", c.MaxRecordBytes))
	}
	if c.MaxFields <= 0 {
		errs = append(errs, fmt.Errorf("max_fields must be positive, got %d", c.MaxFields))
	}
	if c.MaxJSONDepth <= 0 {
		errs = append(errs, fmt.Errorf("max_json_depth must be positive, got %d", c.MaxJSONDepth))
	}
	if c.MaxMatchSteps <= 0 {
		errs = append(errs, fmt.Errorf("max_match_steps must be positive, got %d", c.MaxMatchSteps))
	}
	if c.MaxSources <= 0 {
		errs = append(errs, fmt.Errorf("max_sources must be positive, got %d", c.MaxSources))
	}
	if len(c.Rules) == 0 {
		errs = append(errs, errors.New("rules must hold at least one rule"))
	}
	seen := map[string]bool{}
	for i := range c.Rules {
		r := &c.Rules[i]
		where := fmt.Sprintf("rules[%d]", i)
		switch {
		case r.Name == "":
			errs = append(errs, fmt.Errorf("%s: name must not be empty", where))
		case seen[r.Name]:
			errs = append(errs, fmt.Errorf("%s: name must be unique, %q is taken", where, r.Name))
		}
		seen[r.Name] = true
		for _, err := range r.validate() {
			errs = append(errs, fmt.Errorf("%s: %w", where, err))
		}
	}
	return errors.Join(errs...)
}

func (r *RuleConfig) validate() []error {
	var errs []error
	if _, err := parseSource(r.From); err != nil {
		errs = append(errs, err)
	}
	if len(r.Parsers) == 0 {
		errs = append(errs, errors.New("parsers must hold at least one parser"))
	}
	for i := range r.Parsers {
		p := &r.Parsers[i]
		if n := p.count(); n != 1 {
			errs = append(errs, fmt.Errorf("parsers[%d] must have exactly one of %s, got %d", i, parserKeys, n))
		}
		if p.Regex != "" {
			if err := checkRegex(p.Regex); err != nil {
				errs = append(errs, fmt.Errorf("parsers[%d]: regex: %w", i, err))
			}
		}
	}
	if r.Timestamp.Location != "" {
		if _, err := time.LoadLocation(r.Timestamp.Location); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: location must be a time zone such as UTC, Local or Europe/Berlin, got %q", r.Timestamp.Location))
		}
	}
	for _, l := range r.Timestamp.Layouts {
		if err := checkLayout(l); err != nil {
			errs = append(errs, fmt.Errorf("timestamp: layouts: %w", err))
		}
	}
	for text, name := range r.Severity.Mapping {
		if _, ok := severityByName(name); !ok {
			errs = append(errs, fmt.Errorf("severity: mapping[%q] must be one of trace, debug, info, warn, error, fatal, also followed by 2, 3 or 4, got %q", text, name))
		}
	}
	return errs
}

func (p *ParserConfig) count() int {
	n := 0
	for _, set := range []bool{p.Grok != "", p.Regex != "", p.JSON != nil, p.Logfmt != nil, p.Dissect != "", p.Auto != nil} {
		if set {
			n++
		}
	}
	return n
}

const parserKeys = "grok, regex, dissect, json: {}, logfmt: {}, auto: {}"

// checkRegex reports a regular expression that does not compile or that captures nothing.
func checkRegex(expr string) error {
	re, err := regexp.Compile(expr)
	if err != nil {
		return err
	}
	for _, name := range re.SubexpNames() {
		if name != "" {
			return nil
		}
	}
	return fmt.Errorf("must have a named group such as (?P<level>\\w+), got %q", expr)
}

func parseSource(s string) (source, error) {
	if s == "" || s == "body" {
		return source{}, nil
	}
	if rest, ok := strings.CutPrefix(s, `attributes["`); ok {
		if key, ok := strings.CutSuffix(rest, `"]`); ok && key != "" {
			return source{attribute: key}, nil
		}
	}
	return source{}, fmt.Errorf("from must be body or attributes[\"key\"], got %q", s)
}
