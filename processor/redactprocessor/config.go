// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/internal/redact"
)

// Config is the redact: block. It is the same for the processor and for "logboomctl redact".
type Config struct {
	// Action is what is done with a finding: mask, partial or hash.
	Action string `mapstructure:"action"`
	// Groups switches whole groups of detectors.
	Groups GroupsConfig `mapstructure:"groups"`
	// Detectors overrides single detectors by name; it wins over the group.
	Detectors map[string]DetectorConfig `mapstructure:"detectors"`
	// Keys says under which keys a value is masked whatever it looks like.
	Keys KeysConfig `mapstructure:"keys"`
	// Patterns are the user's own detectors.
	Patterns []PatternConfig `mapstructure:"patterns"`
	// Allow holds exact texts that are left alone when a finding is exactly this text.
	Allow []string `mapstructure:"allow"`
	// Hash is needed by the hash action.
	Hash HashConfig `mapstructure:"hash"`
	// Limits bounds the work for one record; what lies beyond is masked unread.
	Limits LimitsConfig `mapstructure:"limits"`
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

// Validate checks the whole block and reports every mistake at once.
func (c *Config) Validate() error {
	return c.EngineOptions().Validate()
}

// NewEngine compiles the detectors that the configuration asks for.
func (c *Config) NewEngine() (*redact.Engine, error) {
	return redact.New(c.EngineOptions())
}

// EngineOptions translates the block for internal/redact.
func (c *Config) EngineOptions() redact.Options {
	o := redact.Options{
		Action: redact.Action(c.Action),
		Groups: map[redact.Group]bool{
			redact.Secrets:     c.Groups.Secrets,
			redact.Personal:    c.Groups.Personal,
			redact.PaymentCard: c.Groups.PaymentCard,
			redact.Network:     c.Groups.Network,
		},
		Detectors:      make(map[string]redact.DetectorOptions, len(c.Detectors)),
		Keys:           redact.KeyOptions{Disabled: !c.Keys.Enabled, Include: c.Keys.Include, Exclude: c.Keys.Exclude},
		Allow:          c.Allow,
		HashKey:        []byte(string(c.Hash.Key)),
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
	return o
}
