// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/internal/redact"
)

// maxTagAttributeBytes bounds the name of an attribute that is written again and again.
const maxTagAttributeBytes = 256

// Config is the redact: block. It is the same for the processor and for "logboomctl redact".
type Config struct {
	// Action is what is done with a finding: mask, partial, hash, drop_attribute, drop_record or tag.
	Action string `mapstructure:"action"`
	// MaskText stands in the place of a finding instead of [REDACTED:<detector>].
	MaskText string `mapstructure:"mask_text"`
	// Groups switches whole groups of detectors.
	Groups GroupsConfig `mapstructure:"groups"`
	// Detectors overrides single detectors by name; it wins over the group.
	Detectors map[string]DetectorConfig `mapstructure:"detectors"`
	// Keys says under which keys a value is masked whatever it looks like.
	Keys KeysConfig `mapstructure:"keys"`
	// RuleFiles name files of rules in the format of gitleaks (TOML), read at start.
	RuleFiles []string `mapstructure:"rule_files"`
	// Patterns are the user's own detectors.
	Patterns []PatternConfig `mapstructure:"patterns"`
	// Words are the user's own detectors that find any of some words.
	Words []WordsConfig `mapstructure:"words"`
	// Allow holds exact texts that are left alone when a finding is exactly this text.
	Allow []string `mapstructure:"allow"`
	// Hash is needed by the hash action. Line breaks at the end of the key, as files have them, do not belong to it.
	Hash HashConfig `mapstructure:"hash"`
	// Limits bounds the work for one record; what lies beyond is masked unread.
	Limits LimitsConfig `mapstructure:"limits"`
	// TagAttribute is the attribute that gets the names of detectors whose action is tag.
	TagAttribute string `mapstructure:"tag_attribute"`
	// DryRun counts findings and changes nothing.
	DryRun bool `mapstructure:"dry_run"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// GroupsConfig switches groups of detectors.
type GroupsConfig struct {
	Secrets     bool `mapstructure:"secrets"`
	Personal    bool `mapstructure:"personal"`
	PaymentCard bool `mapstructure:"payment_card"`
	Network     bool `mapstructure:"network"`
}

// DetectorConfig overrides one detector.
type DetectorConfig struct {
	// Enabled is nil where the group decides.
	Enabled *bool `mapstructure:"enabled"`
	// Action is empty where the action of the processor applies.
	Action string `mapstructure:"action"`
}

// KeysConfig is about masking by the name of a key.
type KeysConfig struct {
	Enabled bool     `mapstructure:"enabled"`
	Include []string `mapstructure:"include"`
	Exclude []string `mapstructure:"exclude"`
}

// PatternConfig is a detector of the user's own.
type PatternConfig struct {
	Name     string   `mapstructure:"name"`
	Regex    string   `mapstructure:"regex"`
	Keywords []string `mapstructure:"keywords"`
}

// WordsConfig is a detector of the user's own that finds any of some words, where neither a letter nor a digit stands
// before or after them.
type WordsConfig struct {
	Name  string   `mapstructure:"name"`
	Words []string `mapstructure:"words"`
	// File holds further words, one a line; blank lines and those that begin with # do not count. It is read at start.
	File          string `mapstructure:"file"`
	CaseSensitive bool   `mapstructure:"case_sensitive"`
}

// HashConfig configures the hash action (HMAC-SHA-256).
type HashConfig struct {
	Key   configopaque.String `mapstructure:"key,omitempty"`
	KeyID string              `mapstructure:"key_id"`
}

// LimitsConfig bounds the work for one record or span.
type LimitsConfig struct {
	MaxRecordBytes int `mapstructure:"max_record_bytes"`
	MaxRecordSteps int `mapstructure:"max_record_steps"`
}

// Validate checks the whole block and reports every mistake at once. It reads no file.
func (c *Config) Validate() error {
	o := c.engineOptions()
	errs := []error{o.Validate()}
	for i, name := range c.RuleFiles {
		if name == "" {
			errs = append(errs, fmt.Errorf("rule_files[%d] must name a file, got %q", i, name))
		}
	}
	for i, w := range c.Words {
		if len(w.Words) == 0 && w.File == "" {
			errs = append(errs, fmt.Errorf("words[%d] must have words or a file, got neither", i))
		}
	}
	switch {
	case c.TagAttribute == "" || len(c.TagAttribute) > maxTagAttributeBytes:
		errs = append(errs, fmt.Errorf("tag_attribute must have 1 to %d bytes, got %q", maxTagAttributeBytes, c.TagAttribute))
	case o.SensitiveName(c.TagAttribute):
		errs = append(errs, fmt.Errorf("tag_attribute must not be a name under which values are hidden, got %q", c.TagAttribute))
	}
	return errors.Join(errs...)
}

// NewEngine reads the files that the configuration names, and compiles the detectors that it asks for.
func (c *Config) NewEngine() (*redact.Engine, error) {
	o := c.engineOptions()
	if err := c.readFiles(&o); err != nil {
		return nil, err
	}
	return redact.New(o)
}

// engineOptions translates the block for internal/redact, without what stands in files.
func (c *Config) engineOptions() redact.Options {
	o := redact.Options{
		Action:   redact.Action(c.Action),
		MaskText: c.MaskText,
		Groups: map[redact.Group]bool{
			redact.Secrets:     c.Groups.Secrets,
			redact.Personal:    c.Groups.Personal,
			redact.PaymentCard: c.Groups.PaymentCard,
			redact.Network:     c.Groups.Network,
		},
		Detectors:      make(map[string]redact.DetectorOptions, len(c.Detectors)),
		Keys:           redact.KeyOptions{Disabled: !c.Keys.Enabled, Include: c.Keys.Include, Exclude: c.Keys.Exclude},
		Allow:          c.Allow,
		HashKey:        []byte(strings.TrimRight(string(c.Hash.Key), "\r\n")),
		HashKeyID:      c.Hash.KeyID,
		MaxRecordBytes: c.Limits.MaxRecordBytes,
		MaxRecordSteps: c.Limits.MaxRecordSteps,
	}
	for name, d := range c.Detectors {
		o.Detectors[name] = redact.DetectorOptions{Enabled: d.Enabled, Action: redact.Action(d.Action)}
	}
	for _, p := range c.Patterns {
		o.Patterns = append(o.Patterns, redact.PatternOptions{Name: p.Name, Regex: p.Regex, Keywords: p.Keywords})
	}
	for _, w := range c.Words {
		o.Words = append(o.Words, redact.WordOptions{Name: w.Name, Words: w.Words, CaseSensitive: w.CaseSensitive})
	}
	return o
}
