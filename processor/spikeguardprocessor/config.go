// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is the spike_guard: block.
type Config struct {
	// Key names the attributes whose values, joined with "/", name a source of logs: the record's, else its resource's.
	Key []string `mapstructure:"key"`
	// Budget is what a source, and all together, may send.
	Budget BudgetConfig `mapstructure:"budget"`
	// Calm is how long a source must stay within its budget for its spike to end.
	Calm time.Duration `mapstructure:"calm"`
	// Action is what becomes of what is over: thin, summarize, divert, refuse or drop.
	Action string `mapstructure:"action"`
	// Summarize says how often summaries are written.
	Summarize SummarizeConfig `mapstructure:"summarize"`
	// Divert says how what is diverted is marked.
	Divert DivertConfig `mapstructure:"divert"`
	// Truncate shortens bodies, always.
	Truncate TruncateConfig `mapstructure:"truncate"`
	// NewTemplates is the part of a budget, beside the rest, from which new templates and the first of a burst pass.
	NewTemplates float64 `mapstructure:"new_templates"`
	// Notices writes a record when a spike begins and ends.
	Notices bool `mapstructure:"notices"`
	// DryRun changes no record; metrics and notices tell what would be.
	DryRun bool `mapstructure:"dry_run"`
	// MaxKeys bounds the sources that have a budget of their own; the others share one.
	MaxKeys int `mapstructure:"max_keys"`
	// MaxTemplateMiB bounds the memory of templates.
	MaxTemplateMiB int `mapstructure:"max_template_mib"`
	// Storage is a storage extension that keeps what was learned over a restart.
	Storage *component.ID `mapstructure:"storage"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// RateConfig is an amount a second; 0 is no limit.
type RateConfig struct {
	// BytesPerSecond counts log records encoded as OTLP.
	BytesPerSecond float64 `mapstructure:"bytes_per_second"`
	// RecordsPerSecond counts log records.
	RecordsPerSecond float64 `mapstructure:"records_per_second"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// BudgetConfig is what may be sent.
type BudgetConfig struct {
	// Global bounds all sources together.
	Global RateConfig `mapstructure:"global"`
	// PerKey is the budget of each source. If it is set, nothing is learned.
	PerKey RateConfig `mapstructure:"per_key"`
	// Learned makes the budget of a source from what it usually sends.
	Learned LearnedConfig `mapstructure:"learned"`
	// Overrides are the budgets of some sources.
	Overrides []OverrideConfig `mapstructure:"overrides"`
	// Burst is how many seconds of its budget a source may send at once.
	Burst time.Duration `mapstructure:"burst"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LearnedConfig makes budgets of what sources usually send.
type LearnedConfig struct {
	// Enabled learns, unless PerKey is set.
	Enabled bool `mapstructure:"enabled"`
	// Headroom is the budget as a multiple of what is usual, more than 1.
	Headroom float64 `mapstructure:"headroom"`
	// Floor and Ceiling bound the budget; 0 is no bound.
	Floor   RateConfig `mapstructure:"floor"`
	Ceiling RateConfig `mapstructure:"ceiling"`
	// Rise and Fall are the times in which what is usual follows a change by two thirds, upwards and downwards.
	Rise time.Duration `mapstructure:"rise"`
	Fall time.Duration `mapstructure:"fall"`
	// Learn is how long a new source has no budget but the ceiling and its share of the global one.
	Learn time.Duration `mapstructure:"learn"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// OverrideConfig is the fixed budget of one source; 0 and 0 is none.
type OverrideConfig struct {
	// Key is the name of the source, its values joined with "/".
	Key string `mapstructure:"key"`

	RateConfig `mapstructure:",squash"`
}

// SummarizeConfig is about summaries.
type SummarizeConfig struct {
	// Interval is the time for which one summary of each template stands.
	Interval time.Duration `mapstructure:"interval"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// DivertConfig is about what is diverted.
type DivertConfig struct {
	// Attribute is set to true on records that are over.
	Attribute string `mapstructure:"attribute"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// TruncateConfig is about giant bodies.
type TruncateConfig struct {
	// MaxBodyBytes is the size over which a text body, or a text within a body, keeps its head and tail; 0 is off.
	MaxBodyBytes int `mapstructure:"max_body_bytes"`

	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)
