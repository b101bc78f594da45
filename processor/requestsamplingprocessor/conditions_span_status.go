// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// spanStatusCondition is satisfied by spans with a status.
type spanStatusCondition struct{ code ptrace.StatusCode }

func (c *compiler) spanStatus(name string) (uint64, error) {
	var code ptrace.StatusCode
	switch name = strings.ToLower(name); name {
	case "error":
		code = ptrace.StatusCodeError
	case "ok":
		code = ptrace.StatusCodeOk
	default:
		return 0, fmt.Errorf(" must be one of error, ok, got %q", name)
	}
	return c.add("span_status "+name, inSpans, &spanStatusCondition{code})
}

func (c *spanStatusCondition) holds(v *view) bool { return v.span.Status().Code() == c.code }
