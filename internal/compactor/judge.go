// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// displacedSlack is how long records of a displaced object, whose times are spread widely, outlive their age, so that it
// is not written anew for every one of them.
const displacedSlack = 24 * time.Hour

// verdict is what retention says of an object by its metadata.
type verdict int

const (
	keepAll    verdict = iota
	keepSome           // some of its rows are due: write it anew
	keepNone           // all are
	lookInside         // some may be: its rows must be read to know
)

// judge says what is due of an object. An object whose times are those of its partition is written anew for a class of records when
// all of that class are old enough, so at most once for each age.
func (r *Retention) judge(o *archive.ObjectMeta, now time.Time) (v verdict, why string) {
	if o.Counts == nil {
		return r.judgeBlind(o, now)
	}
	all, some, inside := true, false, false
	var reasons []string
	for _, c := range classesOf(o) {
		age, rule := r.age(o.Tenant, c.service, c.severity)
		hold := r.mayHold(o.Tenant, &c.service, c.from, c.to)
		switch {
		case age == 0 || !due(now, age, c.from):
			all = false
			continue
		case due(now, age, c.to) && hold == nil:
			some = true
		case due(now, age, c.to) && !hold.contains(c.from, c.to):
			all, inside = false, true
		case o.Displaced && due(now, age+displacedSlack, c.from) && hold == nil:
			all, inside = false, true
		default:
			all = false
			continue
		}
		if !slices.Contains(reasons, rule) {
			reasons = append(reasons, rule)
		}
	}
	why = strings.Join(reasons, "; ")
	switch {
	case all && some:
		return keepNone, why
	case inside:
		return lookInside, why
	case some:
		return keepSome, why
	}
	return keepAll, ""
}

// judgeBlind judges an object of which only the times are known.
func (r *Retention) judgeBlind(o *archive.ObjectMeta, now time.Time) (verdict, string) {
	age, why, ok := r.uniform(o.Tenant)
	if ok && age > 0 && due(now, age, o.MaxTime) && r.mayHold(o.Tenant, nil, o.MinTime, o.MaxTime) == nil {
		return keepNone, why
	}
	for _, age := range r.ages(o.Tenant) {
		if due(now, age, o.MaxTime) || o.Displaced && due(now, age+displacedSlack, o.MinTime) {
			return lookInside, "services are not known"
		}
	}
	return keepAll, ""
}

// due reports whether a record of that time is older than an age.
func due(now time.Time, age time.Duration, t int64) bool {
	at := now.UnixNano()
	if at < math.MinInt64+int64(age) {
		return false
	}
	return t < at-int64(age)
}

// contains reports whether the hold covers all times of from to to.
func (h *Hold) contains(from, to int64) bool {
	return (h.From.IsZero() || from >= h.From.UnixNano()) && (h.To.IsZero() || to < h.To.UnixNano())
}

// class is the rows of an object of one service and severity, and bounds of their times.
type class struct {
	service  string
	severity int32
	from, to int64
}

func classesOf(o *archive.ObjectMeta) (list []class) {
	type key struct{ service, severity int32 }
	index := map[key]int{}
	for i := range o.Counts.Cells {
		cell := &o.Counts.Cells[i]
		from, to := o.MinTime, o.MaxTime
		if width := o.Counts.Minutes * int64(time.Minute); width > 0 {
			from, to = max(from, cell.Start()), min(to, cell.Start()+width-1)
		}
		k := key{cell.Service, cell.SeverityNumber}
		at, ok := index[k]
		if !ok {
			at = len(list)
			index[k] = at
			list = append(list, class{o.Counts.Services[cell.Service], cell.SeverityNumber, from, to})
		}
		list[at].from, list[at].to = min(list[at].from, from), max(list[at].to, to)
	}
	return list
}

// keep returns what decides about the records of a tenant, for one goroutine: it looks at nothing but time, service and severity.
func (r *Retention) keep(tenant string, now time.Time) func(*archive.Record) bool {
	type key struct {
		service  string
		severity int32
	}
	ages := map[key]time.Duration{}
	return func(record *archive.Record) bool {
		k := key{record.ServiceName, record.SeverityNumber}
		age, ok := ages[k]
		if !ok {
			age, _ = r.age(tenant, k.service, k.severity)
			if len(ages) < 1<<16 { // services come from outside
				k.service = strings.Clone(k.service)
				ages[k] = age
			}
		}
		return age == 0 || !due(now, age, record.Timestamp) || r.held(tenant, record.ServiceName, record.Timestamp) != nil
	}
}

// sizeOf returns the bound on a tenant's objects, 0: none.
func (r *Retention) sizeOf(tenant string) (int64, string) {
	for _, s := range r.Sizes {
		if match(s.Tenant, tenant) {
			return s.MaxBytes, fmt.Sprintf("size of tenant %q max_bytes=%d", s.Tenant, s.MaxBytes)
		}
	}
	return 0, ""
}

// mayHoldAny returns a hold that may cover a record of the object.
func (r *Retention) mayHoldAny(o *archive.ObjectMeta) *Hold {
	if o.Counts == nil {
		return r.mayHold(o.Tenant, nil, o.MinTime, o.MaxTime)
	}
	for _, c := range classesOf(o) {
		if h := r.mayHold(o.Tenant, &c.service, c.from, c.to); h != nil {
			return h
		}
	}
	return nil
}
