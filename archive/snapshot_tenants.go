// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import "slices"

// tenantSet is whose records a snapshot shows; nil: everybody's.
type tenantSet map[string]struct{}

func (t tenantSet) has(tenant string) bool {
	if t == nil {
		return true
	}
	_, ok := t[tenant]
	return ok
}

// inBatch reports whether a batch has resources of the tenants.
func (t tenantSet) inBatch(b *Batch) bool {
	return t == nil || slices.ContainsFunc(b.shared, func(s sharedText) bool { return t.has(s.tenant) })
}

// rows is how many of a batch the tenants have.
func (t tenantSet) rows(b *Batch) (n int64) {
	if t == nil {
		return int64(b.Rows())
	}
	for i := range b.rows {
		if t.has(b.shared[b.rows[i].shared].tenant) {
			n++
		}
	}
	return n
}

// ForTenants returns a snapshot of the records of these tenants alone, "" being that of records without one. Everything that
// looks for records ([Snapshot.Objects], [Snapshot.Fresh], [Snapshot.Scan] and [Snapshot.Count]) sees nothing else; what is about
// the commit log as a whole, such as [Snapshot.Totals], remains. Of no tenants there is nothing to see. A snapshot that is for some
// tenants already remains so: what both have is left.
func (s *Snapshot) ForTenants(tenants ...string) *Snapshot {
	c := *s
	c.tenants = make(tenantSet, len(tenants))
	for _, name := range tenants {
		// The archive has shortened what is too long.
		if name = boundTenant(name); s.tenants.has(name) {
			c.tenants[name] = struct{}{}
		}
	}
	c.fresh = nil
	for _, u := range s.fresh {
		if b := u.part.Batch; b != nil && !c.tenants.inBatch(b) {
			continue
		}
		own := *u
		own.tenants = c.tenants
		c.fresh = append(c.fresh, &own)
	}
	return &c
}

// listed is how many objects a query had to choose from, of which these are in its time range: of other tenants not even the
// number is told.
func (s *Snapshot) listed(inRange int) int {
	if s.tenants != nil {
		return inRange
	}
	return s.Len()
}

// size is about how much the batch of the unit holds of its tenants, and their services.
func (u *freshUnit) size(b *Batch) (rows, bytes int64, services []string) {
	rows, bytes, services = int64(b.Rows()), int64(len(b.text)), b.services(u.tenants)
	if u.tenants == nil {
		return rows, bytes, services
	}
	all := max(rows, 1)
	rows = u.tenants.rows(b)
	return rows, int64(float64(bytes) * float64(rows) / float64(all)), services
}
