// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivecompactorextension

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
)

// Config is the configuration of archive_compactor.
type Config struct {
	// Bucket is where the archive lies.
	Bucket bucket.Config `mapstructure:"bucket"`
	// Interval is the time from one look at the archive to the next.
	Interval time.Duration `mapstructure:"interval"`
	// MinAge is how long after its end an hour is merged, so that what comes late is there.
	MinAge time.Duration `mapstructure:"min_age"`
	// MaxObjects is how many small objects an hour may have before it is merged without waiting for that.
	MaxObjects int `mapstructure:"max_objects"`
	// TargetSizeMiB is about the size of merged objects.
	TargetSizeMiB int `mapstructure:"target_size_mib"`
	// MaxMemoryMiB bounds what a merge holds.
	MaxMemoryMiB int `mapstructure:"max_memory_mib"`
	// Compression of merged objects: best, better or default.
	Compression string `mapstructure:"compression"`
	// Grace is how long what is not live any more stays in the bucket, for queries that still read it.
	Grace time.Duration `mapstructure:"grace"`
	// Lease says how several processes agree on one that works.
	Lease LeaseConfig `mapstructure:"lease"`
	// Lists makes the compactor keep the list of live objects and the DuckDB view up to date.
	Lists bool `mapstructure:"lists"`
	// Retention says what is deleted when; by default nothing is.
	Retention RetentionConfig `mapstructure:"retention"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// LeaseConfig is about the lease, of which there is one for each archive.
type LeaseConfig struct {
	// TTL is how long a lease lasts without a renewal: after that long, another process takes over from one that died.
	TTL time.Duration `mapstructure:"ttl"`
	// Holder names this process to others and to people; empty means the host's name.
	Holder string `mapstructure:"holder"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// RetentionConfig says what is deleted when.
type RetentionConfig struct {
	// DryRun deletes nothing for its age or size, and logs what would go.
	DryRun bool `mapstructure:"dry_run"`
	// MaxAge is the age of records that no rule matches; 0: they stay.
	MaxAge Age `mapstructure:"max_age"`
	// Rules give records an age; the first that matches counts.
	Rules []RuleConfig `mapstructure:"rules"`
	// Sizes bound what tenants may take.
	Sizes []SizeConfig `mapstructure:"sizes"`
	// Holds win over everything else.
	Holds []HoldConfig `mapstructure:"holds"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// RuleConfig gives the records that it matches an age.
type RuleConfig struct {
	// Tenant and Service are patterns with * and ?; empty: all.
	Tenant  string `mapstructure:"tenant"`
	Service string `mapstructure:"service"`
	// MaxSeverity matches records up to this severity: trace, debug, info, warn, error, fatal, or a severity number. Empty: all.
	// It is any so that YAML's numbers are taken as well as texts.
	MaxSeverity any `mapstructure:"max_severity"`
	// MaxAge is how old records become, by their own time; 0: they stay.
	MaxAge Age `mapstructure:"max_age"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// SizeConfig bounds what each tenant that it matches may take.
type SizeConfig struct {
	Tenant     string `mapstructure:"tenant"`
	MaxSizeMiB int64  `mapstructure:"max_size_mib"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// HoldConfig keeps records whatever else is asked for.
type HoldConfig struct {
	Tenant  string `mapstructure:"tenant"`
	Service string `mapstructure:"service"`
	// From and To bound the time of the records: From <= time < To; zero: no bound.
	From time.Time `mapstructure:"from"`
	To   time.Time `mapstructure:"to"`
	// Reason is for people.
	Reason string `mapstructure:"reason"`
	// prevent unkeyed literal initialization
	_ struct{}
}

var _ component.Config = (*Config)(nil)

// Age is a duration that may be written in days: 400d, 1d12h.
type Age time.Duration

const day = 24 * time.Hour

// UnmarshalText parses an age.
func (a *Age) UnmarshalText(text []byte) error {
	s := string(text)
	days, rest := time.Duration(0), s
	if number, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil || n > 100*366 {
			return fmt.Errorf("age must be a duration of at most 100 years such as 48h, 400d or 1d12h, got %q", s)
		}
		days, rest = time.Duration(n)*day, after
	}
	d := time.Duration(0)
	if rest != "" || s == "" {
		var err error
		if d, err = time.ParseDuration(rest); err != nil {
			return fmt.Errorf("age must be a duration such as 48h, 400d or 1d12h, got %q", s)
		}
	}
	*a = Age(days + d)
	return nil
}

// MarshalText writes an age as UnmarshalText reads it.
func (a Age) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// String writes whole days as days.
func (a Age) String() string {
	if d := time.Duration(a); d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return time.Duration(a).String()
}

// severities are the names of the highest number of each range.
var severities = map[string]int32{"": 0, "trace": 4, "debug": 8, "info": 12, "warn": 16, "error": 20, "fatal": 24}

// parseSeverity takes a name or a number, as the text or the number that YAML makes of it; nil is all.
func parseSeverity(v any) (int32, error) {
	if v == nil {
		return 0, nil
	}
	s := fmt.Sprint(v)
	if n, ok := severities[strings.ToLower(s)]; ok {
		return n, nil
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 1 && n <= 24 {
		return int32(n), nil
	}
	return 0, fmt.Errorf("must be trace, debug, info, warn, error, fatal, or a severity number of 1 to 24, got %q", s)
}

var compressions = map[string]archive.Compression{
	"default": archive.CompressionDefault, "better": archive.CompressionBetter, "best": archive.CompressionBest,
}

const (
	// minInterval is short enough for tests and long enough not to do nothing but list.
	minInterval = 100 * time.Millisecond
	// minAge keeps a number without a unit, which is so many nanoseconds, from deleting everything.
	minAge = time.Minute
	// minGrace is far below any sensible one: queries under way read what is deleted after it.
	minGrace = time.Second
	// maxSize bounds max_size_mib: 8 EiB are not a number of bytes any more.
	maxSize = 1 << 42
)

// Validate reports every mistake of the configuration. It touches nothing outside of it. The Collector validates the
// nested blocks by itself.
func (c *Config) Validate() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	atLeast := func(key string, d, least time.Duration) {
		switch {
		case d <= 0:
			add("%s must be positive, got %s", key, d)
		case d < least:
			add("%s must be at least %s, got %s: does it have a unit, such as 1m?", key, least, d)
		}
	}
	atLeast("interval", c.Interval, minInterval)
	atLeast("grace", c.Grace, minGrace)
	if c.MinAge < 0 {
		add("min_age must not be negative, got %s", c.MinAge)
	}
	if c.MaxObjects < 2 {
		add("max_objects must be at least 2, got %d", c.MaxObjects)
	}
	if c.TargetSizeMiB < 1 || c.TargetSizeMiB > 4096 {
		add("target_size_mib must be 1 to 4096, got %d", c.TargetSizeMiB)
	} else if least := 2*c.TargetSizeMiB + 64; c.MaxMemoryMiB < least {
		add("max_memory_mib must be at least twice target_size_mib (%d) and 64, which is %d, got %d", c.TargetSizeMiB, least, c.MaxMemoryMiB)
	}
	if _, ok := compressions[c.Compression]; !ok {
		add("compression must be default, better or best, got %q", c.Compression)
	}
	return errors.Join(errs...)
}

// Validate reports every mistake of the block.
func (c *LeaseConfig) Validate() error {
	var errs []error
	if c.TTL < time.Second {
		errs = append(errs, fmt.Errorf("ttl must be at least 1s, got %s", c.TTL))
	}
	if len(c.Holder) > 256 {
		errs = append(errs, fmt.Errorf("holder must be at most 256 bytes long, got %d", len(c.Holder)))
	}
	return errors.Join(errs...)
}

// Validate reports every mistake of the block.
func (c *RetentionConfig) Validate() error { return checkAge("max_age", c.MaxAge) }

func checkAge(key string, a Age) error {
	switch d := time.Duration(a); {
	case d < 0:
		return fmt.Errorf("%s must not be negative, got %s", key, a)
	case d > 0 && d < minAge:
		return fmt.Errorf("%s must be at least %s, or 0 to keep, got %s: does it have a unit, such as 30d?", key, minAge, a)
	}
	return nil
}

// Validate reports every mistake of the rule.
func (c *RuleConfig) Validate() error {
	errs := []error{checkAge("max_age", c.MaxAge)}
	if _, err := parseSeverity(c.MaxSeverity); err != nil {
		errs = append(errs, fmt.Errorf("max_severity %w", err))
	}
	return errors.Join(errs...)
}

// Validate reports every mistake of the bound.
func (c *SizeConfig) Validate() error {
	if c.MaxSizeMiB <= 0 || c.MaxSizeMiB > maxSize {
		return fmt.Errorf("max_size_mib must be 1 to %d, got %d", int64(maxSize), c.MaxSizeMiB)
	}
	return nil
}

// Validate reports every mistake of the hold.
func (c *HoldConfig) Validate() error {
	var errs []error
	if !c.From.IsZero() && !c.To.IsZero() && !c.From.Before(c.To) {
		errs = append(errs, fmt.Errorf("from must be before to, got %s and %s", c.From.Format(time.RFC3339), c.To.Format(time.RFC3339)))
	}
	if c.Reason == "" {
		errs = append(errs, errors.New("reason must say why, got nothing"))
	}
	return errors.Join(errs...)
}

// Engine is the configuration of the engine; c must be valid.
func (c *Config) Engine() compactor.Config {
	e := compactor.DefaultConfig()
	e.Holder = c.Lease.Holder
	e.LeaseTTL, e.Interval, e.MinAge, e.MaxObjects, e.Grace = c.Lease.TTL, c.Interval, c.MinAge, c.MaxObjects, c.Grace
	e.TargetBytes, e.MemoryBytes = int64(c.TargetSizeMiB)<<20, int64(c.MaxMemoryMiB)<<20
	e.Compression = compressions[c.Compression]
	e.Retention = c.Retention.engine()
	return e
}

func (c *RetentionConfig) engine() compactor.Retention {
	r := compactor.Retention{MaxAge: time.Duration(c.MaxAge)}
	for _, rule := range c.Rules {
		severity, _ := parseSeverity(rule.MaxSeverity)
		r.Rules = append(r.Rules, compactor.Rule{Tenant: rule.Tenant, Service: rule.Service, MaxSeverity: severity, MaxAge: time.Duration(rule.MaxAge)})
	}
	for _, s := range c.Sizes {
		r.Sizes = append(r.Sizes, compactor.Size{Tenant: s.Tenant, MaxBytes: s.MaxSizeMiB << 20})
	}
	for _, h := range c.Holds {
		r.Holds = append(r.Holds, compactor.Hold{Tenant: h.Tenant, Service: h.Service, From: h.From, To: h.To, Reason: h.Reason})
	}
	return r
}

// deletes reports whether anything can become due.
func (c *RetentionConfig) deletes() bool {
	return c.MaxAge > 0 || len(c.Sizes) > 0 || slices.ContainsFunc(c.Rules, func(r RuleConfig) bool { return r.MaxAge > 0 })
}
