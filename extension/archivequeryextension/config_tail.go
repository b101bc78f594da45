// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"time"
)

// TailConfig bounds live tails, the connections that get lines as they come.
type TailConfig struct {
	// MaxConcurrent is how many tails a tenant may have at a time, one of several tenants being a tail of each; where there are no
	// tenants, all together.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// MaxDuration ends a tail; its client connects again if it is still wanted.
	MaxDuration time.Duration `mapstructure:"max_duration"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports every mistake of the block.
func (c *TailConfig) Validate() error {
	var errs []error
	if c.MaxConcurrent <= 0 {
		errs = append(errs, fmt.Errorf("max_concurrent must be positive, got %d", c.MaxConcurrent))
	}
	if c.MaxDuration <= 0 {
		errs = append(errs, fmt.Errorf("max_duration must be positive, got %s", c.MaxDuration))
	} else if c.MaxDuration < minDuration {
		errs = append(errs, fmt.Errorf("max_duration must be at least %s, got %s: does it have a unit, such as 1h?", minDuration, c.MaxDuration))
	}
	return errors.Join(errs...)
}
