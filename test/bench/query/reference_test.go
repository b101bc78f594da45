// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
)

// answer is what a query gave, in a form in which all candidates can be compared.
type answer struct {
	count  int   // lines, or items of a list
	oldest int64 // time of the oldest line, in ns; microseconds are compared, as DuckDB has them
	cells  map[string]float64
}

// cell is the name of a sample: its time in seconds (0 where there is one time only) and its labels.
func cell(t int64, labels ...string) string { return fmt.Sprint(t, labels) }

func (a answer) equal(b answer) bool {
	if a.count != b.count || a.oldest/1e3 != b.oldest/1e3 || len(a.cells) != len(b.cells) {
		return false
	}
	for k, v := range a.cells {
		w, ok := b.cells[k]
		if !ok || math.Abs(v-w) > 1e-9*max(math.Abs(v), math.Abs(w)) {
			return false
		}
	}
	return true
}

func (a answer) String() string {
	s := fmt.Sprintf("%d items, the oldest of %d, %d cells", a.count, a.oldest, len(a.cells))
	n := 0
	for k, v := range a.cells {
		if n++; n > 3 {
			break
		}
		s += fmt.Sprintf(", %s %g", k, v)
	}
	return s
}

// facts are taken from the data with nothing of what is measured.
type facts struct {
	records    int
	ofGateway  int
	start, end int64 // start <= time < end
	services   map[string]bool
	labels     int
	request    string  // a request id
	ofRequest  []int64 // times of its records
	failed     []int64 // times of the JSON service's records with a status from 500 on
	byMinute   map[string]float64
	byLevel    map[string]float64 // by the JSON field
	bytes      map[string]float64 // of bodies, by service
	durations  []duration
	ids        map[string][]int64
}

// duration is a sample of the JSON service.
type duration struct {
	t int64
	v float64
}

func newFacts() *facts {
	return &facts{
		start: math.MaxInt64, end: math.MinInt64, services: map[string]bool{}, byMinute: map[string]float64{}, byLevel: map[string]float64{},
		bytes: map[string]float64{}, ids: map[string][]int64{},
	}
}

// level is the name of a severity number, as LogQL's detected_level has it.
func level(number int) string {
	if number < 1 || number > 24 {
		return "unknown"
	}
	return [...]string{"trace", "debug", "info", "warn", "error", "fatal"}[(number-1)/4]
}

var errOtherData = errors.New("the data is not as the queries want it")

func (d *facts) add(service string, lr plog.LogRecord) error {
	t := int64(lr.Timestamp()) //nolint:gosec // a time
	if lr.Body().Type() != pcommon.ValueTypeStr {
		return errOtherData
	}
	text := lr.Body().Str()
	d.records++
	d.start, d.end = min(d.start, t), max(d.end, t+1)
	d.services[service] = true
	d.byMinute[cell(up(t, minute)/1e9, service, level(int(lr.SeverityNumber())))]++
	d.bytes[cell(0, service)] += float64(len(text))
	// Of the ids that begin so, all are known; one of them is looked for.
	if id, ok := lr.Attributes().Get("request_id"); ok && strings.HasPrefix(id.Str(), "1a") && strings.Contains(text, id.Str()) {
		d.ids[id.Str()] = append(d.ids[id.Str()], t)
	}
	if service != jsonService {
		return nil
	}
	d.ofGateway++
	var line struct {
		Level string
		HTTP  *struct {
			Status   int     `json:"status_code"`
			Duration float64 `json:"duration_ms"`
		}
	}
	if err := json.Unmarshal([]byte(text), &line); err != nil {
		return errOtherData
	}
	d.byLevel[cell(0, line.Level)]++
	if line.HTTP != nil {
		d.durations = append(d.durations, duration{t, line.HTTP.Duration})
		if line.HTTP.Status >= 500 {
			d.failed = append(d.failed, t)
		}
	}
	return nil
}

// gather reads the stream.
func gather(s *rig.Stream) (*facts, error) {
	parts := make([]*facts, runtime.GOMAXPROCS(0))
	errs := make([]error, len(parts))
	for i := range parts {
		parts[i] = newFacts()
	}
	err := s.Decoded(func(w int, ld plog.Logs) {
		for _, rl := range ld.ResourceLogs().All() {
			service, _ := rl.Resource().Attributes().Get("service.name")
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					if err := parts[w].add(service.Str(), lr); err != nil {
						errs[w] = err
					}
				}
			}
		}
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	d := newFacts()
	for _, p := range parts {
		d.records, d.ofGateway = d.records+p.records, d.ofGateway+p.ofGateway
		d.start, d.end = min(d.start, p.start), max(d.end, p.end)
		for s := range p.services {
			d.services[s] = true
		}
		for _, sums := range [][2]map[string]float64{{d.byMinute, p.byMinute}, {d.byLevel, p.byLevel}, {d.bytes, p.bytes}} {
			for k, v := range sums[1] {
				sums[0][k] += v
			}
		}
		for id, times := range p.ids {
			d.ids[id] = append(d.ids[id], times...)
		}
		d.failed, d.durations = append(d.failed, p.failed...), append(d.durations, p.durations...)
	}
	d.labels = 2 // service_name, deployment_environment
	for id, times := range d.ids {
		if len(times) >= 8 && len(times) <= 12 && (d.request == "" || id < d.request) {
			d.request, d.ofRequest = id, times
		}
	}
	if d.request == "" || len(d.failed) == 0 {
		return nil, errOtherData
	}
	return d, nil
}

// lines are the newest hundred.
func (d *facts) lines(times []int64) answer {
	slices.Sort(times)
	times = times[max(0, len(times)-100):]
	if len(times) == 0 {
		return answer{}
	}
	return answer{count: len(times), oldest: times[0]}
}

// quantiles are the 99th percentiles of the steps, or of all at once (0).
func (d *facts) quantiles(step int64) map[string]float64 {
	values := map[int64][]float64{}
	for _, s := range d.durations {
		at := int64(0)
		if step > 0 {
			at = up(s.t, step) / 1e9
		}
		values[at] = append(values[at], s.v)
	}
	out := map[string]float64{}
	for at, list := range values {
		slices.Sort(list)
		rank := 0.99 * float64(len(list)-1)
		below := int(rank)
		above := min(below+1, len(list)-1)
		part := rank - float64(below)
		out[cell(at, jsonService)] = list[below]*(1-part) + list[above]*part
	}
	return out
}

func (d *facts) allBytes() (sum float64) {
	for _, n := range d.bytes {
		sum += n
	}
	return sum
}

// rateBar is how long the records of the JSON service may take at so many a second.
func (d *facts) rateBar(perSecond float64) time.Duration {
	return time.Duration(float64(d.ofGateway) / perSecond * float64(time.Second))
}
