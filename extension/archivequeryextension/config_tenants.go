// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// TenantsConfig keeps the records of tenants apart.
type TenantsConfig struct {
	// Enabled demands the header X-Scope-OrgID and shows the records of the tenants that it names, and no others.
	Enabled bool `mapstructure:"enabled"`
	// MaxConcurrent is how many queries of one tenant run at a time; 0 for no limit but that of all.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// MaxQueued is how many queries of one tenant may wait.
	MaxQueued int `mapstructure:"max_queued"`
	// Limits are those of single tenants, in place of the common ones.
	Limits map[string]TenantLimits `mapstructure:"limits"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// TenantLimits take the place of the limits of the same name for one tenant; nil leaves them.
type TenantLimits struct {
	MaxConcurrent *int           `mapstructure:"max_concurrent"`
	MaxQueued     *int           `mapstructure:"max_queued"`
	MaxEntries    *int           `mapstructure:"max_entries"`
	MaxSeries     *int           `mapstructure:"max_series"`
	MaxRange      *time.Duration `mapstructure:"max_range"`
	MaxReadMiB    *int           `mapstructure:"max_read_mib"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// over puts what is set in place of the common limits.
func (t *TenantLimits) over(l limits) limits {
	put := func(to, from *int) {
		if from != nil {
			*to = *from
		}
	}
	put(&l.concurrent, t.MaxConcurrent)
	put(&l.queued, t.MaxQueued)
	put(&l.entries, t.MaxEntries)
	put(&l.series, t.MaxSeries)
	if t.MaxRange != nil {
		l.span = *t.MaxRange
	}
	if t.MaxReadMiB != nil {
		l.readBytes = int64(*t.MaxReadMiB) << 20
	}
	return l
}

// Validate reports every mistake of the block.
func (c *TenantsConfig) Validate() error {
	var errs []error
	if c.MaxConcurrent < 0 {
		errs = append(errs, fmt.Errorf("max_concurrent must not be negative, got %d: 0 is no limit", c.MaxConcurrent))
	}
	if c.MaxQueued <= 0 {
		errs = append(errs, fmt.Errorf("max_queued must be positive, got %d", c.MaxQueued))
	}
	if len(c.Limits) > 0 && !c.Enabled {
		errs = append(errs, errors.New("limits of tenants need enabled: true: without it there are no tenants"))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Limits)) {
		limits := c.Limits[name]
		if err := checkTenant(name); err != nil {
			errs = append(errs, fmt.Errorf("limits[%q]: %w", name, err))
		}
		for _, err := range limits.check() {
			errs = append(errs, fmt.Errorf("limits[%q]: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

func (t *TenantLimits) check() (errs []error) {
	for _, f := range []struct {
		key   string
		value *int
		least int
	}{
		{"max_concurrent", t.MaxConcurrent, 0},
		{"max_queued", t.MaxQueued, 1},
		{"max_entries", t.MaxEntries, 1},
		{"max_series", t.MaxSeries, 1},
		{"max_read_mib", t.MaxReadMiB, 0},
	} {
		if f.value != nil && *f.value < f.least {
			errs = append(errs, fmt.Errorf("%s must be at least %d, got %d", f.key, f.least, *f.value))
		}
	}
	if t.MaxRange != nil {
		if err := checkSpan("max_range", *t.MaxRange); err != nil {
			errs = append(errs, err)
		}
	}
	return errs
}

// checkSpan checks a duration of which 0 means that there is none.
func checkSpan(key string, d time.Duration) error {
	switch {
	case d < 0:
		return fmt.Errorf("%s must not be negative, got %s: 0 is none", key, d)
	case d > 0 && d < minDuration:
		return fmt.Errorf("%s must be 0 or at least %s, got %s: does it have a unit, such as 1s?", key, minDuration, d)
	}
	return nil
}

// QueryLogConfig says which queries are written down. Their texts go through the detectors of secrets and personal data first.
type QueryLogConfig struct {
	// Audit writes down every request for data, whatever becomes of it.
	Audit bool `mapstructure:"audit"`
	// SlowThreshold writes down what takes at least as long; 0: nothing for that reason.
	SlowThreshold time.Duration `mapstructure:"slow_threshold"`
	// File gets a line of JSON for each; empty: the Collector's own log does.
	File string `mapstructure:"file"`
	// MaxFileMiB is how long the file may become before it is renamed and another begins.
	MaxFileMiB int `mapstructure:"max_file_mib"`
	// MaxFiles is how many of the renamed ones are kept.
	MaxFiles int `mapstructure:"max_files"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports every mistake of the block.
func (c *QueryLogConfig) Validate() error {
	var errs []error
	if err := checkSpan("slow_threshold", c.SlowThreshold); err != nil {
		errs = append(errs, err)
	}
	if c.MaxFileMiB <= 0 {
		errs = append(errs, fmt.Errorf("max_file_mib must be positive, got %d", c.MaxFileMiB))
	}
	if c.MaxFiles < 0 {
		errs = append(errs, fmt.Errorf("max_files must not be negative, got %d", c.MaxFiles))
	}
	return errors.Join(errs...)
}
