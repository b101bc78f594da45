// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import "slices"

// RetentionTeller is a component that looks after an archive and tells other components of its process what it deletes.
type RetentionTeller interface {
	// TellRetention returns what is deleted when of the archive in a bucket, whose identity is what both sides make of their
	// configuration. With dryRun nothing is. ok is false for another bucket. What it returns must not be changed.
	TellRetention(bucket string) (r Retention, dryRun, ok bool)
}

// ForTenants is what of the retention may concern records of these tenants, "" being those without one.
func (r Retention) ForTenants(tenants []string) Retention {
	concerns := func(pattern string) bool {
		return slices.ContainsFunc(tenants, func(tenant string) bool { return match(pattern, tenant) })
	}
	out := Retention{MaxAge: r.MaxAge}
	for _, rule := range r.Rules {
		if concerns(rule.Tenant) {
			out.Rules = append(out.Rules, rule)
		}
	}
	for _, s := range r.Sizes {
		if concerns(s.Tenant) {
			out.Sizes = append(out.Sizes, s)
		}
	}
	for _, h := range r.Holds {
		if concerns(h.Tenant) {
			out.Holds = append(out.Holds, h)
		}
	}
	return out
}
