// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/processor/redactprocessor"
)

var update = flag.Bool("update", false, "write the page of the detectors anew")

// TestDetectorsPage compares the page with what --list prints of the defaults.
func TestDetectorsPage(t *testing.T) {
	const path = "../../processor/redactprocessor/DETECTORS.md"
	engine, err := redactprocessor.NewFactory().CreateDefaultConfig().(*redactprocessor.Config).NewEngine()
	require.NoError(t, err)
	want := detectorsPage(listDetectors(engine))
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644)) //nolint:gosec // a page for everybody
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "go test ./cmd/logboomctl -run TestDetectorsPage -update")
}

func detectorsPage(rows []listedDetector) string {
	var b strings.Builder
	b.WriteString("# Detectors of the redact processor\n\nWritten by `go test ./cmd/logboomctl -run TestDetectorsPage -update` from what `logboomctl redact --list` prints.\n")
	group := ""
	for i, row := range rows {
		if row.Group != group {
			group = row.Group
			n, on := 0, "off by default"
			for _, r := range rows[i:] {
				if r.Group == group {
					n++
				}
			}
			if row.Enabled {
				on = "on by default"
			}
			fmt.Fprintf(&b, "\n## `%s`, %s (%d)\n\n| detector | finds |\n| --- | --- |\n", group, on, n)
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", row.Detector, strings.NewReplacer("|", `\|`, "<", "&lt;", "*", `\*`, "_", `\_`).Replace(row.Description))
	}
	return b.String()
}

// TestDetectorsListed lists each detector once, in a group, and says what it finds.
func TestDetectorsListed(t *testing.T) {
	engine, err := redactprocessor.NewFactory().CreateDefaultConfig().(*redactprocessor.Config).NewEngine()
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, row := range listDetectors(engine) {
		require.False(t, seen[row.Detector], "%s is listed twice", row.Detector)
		seen[row.Detector] = true
		require.NotEmpty(t, row.Description, row.Detector)
		require.Equal(t, row.Group != string(redact.Network), row.Enabled, row.Detector)
	}
	require.Greater(t, len(seen), 200)
}
