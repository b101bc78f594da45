// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/logboom/logboom/archive"
)

// Config says how an archive is looked after. [DefaultConfig] has the defaults.
type Config struct {
	// Holder names this process to others that want the lease.
	Holder string
	// LeaseTTL is how long the lease lasts without a renewal.
	LeaseTTL time.Duration
	// Interval is the time from one cycle to the next.
	Interval time.Duration
	// MinAge is how long after its end an hour is merged, so that what comes late is there.
	MinAge time.Duration
	// MaxObjects is how many small objects of one partition are merged before that.
	MaxObjects int
	// TargetBytes is about the size of merged objects.
	TargetBytes int64
	// MemoryBytes bounds what a merge holds, see [archive.Merger.Fit].
	MemoryBytes int64
	// Compression of merged objects.
	Compression archive.Compression
	// Grace is how long what is not live any more stays in the bucket, for those who still read it.
	Grace time.Duration
	// Retention says what is deleted when.
	Retention Retention

	// Logger gets a line for everything that is done. Default: none.
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		LeaseTTL: time.Minute, Interval: time.Minute, MinAge: 10 * time.Minute, MaxObjects: 64,
		TargetBytes: 256 << 20, MemoryBytes: 1 << 30, Compression: archive.CompressionBest, Grace: time.Hour,
	}
}

// mergeBytes is the memory that a merge must have beyond twice the target size. It holds one and a half targets and 32 MiB besides its
// inputs, for which nothing would be left.
const mergeBytes = 64 << 20

// Validate reports all that is wrong.
func (c *Config) Validate() error {
	var errs []error
	positive := func(name string, d time.Duration) {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s must be positive, got %v", name, d))
		}
	}
	positive("lease_ttl", c.LeaseTTL)
	positive("interval", c.Interval)
	positive("grace", c.Grace)
	if c.MinAge < 0 {
		errs = append(errs, fmt.Errorf("min_age must not be negative, got %v", c.MinAge))
	}
	if c.MaxObjects < 2 {
		errs = append(errs, fmt.Errorf("max_objects must be at least 2, got %d", c.MaxObjects))
	}
	if c.TargetBytes < 1<<20 || c.TargetBytes > 4<<30 {
		errs = append(errs, fmt.Errorf("target size must be 1 MiB to 4 GiB, got %d bytes", c.TargetBytes))
	}
	if least := 2*c.TargetBytes + mergeBytes; c.MemoryBytes < least {
		errs = append(errs, fmt.Errorf("memory must be at least twice the target size and 64 MiB, which is %d bytes, got %d bytes", least, c.MemoryBytes))
	}
	return errors.Join(append(errs, c.Retention.Validate())...)
}
