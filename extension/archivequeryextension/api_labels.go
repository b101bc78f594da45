// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
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
		return answer{json: response{Status: "success", Data: services, Warnings: c.warnings()}}, err
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

// indexStats estimates from counts; no row is read. It does not wait for a turn: people see it while they type.
func (c *call) indexStats() (answer, error) {
	selector := c.p.get("query")
	if strings.TrimSpace(selector) == "" {
		return answer{}, badRequestf("query must be a stream selector")
	}
	ms, err := matchers(selector)
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	s, err := c.snapshot()
	if err != nil {
		return answer{}, err
	}
	c.source = archivesource.New(s, c.a.mapper, archivesource.Options{MaxBytes: c.limit.readBytes})
	e, err := c.source.Estimate(c.ctx, start.UnixNano(), inclusive(end), ms, maxStreams)
	if err != nil {
		return answer{}, err
	}
	return answer{json: c.warn(map[string]any{"streams": e.Streams, "chunks": e.Objects, "bytes": e.Bytes, "entries": e.Entries})}, nil
}

// detectedLabels are the stream labels with their numbers of values, but for those that are ids.
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
		if !areIDs(name, vs) {
			out = append(out, detected{name, len(vs)})
		}
	}
	slices.SortFunc(out, func(a, b detected) int { return strings.Compare(a.Label, b.Label) })
	return answer{json: c.warn(map[string]any{"detectedLabels": out})}, nil
}

// areIDs reports whether all values of a label are numbers or UUIDs, and it is none of those that people choose by
// even so.
func areIDs(name string, values map[string]struct{}) bool {
	switch name {
	case "cluster", "namespace", "instance", "pod":
		return false
	}
	for v := range values {
		if _, err := strconv.ParseFloat(v, 64); err != nil && !isUUID(v) {
			return false
		}
	}
	return true
}

// isUUID reports whether a text is of the form 8-4-4-4-12, hexadecimal.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return false
			}
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
		default:
			return false
		}
	}
	return true
}
