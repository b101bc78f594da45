// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"regexp"
	"runtime"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// answer is what a query found, in a form that all candidates can be compared in.
type answer struct {
	// count is of the records; of the lines, where lines were asked for.
	count int
	// oldest is the time of the oldest line that was asked for, in microseconds (as DuckDB has it); 0 where there is none.
	oldest int64
	// cells are counts by service and level.
	cells map[[2]string]int
}

func (a answer) equal(b answer) bool {
	if a.count != b.count || (a.oldest != 0 && b.oldest != 0 && a.oldest != b.oldest) || (a.cells == nil) != (b.cells == nil) || len(a.cells) != len(b.cells) {
		return false
	}
	for k, v := range a.cells {
		if b.cells[k] != v {
			return false
		}
	}
	return true
}

// level is the name of a severity number, as LogQL's detected_level has it.
func level(number int) string {
	if number < 1 || number > 24 {
		return "unknown"
	}
	return [...]string{"trace", "debug", "info", "warn", "error", "fatal"}[(number-1)/4]
}

// tally counts in one goroutine.
type tally struct {
	counts []int
	newest [][]int64 // the times of what a limited query finds
	cells  map[[2]string]int
}

// reference answers the queries from the data alone: it looks at every body with package strings and regexp.
func reference(s *rig.Stream, queries []*query) ([]answer, error) {
	tallies := make([]*tally, runtime.GOMAXPROCS(0))
	for i := range tallies {
		tallies[i] = &tally{counts: make([]int, len(queries)), newest: make([][]int64, len(queries)), cells: map[[2]string]int{}}
	}
	var notText error
	err := s.Decoded(func(w int, ld plog.Logs) {
		y := tallies[w]
		eachRecord(ld, func(service string, lr plog.LogRecord) {
			if lr.Body().Type() != pcommon.ValueTypeStr {
				notText = errNotText
				return
			}
			y.cells[[2]string{service, level(int(lr.SeverityNumber()))}]++
			body := lr.Body().Str()
			for i, q := range queries {
				if q.kind == byServiceAndLevel || !q.matches(body) {
					continue
				}
				y.counts[i]++
				if q.kind == lines {
					y.newest[i] = append(y.newest[i], int64(lr.Timestamp())) //nolint:gosec // a time
					if len(y.newest[i]) > 20*q.limit {
						y.newest[i] = newest(y.newest[i], q.limit)
					}
				}
			}
		})
	})
	if err != nil || notText != nil {
		return nil, cmpError(err, notText)
	}
	answers := make([]answer, len(queries))
	for i, q := range queries {
		a := &answers[i]
		var times []int64
		for _, y := range tallies {
			a.count += y.counts[i]
			times = append(times, y.newest[i]...)
			if q.kind == byServiceAndLevel {
				if a.cells == nil {
					a.cells = map[[2]string]int{}
				}
				for k, n := range y.cells {
					a.cells[k] += n
					a.count += n
				}
			}
		}
		if q.kind == lines {
			times = newest(times, q.limit)
			if a.count = min(a.count, q.limit); a.count > 0 {
				a.oldest = times[len(times)-1] / 1000
			}
		}
	}
	return answers, nil
}

func cmpError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// newest returns the greatest n of times, greatest first.
func newest(times []int64, n int) []int64 {
	slices.Sort(times)
	slices.Reverse(times)
	return times[:min(n, len(times))]
}

// matcher of a body, apart from all that is measured.
func (q *query) matches(body string) bool {
	switch {
	case q.contains != "":
		return strings.Contains(body, q.contains)
	case q.anyCase != "":
		return containsFold(body, q.anyCase)
	case q.pattern != "":
		if q.compiled == nil {
			panic("a pattern must be compiled before it is used by several goroutines")
		}
		return strings.Contains(body, q.literal) && q.compiled.MatchString(body)
	}
	return true
}

// containsFold looks for a lower-case ASCII word in any case.
func containsFold(body, word string) bool {
	first := word[0]
	for i := 0; i+len(word) <= len(body); i++ {
		if body[i]|0x20 == first && strings.EqualFold(body[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

func compiled(pattern string) *regexp.Regexp { return regexp.MustCompile(pattern) }
