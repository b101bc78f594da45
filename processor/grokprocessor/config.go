// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/logboom/logboom/internal/grok"
)

// Config is the configuration of the processor. Rules are tried in order; the first whose conditions hold and
// one of whose parsers matches wins.
type Config struct {
	// Library is the set of named grok patterns to start from: ecs-v1, legacy or none.
	Library string `mapstructure:"library"`
	// PatternFiles are globs of files with definitions (`NAME REGEX` lines); later definitions replace earlier ones.
	PatternFiles []string `mapstructure:"pattern_files"`
	// Definitions are further named patterns; they win over files and library.
	Definitions map[string]string `mapstructure:"definitions"`
	// Rules say which records are parsed how.
	Rules []RuleConfig `mapstructure:"rules"`
	// MaxRecordBytes is the longest text that is parsed; longer ones go on unparsed (`too_large`).
	MaxRecordBytes int `mapstructure:"max_record_bytes"`
	// MaxFields bounds the attributes that one record may gain from parsing, nested ones included.
	MaxFields int `mapstructure:"max_fields"`
	// MaxJSONDepth is the deepest nesting of objects and arrays that the JSON parser follows.
	MaxJSONDepth int `mapstructure:"max_json_depth"`
	// MatchTimeout bounds one match of a pattern that needs a backtracking engine.
	MatchTimeout time.Duration `mapstructure:"match_timeout"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RuleConfig selects records and says how their text is parsed.
type RuleConfig struct {
	// Name is unique and stands in metrics.
	Name string `mapstructure:"name"`
	// Conditions are OTTL conditions in the log context; any true one selects the record, none at all selects every record.
	Conditions []string `mapstructure:"conditions"`
	// From is where the text is: `body` (default) or `attributes["key"]`.
	From string `mapstructure:"from"`
	// Parsers are tried in order, the first match wins.
	Parsers []ParserConfig `mapstructure:"parsers"`
	// Overwrite lets a capture replace an attribute that the record already has.
	Overwrite bool `mapstructure:"overwrite"`
	// Timestamp, Severity, TraceID and SpanID say which captures fill these fields of the record.
	Timestamp TimestampConfig `mapstructure:"timestamp"`
	Severity  SeverityConfig  `mapstructure:"severity"`
	TraceID   FieldConfig     `mapstructure:"trace_id"`
	SpanID    FieldConfig     `mapstructure:"span_id"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// ParserConfig has exactly one key set.
type ParserConfig struct {
	Grok   string        `mapstructure:"grok"`
	Regex  string        `mapstructure:"regex"`
	JSON   *JSONConfig   `mapstructure:"json"`
	Logfmt *LogfmtConfig `mapstructure:"logfmt"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// JSONConfig has no settings yet.
type JSONConfig struct {
	// prevent unkeyed literal initialization
	_ struct{}
}

// LogfmtConfig has no settings yet.
type LogfmtConfig struct {
	// prevent unkeyed literal initialization
	_ struct{}
}

// FieldConfig names the capture that a field of the record is filled from: empty tries the well-known names, `-` none.
type FieldConfig struct {
	Field string `mapstructure:"field"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TimestampConfig says how the record's time is read.
type TimestampConfig struct {
	// Field is the capture that holds the time; empty tries the well-known names, `-` none.
	Field string `mapstructure:"field"`
	// Layouts are Go reference layouts, or unix_s, unix_ms, unix_us, unix_ns; empty tries the well-known ones.
	Layouts []string `mapstructure:"layouts"`
	// Location is the time zone of times that carry none: a name of the IANA database, UTC or Local.
	Location string `mapstructure:"location"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// SeverityConfig says how the record's severity is read.
type SeverityConfig struct {
	// Field is the capture that holds the severity; empty tries the well-known names, `-` none.
	Field string `mapstructure:"field"`
	// Mapping gives texts (without regard to case) a severity: trace, debug, info, warn, error, fatal, each also with 2, 3 or 4.
	Mapping map[string]string `mapstructure:"mapping"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

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
	if c.MatchTimeout <= 0 {
		errs = append(errs, fmt.Errorf("match_timeout must be positive, got %s", c.MatchTimeout))
	} else if c.MatchTimeout < time.Microsecond { // a number without a unit is so many nanoseconds
		errs = append(errs, fmt.Errorf("match_timeout must be at least 1µs, got %s: does it have a unit, such as 100ms?", c.MatchTimeout))
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
			errs = append(errs, fmt.Errorf("parsers[%d] must have exactly one of grok, regex, json: {}, logfmt: {}, got %d", i, n))
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
	for _, set := range []bool{p.Grok != "", p.Regex != "", p.JSON != nil, p.Logfmt != nil} {
		if set {
			n++
		}
	}
	return n
}

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

// source is where a rule finds its text: the body, or one attribute.
type source struct{ attribute string }

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
