// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// queriesPerState may be raised with LOGBOOM_SEARCH_QUERIES; LOGBOOM_SEARCH_SEED repeats a run; LOGBOOM_SEARCH_RECORDS makes
// so many times as many records, so that objects have several row groups.
const queriesPerState = 300

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// store is a Logboom that takes, keeps and finds logs, and what the test knows of them.
type store struct {
	t    *testing.T
	g    *generator
	lb   *harness.Logboom
	loki *harness.Loki
	live []*record
	more int             // times as many records
	hits int             // queries that found something
	have map[string]bool // identities of records with a uid
}

func newStore(t *testing.T, g *generator, flush string) *store {
	s := &store{t: t, g: g, have: map[string]bool{}}
	s.lb = harness.Start(t, harness.Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {writer: test, bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}, flush: {interval: ` + flush + `}}}
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	s.loki = s.lb.Loki("query")
	s.ready()
	return s
}

// ready waits until queries are answered.
func (s *store) ready() {
	harness.Eventually(s.t, time.Minute, func() error {
		_, err := s.loki.Count(`{service_name=~".+"}`)
		return err
	})
}

// send sends records in requests of several sizes; a part of them is sent again where they have a uid.
func (s *store) send(n int) {
	s.t.Helper()
	list := s.g.records(n * s.more)
	for _, r := range list {
		if r.uid == "" || !s.have[r.identity()] {
			s.live = append(s.live, r)
		}
		if r.uid != "" {
			s.have[r.identity()] = true
		}
	}
	for _, r := range s.live { // also of earlier sendings
		if r.uid != "" && s.g.IntN(20) == 0 {
			list = append(list, r)
		}
	}
	client := harness.DialOTLP(s.t, s.lb.Addr("otlp"))
	for len(list) > 0 {
		m := min(len(list), 1+s.g.IntN(700))
		ld := logs(list[:m])
		harness.Eventually(s.t, time.Minute, func() error { return client.Send(s.t.Context(), ld) })
		list = list[m:]
	}
}

func (s *store) restart() {
	s.lb.Terminate()
	s.lb.Restart()
	s.ready()
}

// ctl runs logboomctl archive with the settings of a compactor.
func (s *store) ctl(retention string, args ...string) {
	s.t.Helper()
	config := filepath.Join(s.lb.Dir(), "compactor.yaml")
	require.NoError(s.t, os.WriteFile(config, []byte(fmt.Sprintf(
		"extensions: {archive_compactor: {bucket: {url: 'file://%s'}, grace: 10m, min_age: 0s%s}}\n", s.lb.Dir("archive"), retention)), 0o600))
	r := harness.Run(s.t, harness.CtlBinary(s.t), append(append([]string{"archive"}, args...), "--config", config)...)
	require.Zero(s.t, r.Code, "%v\n%s\n%s", args, r.Stdout, r.Stderr)
}

// drop forgets the records that have to be gone.
func (s *store) drop(gone func(*record) bool) {
	before := len(s.live)
	s.live = slices.DeleteFunc(s.live, func(r *record) bool {
		if gone(r) {
			delete(s.have, r.identity())
			return true
		}
		return false
	})
	require.Less(s.t, len(s.live), before, "something must be gone, or nothing is tested")
	require.NotEmpty(s.t, s.live)
}

// settle waits until the reader sees what another process has done: as many records as there are.
func (s *store) settle() {
	s.t.Helper()
	want := 0.0
	for _, r := range s.live {
		want += r.weight
	}
	harness.Eventually(s.t, time.Minute, func() error {
		got, err := s.loki.Count(`{service_name=~".+"}`)
		if err == nil && got != int(want) {
			err = fmt.Errorf("%d records are counted, want %.0f", got, want)
		}
		return err
	})
}

// TestSearch takes an archive through its states and asks in each.
func TestSearch(t *testing.T) {
	seed := fromEnv(t, "LOGBOOM_SEARCH_SEED", 1)
	n := int(fromEnv(t, "LOGBOOM_SEARCH_QUERIES", queriesPerState)) //nolint:gosec // small
	base := time.Now().Add(-4 * time.Hour).Truncate(time.Hour)
	s := newStore(t, newGenerator(seed, base), "1h")
	s.more = int(fromEnv(t, "LOGBOOM_SEARCH_RECORDS", 1)) //nolint:gosec // small
	state := func(name string) {
		t.Helper()
		s.settle()
		began := time.Now()
		s.hits = 0
		for i := range n {
			if !s.ask(i) {
				t.Fatalf("in the state %q, query %d of seed %d", name, i, seed)
			}
		}
		t.Logf("%-34s %d records, %d queries in %v, %d found something", name, len(s.live), n, time.Since(began).Round(time.Millisecond), s.hits)
		require.Greater(t, s.hits, n/4, "most queries find nothing: they test little")
	}
	s.send(1500)
	state("fresh")
	s.restart() // the end of the process flushes
	state("committed")
	s.send(1200)
	state("half committed")
	s.lb.Kill()
	s.lb.Restart()
	s.ready()
	state("half committed, after a crash")
	s.send(400)
	s.restart()
	s.send(800)
	s.ctl("", "compact")
	state("compacted, and more")
	s.restart()
	s.send(300)
	s.ctl("", "compact")
	state("compacted twice, and more")
	s.restart()
	// The first cluster of times ends 20 minutes after base, the second begins 115 minutes after it.
	age := time.Since(base.Add(time.Hour)).Round(time.Second)
	s.ctl(fmt.Sprintf(", retention: {rules: [{service: cart, max_severity: debug, max_age: %s}, {service: 'edge-?', max_age: %s}]}", age, age), "retain")
	s.drop(func(r *record) bool {
		old := r.ts < base.Add(time.Hour).UnixNano()
		return old && (r.labels["service_name"] == "edge-1" || (r.labels["service_name"] == "cart" && r.number >= 1 && r.number <= 8))
	})
	state("expired")
	id := pick(s.g.Rand, s.g.ids)
	s.ctl("", "erase", "--match", fmt.Sprintf("request.id=%q", id), "--ignore-holds")
	s.drop(func(r *record) bool { return r.labels["request_id"] == id })
	state("erased")
	s.send(500)
	s.restart()
	s.ctl("", "compact")
	state("compacted after that")
	s.lb.Terminate()
}

// ask makes a query, asks it in one of the ways there are, and compares.
func (s *store) ask(i int) bool {
	s.t.Helper()
	switch s.g.IntN(4) {
	case 0, 1:
		return s.askLines(s.g.query(s.live))
	case 2:
		return s.askInstant(s.g.metric(s.live))
	}
	return s.askRange(s.g.metric(s.live))
}

func (s *store) matching(q *query) []*record {
	var list []*record
	for _, r := range s.live {
		if q.matches(r) {
			list = append(list, r)
		}
	}
	if len(list) > 0 {
		s.hits++
	}
	return list
}

type entry struct {
	ts      int64
	line    string
	service string
	level   string
	trace   string
	request string
	user    string
}

func (s *store) askLines(q *query) bool {
	start, end := s.g.span()
	limit := pick(s.g.Rand, []int{1, 10, 100, 5000})
	forward := s.g.IntN(3) == 0
	var want []entry
	for _, r := range s.matching(q) {
		if r.ts >= start && r.ts < end {
			want = append(want, entry{r.ts, r.body, r.labels["service_name"], r.labels["detected_level"], r.labels["trace_id"], r.labels["request_id"], r.labels["user"]})
		}
	}
	params := url.Values{
		"query": {q.text()}, "limit": {strconv.Itoa(limit)}, "direction": {"backward"},
		"start": {strconv.FormatInt(start, 10)}, "end": {strconv.FormatInt(end, 10)},
	}
	if forward {
		params.Set("direction", "forward")
	}
	body, err := s.loki.Get("/loki/api/v1/query_range", params)
	if err != nil {
		s.t.Errorf("%s\n%v", q.text(), err)
		return false
	}
	var answer struct {
		Warnings []string `json:"warnings"`
		Data     struct {
			Result []struct {
				Stream map[string]string `json:"stream"`
				Values [][2]string       `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || len(answer.Warnings) > 0 {
		s.t.Errorf("%s\n%v %v", q.text(), err, answer.Warnings)
		return false
	}
	var got []entry
	for _, st := range answer.Data.Result {
		for _, v := range st.Values {
			ts, _ := strconv.ParseInt(v[0], 10, 64)
			got = append(got, entry{ts, v[1], st.Stream["service_name"], st.Stream["detected_level"], st.Stream["trace_id"], st.Stream["request_id"], st.Stream["user"]})
		}
	}
	if problem := compareLines(got, want, limit, forward); problem != "" {
		s.t.Errorf("query: %s\nstart %d end %d limit %d forward %t\n%s", q.text(), start, end, limit, forward, problem)
		return false
	}
	return true
}

// compareLines allows, of records of one time at the limit, any.
func compareLines(got, want []entry, limit int, forward bool) string {
	order := func(a, b entry) int {
		if forward {
			return int(min(1, max(-1, a.ts-b.ts)))
		}
		return int(min(1, max(-1, b.ts-a.ts)))
	}
	slices.SortStableFunc(want, order)
	slices.SortStableFunc(got, order)
	if len(got) != min(limit, len(want)) {
		left := map[entry]int{}
		for _, e := range got {
			left[e]++
		}
		for _, e := range want {
			if left[e]--; left[e] < 0 {
				return fmt.Sprintf("%d lines, want %d of %d; one that is missing: %.300q", len(got), min(limit, len(want)), len(want), fmt.Sprint(e))
			}
		}
		for e, n := range left {
			if n > 0 {
				return fmt.Sprintf("%d lines, want %d; one too many: %.300q", len(got), len(want), fmt.Sprint(e))
			}
		}
		return fmt.Sprintf("%d lines, want %d", len(got), len(want))
	}
	known := map[entry]int{}
	for _, e := range want {
		known[e]++
	}
	for i, e := range got {
		if e.ts != want[i].ts {
			return fmt.Sprintf("line %d has the time %d, want %d", i, e.ts, want[i].ts)
		}
		if known[e]--; known[e] < 0 {
			return fmt.Sprintf("line %d is not expected: %.300q", i, fmt.Sprint(e))
		}
	}
	return ""
}

func (s *store) askInstant(m *metric) bool {
	at := s.g.time()
	if s.g.IntN(2) == 0 {
		at = s.g.base.Add(4 * time.Hour).UnixNano()
	}
	samples, err := s.loki.Instant(m.text(), time.Unix(0, at))
	if err != nil {
		s.t.Errorf("%s\n%v", m.text(), err)
		return false
	}
	got := map[string]float64{}
	for _, sample := range samples {
		got[fmt.Sprint(sample.Labels)] = sample.Value
	}
	if problem := compareSeries(got, m.at(s.matching(m.of), at)); problem != "" {
		s.t.Errorf("query: %s\nat %d\n%s", m.text(), at, problem)
		return false
	}
	return true
}

func compareSeries(got, want map[string]float64) string {
	for labels, v := range want {
		if math.Abs(got[labels]-v) > 1e-9*max(1, math.Abs(v)) {
			return fmt.Sprintf("%s is %v, want %v", labels, got[labels], v)
		}
	}
	for labels, v := range got {
		if _, ok := want[labels]; !ok {
			return fmt.Sprintf("%s is %v, want nothing", labels, v)
		}
	}
	return ""
}

func (s *store) askRange(m *metric) bool {
	start, end := s.g.span()
	step := max(time.Duration(end-start)/time.Duration(1+s.g.IntN(20)), time.Second).Truncate(time.Second)
	start -= start % 1e9
	body, err := s.loki.Get("/loki/api/v1/query_range", url.Values{
		"query": {m.text()}, "start": {strconv.FormatInt(start, 10)}, "end": {strconv.FormatInt(end, 10)}, "step": {strconv.Itoa(int(step.Seconds()))},
	})
	if err != nil {
		s.t.Errorf("%s\n%v", m.text(), err)
		return false
	}
	var answer struct {
		Data struct {
			Result []struct {
				Metric map[string]string `json:"metric"`
				Values [][2]any          `json:"values"`
			} `json:"result"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		s.t.Errorf("%s\n%v", m.text(), err)
		return false
	}
	got := map[int64]map[string]float64{}
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			seconds, _ := v[0].(float64)
			t := int64(math.Round(seconds * 1000))
			if got[t] == nil {
				got[t] = map[string]float64{}
			}
			f, _ := strconv.ParseFloat(fmt.Sprint(v[1]), 64)
			got[t][fmt.Sprint(series.Metric)] = f
		}
	}
	matched := s.matching(m.of)
	steps := 0
	for t := start; t <= end; t += int64(step) {
		want := m.at(matched, t)
		if len(want) > 0 {
			steps++
		}
		if problem := compareSeries(got[t/1e6], want); problem != "" {
			s.t.Errorf("query: %s\nstart %d end %d step %s, at %d\n%s", m.text(), start, end, step, t, problem)
			return false
		}
	}
	if len(got) != steps {
		s.t.Errorf("query: %s\nstart %d end %d step %s: %d steps have values, want %d", m.text(), start, end, step, len(got), steps)
		return false
	}
	return true
}
