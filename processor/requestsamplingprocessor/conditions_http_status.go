// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import "fmt"

const (
	minHTTPStatus = 100
	maxHTTPStatus = 999
)

// httpStatusCondition is satisfied by records and spans whose HTTP status is in a range.
type httpStatusCondition struct {
	slots     [2]int // of today's name and of the one before
	low, high float64
}

func (c *compiler) httpStatus(cfg *HTTPStatusConfig) (uint64, error) {
	low, high := cfg.Min, cfg.Max
	if low == 0 && high == 0 {
		return 0, fmt.Errorf(" must have min, max or both, got none")
	}
	if low == 0 {
		low = minHTTPStatus
	}
	if high == 0 {
		high = maxHTTPStatus
	}
	if low < minHTTPStatus || high > maxHTTPStatus || low > high {
		return 0, fmt.Errorf(": min and max must be %d to %d, and min at most max, got %d and %d", minHTTPStatus, maxHTTPStatus, cfg.Min, cfg.Max)
	}
	return c.add(fmt.Sprintf("http_status %d %d", low, high), inLogs|inSpans, &httpStatusCondition{
		slots: [2]int{c.keys.slot("http.response.status_code"), c.keys.slot("http.status_code")},
		low:   float64(low),
		high:  float64(high),
	})
}

func (c *httpStatusCondition) holds(v *view) bool {
	for _, slot := range c.slots {
		if a, ok := v.attribute(slot); ok {
			n, ok := number(a)
			return ok && c.low <= n && n <= c.high
		}
	}
	return false
}
