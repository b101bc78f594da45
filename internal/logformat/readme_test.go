// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReadme compares the table of formats in the processor's README with the formats.
func TestReadme(t *testing.T) {
	raw, err := os.ReadFile("../../processor/grokprocessor/README.md")
	require.NoError(t, err)
	_, table, ok := strings.Cut(string(raw), "<!-- formats -->")
	require.True(t, ok)
	table, _, ok = strings.Cut(table, "<!-- end formats -->")
	require.True(t, ok)
	var documented, known []string
	for _, m := range regexp.MustCompile("`([a-z][a-z0-9_]*)`").FindAllStringSubmatch(table, -1) {
		if m[1] != "journalctl" {
			documented = append(documented, m[1])
		}
	}
	for _, f := range Formats() {
		known = append(known, f.Name)
	}
	assert.ElementsMatch(t, known, documented)
}
