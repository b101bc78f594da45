// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logql

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Loki's selectors match line breaks with a dot, and so do its label filters for the common shapes.
func TestMatcherOnSeveralLines(t *testing.T) {
	const value = "payment timeout\n\tat shop.Client.charge"
	for expr, want := range map[string]bool{
		".+": true, ".*": true, "payment.*": true, ".*charge": true, ".*timeout.*": true,
		"payment": false, "payment timeout": false, "": false, "[^\n]*": false, "(?-s:.+)": false,
	} {
		m, err := NewMatcher("message", MatchRegexp, expr)
		require.NoError(t, err)
		assert.Equal(t, want, m.Matches(value), expr)
		not, err := NewMatcher("message", MatchNotRegexp, expr)
		require.NoError(t, err)
		assert.Equal(t, !want, not.Matches(value), expr)
	}
}
