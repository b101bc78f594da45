// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/culprit"
	"github.com/logboom/logboom/logql"
)

const (
	// defaultCauses and maxCauses are how many causes an answer has.
	defaultCauses, maxCauses = 20, 100
	// baselineLengths is how many times as long as the bad interval the baseline before it is.
	baselineLengths = 4
	// everything is the query of who has none.
	everything = `{service_name=~".+"}`
)

// culpritSide is one side of a comparison.
type culpritSide struct {
	spans [][2]int64 // start <= t < end each
	expr  *logql.LogExpr
	// except is a test of the records that are not of the side although the query keeps them; nil: there are none.
	except func() func(*logql.Entry) bool
	total  float64
	exact  bool // that is the number of its records
	looked int64
}

// comparison is what a request asks for.
type comparison struct {
	by        culprit.By
	bad, base culpritSide
	grid      timeGrid
	limit     int
	warnings  []string
}

type culpritSideJSON struct {
	StartMs  int64 `json:"start_ms"`
	EndMs    int64 `json:"end_ms"`
	Records  int64 `json:"records"`
	LookedAt int64 `json:"looked_at"`
}

type causeKeyJSON struct {
	Kind     culprit.Kind `json:"kind"`
	Service  string       `json:"service"`
	Field    string       `json:"field,omitempty"`
	Value    string       `json:"value,omitempty"`
	Template string       `json:"template,omitempty"`
}

type causeJSON struct {
	causeKeyJSON
	Matcher         string         `json:"matcher,omitempty"`
	Filter          string         `json:"filter,omitempty"`
	Score           float64        `json:"score"`
	Lift            float64        `json:"lift"`
	BadRecords      int64          `json:"bad_records"`
	BadShare        float64        `json:"bad_share"`
	BaselineRecords int64          `json:"baseline_records"`
	BaselineShare   float64        `json:"baseline_share"`
	New             bool           `json:"new"`
	First           string         `json:"first"`
	Summary         string         `json:"summary"`
	Samples         []int64        `json:"samples"`
	Examples        []recordJSON   `json:"examples"`
	Also            []causeKeyJSON `json:"also"`
}

// culprit ranks what is different about bad records.
func (c *call) culprit() (answer, error) {
	q, err := c.comparison()
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	if err := c.baselineSpans(q); err != nil {
		return answer{}, err
	}
	sample := culprit.NewSample(min(maxSampleBytes, c.a.cfg.Query.memoryBytes()/2))
	if err := c.sampleSides(sample, q); err != nil {
		return answer{}, err
	}
	report, err := culprit.Analyse(c.ctx, sample, culprit.Params{
		By: q.by, Limit: q.limit, Start: q.grid.first, Step: q.grid.step, Steps: q.grid.n,
		Total:  [2]float64{q.base.total, q.bad.total},
		Length: [2]float64{q.base.length(), q.bad.length()},
	})
	if err != nil {
		return answer{}, err
	}
	causes := make([]causeJSON, 0, len(report.Causes))
	for _, cause := range report.Causes {
		causes = append(causes, makeCause(cause))
	}
	if q.by == culprit.ByFilter {
		switch {
		case q.bad.looked == 0:
			q.warnings = append(q.warnings, "no record passes bad: there is nothing to compare")
		case q.base.looked == 0:
			q.warnings = append(q.warnings, "the query keeps bad records alone: there are no others to compare them with; ask without the filter")
		}
	}
	if note := report.Note(); note != "" {
		q.warnings = append(q.warnings, note)
	}
	ans := c.success(map[string]any{
		"bad": q.bad.json(), "baseline": q.base.json(), "by": q.by,
		"complete": q.bad.complete() && q.base.complete() && c.whole(),
		"start_ms": floorMs(q.grid.first), "step_ms": q.grid.step / int64(time.Millisecond),
		"causes": causes,
	})
	r := ans.json.(response)
	r.Warnings = append(r.Warnings, q.warnings...)
	return answer{json: r}, nil
}

// comparison reads the parameters.
func (c *call) comparison() (*comparison, error) {
	e, err := logql.ParseLog(cmp.Or(strings.TrimSpace(c.p.get("query")), everything))
	if err != nil {
		return nil, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return nil, err
	}
	if !end.After(start) {
		return nil, badRequestf("end must be after start: the interval has no length")
	}
	if err := checkYears("start and end", start, end); err != nil {
		return nil, err
	}
	q := &comparison{by: culprit.ByInterval}
	q.bad.expr, q.base.expr = e, e
	q.bad.spans = [][2]int64{{start.UnixNano(), end.UnixNano()}}
	if q.limit, err = c.p.number("limit", defaultCauses, maxCauses); err != nil {
		return nil, err
	}
	bad := strings.TrimSpace(c.p.get("bad"))
	if bad == "" {
		return q, c.baseline(q, start, end)
	}
	if c.p.get("baseline_start") != "" || c.p.get("baseline_end") != "" {
		return nil, badRequestf("baseline_start and baseline_end go with an interval: with bad, the rest of the records is the baseline")
	}
	filter, err := logql.ParsePipeline(bad)
	switch {
	case err != nil:
		return nil, err
	case len(filter.Matchers) > 0:
		return nil, badRequestf(`bad must be a pipeline, such as | detected_level="error", without a stream selector`)
	case len(filter.Stages) == 0:
		return nil, badRequestf(`bad must have a filter, such as | detected_level="error"`)
	}
	both := *e
	both.Stages = slices.Concat(e.Stages, filter.Stages)
	q.by, q.bad.expr = culprit.ByFilter, &both
	q.base.spans, q.base.except = q.bad.spans, both.NewTest
	return q, nil
}

// baseline reads the times of the baseline of an interval.
func (c *call) baseline(q *comparison, start, end time.Time) error {
	from, err := c.p.time("baseline_start", time.Time{})
	if err != nil {
		return err
	}
	to, err := c.p.time("baseline_end", start)
	if err != nil {
		return err
	}
	if from.IsZero() {
		length := end.Sub(start)
		if length > math.MaxInt64/baselineLengths {
			length = math.MaxInt64 / baselineLengths
		}
		if from = to.Add(-baselineLengths * length); from.Before(time.Unix(0, -farthest)) {
			from = time.Unix(0, -farthest)
		}
	}
	if to.Before(from) {
		return badRequestf("baseline_end must not be before baseline_start")
	}
	if err := checkYears("baseline_start and baseline_end", from, to); err != nil {
		return err
	}
	if err := c.checkSpan(to.Sub(from)); err != nil {
		return err
	}
	q.base.spans = [][2]int64{{from.UnixNano(), to.UnixNano()}}
	return nil
}

// baselineSpans cuts the sides to the times of which there may be records, and the bad interval out of its baseline.
func (c *call) baselineSpans(q *comparison) error {
	now := c.p.now.UnixNano()
	bad := &q.bad.spans[0]
	if bad[1] > now && bad[0] < now {
		bad[1] = now + 1
	}
	if q.by == culprit.ByInterval {
		asked := c.p.get("baseline_start") != "" || c.p.get("baseline_end") != ""
		span := q.base.spans[0]
		q.base.spans = c.withRecords(without(span, *bad))
		if len(q.base.spans) == 0 && !asked {
			length := uint64(bad[1]) - uint64(bad[0]) //nolint:gosec // of an interval
			after := [2]int64{bad[1], bad[1] + int64(min(length, math.MaxInt64/8/baselineLengths))*baselineLengths}
			if after[1] > now {
				after[1] = now + 1
			}
			if q.base.spans = c.withRecords(without(after, *bad)); len(q.base.spans) > 0 {
				q.warnings = append(q.warnings, "there are no records before the interval: it is compared with what comes after it")
			}
		}
		if len(q.base.spans) == 0 {
			q.warnings = append(q.warnings, "there are no records in the baseline: nothing can be called unusual; choose another with baseline_start and baseline_end")
		}
	}
	lo, hi := bad[0], bad[1]
	for _, s := range q.base.spans {
		lo, hi = min(lo, s[0]), max(hi, s[1])
	}
	const buckets = wantedBuckets / 2
	span := uint64(hi) - uint64(lo) //nolint:gosec // hi is behind lo
	step := int64(roundStep(min(span, math.MaxInt64/2) * wantedBuckets / buckets))
	first := lo - ((lo%step)+step)%step
	q.grid = timeGrid{start: lo, end: hi, first: first, step: step, n: int((uint64(hi)-uint64(first))/uint64(step)) + 1} //nolint:gosec // few
	return nil
}

// without returns what is left of a span without another.
func without(span, other [2]int64) (out [][2]int64) {
	if s := [2]int64{span[0], min(span[1], other[0])}; s[0] < s[1] {
		out = append(out, s)
	}
	if s := [2]int64{max(span[0], other[1]), span[1]}; s[0] < s[1] {
		out = append(out, s)
	}
	return out
}

// withRecords cuts spans to begin with the oldest record that may be in them, and drops those that have none.
func (c *call) withRecords(spans [][2]int64) (out [][2]int64) {
	for _, s := range spans {
		oldest := int64(math.MaxInt64)
		for _, o := range c.source.Objects(c.ctx, s[0], s[1]) {
			oldest = min(oldest, o.MinTime)
		}
		for _, f := range c.source.Snapshot().Fresh() {
			if f.MaxTime >= s[0] && f.MinTime < s[1] {
				oldest = min(oldest, f.MinTime)
			}
		}
		if s[0] = max(s[0], oldest); s[0] < s[1] {
			out = append(out, s)
		}
	}
	return out
}

func (s *culpritSide) length() (ns float64) {
	for _, sp := range s.spans {
		ns += float64(sp[1]) - float64(sp[0])
	}
	return ns
}

func (s *culpritSide) complete() bool { return float64(s.looked) >= s.total }

func (s *culpritSide) json() culpritSideJSON {
	out := culpritSideJSON{Records: int64(math.Round(s.total)), LookedAt: s.looked}
	if n := len(s.spans); n > 0 {
		out.StartMs, out.EndMs = floorMs(s.spans[0][0]), floorMs(s.spans[n-1][1])
	}
	return out
}

// floorMs makes milliseconds of ns.
func floorMs(ns int64) int64 { return time.Unix(0, ns).UnixMilli() }

func makeCause(cause *culprit.Cause) causeJSON {
	out := causeJSON{
		causeKeyJSON: causeKey(cause), Matcher: cause.Matcher, Filter: cause.Filter, Score: cause.Score,
		Lift: fourFigures(cause.Lift), BadRecords: int64(math.Round(cause.BadRecords)), BadShare: fourFigures(cause.BadShare),
		BaselineRecords: int64(math.Round(cause.BaseRecords)), BaselineShare: fourFigures(cause.BaselineShare), New: cause.New,
		First: strconv.FormatInt(cause.First, 10), Summary: cause.Summary,
		Samples: make([]int64, len(cause.Samples)), Examples: []recordJSON{}, Also: []causeKeyJSON{},
	}
	for i, n := range cause.Samples {
		out.Samples[i] = int64(n)
	}
	for _, r := range cause.Examples {
		e := newRecord(&logql.Entry{Timestamp: r.Time, Line: r.Line, Stream: r.Stream, Metadata: r.Metadata})
		if r.Bytes > len(e.Line) {
			e.LineTruncated = r.Bytes
		}
		out.Examples = append(out.Examples, e)
	}
	for _, other := range cause.Also {
		out.Also = append(out.Also, causeKey(other))
	}
	return out
}

func causeKey(cause *culprit.Cause) causeKeyJSON {
	return causeKeyJSON{Kind: cause.Kind, Service: cause.Service, Field: cause.Field, Value: cause.Value, Template: cause.Template}
}

// fourFigures keeps about four figures.
func fourFigures(v float64) float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return 0
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(math.Abs(v))))
	return math.Round(v*scale) / scale
}
