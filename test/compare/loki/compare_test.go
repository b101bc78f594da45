// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// query is one question, with its times in ns.
type query struct {
	text       string
	instant    bool
	start, end int64
	step       time.Duration
}

// fromEnv lets a run be repeated (LOGBOOM_COMPARE_SEED) or be longer (LOGBOOM_COMPARE_QUERIES).
func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// asker puts a query to a program.
type asker func(q *query) (*answer, error)

// engine asks the logql package over records in memory.
func engine(records []record) asker {
	source := logql.NewMemory(entries(records))
	return func(q *query) (*answer, error) {
		e, err := logql.Parse(q.text)
		if err != nil {
			return &answer{status: 400, err: err.Error()}, nil //nolint:nilerr // a refusal is an answer
		}
		p := logql.Params{Start: q.start, End: q.end, Step: q.step, Limit: maxEntries}
		if q.instant {
			p.Start = q.end
		}
		res, err := logql.Eval(context.Background(), source, e, p)
		if err != nil {
			return &answer{status: 400, err: err.Error()}, nil //nolint:nilerr // a refusal is an answer
		}
		return engineAnswer(res), nil
	}
}

// compare puts queries to Loki and to another and reports what differs and is not meant to.
func compare(t *testing.T, want, got asker, queries []*query) {
	t.Helper()
	var (
		mu                        sync.Mutex
		wg                        sync.WaitGroup
		rows, refused, bad, meant int
	)
	work := make(chan *query)
	for range 4 {
		wg.Go(func() {
			for q := range work {
				w, err := want(q)
				if err != nil {
					t.Errorf("%s: Loki: %v", q.text, err)
					continue
				}
				g, err := got(q)
				if err != nil {
					t.Errorf("%s: ours: %v", q.text, err)
					continue
				}
				if strings.Contains(q.text, "topk(") || strings.Contains(q.text, "bottomk(") {
					w, g = w.valuesOnly(), g.valuesOnly()
				}
				diff := differ(w, g)
				mu.Lock()
				rows += len(w.rows)
				if w.err != "" {
					refused++
				}
				switch {
				case len(diff) > 0 && isMeant(q.text):
					meant++
				case len(diff) > 0:
					if bad++; bad <= 2000 {
						t.Errorf("%s\n   %s", q.text, strings.Join(diff[:min(len(diff), 3)], "\n   "))
					}
				}
				mu.Unlock()
			}
		})
	}
	for _, q := range queries {
		work <- q
	}
	close(work)
	wg.Wait()
	t.Logf("%d queries, %d refused by both or one, %d rows in Loki's answers, %d differ as meant, %d otherwise", len(queries), refused, rows, meant, bad)
}

func seeded(t *testing.T) *rand.Rand {
	seed := fromEnv(t, "LOGBOOM_COMPARE_SEED", uint64(time.Now().UnixNano())) //nolint:gosec // any bits do
	t.Logf("LOGBOOM_COMPARE_SEED=%d", seed)
	return rand.New(rand.NewPCG(seed, 9))
}

// TestQueriesOfFiles puts the queries of the files in testdata, and of the file that LOGBOOM_COMPARE_FILE names, one a line.
func TestQueriesOfFiles(t *testing.T) {
	l := startLoki(t)
	list := records(rand.New(rand.NewPCG(1, 9)), 200)
	l.push(t, list)
	files := []string{"testdata/filters.txt", "testdata/metric.txt", "testdata/parsers.txt", "testdata/templates.txt"}
	if f := os.Getenv("LOGBOOM_COMPARE_FILE"); f != "" {
		files = []string{f}
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			compare(t, l.ask, engine(list), queriesOf(t, name))
		})
	}
}

// queriesOf reads a file of queries: pipelines, which get a selector, or whole ones. A line that starts with a
// quotation mark is a JSON string. A metric query is asked at one time and over a range.
func queriesOf(t *testing.T, name string) []*query {
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	var out []*query
	sc := bufio.NewScanner(f)
	for sc.Scan() {
		text := sc.Text()
		switch {
		case text == "" || strings.HasPrefix(text, "# ") || strings.HasPrefix(text, "approx_topk("): // which ends Loki 3.7.8
			continue
		case text[0] == '"':
			require.NoError(t, json.Unmarshal([]byte(text), &text), text)
		}
		if strings.HasPrefix(text, "|") || strings.HasPrefix(text, "!") {
			text = `{service_name=~".+"} ` + text
		}
		out = append(out, questions(text)...)
	}
	require.NoError(t, sc.Err())
	return out
}

// questions are the ways to ask a query.
func questions(text string) []*query {
	e, err := logql.Parse(text)
	if err == nil {
		if _, ok := e.(logql.SampleExpr); ok {
			return []*query{
				{text: text, instant: true, end: base + int64(span)},
				{text: text, start: base, end: base + int64(span), step: 5 * time.Minute},
			}
		}
	}
	return []*query{{text: text, start: base, end: base + int64(span)}}
}
