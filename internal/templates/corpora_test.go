// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package templates

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// systems are those whose event templates are known.
var systems = strings.Fields("Apache HDFS Linux OpenSSH OpenStack Hadoop Zookeeper Spark")

// labelled reads the lines of a system and their event IDs.
func labelled(tb testing.TB, system string) (lines, events []string) {
	tb.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		tb.Skip("LOGBOOM_CORPORA is not set: this test needs the corpora")
	}
	f, err := os.Open(filepath.Join(dir, "logs", system, system+"_2k.log_structured.csv"))
	if err != nil {
		tb.Skipf("LOGBOOM_CORPORA has no %s", system)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.LazyQuotes, r.FieldsPerRecord = true, -1
	rows, err := r.ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	content, event := -1, -1
	for i, name := range rows[0] {
		switch name {
		case "Content":
			content = i
		case "EventId":
			event = i
		}
	}
	for _, row := range rows[1:] {
		lines = append(lines, row[content])
		events = append(events, row[event])
	}
	return lines, events
}

// accuracy is the share of lines whose group is that of the truth, line for line.
func accuracy(got []uint64, want []string) float64 {
	groups, truth := map[uint64][]int{}, map[string][]int{}
	for i := range got {
		groups[got[i]] = append(groups[got[i]], i)
		truth[want[i]] = append(truth[want[i]], i)
	}
	right := 0
	for _, g := range groups {
		event := want[g[0]]
		same := len(truth[event]) == len(g)
		for _, i := range g {
			same = same && want[i] == event
		}
		if same {
			right += len(g)
		}
	}
	return float64(right) / float64(len(got))
}

func TestGroupingAccuracy(t *testing.T) {
	systems := systems
	sum := 0.0
	for _, system := range systems {
		lines, events := labelled(t, system)
		m := New(Config{})
		ids := make([]uint64, len(lines))
		for i, line := range lines {
			ids[i], _ = m.Add(line)
		}
		for i := range ids {
			ids[i] = m.Resolve(ids[i])
		}
		ga := accuracy(ids, events)
		sum += ga
		t.Logf("%-10s %.3f  %d templates, %d bytes", system, ga, m.Len(), m.Bytes())
	}
	if mean := sum / float64(len(systems)); mean < 0.94 {
		t.Errorf("mean %.3f, want 0.94", mean)
	} else {
		t.Logf("mean %.3f", mean)
	}
}
