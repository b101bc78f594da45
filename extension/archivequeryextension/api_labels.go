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

	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/logql"
)

const (
	// labelsSpan is how far back label requests look that give no start.
	labelsSpan = 6 * time.Hour
	// maxStreams bounds the distinct streams that one request looks at.
	maxStreams = 100_000
	// defaultVolumeLimit is how many series a volume request returns that does not say.
	defaultVolumeLimit = 100
)

// visitStreams calls visit with the streams of the request's range and selector.
func (c *call) visitStreams(selector string, visit func(logql.Labels)) error {
	ms, err := matchers(selector)
	if err != nil {
		return err
	}
	start, end, err := c.bounds(labelsSpan)
	if err != nil {
		return err
	}
	if err := c.acquire(); err != nil {
		return err
	}
	return c.source.Streams(c.ctx, start.UnixNano(), inclusive(end), ms, maxStreams, visit)
}

// inclusive makes the exclusive end of a range of a point in time that belongs to it.
func inclusive(end time.Time) int64 {
	ns := end.UnixNano()
	if ns == math.MaxInt64 {
		return ns
	}
	return ns + 1
}

func sortedKeys(set map[string]struct{}) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (c *call) labels() (answer, error) {
	names := map[string]struct{}{}
	err := c.visitStreams(c.p.get("query"), func(ls logql.Labels) {
		for _, l := range ls {
			names[l.Name] = struct{}{}
		}
	})
	if err != nil {
		return answer{}, err
	}
	return answer{json: response{Status: "success", Data: sortedKeys(names), Warnings: c.warnings()}}, nil
}

func (c *call) labelValues() (answer, error) {
	name := c.r.PathValue("name")
	if services, ok, err := c.services(name); ok || err != nil {
		return answer{json: response{Status: "success", Data: services}}, err
	}
	values := map[string]struct{}{}
	err := c.visitStreams(c.p.get("query"), func(ls logql.Labels) {
		if v := ls.Get(name); v != "" {
			values[v] = struct{}{}
		}
	})
	if err != nil {
		return answer{}, err
	}
	return answer{json: response{Status: "success", Data: sortedKeys(values), Warnings: c.warnings()}}, nil
}

// services answers for the values of service_name from the commit log, without reading an object. Objects
// that the range cuts count whole: a service may be named that is in the same hour only.
func (c *call) services(name string) (services []string, ok bool, err error) {
	if name != "service_name" {
		return nil, false, nil
	}
	ms, err := matchers(c.p.get("query"))
	if err != nil {
		return nil, false, err
	}
	for _, m := range ms {
		if m.Name != name {
			return nil, false, nil
		}
	}
	start, end, err := c.bounds(labelsSpan)
	if err != nil {
		return nil, false, err
	}
	snapshot, err := c.snapshot()
	if err != nil {
		return nil, false, err
	}
	services, ok = archivesource.Services(c.ctx, snapshot, start.UnixNano(), inclusive(end), ms)
	return services, ok, nil
}

func (c *call) series() (answer, error) {
	selectors := append(slices.Clone(c.p.values["match[]"]), c.p.values["match"]...)
	if len(selectors) == 0 {
		selectors = []string{"{}"}
	}
	if len(selectors) > 100 {
		return answer{}, badRequestf("match[] may be given at most 100 times, got %d", len(selectors))
	}
	groups := make([][]*logql.Matcher, len(selectors))
	for i, s := range selectors {
		ms, err := matchers(s)
		if err != nil {
			return answer{}, err
		}
		groups[i] = ms
	}
	seen := map[string]logql.Labels{}
	err := c.visitStreams("", func(ls logql.Labels) {
		for _, ms := range groups {
			if logql.MatchStream(ls, ms) {
				seen[ls.String()] = ls
				return
			}
		}
	})
	if err != nil {
		return answer{}, err
	}
	keys := make([]string, 0, len(seen))
	for k := range seen {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	out := make([]map[string]string, len(keys))
	for i, k := range keys {
		out[i] = seen[k].Map()
	}
	return answer{json: response{Status: "success", Data: out, Warnings: c.warnings()}}, nil
}

// indexStats estimates from the commit log alone; nothing is read.
func (c *call) indexStats() (answer, error) {
	ms, err := matchers(c.p.get("query"))
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	snapshot, err := c.snapshot()
	if err != nil {
		return answer{}, err
	}
	e := archivesource.EstimateOf(c.ctx, snapshot, start.UnixNano(), inclusive(end), ms)
	return answer{json: map[string]any{"streams": e.Services, "chunks": e.Objects, "bytes": e.Bytes, "entries": e.Entries}}, nil
}

// volumeQuery makes the metric query whose answer is the volume: bytes by the labels asked for.
func (c *call) volumeQuery(interval time.Duration) (logql.Expr, error) {
	selector := c.p.get("query")
	if strings.TrimSpace(selector) == "" {
		return nil, badRequestf("query must be a stream selector")
	}
	ms, err := logql.ParseMatchers(selector)
	if err != nil {
		return nil, err
	}
	var names []string
	if t := c.p.get("targetLabels"); t != "" {
		for _, n := range strings.Split(t, ",") {
			names = append(names, strings.TrimSpace(n))
		}
	} else {
		for _, m := range ms {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return &logql.VectorAggregation{
		Op:       "sum",
		Grouping: &logql.Grouping{Names: names},
		Inner: &logql.RangeAggregation{
			Op:    "bytes_over_time",
			Range: &logql.LogRange{Log: &logql.LogExpr{Matchers: ms}, Interval: interval},
		},
	}, nil
}

// byLabel turns volumes by label sets into volumes by label name.
func byLabel(series []logql.Series) []logql.Series {
	sums := map[string]map[int64]float64{}
	for _, s := range series {
		for _, l := range s.Labels {
			if sums[l.Name] == nil {
				sums[l.Name] = map[int64]float64{}
			}
			for _, p := range s.Points {
				sums[l.Name][p.T] += p.V
			}
		}
	}
	var out []logql.Series
	for name, points := range sums {
		s := logql.Series{Labels: logql.Labels{{Name: name}}}
		for t, v := range points {
			s.Points = append(s.Points, logql.Point{T: t, V: v})
		}
		slices.SortFunc(s.Points, func(a, b logql.Point) int { return cmp.Compare(a.T, b.T) })
		out = append(out, s)
	}
	return out
}

func total(s logql.Series) float64 {
	sum := 0.0
	for _, p := range s.Points {
		sum += p.V
	}
	return sum
}

func (c *call) volume() (answer, error)      { return c.volumes(true) }
func (c *call) volumeRange() (answer, error) { return c.volumes(false) }

func (c *call) volumes(instant bool) (answer, error) {
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	limit, err := c.p.number("limit", defaultVolumeLimit, c.limit.series)
	if err != nil {
		return answer{}, err
	}
	byName := false
	switch v := c.p.get("aggregateBy"); v {
	case "", "series":
	case "labels":
		byName = true
	default:
		return answer{}, badRequestf("invalid aggregateBy %q: expecting series or labels", v)
	}
	p := logql.Params{Start: end.UnixNano(), End: end.UnixNano(), Limits: c.limits()}
	interval := min(end.Sub(start), math.MaxInt64-1) + 1 // a window is open at its start, and start belongs to the range
	if !instant {
		if interval, err = c.p.step(start, end); err != nil {
			return answer{}, err
		}
		p.Start, p.Step = start.UnixNano(), interval
	}
	e, err := c.volumeQuery(interval)
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	res, err := logql.Eval(c.ctx, c.source, e, p)
	if err != nil {
		return answer{}, err
	}
	series := res.Series
	if byName {
		series = byLabel(series)
	}
	slices.SortStableFunc(series, func(a, b logql.Series) int {
		if d := cmp.Compare(total(b), total(a)); d != 0 {
			return d
		}
		return strings.Compare(a.Labels.String(), b.Labels.String())
	})
	series = series[:min(limit, len(series))]
	kind := logql.TypeMatrix
	if instant {
		kind = logql.TypeVector
	}
	out := resultJSON{kind: string(kind), series: series, warnings: c.warnings(), stats: c.statistics(res)}
	return out.answer()
}

func (c *call) detectedLabels() (answer, error) {
	values := map[string]map[string]struct{}{}
	err := c.visitStreams(c.p.get("query"), func(ls logql.Labels) {
		for _, l := range ls {
			if values[l.Name] == nil {
				values[l.Name] = map[string]struct{}{}
			}
			values[l.Name][l.Value] = struct{}{}
		}
	})
	if err != nil {
		return answer{}, err
	}
	type detected struct {
		Label       string `json:"label"`
		Cardinality int    `json:"cardinality"`
	}
	out := []detected{}
	for name, vs := range values {
		out = append(out, detected{name, len(vs)})
	}
	slices.SortFunc(out, func(a, b detected) int { return strings.Compare(a.Label, b.Label) })
	return answer{json: c.warn(map[string]any{"detectedLabels": out})}, nil
}

// fieldType guesses what the values of a field are, as Loki names the types.
func fieldType(v string) string {
	if len(v) > 20 { // an id in digits is not a number
		return "string"
	}
	if _, err := strconv.ParseInt(v, 10, 64); err == nil {
		return "int"
	}
	if _, err := strconv.ParseFloat(v, 64); err == nil {
		return "float"
	}
	if v == "true" || v == "false" {
		return "boolean"
	}
	if _, ok := logql.ParseDuration(v); ok {
		return "duration"
	}
	if logql.IsBytes(v) {
		return "bytes"
	}
	return "string"
}
