// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/logboom/logboom/archive/internal/textindex"
)

// objectPlan says which row groups of an object may hold what the query asks for.
type objectPlan struct {
	file     *objectFile
	match    *textindex.Match    // nil: no index
	verdicts []textindex.Verdict // by row group: None for those that are pruned
	pruned   RowGroupsPruned

	mu    sync.Mutex // of what is above, and of
	later []bool     // row groups that the index is still to be asked for
	asked int        // how many it was asked for
}

// wants reports whether an object may hold records of the request, as far as the commit log tells.
func (q *query) wants(o *ObjectMeta) bool {
	if o.MaxTime < q.req.Start || q.req.after(o.MinTime) || !o.HasService(q.req.Service) || q.req.Object != nil && !q.req.Object(o) {
		return false
	}
	if q.req.Severity == nil || o.Counts == nil {
		return true
	}
	return slices.ContainsFunc(o.Counts.Cells, func(c CountCell) bool {
		return !numbered(c.SeverityNumber) || q.req.Severity(c.SeverityNumber, "")
	})
}

// numbered reports whether a severity number is one that needs no text.
func numbered(n int32) bool { return n >= 1 && n <= 24 }

// severity asks the request for a severity, which it keeps or not.
func (q *query) severity(number int32, text string) bool {
	if numbered(number) {
		text = ""
	}
	return q.req.Severity(number, text)
}

// planned opens an object and plans it.
func (q *query) planned(meta *ObjectMeta) (*objectPlan, int64, error) {
	q.enter()
	defer q.leave()
	o, offset, err := q.open(meta)
	if err != nil {
		return nil, offset, err
	}
	return q.choose(meta, o), 0, nil
}

// choose plans an object.
func (q *query) choose(meta *ObjectMeta, o *objectFile) *objectPlan {
	start := time.Now()
	p := &objectPlan{file: o, verdicts: make([]textindex.Verdict, len(o.groups))}
	candidates := make([]bool, len(o.groups))
	services := q.services(meta)
	left := 0
	for i := range o.groups {
		g := &o.groups[i]
		switch {
		case g.rows == 0 || g.maxTime < q.req.Start || q.req.after(g.minTime):
			p.pruned.Time++
		case q.noService(g, services):
			p.pruned.Service++
		case q.noSeverity(g):
			p.pruned.Severity++
		case q.noValue(o, g):
			p.pruned.Values++
		default:
			candidates[i], p.verdicts[i] = true, textindex.Maybe
			left++
		}
	}
	timed(&q.plan, start)
	if q.index == nil || o.index == nil || left == 0 {
		return p
	}
	p.match = o.index.Match(q.index)
	p.match.Lock = q.lock
	if q.req.Limit > 0 && left > 1 { // the first row group may be enough
		p.later = candidates
		return p
	}
	q.ask(p, candidates)
	for i, v := range p.verdicts {
		if candidates[i] && v == textindex.None {
			p.pruned.Index++
		}
	}
	return p
}

// ask asks the index for row groups.
func (q *query) ask(p *objectPlan, candidates []bool) {
	defer timed(&q.indexed, time.Now())
	verdicts, err := q.indexGroups(p.match, candidates)
	if err != nil || len(verdicts) != len(candidates) {
		q.note(p.file.meta, p.file.meta.Index.Offset, err)
		p.match = nil
		return
	}
	for i, ok := range candidates {
		if ok {
			p.verdicts[i] = verdicts[i]
		}
	}
}

// verdict is what the index says of a row group. Where it was put off, it is asked for this and the next ones, more each
// time.
func (q *query) verdict(p *objectPlan, group int) (textindex.Verdict, *textindex.Match) {
	q.lock(&p.mu)
	defer p.mu.Unlock()
	if p.match != nil && p.later != nil && p.later[group] {
		next := make([]bool, len(p.later))
		step := 1
		if q.req.Descending {
			step = -1
		}
		n := 0
		for i := group; i >= 0 && i < len(next) && n <= p.asked; i += step {
			if p.later[i] {
				next[i], p.later[i] = true, false
				n++
			}
		}
		p.asked += n
		q.ask(p, next)
	}
	return p.verdicts[group], p.match
}

// indexGroups asks an index, whose damage must not be more than an error.
func (q *query) indexGroups(m *textindex.Match, candidates []bool) (v []textindex.Verdict, err error) {
	defer guard(&err)
	return m.Groups(q.ctx, candidates)
}

func (q *query) indexRows(m *textindex.Match, group int) (r textindex.Rows, err error) {
	defer guard(&err)
	defer timed(&q.indexed, time.Now())
	return m.Rows(q.ctx, group)
}

// services are those of the object that the request keeps, in order; nil: all, or they are not known.
func (q *query) services(meta *ObjectMeta) []string {
	if q.req.Service == nil || meta.Counts == nil {
		return nil
	}
	kept := make([]string, 0, len(meta.Counts.Services))
	for _, s := range meta.Counts.Services {
		if q.req.Service(s) {
			kept = append(kept, s)
		}
	}
	return kept
}

func (q *query) noService(g *rowGroupInfo, services []string) bool {
	if q.req.Service == nil {
		return false
	}
	st := &g.columns[colServiceName].MetaData.Statistics
	if st.MinValue == nil && st.MaxValue == nil || len(st.MaxValue) == 0 { // not known, or the empty name alone
		return services != nil && len(services) == 0
	}
	if bytes.Equal(st.MinValue, st.MaxValue) {
		return !q.req.Service(string(st.MinValue))
	}
	return services != nil && !slices.ContainsFunc(services, func(s string) bool {
		return s >= string(st.MinValue) && s <= string(st.MaxValue)
	})
}

func (q *query) noSeverity(g *rowGroupInfo) bool {
	if q.req.Severity == nil {
		return false
	}
	lo, hi, ok := int32Bounds(&g.columns[colSeverityNumber].MetaData)
	if !ok || !numbered(lo) || !numbered(hi) {
		return false
	}
	for n := lo; n <= hi; n++ {
		if q.req.Severity(n, "") {
			return false
		}
	}
	return true
}

// noValue asks the promoted columns. A value of another kind than its column's is in the map alone; so a column says
// something only where no row is without.
func (q *query) noValue(o *objectFile, g *rowGroupInfo) bool {
	for i := range q.values {
		v := &q.values[i]
		var name string
		switch v.kind {
		case fieldLogAttribute:
			name = "LogAttributes." + v.key
		case fieldResourceAttribute:
			name = "ResourceAttributes." + v.key
		default:
			continue
		}
		leaf, ok := o.promoted[name]
		if !ok || len(v.value) == 0 {
			continue
		}
		c := &g.columns[leaf].MetaData
		st := &c.Statistics
		if st.NullCount != 0 || len(st.MinValue) == 0 || len(st.MaxValue) == 0 || c.NumValues != g.rows {
			continue
		}
		if lo, hi, ok := int64Bounds(c); ok && o.shapes[leaf].kind == kindInt64 {
			if n, ok := parseInt(v.value); !ok || n < lo || n > hi {
				return true
			}
		}
		if o.shapes[leaf].kind == kindText && (v.value < string(st.MinValue) || v.value > string(st.MaxValue)) {
			return true
		}
	}
	return false
}

// within reports whether all rows of a row group are in the time range.
func (r *ScanRequest) within(g *rowGroupInfo) bool {
	return g.minTime >= r.Start && (g.maxTime < r.End || r.End == math.MaxInt64)
}
