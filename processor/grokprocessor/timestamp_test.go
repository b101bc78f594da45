// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
)

// TestTimestamp: every type of value that can be a time is read; internal/logtime tests the texts.
func TestTimestamp(t *testing.T) {
	near := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC).UnixNano()
	check := func(want string, cfg TimestampConfig, v any) {
		t.Helper()
		r, err := newTimestampReader(&cfg)
		require.NoError(t, err)
		value := pcommon.NewValueEmpty()
		require.NoError(t, value.FromRaw(v))
		got := ""
		if ns, ok := readTimestamp(r, value, near); ok {
			got = time.Unix(0, ns).UTC().Format(time.RFC3339Nano)
		}
		assert.Equal(t, want, got, "%v", v)
	}
	check("2026-01-15T00:00:01Z", TimestampConfig{}, " 2026-01-15T00:00:01Z")
	check("2023-12-31T23:59:59Z", TimestampConfig{}, "Dec 31 23:59:59")
	check("2026-01-14T23:00:01Z", TimestampConfig{Location: "Europe/Berlin"}, "2026-01-15 00:00:01")
	check("2017-06-09T20:10:40Z", TimestampConfig{Layouts: []string{"06/01/02 15:04:05"}}, "17/06/09 20:10:40")
	check("2026-01-14T23:59:59.193Z", TimestampConfig{}, int64(1768435199193))
	check("1970-01-01T00:00:12Z", TimestampConfig{Layouts: []string{"unix_ms"}}, int64(12000))
	check("2026-01-14T23:59:59.193018Z", TimestampConfig{}, 1768435199.193018)
	check("", TimestampConfig{}, true)
	check("", TimestampConfig{}, nil)
	check("2026-01-15T00:00:01Z", TimestampConfig{}, []any{"2026-01-15T00:00:01Z", "x"})
	check("", TimestampConfig{}, []any{})
	check("2026-01-14T23:59:59.193018761Z", TimestampConfig{}, map[string]any{"epochSecond": int64(1768435199), "nanoOfSecond": int64(193018761)})
	check("2026-01-14T23:59:59Z", TimestampConfig{}, map[string]any{"seconds": int64(1768435199)})
	check("", TimestampConfig{}, map[string]any{"epochSecond": int64(1768435199), "nanoOfSecond": int64(1e9)})
	check("", TimestampConfig{}, map[string]any{"epochSecond": "x"})
	check("", TimestampConfig{}, map[string]any{"seconds": int64(12), "nanos": "x"})
	check("", TimestampConfig{}, map[string]any{})
}
