// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/logboom/logboom/internal/redact"
)

// report prints the findings of a line for --check: where and what, never the text.
func (r *redactRun) report(findings []redact.Finding) error {
	r.total.Findings += len(findings)
	for _, f := range findings {
		if r.flags.json {
			if err := r.encode(struct {
				File     string `json:"file"`
				Line     int    `json:"line"`
				Detector string `json:"detector"`
				Start    int    `json:"start"`
				End      int    `json:"end"`
			}{r.file, r.number, f.Detector, f.Start, f.End}); err != nil {
				return err
			}
			continue
		}
		if _, err := fmt.Fprintf(r.out, "%s:%d: %s\n", r.file, r.number, f.Detector); err != nil {
			return wrapWrite(err)
		}
	}
	return nil
}

// summary writes a table of the findings by detector, and a line about the lines.
func (r *redactRun) summary(w io.Writer) error {
	counts, actions, limits := map[string]int64{}, map[string]redact.Action{}, map[string]int64{}
	r.sc.Counts(
		func(detector string, action redact.Action, n int64) {
			counts[detector] += n
			actions[detector] = action
		},
		func(limit redact.Limit, n int64) { limits[string(limit)] += n },
	)
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	if len(counts) > 0 {
		_, _ = fmt.Fprintln(tw, "detector\tfindings\taction")
	}
	byCount := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for _, name := range byCount {
		action := actions[name]
		if r.dryRun {
			action = "none"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%d\t%s\n", name, counts[name], action)
	}
	if err := tw.Flush(); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	for _, reason := range slices.Sorted(maps.Keys(limits)) {
		if _, err := fmt.Fprintf(w, "masked unread because of %s: %d\n", reason, limits[reason]); err != nil {
			return fmt.Errorf("write summary: %w", err)
		}
	}
	if _, err := fmt.Fprintf(w, "lines %d, with findings %d, dropped %d\n", r.total.Lines, r.total.Found, r.total.Dropped); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// listedDetector is a row of --list.
type listedDetector struct {
	Detector    string `json:"detector"`
	Group       string `json:"group"`
	Enabled     bool   `json:"enabled"`
	Action      string `json:"action"`
	Description string `json:"description"`
}

const ownGroup = "own"

// listDetectors returns all detectors by group: those that exist, and those that the engine has of the user's own.
func listDetectors(engine *redact.Engine) []listedDetector {
	active := map[string]redact.Active{}
	for _, a := range engine.Active() {
		active[a.Name] = a
	}
	var rows []listedDetector
	add := func(name string, group redact.Group, doc string) {
		a, on := active[name]
		if on && a.Own {
			return // one of the user's own has taken its place
		}
		rows = append(rows, listedDetector{name, string(group), on, string(a.Action), doc})
	}
	for _, d := range redact.Detectors() {
		add(d.Name, d.Group, d.Doc)
	}
	add(redact.KeyDetector, redact.Secrets, "whatever stands under a key such as password, in attributes and bodies that are maps")
	for _, a := range active {
		if a.Own {
			rows = append(rows, listedDetector{a.Name, ownGroup, true, string(a.Action), a.Doc})
		}
	}
	order := []string{string(redact.Secrets), string(redact.Personal), string(redact.PaymentCard), string(redact.Network), ownGroup}
	slices.SortFunc(rows, func(a, b listedDetector) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Group), slices.Index(order, b.Group)), cmp.Compare(a.Detector, b.Detector))
	})
	return rows
}

func printDetectors(w io.Writer, engine *redact.Engine, asJSON bool) error {
	rows := listDetectors(engine)
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		for _, row := range rows {
			if err := enc.Encode(row); err != nil {
				return wrapWrite(err)
			}
		}
		return nil
	}
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	_, _ = fmt.Fprintln(tw, "detector\tgroup\tenabled\taction\tdescription")
	for _, row := range rows {
		enabled := "off"
		if row.Enabled {
			enabled = "on"
		}
		_, _ = fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", row.Detector, row.Group, enabled, cmp.Or(row.Action, "-"), row.Description)
	}
	return wrapWrite(tw.Flush())
}
