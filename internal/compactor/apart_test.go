// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

// TestWhatDoesNotFitTogetherIsLeft merges objects that overlap in time, of which only so many fit at a time.
func TestWhatDoesNotFitTogetherIsLeft(t *testing.T) {
	for _, bare := range []bool{false, true} {
		for fit := 1; fit <= 4; fit++ {
			t.Run(fmt.Sprintf("%d of 4, bare %t", fit, bare), func(t *testing.T) { testApart(t, fit, bare) })
		}
	}
}

func testApart(t *testing.T, fit int, bare bool) {
	r := newRig(t)
	r.bare = bare
	for i := range 4 {
		r.write(fmt.Sprint("w", i), lines(200, fmt.Sprint("w", i), "cart", 9, start)...)
	}
	p := r.process()
	var log bytes.Buffer
	c := r.compactor(p, func(c *Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	for memory := int64(32 << 20); ; memory += 4 << 10 {
		require.Less(t, memory, int64(256<<20))
		c.merger = archive.NewMerger(p, archive.MergerOptions{TargetBytes: c.config.TargetBytes, MemoryBytes: memory})
		n, err := c.merger.Fit(t.Context(), r.live())
		require.NoError(t, err)
		if n == fit {
			break
		}
		require.Less(t, n, fit)
	}
	for i := range 8 {
		report, err := c.Cycle(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, report.Checkpoints, 4)
		r.check(nil)
		left := len(r.live())
		switch {
		case fit == 1:
			assert.Equal(t, 4, left)
		case fit == 4:
			assert.Equal(t, 1, left)
		default:
			assert.Less(t, left, 4)
		}
		assert.LessOrEqual(t, report.Backlog.Objects, left)
		if fit == 1 {
			assert.Equal(t, 4, report.Backlog.Objects)
			assert.Positive(t, report.Backlog.Bytes)
		}
		if i > 0 {
			assert.Zero(t, report.Merges)
			assert.Zero(t, report.Checkpoints)
		}
	}
	warnings := strings.Count(log.String(), "level=WARN")
	assert.LessOrEqual(t, warnings, 1, log.String())
	if fit == 1 {
		assert.Equal(t, 1, warnings)
	}
}
