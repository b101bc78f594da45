// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

// TestLogQLBlocks parses every line of every block of a Markdown file that is fenced as `logql`, and runs it over nothing.
func TestLogQLBlocks(t *testing.T) {
	n := 0
	walk(t, ".md", func(path, rel string) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		inside := false
		for i, line := range strings.Split(string(text), "\n") {
			switch {
			case line == "```logql":
				inside = true
			case line == "```":
				inside = false
			case inside && line != "":
				n++
				t.Run(fmt.Sprintf("%s:%d", rel, i+1), func(t *testing.T) {
					e, err := logql.Parse(line)
					require.NoError(t, err)
					_, err = logql.Eval(t.Context(), logql.NewMemory(nil), e, logql.Params{Start: 1, End: 1})
					require.NoError(t, err)
				})
			}
		}
	})
	require.NotZero(t, n)
}
