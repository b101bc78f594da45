// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"errors"
	"fmt"

	"github.com/logboom/logboom/internal/tailsample"
)

const bytesPerMiB = 1 << 20

func (c *compiler) size(cfg *SizeConfig) (mask uint64, err error) {
	switch {
	case cfg.MinRecords < 0:
		return 0, fmt.Errorf(": min_records must not be negative, got %d", cfg.MinRecords)
	case !(cfg.MinMiB >= 0 && cfg.MinMiB <= maxMiB):
		return 0, fmt.Errorf(": min_mib must be 0 to %d, got %v", maxMiB, cfg.MinMiB)
	case cfg.MinRecords == 0 && cfg.MinMiB == 0:
		return 0, errors.New(" must have min_records, min_mib or both, got none")
	}
	if cfg.MinRecords > 0 {
		if mask, err = c.measure(tailsample.Records, cfg.MinRecords); err != nil {
			return 0, err
		}
	}
	if cfg.MinMiB > 0 {
		bits, err := c.measure(tailsample.Bytes, int64(cfg.MinMiB*bytesPerMiB))
		if err != nil {
			return 0, err
		}
		mask |= bits
	}
	return mask, nil
}
