// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

const (
	// defaultFieldSample is how many records are looked at for fields where there are more; a sample is at most as large as the
	// values that are remembered of a field.
	defaultFieldSample, maxFieldSample = 2000, maxFieldValues
	// defaultTopValues is how many values of each field are in the answer, and defaultAllValues of a single one.
	defaultTopValues, defaultAllValues, maxTopValues = 10, 100, 1000
	// maxShownFields is how many fields are in the answer.
	maxShownFields = 1000

	fromStream, fromMetadata, fromLogfmt, fromQuery = "stream", "metadata", "logfmt", "query"
	labelService                                    = "service_name"
)

// fieldJSON is what is known of one field of the records of a query.
type fieldJSON struct {
	Name        string       `json:"name"`
	From        string       `json:"from"`
	Type        string       `json:"type"`
	Records     int64        `json:"records"`
	Distinct    int          `json:"distinct"`
	Exact       bool         `json:"exact,omitempty"`
	MatcherOnly bool         `json:"matcher_only"`
	Values      []valueCount `json:"values"`
	Number      *numberJSON  `json:"number,omitempty"`
}

// valueCount is how many records have a value.
type valueCount struct {
	Value   string `json:"value"`
	Records int64  `json:"records"`
}

type numberJSON struct {
	Min float64 `json:"min"`
	Max float64 `json:"max"`
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// fieldRequest are the parameters of the endpoint.
type fieldRequest struct {
	expr          *logql.LogExpr
	start, end    int64 // start <= t < end
	sample        int
	values        int
	field, prefix string
}

func (c *call) fieldRequest() (*fieldRequest, error) {
	e, err := c.logQuery()
	if err != nil {
		return nil, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return nil, err
	}
	r := &fieldRequest{expr: e, start: start.UnixNano(), end: end.UnixNano(), field: c.p.get("field"), prefix: c.p.get("prefix")}
	if r.sample, err = c.p.number("sample", defaultFieldSample, maxFieldSample); err != nil {
		return nil, err
	}
	values := defaultTopValues
	if r.field != "" {
		values = defaultAllValues
	} else if r.prefix != "" {
		return nil, badRequestf("prefix is of the values of one field: it needs the parameter field")
	}
	r.values, err = c.p.number("values", values, maxTopValues)
	return r, err
}

// fieldValues answers with the fields of the records of a query and the most frequent values of each. How many records each service
// and each level has is counted; all else is of a sample that is spread over the range as the records are.
func (c *call) fieldValues() (answer, error) {
	r, err := c.fieldRequest()
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	edges := sampleEdges(r.start, r.end)
	counts, err := c.countBy(r.expr, edges, labelService, archivesource.LabelLevel)
	if err != nil {
		return answer{}, err
	}
	set := &tallies{fields: map[tallyKey]*tally{}, only: r.field}
	if r.field == "" || r.field != labelService && r.field != archivesource.LabelLevel {
		if err := c.sampleFields(r, edges, counts.buckets, set); err != nil {
			return answer{}, err
		}
	}
	for i, name := range counts.by {
		if r.field == "" || r.field == name {
			set.replace(name, counts.values[i])
		}
	}
	if set.has(r.field, fromStream) && !slices.Contains(counts.by, r.field) { // of a stream label that was asked for, too, it is cheap
		own, err := c.countBy(r.expr, []int64{r.start, r.end}, r.field)
		switch {
		case err == nil:
			set.replace(r.field, own.values[0])
		case !logql.IsUserError(err): // too many values are no mistake here: those of the sample are there
			return answer{}, err
		}
	}
	return c.success(map[string]any{
		"looked_at": set.looked, "total": counts.total, "complete": set.looked == counts.total && c.whole(),
		"fields": set.json(r),
	}), nil
}

// labelCounts are exact numbers of records.
type labelCounts struct {
	by      []string
	values  []map[string]int64 // of each label in by: records by value; "" is those without
	buckets []int64
	total   int64
}

// sampleWindows is about how many parts of a range a sample is from.
const sampleWindows = 32

// sampleEdges cuts a range, at whole minutes where that makes enough parts: those are what the archive has counted.
func sampleEdges(start, end int64) []int64 {
	edges := []int64{start}
	span := uint64(end) - uint64(start) //nolint:gosec // longer than a number of nanoseconds can be
	if end <= start {
		return append(edges, start)
	}
	step := span / sampleWindows
	if step >= uint64(time.Minute/2) {
		step = max((step+uint64(time.Minute/2))/uint64(time.Minute), 1) * uint64(time.Minute)
	}
	step = max(step, 1)
	at := start
	if step >= uint64(time.Minute) {
		at -= ((at % int64(step)) + int64(step)) % int64(step) //nolint:gosec // a 32nd of what there can be
	}
	for uint64(end)-uint64(at) > step { //nolint:gosec // modulo 2^64
		at += int64(step) //nolint:gosec // as above
		edges = append(edges, at)
	}
	return append(edges, end)
}

// countBy counts the records of a log query by labels and in the buckets between edges.
func (c *call) countBy(e *logql.LogExpr, edges []int64, by ...string) (*labelCounts, error) {
	out := &labelCounts{by: by, buckets: make([]int64, len(edges)-1)}
	for range by {
		out.values = append(out.values, map[string]int64{})
	}
	if edges[0] >= edges[len(edges)-1] {
		return out, nil
	}
	add := func(labels logql.Labels, bucket int, n int64) {
		for i, name := range by {
			v := labels.Get(name)
			if _, known := out.values[i][v]; !known {
				v = strings.Clone(v)
			}
			out.values[i][v] += n
		}
		out.buckets[bucket] += n
		out.total += n
	}
	if req := countRequest(e, edges, by); req != nil {
		ok, err := c.source.Count(c.ctx, req, func(n *logql.Count) error {
			add(n.Labels, n.Bucket, n.Entries)
			return nil
		})
		if ok || err != nil {
			return out, err
		}
	}
	return out, c.countWindows(e, edges, slices.Sorted(slices.Values(by)), add)
}

// countRequest is what the archive may be able to count by itself; nil: it is not.
func countRequest(e *logql.LogExpr, edges []int64, by []string) *logql.CountRequest {
	s := logql.Selection(e)
	if len(s.Lines)+len(s.Filters) != len(e.Stages) { // there are others
		return nil
	}
	for _, f := range s.Filters {
		if _, plain := logql.FilterNames(f); !plain {
			return nil
		}
	}
	by = slices.Sorted(slices.Values(by))
	return &logql.CountRequest{Matchers: s.Matchers, Lines: s.Lines, Filters: s.Filters, Keep: s.Keep, By: by, Edges: edges}
}

// countWindows counts by metric queries, whose windows are those of a histogram of the same range, which may be kept.
func (c *call) countWindows(e *logql.LogExpr, edges []int64, by []string, add func(logql.Labels, int, int64)) error {
	start, end := edges[0], edges[len(edges)-1]
	if err := checkYears("start and end", time.Unix(0, start), time.Unix(0, end)); err != nil {
		return err
	}
	step := int64(roundStep(uint64(end) - uint64(start))) //nolint:gosec // end is behind start, even where their distance is no int64
	bucketOf := func(t int64) int {                       // in which the window begins: near enough to spread a sample by
		i, found := slices.BinarySearch(edges, t)
		if !found {
			i--
		}
		return min(max(i, 0), len(edges)-2)
	}
	counted := byLevel(e)
	// A window of LogQL is open where it begins and closed where it ends: the one that ends 1 ns before a bucket does has its times.
	eval := func(from, to, step int64) error {
		if from >= to {
			return nil
		}
		res, err := c.evalKept(&logql.VectorAggregation{
			Op: "sum", Grouping: &logql.Grouping{Names: by},
			Inner: &logql.RangeAggregation{Op: "count_over_time", Range: &logql.LogRange{Log: counted, Interval: time.Duration(step)}},
		}, logql.Params{Start: from + step - 1, End: to - 1, Step: time.Duration(step), Unweighted: true, Limits: c.limits()})
		if err != nil {
			return err
		}
		for _, s := range res.Series {
			for _, p := range s.Points {
				add(s.Labels, bucketOf(p.T-step+1), int64(math.Round(p.V)))
			}
		}
		return nil
	}
	first, last := floorTo(start, step), floorTo(end, step)
	if first < start {
		first += step
	}
	if first > last { // within one of them
		return eval(start, end, end-start)
	}
	err := eval(start, first, first-start)
	if err == nil {
		err = eval(first, last, step)
	}
	if err == nil {
		err = eval(last, end, end-last)
	}
	return err
}

// sampleFields looks at records of every bucket, as many of each as fit its share.
func (c *call) sampleFields(r *fieldRequest, edges, counts []int64, set *tallies) error {
	total := int64(0)
	for _, n := range counts {
		total += n
	}
	switch {
	case total == 0:
		return nil
	case total <= int64(r.sample), total <= maxFieldSample && countRequest(r.expr, edges, nil) == nil:
		return c.tallyAll(r, set)
	}
	quotas := shares(counts, total, int64(r.sample))
	for i, quota := range quotas {
		if quota == 0 {
			continue
		}
		from, to := edges[i], edges[i+1]
		// Not from where a bucket begins: jobs run at full minutes.
		at := from
		if quota < counts[i] {
			at += int64(float64(to-from) * (float64(i+1)*math.Phi - math.Floor(float64(i+1)*math.Phi)))
		}
		before := set.looked
		if err := c.tallyRange(r, at, to, quota, set); err != nil {
			return err
		}
		if got := set.looked - before; got < quota && at > from {
			if err := c.tallyRange(r, from, at, quota-got, set); err != nil {
				return err
			}
		}
	}
	return nil
}

// tallyAll looks at all records of the query: they are few, so that it may have to parse many others to find some of them, and in no order that
// is quicker.
func (c *call) tallyAll(r *fieldRequest, set *tallies) error {
	var mu sync.Mutex
	_, err := logql.Walk(c.ctx, c.source, r.expr, logql.Params{Start: r.start, End: r.end}, func() func(*logql.Line) error {
		return func(l *logql.Line) error {
			mu.Lock()
			defer mu.Unlock()
			set.add(l.Stream(), &logql.StreamEntry{Timestamp: l.Entry.Timestamp, Line: l.Text, Metadata: l.Metadata(), Parsed: l.Parsed()})
			return nil
		}
	})
	return err
}

func (c *call) tallyRange(r *fieldRequest, from, to, most int64, set *tallies) error {
	_, err := logql.EachEntry(c.ctx, c.source, r.expr, logql.Params{Start: from, End: to, Limit: int(most)}, func(stream logql.Labels, e *logql.StreamEntry) error {
		set.add(stream, e)
		return nil
	})
	return err
}

// shares distributes fewer records than there are over buckets as all are distributed; every bucket that has some gets one, if there
// is enough.
func shares(counts []int64, total, most int64) []int64 {
	out := make([]int64, len(counts))
	order := make([]int, 0, len(counts)) // those that have some, the largest first
	for i, n := range counts {
		if n > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(counts[b], counts[a]) })
	left := most
	for _, i := range order {
		if left > 0 {
			out[i]++
			left--
		}
	}
	spread := float64(left) / float64(total)
	for _, i := range order {
		more := min(int64(float64(counts[i])*spread), counts[i]-out[i])
		out[i] += more
		left -= more
	}
	for left > 0 { // what rounding has left: less than one of each, mostly
		for _, i := range order {
			if left > 0 && out[i] < counts[i] {
				out[i]++
				left--
			}
		}
	}
	return out
}

// fieldNumber is the value of a text as a number of the type: a duration is in seconds.
func fieldNumber(kind, v string) (float64, bool) {
	switch kind {
	case "int", "float":
		f, err := strconv.ParseFloat(v, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case "duration":
		d, ok := logql.ParseDuration(v)
		return d.Seconds(), ok
	}
	return 0, false
}
