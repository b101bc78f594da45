// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"errors"
	"fmt"
	"time"
)

// Retention says what of an archive is deleted when. The zero value deletes nothing.
type Retention struct {
	// MaxAge is the age of records that no rule matches. 0: they stay.
	MaxAge time.Duration
	// Rules are tried in order; the first that matches a record gives its age.
	Rules []Rule
	// Sizes bound what tenants may take; beyond, their oldest objects go, whatever the rules say.
	Sizes []Size
	// Holds win over everything else.
	Holds []Hold
}

// Rule gives records an age, from their event time on.
type Rule struct {
	// Tenant and Service are patterns in which * is any text and ? any character. Empty: all. Records without a tenant have the
	// tenant "".
	Tenant, Service string
	// MaxSeverity matches records of SeverityNumber 1 up to this one, such as 8 for DEBUG and below. 0: all.
	MaxSeverity int32
	// MaxAge is how old records become. 0: they stay.
	MaxAge time.Duration
}

// Size bounds the objects of each tenant that the pattern matches; the first that matches counts.
type Size struct {
	Tenant   string
	MaxBytes int64
}

// Hold keeps records of From <= Timestamp < To, whatever else is asked for; a zero time is no bound.
type Hold struct {
	Tenant, Service string
	From, To        time.Time
	// Reason is for people; it is part of the errors and of what is written about deletions.
	Reason string
}

// Validate reports all that is wrong.
func (r *Retention) Validate() error {
	var errs []error
	if r.MaxAge < 0 {
		errs = append(errs, fmt.Errorf("retention::max_age must not be negative, got %v", r.MaxAge))
	}
	for i, rule := range r.Rules {
		if rule.MaxAge < 0 {
			errs = append(errs, fmt.Errorf("retention::rules[%d]::max_age must not be negative, got %v", i, rule.MaxAge))
		}
		if rule.MaxSeverity < 0 || rule.MaxSeverity > 24 {
			errs = append(errs, fmt.Errorf("retention::rules[%d]::max_severity must be 0 to 24, got %d", i, rule.MaxSeverity))
		}
	}
	for i, s := range r.Sizes {
		if s.MaxBytes <= 0 {
			errs = append(errs, fmt.Errorf("retention::sizes[%d]::max_bytes must be positive, got %d", i, s.MaxBytes))
		}
	}
	for i, h := range r.Holds {
		if !h.From.IsZero() && !h.To.IsZero() && !h.From.Before(h.To) {
			errs = append(errs, fmt.Errorf("retention::holds[%d]: from must be before to, got %v and %v", i, h.From, h.To))
		}
		if h.Reason == "" {
			errs = append(errs, fmt.Errorf("retention::holds[%d]::reason must not be empty", i))
		}
	}
	return errors.Join(errs...)
}

// String says what a rule is, for what is written about deletions.
func (r Rule) String() string {
	text := "rule"
	for _, part := range []struct{ name, value string }{{"tenant", r.Tenant}, {"service", r.Service}} {
		if part.value != "" {
			text += fmt.Sprintf(" %s=%q", part.name, part.value)
		}
	}
	if r.MaxSeverity > 0 {
		text += fmt.Sprintf(" max_severity=%d", r.MaxSeverity)
	}
	return fmt.Sprintf("%s max_age=%v", text, r.MaxAge)
}

// age returns the age of records of a class, and which rule says so; 0: they stay.
func (r *Retention) age(tenant, service string, severity int32) (time.Duration, string) {
	for _, rule := range r.Rules {
		if match(rule.Tenant, tenant) && match(rule.Service, service) && (rule.MaxSeverity == 0 || severity >= 1 && severity <= rule.MaxSeverity) {
			return rule.MaxAge, rule.String()
		}
	}
	return r.MaxAge, fmt.Sprintf("max_age=%v", r.MaxAge)
}

// ages are all that records of a tenant may have.
func (r *Retention) ages(tenant string) (list []time.Duration) {
	for _, rule := range r.Rules {
		if match(rule.Tenant, tenant) && rule.MaxAge > 0 {
			list = append(list, rule.MaxAge)
		}
	}
	if r.MaxAge > 0 {
		list = append(list, r.MaxAge)
	}
	return list
}

// uniform reports whether all records of a tenant have one age, and which.
func (r *Retention) uniform(tenant string) (age time.Duration, why string, ok bool) {
	for _, rule := range r.Rules {
		if !match(rule.Tenant, tenant) {
			continue
		}
		if matchesAll(rule.Service) && rule.MaxSeverity == 0 {
			return rule.MaxAge, rule.String(), true
		}
		return 0, "", false
	}
	return r.MaxAge, fmt.Sprintf("max_age=%v", r.MaxAge), true
}

// matchesAll reports whether a pattern matches everything.
func matchesAll(pattern string) bool { return pattern == "" || pattern == "*" }

// held reports whether a hold covers a record.
func (r *Retention) held(tenant, service string, t int64) *Hold {
	for i := range r.Holds {
		h := &r.Holds[i]
		if h.covers(tenant, service) && h.overlaps(t, t) {
			return h
		}
	}
	return nil
}

// mayHold returns a hold that may cover records of the service, or of any when it is not known, from one time to another.
func (r *Retention) mayHold(tenant string, service *string, from, to int64) *Hold {
	for i := range r.Holds {
		h := &r.Holds[i]
		if match(h.Tenant, tenant) && (service == nil || match(h.Service, *service)) && h.overlaps(from, to) {
			return h
		}
	}
	return nil
}

// String says what a hold is, for the errors.
func (h *Hold) String() string {
	text := h.Reason + " (hold of"
	for i, part := range []struct{ name, value string }{{"tenant", h.Tenant}, {"service", h.Service}} {
		if i > 0 {
			text += ","
		}
		if matchesAll(part.value) {
			text += " every " + part.name
		} else {
			text += fmt.Sprintf(" %s %q", part.name, part.value)
		}
	}
	if !h.From.IsZero() {
		text += " from " + h.From.UTC().Format(time.RFC3339Nano)
	}
	if !h.To.IsZero() {
		text += " to " + h.To.UTC().Format(time.RFC3339Nano)
	}
	return text + ")"
}

func (h *Hold) covers(tenant, service string) bool {
	return match(h.Tenant, tenant) && match(h.Service, service)
}

// overlaps reports whether the hold covers a time of from to to, both included, in nanoseconds since the Unix epoch.
func (h *Hold) overlaps(from, to int64) bool {
	return (h.From.IsZero() || to >= h.From.UnixNano()) && (h.To.IsZero() || from < h.To.UnixNano())
}

// match reports whether a text matches a pattern; an empty one matches all.
func match(pattern, text string) bool {
	if pattern == "" {
		return true
	}
	// The last star takes as little as possible, and more when what follows does not fit.
	p, t, star, mark := 0, 0, -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
