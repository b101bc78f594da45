// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"errors"
	"fmt"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// grpcCodes are the names of the status codes of gRPC by their number.
var grpcCodes = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// grpcStatusCondition is satisfied by records and spans whose gRPC status is one of a set.
type grpcStatusCondition struct {
	slots [3]int
	codes uint32 // a bit each
}

func (c *compiler) grpcStatus(cfg *GRPCStatusConfig) (uint64, error) {
	var codes uint32
	var errs []error
	for i, v := range cfg.Codes {
		code, ok := grpcCode(fmt.Sprint(v))
		if !ok {
			errs = append(errs, fmt.Errorf(" codes[%d] must be a status of gRPC such as UNAVAILABLE, or its number 0 to %d, got %v", i, len(grpcCodes)-1, v))
			continue
		}
		codes |= 1 << code
	}
	if len(cfg.Codes) == 0 {
		errs = append(errs, errors.New(" codes must hold at least one status of gRPC such as UNAVAILABLE, got none"))
	}
	if len(errs) > 0 {
		return 0, fmt.Errorf(":%w", errors.Join(errs...))
	}
	return c.add(fmt.Sprintf("grpc_status %x", codes), inLogs|inSpans, &grpcStatusCondition{
		slots: [3]int{c.keys.slot("rpc.grpc.status_code"), c.keys.slot("rpc.response.status_code"), c.keys.slot("grpc.status_code")},
		codes: codes,
	})
}

// grpcCode reads a name in any case, with or without underscores (DEADLINE_EXCEEDED, DeadlineExceeded, Canceled), or a number.
func grpcCode(s string) (uint, bool) {
	if n, ok := numberOf(s); ok {
		return uint(max(n, 0)), n >= 0 && n < float64(len(grpcCodes)) && n == float64(int(n))
	}
	for code, name := range grpcCodes {
		if sameCode(name, s) {
			return uint(code), true //nolint:gosec // 0 to 16
		}
	}
	return 1, strings.EqualFold(s, "CANCELED")
}

// sameCode compares a name of the table with another, without regard to case and underscores.
func sameCode(name, s string) bool {
	j := 0
	for i := range len(s) {
		c := s[i]
		if c == '_' {
			continue
		}
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		for j < len(name) && name[j] == '_' {
			j++
		}
		if j == len(name) || name[j] != c {
			return false
		}
		j++
	}
	return j == len(name)
}

func (c *grpcStatusCondition) holds(v *view) bool {
	for _, slot := range c.slots {
		if a, ok := v.attribute(slot); ok {
			code, ok := uint(0), false
			switch a.Type() {
			case pcommon.ValueTypeInt:
				code, ok = uint(a.Int()), 0 <= a.Int() && a.Int() < int64(len(grpcCodes)) //nolint:gosec // checked beside
			case pcommon.ValueTypeStr:
				code, ok = grpcCode(a.Str())
			}
			return ok && c.codes&(1<<code) != 0
		}
	}
	return false
}
