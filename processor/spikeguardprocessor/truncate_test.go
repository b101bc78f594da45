// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestShorten(t *testing.T) {
	s := strings.Repeat("0123456789", 1000)
	short, left := shorten(s, 500)
	assert.LessOrEqual(t, len(short), 500)
	assert.GreaterOrEqual(t, len(short), 490)
	sum := sha256.Sum256([]byte(s))
	mark := fmt.Sprintf("…[%d bytes, sha256 %x]…", left, sum)
	head, tail, ok := strings.Cut(short, mark)
	require.True(t, ok, short)
	assert.True(t, strings.HasPrefix(s, head))
	assert.True(t, strings.HasSuffix(s, tail))
	assert.Equal(t, len(s), len(head)+left+len(tail))
	assert.InDelta(t, 3, float64(len(head))/float64(len(tail)), 0.2)
}

// FuzzShorten: what is left is a head, the mark and a tail, and no character is cut.
func FuzzShorten(f *testing.F) {
	f.Add(strings.Repeat("a", 300), 256)
	f.Add(strings.Repeat("ä€😀", 100), 257)
	f.Add(strings.Repeat("\xff\x80", 400), 300)
	f.Add(strings.Repeat("x", 400)+"…[1 bytes, sha256 ", 256)
	f.Fuzz(func(t *testing.T, s string, most int) {
		if most < minBodyBytes || len(s) <= most {
			t.Skip()
		}
		short, left := shorten(s, most)
		require.LessOrEqual(t, len(short), most)
		require.Positive(t, left)
		sum := sha256.Sum256([]byte(s))
		mark := "…[" + strconv.Itoa(left) + " bytes, sha256 " + hex.EncodeToString(sum[:]) + "]…"
		i := strings.Index(short, mark)
		require.GreaterOrEqual(t, i, 0)
		head, tail := short[:i], short[i+len(mark):]
		require.Equal(t, s[:len(head)], head)
		require.Equal(t, s[len(s)-len(tail):], tail)
		require.Equal(t, len(s), len(head)+left+len(tail))
		if utf8.ValidString(s) {
			require.True(t, utf8.ValidString(short))
		}
	})
}

func TestTruncate(t *testing.T) {
	r := reader{maxBodyBytes: 256}
	long := strings.Repeat("z", 1000)
	lr := plog.NewLogRecord()
	lr.Body().SetStr(long)
	require.True(t, r.truncate(lr))
	assert.Len(t, lr.Body().Str(), 255)
	left := lr.Attributes().AsRaw()[attributeTruncated].(int64)
	assert.InDelta(t, 1000-256+100, left, 10)
	require.False(t, r.truncate(lr), "again")
	assert.Equal(t, map[string]any{attributeTruncated: left}, lr.Attributes().AsRaw())

	// In maps and lists, each text by itself; what is no text stays.
	lr = plog.NewLogRecord()
	lr.Attributes().PutInt(attributeTruncated, 5) // by a guard before
	require.NoError(t, lr.Body().SetEmptyMap().FromRaw(map[string]any{"a": long, "b": []any{"short", map[string]any{"c": long}}, "n": 7, "short": "s"}))
	require.True(t, r.truncate(lr))
	raw := lr.Body().Map().AsRaw()
	assert.Len(t, raw["a"], 255)
	assert.Len(t, raw["b"].([]any)[1].(map[string]any)["c"], 255)
	assert.Equal(t, "short", raw["b"].([]any)[0])
	assert.Equal(t, int64(7), raw["n"])
	assert.Equal(t, map[string]any{attributeTruncated: 5 + 2*left}, lr.Attributes().AsRaw())

	// At the border, nothing.
	lr = plog.NewLogRecord()
	lr.Body().SetStr(long[:256])
	require.False(t, r.truncate(lr))
	assert.Empty(t, lr.Attributes().AsRaw())

	// Nothing is changed in a dry run.
	lr.Body().SetStr(long)
	r.dry = true
	require.True(t, r.truncate(lr))
	assert.Equal(t, long, lr.Body().Str())
	assert.Empty(t, lr.Attributes().AsRaw())
}

// TestTruncateAlways: also within the budget; and the budget is asked for what is left.
func TestTruncateAlways(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.Budget.PerKey.BytesPerSecond = 1000
	cfg.Truncate.MaxBodyBytes = 300
	r := newRig(t, cfg)
	ld := lines(1, "a")
	addLine(ld.ResourceLogs().At(0).ScopeLogs().At(0), strings.Repeat("body ", 100_000), 9)
	r.send(ld)
	r.stop()
	r.balanced()
	came := r.sink.came("a")
	require.Len(t, came, 2, "it would have been 500 kB")
	assert.Len(t, came[1].body, 300)
	assert.Equal(t, int64(1), r.metric("truncated_items"))
	assert.Zero(t, r.metric("over_items"))
}
