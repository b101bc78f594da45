// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/internal/patterns"
	"github.com/logboom/logboom/logql"
)

// describe makes a cause of a candidate.
func (a *analysis) describe(c *candidate) *Cause {
	out := a.name(c)
	out.Score = math.Round(c.score*100) / 100
	out.Lift = c.lift
	scale := [2]float64{a.up(Baseline), a.up(Bad)}
	bad, base := c.n[Bad], c.n[Baseline]
	out.BadRecords, out.BaseRecords = bad*scale[Bad], base*scale[Baseline]
	out.BadShare, out.BaselineShare = bad/max(a.n[Bad], 1), base/max(a.n[Baseline], 1)
	out.New = base == 0 && c.kind != KindSilence
	if len(c.members) > 0 {
		out.First = a.records[c.members[0]].Time
	}
	a.sampleOf(c, out, scale)
	out.Summary = a.summary(c, out)
	a.filter(c, out)
	for _, other := range c.also {
		if a.tells(c, other) && len(out.Also) < maxAlso {
			out.Also = append(out.Also, a.name(other))
		}
	}
	return out
}

// maxAlso is how many causes are named that were made one with another.
const maxAlso = 20

// tells reports whether a candidate says something that is no matter of course beside the one that it was made one with.
func (a *analysis) tells(c, other *candidate) bool {
	switch {
	case other.kind != KindValue || other.f == nil:
		return other.kind != KindValue // nor does the service as a whole
	case isLevel(other.f.name):
		return false
	case other.s == nil:
		return true
	case other.determined:
		return false
	}
	// What most of the records have, and others, of which it is known, do not.
	f := &other.s.features[other.feature]
	n, of := float64(common(c.members, other.members)), float64(len(c.members))
	if c.s != other.s {
		n, of = float64(len(other.members)), float64(len(other.members))
	}
	if other.within == nil && f.f.total[Baseline] < minReadings {
		return false
	}
	return n >= 0.5*of && float64(f.n[Bad])/max(float64(f.f.total[Bad]), 1) >= 1.5*float64(f.n[Baseline])/max(float64(f.f.total[Baseline]), 1)
}

// up is how many records one of the sample stands for.
func (a *analysis) up(side Side) float64 {
	if a.n[side] == 0 {
		return 1
	}
	return max(a.p.Total[side]/a.n[side], 1)
}

// name says what a candidate is.
func (a *analysis) name(c *candidate) *Cause {
	out := &Cause{Kind: c.kind, Service: c.serviceName(), Field: c.fieldName(), Value: c.value}
	if c.kind == KindValue && c.f == nil {
		out.Value = c.s.name
	}
	if c.kind == KindNumber {
		out.Field = strings.TrimSuffix(out.Field, " ")
	}
	if c.tmpl >= 0 {
		out.Template = c.s.templates[c.tmpl].text
	}
	return out
}

// sampleOf counts the records of a cause by step, and picks examples.
func (a *analysis) sampleOf(c *candidate, out *Cause, scale [2]float64) {
	out.Samples = make([]float64, a.p.Steps)
	count := func(r *Record) {
		if at := a.p.step(r.Time); at >= 0 {
			out.Samples[at] += scale[r.Side]
		}
	}
	list := []*service{c.s}
	if c.s == nil {
		list = a.services
	}
	var last *Record // of what is silent: the last one before
	for _, s := range list {
		want := c.feature
		if c.s == nil {
			f := s.fields[fieldKey{c.f.name, c.f.from}]
			if f == nil {
				continue
			}
			at, ok := f.values[c.value]
			if !ok {
				continue
			}
			want = at
		}
		for i, r := range s.recs {
			var in bool
			switch {
			case c.tmpl >= 0:
				in = s.tmpl[i] == c.tmpl
			case c.within != nil:
				in = s.tmpl[i] == c.within.tmpl && slices.Contains(s.featuresOf(int32(i)), want)
			case c.kind == KindValue && c.f != nil:
				in = slices.Contains(s.featuresOf(int32(i)), want)
			default:
				in = true
			}
			if in {
				count(r)
				last = r
			}
		}
	}
	for i := range out.Samples {
		out.Samples[i] = math.Round(out.Samples[i])
	}
	switch n := len(c.members); {
	case c.kind == KindSilence:
		if last != nil {
			out.Examples = []*Record{last}
			out.First = last.Time
		}
	case n > 0:
		out.Examples = []*Record{a.records[c.members[0]]}
		if other := c.members[n/2]; n > 1 {
			out.Examples = append(out.Examples, a.records[other])
		}
	}
}

// summary is a sentence for humans.
func (a *analysis) summary(c *candidate, out *Cause) string {
	where := ""
	if out.Service != "" {
		where = out.Service + ": "
	}
	var what string
	switch {
	case c.kind == KindNumber:
		unit := c.s.units[c.what]
		return fmt.Sprintf("%s%s went from %s to %s (median %s to %s) in “%s”", where, out.Field, amount(c.from, unit), amount(c.to, unit),
			amount(c.median[0], unit), amount(c.median[1], unit), short(out.Template))
	case c.kind == KindSilence && c.tmpl < 0:
		if c.n[Bad] == 0 {
			return fmt.Sprintf("%s fell silent: no records, where about %s are usual", out.Service, number0(c.expected*a.up(Bad)))
		}
		return fmt.Sprintf("%s nearly fell silent: %s records, where about %s are usual", out.Service, number0(out.BadRecords), number0(c.expected*a.up(Bad)))
	case c.kind == KindSilence:
		return fmt.Sprintf("%s“%s” came no more: %s records, where about %s are usual", where, short(out.Template), number0(out.BadRecords), number0(c.expected*a.up(Bad)))
	case c.kind == KindTemplate:
		what = "“" + short(out.Template) + "”"
	case c.f == nil:
		what, where = "records of "+out.Service, ""
	case c.f.from == fromWord:
		what = "“" + out.Field + " " + short(out.Value) + "”"
	default:
		what = out.Field + "=" + short(out.Value)
	}
	if c.parts != nil && c.parts[0].within != nil {
		of, lines, usual := c.n[Bad], 0.0, 0.0
		for _, part := range c.parts {
			lines += part.within.n[Bad]
			usual += part.usual() / float64(len(c.parts))
		}
		return fmt.Sprintf("%s of the lines such as “%s” in %d services have %s, which is %s of the others", percent(of/lines),
			short(c.parts[0].s.templates[c.parts[0].within.tmpl].text), len(c.parts), what, percent(usual))
	}
	if c.within != nil {
		return fmt.Sprintf("%s%s of the lines “%s” have %s, which is %s of the others", where, percent(c.n[Bad]/c.within.n[Bad]),
			short(c.s.templates[c.within.tmpl].text), what, percent(c.usual()))
	}
	if a.p.By == ByFilter {
		if out.New {
			return fmt.Sprintf("%s%s is in %s of the bad records, and in none of the others", where, what, percent(out.BadShare))
		}
		return fmt.Sprintf("%s%s is in %s of the bad records, and in %s of the others", where, what, percent(out.BadShare), percent(out.BaselineShare))
	}
	if out.New {
		return fmt.Sprintf("%s%s is new: %s records", where, what, number0(out.BadRecords))
	}
	return fmt.Sprintf("%s%s came %s times as often: %s records, where about %s are usual", where, what, number0(out.Lift), number0(out.BadRecords),
		number0(c.expected*a.up(Bad)))
}

// usual is the share of a value in the records that have its field, without those of the template that it says the reason of.
func (c *candidate) usual() float64 {
	if c.within == nil {
		return 0
	}
	v := &c.s.features[c.feature]
	has, total := float64(v.n[Bad]+v.n[Baseline]), float64(v.f.total[Bad]+v.f.total[Baseline])
	return max(has-c.n[Bad]-c.n[Baseline], 0) / max(total-c.within.n[Bad]-c.within.n[Baseline], 1)
}

func percent(v float64) string {
	switch {
	case v >= 0.1:
		return strconv.FormatFloat(math.Round(v*100), 'f', 0, 64) + "%"
	case v >= 0.001:
		return strconv.FormatFloat(v*100, 'f', 1, 64) + "%"
	}
	return "less than 0.1 %"
}

// number0 shows a number with about two figures, or whole: 0.3, 17, 12,345.
func number0(v float64) string {
	if v == 0 || v >= 10 {
		return grouped(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// amount shows a number with four figures or all before the point, and its unit: 0.02134 ms, 1,234,567 kB.
func amount(v float64, unit string) string {
	text := strconv.FormatFloat(v, 'g', 4, 64)
	if math.Abs(v) >= 999.95 {
		text = grouped(strconv.FormatFloat(v, 'f', 0, 64))
	}
	if unit != "" {
		return text + " " + unit
	}
	return text
}

// grouped puts commas between the thousands of a whole number in digits.
func grouped(digits string) string {
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

func short(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func quote(s string) string { return strconv.Quote(s) }

// filter says how to select the records of a cause, if there is a way that holds for its examples.
func (a *analysis) filter(c *candidate, out *Cause) {
	if c.s != nil {
		out.Matcher = quoted(serviceLabel, c.s.name)
	}
	switch {
	case c.kind == KindSilence && c.tmpl < 0, c.kind == KindValue && c.f == nil:
		return
	case c.tmpl >= 0:
		out.Filter = patterns.Filter("<*>"+out.Template+"<*>", lines(out.Examples)) // of a message, which the line may have more around
	case c.f.from == fromStream, c.f.from == fromMetadata:
		out.Filter = "| " + quoted(c.f.name, c.value)
	case c.f.from == fromJSON:
		out.Filter = "| json | " + quoted(c.f.name, c.value)
	case c.f.from == fromLogfmt:
		out.Filter = "| logfmt | " + quoted(c.f.name, c.value)
	case c.f.from == fromPair:
		out.Filter = firstThatHolds(lines(out.Examples), "|= "+quote(c.f.name+"="+c.value), "|= "+quote(c.value))
	default:
		out.Filter = firstThatHolds(lines(out.Examples), "|= "+quote(c.f.name+" "+c.value), "|= "+quote(c.value))
	}
	if out.Filter != "" && !holds(out.Filter, out.Examples) {
		out.Filter = ""
	}
}

func lines(records []*Record) (out []string) {
	for _, r := range records {
		out = append(out, r.Line)
	}
	return out
}

// holds reports whether records pass a filter.
func holds(filter string, records []*Record) bool {
	e, err := logql.ParsePipeline(filter)
	if err != nil {
		return false
	}
	test := e.NewTest()
	for _, r := range records {
		if !test(&logql.Entry{Timestamp: r.Time, Line: r.Line, Stream: r.Stream, Metadata: r.Metadata}) {
			return false
		}
	}
	return true
}

func firstThatHolds(lines []string, filters ...string) string {
	for _, f := range filters {
		if patterns.Selects(f, lines) {
			return f
		}
	}
	return ""
}
