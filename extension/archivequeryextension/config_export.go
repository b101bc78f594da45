// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"time"
)

// ExportConfig bounds exports, the downloads of all records of a query. One takes the turn of a query for as long as its client takes
// for the file.
type ExportConfig struct {
	// MaxConcurrent is how many exports a tenant may have at a time, one of several tenants being an export of each; where there are
	// no tenants, all together. Of all tenants there are half as many at most as there are turns for queries.
	MaxConcurrent int `mapstructure:"max_concurrent"`
	// Timeout ends an export that takes longer; what the client has then is marked as incomplete.
	Timeout time.Duration `mapstructure:"timeout"`
	// prevent unkeyed literal initialization
	_ struct{}
}

// Validate reports every mistake of the block.
func (c *ExportConfig) Validate() error {
	var errs []error
	if c.MaxConcurrent <= 0 {
		errs = append(errs, fmt.Errorf("max_concurrent must be positive, got %d", c.MaxConcurrent))
	}
	if c.Timeout <= 0 {
		errs = append(errs, fmt.Errorf("timeout must be positive, got %s", c.Timeout))
	} else if c.Timeout < minDuration {
		errs = append(errs, fmt.Errorf("timeout must be at least %s, got %s: does it have a unit, such as 15m?", minDuration, c.Timeout))
	}
	return errors.Join(errs...)
}
