// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// tenantHeader names whose records a request asks for: one tenant, or several with a bar between them.
	tenantHeader = "X-Scope-OrgID"
	// maxTenants is how many a request may ask for at a time.
	maxTenants = 64
	// maxTenantBytes is the longest name of a tenant, as the exporter has it.
	maxTenantBytes = 256
)

// errNoTenant is Loki's text: some clients know it.
var errNoTenant = errors.New("no org id")

// tenantsOf reads the header: distinct names in order.
func tenantsOf(h http.Header) ([]string, error) {
	values := h.Values(tenantHeader)
	switch {
	case len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "":
		return nil, errNoTenant
	case len(values) > 1:
		return nil, badRequestf("the header %s must be there once, got it %d times", tenantHeader, len(values))
	}
	names := strings.Split(values[0], "|")
	if len(names) > maxTenants {
		return nil, badRequestf("the header %s must name at most %d tenants, got %d", tenantHeader, maxTenants, len(names))
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
		if err := checkTenant(names[i]); err != nil {
			return nil, badRequestf("the header %s: %s", tenantHeader, err)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func checkTenant(name string) error {
	switch {
	case name == "":
		return errors.New("the name of a tenant must not be empty")
	case len(name) > maxTenantBytes:
		return fmt.Errorf("the name of a tenant must be at most %d bytes long, got %d", maxTenantBytes, len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsRune(name, '|'):
		return fmt.Errorf("the name of a tenant must be UTF-8 without control characters and bars, got %q", name)
	}
	return nil
}

// limits are what one query may do; 0 means no limit, but for the number of entries and series.
type limits struct {
	concurrent, queued int // queries of the tenant that run, and that wait
	entries, series    int
	span               time.Duration
	readBytes          int64
}

// limitsOf are those of a tenant, and the tightest of several.
func (a *archiveQuery) limitsOf(tenants []string) limits {
	q, t := &a.cfg.Query, &a.cfg.Tenants
	l := limits{entries: q.MaxEntries, series: q.MaxSeries, span: q.MaxRange, readBytes: int64(q.MaxReadMiB) << 20}
	if !t.Enabled {
		return l
	}
	l.concurrent, l.queued = t.MaxConcurrent, t.MaxQueued
	own := make([]limits, 0, len(tenants))
	for _, name := range tenants {
		one := l
		if o, ok := t.Limits[name]; ok {
			one = o.over(one)
		}
		own = append(own, one)
	}
	for i, one := range own {
		if i == 0 {
			l = one
			continue
		}
		l = limits{
			concurrent: tighter(l.concurrent, one.concurrent), queued: tighter(l.queued, one.queued),
			entries: tighter(l.entries, one.entries), series: tighter(l.series, one.series),
			span: tighter(l.span, one.span), readBytes: tighter(l.readBytes, one.readBytes),
		}
	}
	return l
}

// tighter is the smaller of two limits, of which 0 is none.
func tighter[T int | int64 | time.Duration](a, b T) T {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// identify finds out whose records the call may see.
func (c *call) identify() error {
	if c.a.cfg.Tenants.Enabled {
		tenants, err := tenantsOf(c.r.Header)
		if err != nil {
			return err
		}
		c.tenants = tenants
	}
	c.limit = c.a.limitsOf(c.tenants)
	return nil
}

// bounds reads the time range, which must not be longer than the call's tenants may ask for.
func (c *call) bounds(span time.Duration) (start, end time.Time, err error) {
	if start, end, err = c.p.bounds(span); err != nil {
		return start, end, err
	}
	return start, end, c.checkSpan(end.Sub(start))
}

func (c *call) checkSpan(span time.Duration) error {
	if c.limit.span > 0 && span > c.limit.span {
		return &rangeError{span, c.limit.span}
	}
	return nil
}

// rangeError says that a query looks at too long a time.
type rangeError struct{ got, limit time.Duration }

func (e *rangeError) Error() string {
	return fmt.Sprintf("the query time range exceeds the limit (query length: %s, limit: %s)", e.got, e.limit)
}
