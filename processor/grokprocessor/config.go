// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import "go.opentelemetry.io/collector/component"

// Config is the configuration of the processor. Rules are tried in order; the first whose conditions hold and
// one of whose parsers matches wins.
type Config struct {
	// Library is the set of named grok patterns to start from: ecs-v1, legacy or none.
	Library string `mapstructure:"library"`
	// SemanticConventions gives fields of the Elastic Common Schema the names of OpenTelemetry's semantic conventions.
	SemanticConventions bool `mapstructure:"semantic_conventions"`
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
	// MaxMatchSteps bounds one match of a pattern that needs a backtracking engine.
	MaxMatchSteps int `mapstructure:"max_match_steps"`
	// MaxSources bounds the sources for which `auto` remembers the format that fitted last.
	MaxSources int `mapstructure:"max_sources"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RuleConfig selects records and says how their text is parsed.
type RuleConfig struct {
	// Name is unique and stands in metrics.
	Name string `mapstructure:"name"`
	// Resource and Attributes select records whose resource and attributes hold all these values; * in a value stands for any text.
	Resource   map[string]string `mapstructure:"resource"`
	Attributes map[string]string `mapstructure:"attributes"`
	// Conditions are OTTL conditions in the log context; any true one selects the record, none at all selects every record.
	Conditions []string `mapstructure:"conditions"`
	// From is where the text is: `body` (default) or `attributes["key"]`.
	From string `mapstructure:"from"`
	// Parsers are tried in order, the first match wins.
	Parsers []ParserConfig `mapstructure:"parsers"`
	// Nested says which captured texts are parsed further, and how.
	Nested []NestedConfig `mapstructure:"nested"`
	// Body is the capture that replaces the record's body; empty leaves the body as it is.
	Body string `mapstructure:"body"`
	// Overwrite lets a capture replace an attribute that the record already has.
	Overwrite bool `mapstructure:"overwrite"`
	// Timestamp, Severity, TraceID, SpanID and ServiceName say which captures fill these fields of the record and its resource.
	Timestamp   TimestampConfig `mapstructure:"timestamp"`
	Severity    SeverityConfig  `mapstructure:"severity"`
	TraceID     FieldConfig     `mapstructure:"trace_id"`
	SpanID      FieldConfig     `mapstructure:"span_id"`
	ServiceName FieldConfig     `mapstructure:"service_name"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// NestedConfig parses a captured text further. Where no parser matches, the capture stays as it is.
type NestedConfig struct {
	// From is the capture to parse, under the name the parser or the record gives it.
	From string `mapstructure:"from"`
	// Parsers are tried in order, the first match wins.
	Parsers []ParserConfig `mapstructure:"parsers"`
	// Nested is applied to what these parsers captured. A pointer, because tools that walk configuration types do not end in
	// a struct that holds itself.
	Nested *[]NestedConfig `mapstructure:"nested"`

	// prevent unkeyed literal initialization
	_ struct{}
}

func (n *NestedConfig) inner() []NestedConfig {
	if n.Nested == nil {
		return nil
	}
	return *n.Nested
}

// ParserConfig has exactly one key set.
type ParserConfig struct {
	Grok    string        `mapstructure:"grok"`
	Regex   string        `mapstructure:"regex"`
	JSON    *JSONConfig   `mapstructure:"json"`
	Logfmt  *LogfmtConfig `mapstructure:"logfmt"`
	Dissect string        `mapstructure:"dissect"`
	Auto    *AutoConfig   `mapstructure:"auto"`

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

// AutoConfig has no settings yet.
type AutoConfig struct {
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
