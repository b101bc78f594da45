// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"fmt"

	"github.com/logboom/logboom/internal/severity"
)

// severityCondition is satisfied by log records of at least this severity. Where the number is 0 the text is read.
type severityCondition struct {
	least  severity.Number
	reader *severity.Reader
}

func (c *compiler) severity(name string) (uint64, error) {
	least, ok := severity.ByName(name)
	if !ok {
		return 0, fmt.Errorf(" must be one of trace, debug, info, warn, error, fatal, each also followed by 2, 3 or 4, got %q", name)
	}
	reader, err := severity.New(nil)
	if err != nil {
		return 0, err
	}
	return c.add(fmt.Sprintf("severity %d", least), inLogs, &severityCondition{least: least, reader: reader})
}

func (c *severityCondition) holds(v *view) bool {
	number := severity.Number(v.lr.SeverityNumber())
	if number == 0 {
		text := v.lr.SeverityText()
		if text == "" {
			return false
		}
		_, number, _ = c.reader.Read(text, severity.NumberingLevel)
	}
	return number >= c.least
}
