// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// spread is the median of some values, with the least and the greatest.
type spread struct{ median, least, most float64 }

func spreadOf(results []result, value func(result) float64) spread {
	v := make([]float64, len(results))
	for i, r := range results {
		v[i] = value(r)
	}
	slices.Sort(v)
	mid := v[len(v)/2]
	if len(v)%2 == 0 {
		mid = (mid + v[len(v)/2-1]) / 2
	}
	return spread{mid, v[0], v[len(v)-1]}
}

func (s spread) format(verb string) string {
	if s.least == s.most {
		return fmt.Sprintf(verb, s.median)
	}
	return fmt.Sprintf(verb+" ("+verb+"–"+verb+")", s.median, s.least, s.most)
}

const mib = 1 << 20

// report prints one line a candidate: medians, and in brackets the least and the greatest of the repetitions.
func report(w io.Writer, order []string, results map[string][]result) {
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| candidate\t| krecords a CPU-s\t| krecords/s wall\t| peak RSS MiB\t| steady RSS MiB\t| stored MB\t| B a record\t| objects\t| PUT\t| GET\t| LIST\t|")
	fmt.Fprintln(table, "|"+strings.Repeat(" ---\t|", 11))
	for _, name := range order {
		list := results[name]
		if len(list) == 0 {
			continue
		}
		of := func(verb string, f func(result) float64) string { return spreadOf(list, f).format(verb) }
		requests := func(f func(requestCounts) int) string {
			if strings.HasPrefix(name, "object_storage-file") || strings.HasPrefix(name, "nop") {
				return "-"
			}
			return of("%.0f", func(r result) float64 { return float64(f(r.counts)) })
		}
		fmt.Fprintln(table, strings.Join([]string{
			"| " + name,
			of("%.1f", func(r result) float64 { return float64(r.records) / r.cpu.Seconds() / 1e3 }),
			of("%.1f", func(r result) float64 { return float64(r.records) / r.wall.Seconds() / 1e3 }),
			of("%.0f", func(r result) float64 { return float64(r.peak) / mib }),
			of("%.0f", func(r result) float64 { return float64(r.steady) / mib }),
			of("%.2f", func(r result) float64 { return float64(r.stored.dataBytes+r.stored.otherBytes) / 1e6 }),
			of("%.2f", func(r result) float64 { return float64(r.stored.dataBytes) / float64(r.records) }),
			of("%.0f", func(r result) float64 { return float64(r.stored.objects) }),
			requests(func(n requestCounts) int { return n.put }),
			requests(func(n requestCounts) int { return n.get }),
			requests(func(n requestCounts) int { return n.list }),
		}, "\t| ")+"\t|")
	}
	table.Flush()
}

// reportColumns prints what each column takes of a record.
func reportColumns(w io.Writer, s stored) error {
	list, rows, err := s.columns()
	if err != nil || rows == 0 {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| column\t| bytes a record\t|")
	fmt.Fprintln(table, "| ---\t| ---\t|")
	for _, c := range list {
		if each := float64(c.bytes) / float64(rows); each >= 0.005 {
			fmt.Fprintf(table, "| %s\t| %.2f\t|\n", c.name, each)
		}
	}
	return table.Flush()
}

// machine says what it ran on.
func machine() string {
	model, kernel := "", ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(b))
	}
	return fmt.Sprintf("%d processors (%s), %s %s %s, %s", runtime.NumCPU(), model, runtime.GOOS, kernel, runtime.GOARCH, runtime.Version())
}
