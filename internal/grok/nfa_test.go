// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/cputime"
)

// TestLargeClass: the time to compile a class stays near to proportional to what it lists.
func TestLargeClass(t *testing.T) {
	compile := func(n int) time.Duration {
		var b strings.Builder
		for i := range n { // every other rune: none touches the next
			b.WriteRune(rune(0x10000 + 2*i))
		}
		best := time.Hour
		for range 3 {
			var p *Pattern
			var err error
			best = min(best, cputime.Of(func() { p, err = ecs(t).Compile("^[" + b.String() + "](?<x>[^" + b.String() + "]+)") }))
			require.NoError(t, err)
			require.True(t, p.Regular())
			captures, ok, err := p.Match(string(rune(0x10000+2*(n-1)))+"\U00010001", nil)
			require.NoError(t, err)
			require.Equal(t, "true <nil> x=\"\U00010001\"", show(captures, ok, nil))
		}
		return best
	}
	few, many := compile(2000), compile(20_000)
	assert.Less(t, many, 40*few+50*time.Millisecond, "2000 in %v", few)
}
