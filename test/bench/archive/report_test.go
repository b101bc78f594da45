// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
func report(w io.Writer, results []result) {
	var order []string
	byName := map[string][]result{}
	for _, r := range results {
		if byName[r.Name] == nil {
			order = append(order, r.Name)
		}
		byName[r.Name] = append(byName[r.Name], r)
	}
	table := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(table, "| candidate\t| krecords a CPU-s\t| krecords/s wall\t| peak RSS MiB\t| steady RSS MiB\t| stored MB\t| B a record\t| objects\t| PUT\t| GET\t| LIST\t|")
	fmt.Fprintln(table, "|"+strings.Repeat(" ---\t|", 11))
	for _, name := range order {
		list := byName[name]
		of := func(verb string, f func(result) float64) string { return spreadOf(list, f).format(verb) }
		requests := func(f func(requestCounts) int) string {
			if strings.HasPrefix(name, "object_storage-file") || strings.HasPrefix(name, "nop") {
				return "-"
			}
			return of("%.0f", func(r result) float64 { return float64(f(r.Counts)) })
		}
		fmt.Fprintln(table, strings.Join([]string{
			"| " + name,
			of("%.1f", func(r result) float64 { return float64(r.Records) / r.CPU.Seconds() / 1e3 }),
			of("%.1f", func(r result) float64 { return float64(r.Records) / r.Wall.Seconds() / 1e3 }),
			of("%.0f", func(r result) float64 { return float64(r.Peak) / mib }),
			of("%.0f", func(r result) float64 { return float64(r.Steady) / mib }),
			of("%.2f", func(r result) float64 { return float64(r.DataBytes+r.LogBytes) / 1e6 }),
			of("%.2f", func(r result) float64 { return float64(r.DataBytes) / float64(r.Records) }),
			of("%.0f", func(r result) float64 { return float64(r.Objects) }),
			requests(func(n requestCounts) int { return n.Put }),
			requests(func(n requestCounts) int { return n.Get }),
			requests(func(n requestCounts) int { return n.List }),
		}, "\t| ")+"\t|")
	}
	table.Flush()
}

// reportColumns prints what each column takes of a record.
func reportColumns(w io.Writer, files []string) error {
	list, rows, err := columns(files)
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

func loadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}

// readResults reads what appendResult wrote; a file that does not exist yet holds nothing.
func readResults(path string, to *[]result) error {
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for line := range bytes.Lines(b) {
		var r result
		if err := json.Unmarshal(line, &r); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		*to = append(*to, r)
	}
	return nil
}

func appendResult(path string, r result) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(err, f.Close())
}
