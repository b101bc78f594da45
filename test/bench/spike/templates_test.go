// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/templates"
	"github.com/logboom/logboom/test/harness"
)

const (
	linesPerSecond = 1e6
	meanAccuracy   = 0.9
)

// miner is a candidate that clusters lines.
func miner(name string, lines []string) *candidate {
	return &candidate{name: name, bar: linesPerSecond, begin: func() (func() (func(), int), func()) {
		m := templates.New(templates.Config{})
		return func() (func(), int) {
			return func() {
				for _, l := range lines {
					m.Add(l)
				}
			}, len(lines)
		}, func() {}
	}}
}

// TestTemplates measures the clustering on made-up lines and on those of the log systems of the corpora, and how well it groups the latter:
// a line is grouped well if exactly the lines of its event are in its group (Zhu et al., Tools and Benchmarks for Automated Log Parsing, ICSE
// 2019).
func TestTemplates(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	var made []string
	for range 20_000 {
		made = append(made, kinds["service"](rnd))
	}
	list := []*candidate{miner("made-up service", made)}
	if os.Getenv("LOGBOOM_CORPORA") == "" {
		measureAll(t, "Clustering", list)
		t.Skip("LOGBOOM_CORPORA is not set: without the corpora nothing says how well lines are grouped")
	}
	files, err := filepath.Glob(filepath.Join(harness.Corpora(t, "logs"), "*", "*_2k.log_structured.csv"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	var b strings.Builder
	sum := 0.0
	for _, path := range files {
		system := filepath.Base(filepath.Dir(path))
		lines, events := labelled(t, path)
		list = append(list, miner(system, lines))
		m := templates.New(templates.Config{})
		ids := make([]uint64, len(lines))
		for i, l := range lines {
			ids[i], _ = m.Add(l)
		}
		for i := range ids {
			ids[i] = m.Resolve(ids[i])
		}
		ga := accuracy(ids, events)
		sum += ga
		fmt.Fprintf(&b, "| %s | %.3f | %d | %d |\n", system, ga, m.Len(), len(slices.Compact(slices.Sorted(slices.Values(events)))))
	}
	measureAll(t, "Clustering", list)
	mean := sum / float64(len(files))
	fmt.Fprintf(os.Stdout, "\n| system | grouping accuracy | templates found | true ones |\n| --- | ---: | ---: | ---: |\n%s| mean | %.3f | | |\n", b.String(), mean)
	require.GreaterOrEqual(t, mean, meanAccuracy)
}

// labelled reads lines and the ids of their events.
func labelled(t *testing.T, path string) (lines, events []string) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r := csv.NewReader(f)
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	rows, err := r.ReadAll()
	require.NoError(t, err)
	content, event := slices.Index(rows[0], "Content"), slices.Index(rows[0], "EventId")
	for _, row := range rows[1:] {
		lines, events = append(lines, row[content]), append(events, row[event])
	}
	return lines, events
}

// accuracy is the share of lines whose group has exactly the lines of their event.
func accuracy(got []uint64, want []string) float64 {
	type group struct {
		event string
		size  int
		mixed bool
	}
	groups, truth := map[uint64]*group{}, map[string]int{}
	for i, id := range got {
		truth[want[i]]++
		g := groups[id]
		if g == nil {
			g = &group{event: want[i]}
			groups[id] = g
		}
		g.size++
		g.mixed = g.mixed || g.event != want[i]
	}
	right := 0
	for _, g := range groups {
		if !g.mixed && g.size == truth[g.event] {
			right += g.size
		}
	}
	return float64(right) / float64(len(got))
}
