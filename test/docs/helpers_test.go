// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A test of documentation that finds nothing to test passes too; these say what it finds.
func TestHelpers(t *testing.T) {
	const text = "# A\n\n```yaml\na: 1\n```\n\n- item\n  ```yaml\n  b:\n    c: 2\n  ```\n\n```text\nno: yaml\n```\n\n" +
		"| setting | default | meaning |\n| --- | --- | --- |\n| `a::b` | | x \\| y |\n| `c`, `d` | `5` | |\n\nEach item:\n\n" +
		"| setting | default | meaning |\n| --- | --- | --- |\n| `name` | | |\n"
	require.Equal(t, []block{{3, "a: 1\n"}, {8, "b:\n  c: 2\n"}}, yamlBlocks(text))
	require.Equal(t, []setting{{"a.b", "", 19}, {"c", "`5`", 20}, {"d", "`5`", 20}}, settings(text))

	for _, c := range []struct {
		cell string
		v    any
		want bool
	}{
		{"`30s`", 30 * time.Second, true},
		{"`30s`", time.Minute, false},
		{"`168h`", "168h0m0s", true},
		{"`64`", 64, true},
		{"`64`", 65, false},
		{"`true`", true, true},
		{"`[a, b]`", []string{"a", "b"}, true},
		{"`[a]`", []string{"a", "b"}, false},
		{"`[]`", []string{}, true},
		{"`''`", "", true},
		{"", "", true},
		{"", "x", false},
		{"required", "", true},
		{"the host name", "x", false},
		{"", "[REDACTED]", true},
	} {
		assert.Equal(t, c.want, same(c.cell, c.v), "%q says %v", c.cell, c.v)
	}
}
