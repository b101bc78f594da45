// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/internal/patterns"
	"github.com/logboom/logboom/logql"
)

const (
	// defaultTemplates is how many templates are in an answer that does not say, and maxTemplates is how many there may be.
	defaultTemplates, maxTemplates = 100, 1000
	// maxTemplateSteps bounds the samples of a template.
	maxTemplateSteps = 500
	// maxShares is how many services and levels of a template are listed.
	maxShares = 20
	// maxDoubts is how many templates that are not in a sample of the time before are looked for in all of it.
	maxDoubts = 12
	// surelyNew is how many lines a sample of that time should have of what is not even looked for: one that has none has them not by chance.
	surelyNew = 20
	// leastBaseline is how many times the records of the time before there may be in the range, if anything is to be new.
	leastBaseline = 20
)

// patternsJSON is the lines of a query in groups.
type patternsJSON struct {
	LookedAt  int64          `json:"looked_at"`
	Records   int64          `json:"records"`
	Fraction  float64        `json:"fraction"` // of the records: looked at
	Complete  bool           `json:"complete"` // all of them, and each has its template
	StartMS   int64          `json:"start_ms"`
	EndMS     int64          `json:"end_ms"`
	StepMS    int64          `json:"step_ms"`
	Baseline  *baselineJSON  `json:"baseline"`        // null: none was wanted
	Total     int            `json:"templates_total"` // how many there are, of which the answer may have fewer
	Rest      int64          `json:"rest"`            // records whose template is not known, because there are too many
	Templates []templateJSON `json:"templates"`
}

// baselineJSON is what is compared with.
type baselineJSON struct {
	StartMS  int64 `json:"start_ms"`
	EndMS    int64 `json:"end_ms"`
	Records  int64 `json:"records"`
	LookedAt int64 `json:"looked_at"`
}

type templateJSON struct {
	Template        string       `json:"template"`
	Message         string       `json:"message,omitempty"` // of a structured line: what its message is
	Filter          string       `json:"filter"`
	Records         int64        `json:"records"`
	Services        []valueCount `json:"services"`
	Levels          []valueCount `json:"levels"`
	First           string       `json:"first"` // ns
	Last            string       `json:"last"`
	New             bool         `json:"new"`
	BaselineRecords int64        `json:"baseline_records"`
	Samples         []float64    `json:"samples"`
	Examples        []any        `json:"examples"`
}

// templatePatterns groups the lines of a log query into templates, those first that were not there before.
func (c *call) templatePatterns() (answer, error) {
	e, err := c.logQuery()
	if err != nil {
		return answer{}, err
	}
	g, before, err := c.patternTimes()
	if err != nil {
		return answer{}, err
	}
	limit, err := c.p.number("limit", defaultTemplates, maxTemplates)
	if err != nil {
		return answer{}, err
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	res, whole, err := c.mine(e, g, before)
	if err != nil {
		return answer{}, err
	}
	out := patternsJSON{
		LookedAt: res.Looked[patterns.Current], Records: res.Records[patterns.Current], Fraction: 1,
		Complete: whole[patterns.Current] && res.Rest == 0 && c.whole(),
		StartMS:  g.first / int64(time.Millisecond), EndMS: (g.first + int64(g.n)*g.step) / int64(time.Millisecond), StepMS: g.step / int64(time.Millisecond),
		Rest: res.Rest, Templates: []templateJSON{},
	}
	if out.Records > 0 {
		out.Fraction = min(1, float64(out.LookedAt)/float64(out.Records))
	}
	isNew := map[string]bool{}
	if before != nil {
		out.Baseline = &baselineJSON{
			StartMS: before.start / int64(time.Millisecond), EndMS: before.end / int64(time.Millisecond),
			Records: res.Records[patterns.Baseline], LookedAt: res.Looked[patterns.Baseline],
		}
		if isNew, err = c.newTemplates(e, res, before, whole[patterns.Baseline]); err != nil {
			return answer{}, err
		}
	}
	list := slices.DeleteFunc(res.Templates, func(t patterns.Template) bool { return t.Looked == 0 })
	out.Total = len(list)
	slices.SortStableFunc(list, func(a, b patterns.Template) int { return cmp.Compare(number(isNew[b.Text]), number(isNew[a.Text])) })
	for i := range list[:min(limit, len(list))] {
		t := templateOf(&list[i], g)
		t.New = isNew[list[i].Text]
		out.Templates = append(out.Templates, t)
	}
	return c.success(out), nil
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}

// mine groups the lines of a range, and of the one before if that is not nil. whole says of each that all lines were looked at.
func (c *call) mine(e *logql.LogExpr, g, before *timeGrid) (*patterns.Result, [2]bool, error) {
	m := mining{c: c, e: e, set: patterns.NewSet(patterns.Options{
		Start: g.first, Step: g.step, Steps: g.n, Example: exampleOf, MaxBytes: c.a.cfg.Query.memoryBytes() / 2,
	})}
	whole := [2]bool{true, true}
	var err error
	if whole[patterns.Current], err = m.read(patterns.Current, g); err != nil {
		return nil, whole, err
	}
	if before != nil {
		if whole[patterns.Baseline], err = m.read(patterns.Baseline, before); err != nil {
			return nil, whole, err
		}
	}
	return m.set.Result(), whole, nil
}

// patternTimes reads the range and what it is compared with: nil for nothing.
func (c *call) patternTimes() (g, before *timeGrid, err error) {
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return nil, nil, err
	}
	grid, err := c.gridOf(start.UnixNano(), end.UnixNano())
	if err != nil {
		return nil, nil, err
	}
	if grid.n > maxTemplateSteps {
		return nil, nil, badRequestf("exceeded maximum resolution of %d buckets: use a longer step", maxTemplateSteps)
	}
	if c.p.get("baseline_start") == "none" || c.p.get("baseline_end") == "none" {
		return &grid, nil, nil
	}
	to, err := c.p.time("baseline_end", start)
	if err != nil {
		return nil, nil, err
	}
	from, err := c.p.time("baseline_start", to.Add(-end.Sub(start)))
	if err != nil {
		return nil, nil, err
	}
	if to.Before(from) {
		return nil, nil, badRequestf("baseline_end must not be before baseline_start")
	}
	if err := c.checkSpan(to.Sub(from)); err != nil {
		return nil, nil, err
	}
	if err := checkYears("baseline_start and baseline_end", from, to); err != nil {
		return nil, nil, err
	}
	b := timeGrid{start: from.UnixNano(), end: to.UnixNano(), first: from.UnixNano(), n: baselinePieces}
	b.step = max((b.end-b.start+baselinePieces-1)/baselinePieces, 1)
	return &grid, &b, nil
}

// baselinePieces is of how many pieces a sample of the baseline is, if not all is read.
const baselinePieces = 60

// newTemplates says which templates are not in the time before. Where that was sampled, it looks for those which the sample does not have: for the
// gravest, and of these for those with the most records. Where the archive has next to nothing of that time, everything would be new: then nothing is.
func (c *call) newTemplates(e *logql.LogExpr, res *patterns.Result, before *timeGrid, whole bool) (map[string]bool, error) {
	out := map[string]bool{}
	if res.Records[patterns.Baseline] < 1+res.Records[patterns.Current]/leastBaseline {
		return out, nil
	}
	var doubts []*patterns.Template
	for i := range res.Templates {
		t := &res.Templates[i]
		switch {
		case t.LookedBaseline > 0 || t.Looked == 0:
		case whole:
			out[t.Text] = true
		default:
			doubts = append(doubts, t)
		}
	}
	slices.SortStableFunc(doubts, func(a, b *patterns.Template) int { return cmp.Compare(gravity(a), gravity(b)) })
	// How many of its lines would be in the sample of the baseline if there were as many there.
	share := float64(res.Looked[patterns.Baseline]) / float64(res.Records[patterns.Current])
	for i, t := range doubts {
		filter := patterns.Filter(t.Text, t.Lines)
		if i >= maxDoubts || filter == "" {
			out[t.Text] = share*float64(t.Records) >= surelyNew
			continue
		}
		was, err := c.occurs(e, filter, before)
		if err != nil {
			return nil, err
		}
		if out[t.Text] = !was; was {
			t.Baseline = 1 // at least
		}
	}
	return out, nil
}

// gravity orders templates by the level that most of their lines have.
func gravity(t *patterns.Template) int {
	if i := slices.Index(levelOrder, t.Levels[0].Value); i >= 0 {
		return i
	}
	return len(levelOrder)
}

// occurs reports whether a query has a line in a range that passes a filter.
func (c *call) occurs(e *logql.LogExpr, filter string, g *timeGrid) (found bool, err error) {
	with, err := logql.ParseLog(e.String() + " " + filter)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	_, err = logql.Each(ctx, c.source, with, logql.Params{Start: g.start, End: g.end, Limit: 1}, func(int64, logql.Labels, string) error {
		found = true
		return nil
	})
	return found, err
}

// templateOf is a template in an answer.
func templateOf(t *patterns.Template, g *timeGrid) templateJSON {
	out := templateJSON{
		Template: t.Text, Message: patterns.Message(t.Text), Filter: patterns.Filter(t.Text, t.Lines),
		Records: t.Records, BaselineRecords: t.Baseline, Services: sharesOf(t.Services), Levels: sharesOf(t.Levels),
		First: strconv.FormatInt(t.First, 10), Last: strconv.FormatInt(t.Last, 10), Examples: t.Examples,
		Samples: make([]float64, g.n),
	}
	for i, n := range t.Samples {
		out.Samples[i] = math.Round(n*10) / 10
	}
	if out.Examples == nil {
		out.Examples = []any{}
	}
	return out
}

func sharesOf(list []patterns.Share) []valueCount {
	out := []valueCount{}
	for _, s := range list[:min(len(list), maxShares)] {
		out = append(out, valueCount{Value: s.Value, Records: s.Records})
	}
	return out
}

// patterns answers as Loki does: the patterns of the lines, and how many lines have each, by step.
func (c *call) patterns() (answer, error) {
	e, err := c.logQuery()
	if err != nil {
		return answer{}, err
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return answer{}, err
	}
	g, err := c.gridOf(start.UnixNano(), end.UnixNano())
	if err != nil {
		return answer{}, err
	}
	if g.n > maxTemplateSteps {
		return answer{}, badRequestf("exceeded maximum resolution of %d points per pattern: use a longer step", maxTemplateSteps)
	}
	if err := c.acquire(); err != nil {
		return answer{}, err
	}
	res, _, err := c.mine(e, &g, nil)
	if err != nil {
		return answer{}, err
	}
	type lokiPattern struct {
		Pattern string     `json:"pattern"`
		Samples [][2]int64 `json:"samples"` // seconds, lines
	}
	out := []lokiPattern{}
	for i := range res.Templates[:min(len(res.Templates), maxTemplates)] {
		t := &res.Templates[i]
		p := lokiPattern{Pattern: cmp.Or(patterns.Pattern(t.Text, t.Lines), strings.ReplaceAll(t.Text, patterns.Wild, "<_>")), Samples: [][2]int64{}}
		for step, n := range t.Samples {
			if n > 0 {
				p.Samples = append(p.Samples, [2]int64{(g.first + int64(step)*g.step) / int64(time.Second), int64(math.Round(max(n, 1)))})
			}
		}
		out = append(out, p)
	}
	return c.success(out), nil
}
