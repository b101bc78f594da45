// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package culprit

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/logboom/logboom/logql"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a little stream of logs: minutes in which the last is bad.
type world struct {
	rnd     *rand.Rand
	minutes int
	records []event
}

type event struct {
	at       time.Duration
	stream   logql.Labels
	metadata logql.Labels
	line     string
}

func newWorld(seed uint64) *world { return &world{rnd: rand.New(rand.NewPCG(seed, 1)), minutes: 5} } //nolint:gosec // reproducible

// bad reports whether a time is in the last minute.
func (w *world) bad(at time.Duration) bool { return at >= time.Duration(w.minutes-1)*time.Minute }

// each calls f at random times, so many a minute.
func (w *world) each(perMinute int, f func(at time.Duration)) {
	for range perMinute * w.minutes {
		f(time.Duration(w.rnd.Int64N(int64(w.minutes) * int64(time.Minute))))
	}
}

func (w *world) log(at time.Duration, service, level, line string, more ...string) {
	e := event{at: at, stream: logql.Labels{{Name: serviceLabel, Value: service}}, line: line}
	e.metadata = logql.Labels{{Name: levelLabel, Value: level}}
	for i := 0; i < len(more); i += 2 {
		e.metadata = append(e.metadata, logql.Label{Name: more[i], Value: more[i+1]})
	}
	w.records = append(w.records, e)
}

func (w *world) pick(list ...string) string { return list[w.rnd.IntN(len(list))] }

func (w *world) id() string { return fmt.Sprintf("%016x%016x", w.rnd.Uint64(), w.rnd.Uint64()) }

// ask analyses the last minute against the others, or by what a test says.
func (w *world) ask(t *testing.T, isBad func(*event) bool) *Report {
	t.Helper()
	s := NewSample(1 << 30)
	r := w.analyse(t, s, isBad)
	if s.Kept(Bad)+s.Kept(Baseline) != int64(len(w.records)) {
		t.Fatal("no room")
	}
	for i, c := range r.Causes {
		t.Logf("%d. %.2f %s %s %s=%s: %s", i, c.Score, c.Kind, c.Service, c.Field, c.Value, c.Summary)
		for _, o := range c.Also {
			t.Logf("      also %s %s %s=%s %s", o.Kind, o.Service, o.Field, o.Value, o.Template)
		}
	}
	return r
}

// analyse fills a sample and analyses it.
func (w *world) analyse(t *testing.T, s *Sample, isBad func(*event) bool) *Report {
	t.Helper()
	const start = 1_700_000_000_000_000_000
	parts := []*Part{s.NewPart(), s.NewPart(), s.NewPart()}
	p := Params{By: ByInterval, Start: start, Step: int64(5 * time.Second), Steps: 12 * w.minutes, Limit: 20}
	p.Length = [2]float64{float64(w.minutes-1) * 60e9, 60e9}
	if isBad != nil {
		p.By = ByFilter
	}
	for i := range w.records {
		e := &w.records[i]
		side := Baseline
		if isBad == nil && w.bad(e.at) || isBad != nil && isBad(e) {
			side = Bad
		}
		p.Total[side]++
		parts[i%3].Add(side, start+int64(e.at), e.stream, e.metadata, nil, e.line)
	}
	r, err := Analyse(t.Context(), s, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// first fails unless the first cause is as said; "" is anything.
func first(t *testing.T, r *Report, kind Kind, service, field, value, template string) *Cause {
	t.Helper()
	if len(r.Causes) == 0 {
		t.Fatal("no causes")
	}
	c := r.Causes[0]
	if c.Kind != kind || c.Service != service || field != "" && c.Field != field || value != "" && c.Value != value ||
		!strings.Contains(c.Template, template) {
		t.Errorf("the first cause is %s of %q: %s=%s %q", c.Kind, c.Service, c.Field, c.Value, c.Template)
	}
	return c
}
