// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package requestsamplingprocessor

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/component"
	"go.uber.org/zap"

	"github.com/logboom/logboom/internal/tailsample"
	"github.com/logboom/logboom/internal/weight"
)

const (
	// maxCorrelation bounds the attributes that are looked up for every record.
	maxCorrelation = 16
	// maxNameBytes bounds names that are written again and again.
	maxNameBytes = 256
	// maxWait is longer than anybody's memory lasts.
	// maxRequestMiB is what the engine can hold of one request.
	maxRequestMiB = 256
	// minTime is the shortest time that makes sense: a number without a unit is read as nanoseconds.
	minTime = time.Millisecond
	maxWait = 24 * time.Hour
	// maxMiB bounds sizes, far beyond any machine, so that nothing overflows.
	maxMiB = 1 << 24
)

// Validate checks the whole block and reports every mistake at once.
func (c *Config) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if len(c.Correlation) > maxCorrelation {
		fail("correlation must name at most %d attributes, got %d", maxCorrelation, len(c.Correlation))
	}
	for i, name := range c.Correlation {
		switch {
		case name == "":
			fail("correlation[%d] must be the name of an attribute, got %q", i, name)
		case slices.Contains(c.Correlation[:i], name):
			fail("correlation[%d] must not be named before, got %q", i, name)
		}
	}
	if c.Wait < minTime || c.Wait > maxWait {
		fail("wait must be %s to %s with its unit, such as 30s, got %s", minTime, maxWait, c.Wait)
	}
	if c.Idle != 0 && (c.Idle < minTime || c.Idle > c.Wait) {
		fail("idle must be 0 (off), or %s to wait (%s) with its unit, such as 5s, got %s", minTime, c.Wait, c.Idle)
	}
	if c.End.Grace != 0 && (c.End.Grace < minTime || c.End.Grace > maxWait) { // beyond wait it has no effect: whoever sets wait need not think of it
		fail("end: grace must be 0, or %s to %s with its unit, such as 10s, got %s", minTime, maxWait, c.End.Grace)
	}
	if len(c.PolicyAttribute) > maxNameBytes {
		fail("policy_attribute must have at most %d bytes, got %d", maxNameBytes, len(c.PolicyAttribute))
	}
	if c.PolicyAttribute == weight.ThresholdAttribute || c.PolicyAttribute == weight.RandomnessAttribute {
		fail("policy_attribute must not be an attribute that holds how the record was sampled, got %q", c.PolicyAttribute)
	}
	for _, size := range []struct {
		key   string
		value int
	}{{"max_held_mib", c.MaxHeldMiB}, {"max_request_mib", c.MaxRequestMiB}, {"decision_cache_mib", c.DecisionCacheMiB}} {
		if size.value < 1 || size.value > maxMiB {
			fail("%s must be 1 to %d, got %d", size.key, maxMiB, size.value)
		}
	}
	if c.MaxRequestMiB > maxRequestMiB {
		fail("max_request_mib must be at most %d, got %d", maxRequestMiB, c.MaxRequestMiB)
	}
	if c.MaxRequestMiB > c.MaxHeldMiB {
		fail("max_request_mib must be at most max_held_mib (%d), got %d", c.MaxHeldMiB, c.MaxRequestMiB)
	}
	errs = append(errs, c.validatePolicies()...)
	if _, err := newPlan(c, component.TelemetrySettings{Logger: zap.NewNop()}, nil); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// validatePolicies checks the list; newPlan checks what stands in each.
func (c *Config) validatePolicies() (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	switch n := len(c.Policies); {
	case n == 0:
		fail("policies must hold at least one policy, such as {name: rest, rate: 0.05}")
	case n > tailsample.MaxPolicies:
		fail("policies must hold at most %d policies, got %d", tailsample.MaxPolicies, n)
	}
	names := map[string]bool{keylessPolicy: true}
	for i := range c.Policies {
		p := &c.Policies[i]
		where := fmt.Sprintf("policies[%d]", i)
		switch {
		case p.Name == "" || len(p.Name) > maxNameBytes || !utf8.ValidString(p.Name):
			fail("%s: name must have 1 to %d bytes of UTF-8, got %q", where, maxNameBytes, p.Name)
		case names[p.Name]:
			fail("%s: name must be unique (%q is that of records without a key), got %q", where, keylessPolicy, p.Name)
		}
		names[p.Name] = true
		switch last := i == len(c.Policies)-1; {
		case last && !p.unconditional():
			fail("%s: the last policy must have no condition, so that every request has a policy, got %s", p.where(i), strings.Join(p.blocks(), ", "))
		case !last && p.unconditional():
			fail("%s: only the last policy must have no condition, because those after it never apply, got none of %s", p.where(i), conditionKeys)
		}
	}
	return errs
}

const conditionKeys = "severity, body, attribute, latency, http_status, grpc_status, span_status, size, ottl"

// where names the policy in errors.
func (p *PolicyConfig) where(i int) string {
	if p.Name == "" {
		return fmt.Sprintf("policies[%d]", i)
	}
	return fmt.Sprintf("policy %q", p.Name)
}

func (p *PolicyConfig) unconditional() bool { return len(p.blocks()) == 0 }

// blocks are the conditions that are configured.
func (p *PolicyConfig) blocks() (blocks []string) {
	set := []bool{
		p.Severity != "", p.Body != nil, p.Attribute != nil, p.Latency != nil, p.HTTPStatus != nil, p.GRPCStatus != nil,
		p.SpanStatus != "", p.Size != nil, p.OTTL != nil,
	}
	for i, key := range strings.Split(conditionKeys, ", ") {
		if set[i] {
			blocks = append(blocks, key)
		}
	}
	return blocks
}

func (l *LimitConfig) validate() error {
	var errs []error
	for _, limit := range []struct {
		key   string
		value float64
	}{{"records_per_second", l.RecordsPerSecond}, {"bytes_per_second", l.BytesPerSecond}} {
		if !(limit.value >= 0 && limit.value <= 1e15) { // also what is no number
			errs = append(errs, fmt.Errorf("limit: %s must be 0 (no limit) to 1e15, got %v", limit.key, limit.value))
		}
	}
	return errors.Join(errs...)
}
