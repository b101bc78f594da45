// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

func TestTrace(t *testing.T) {
	for _, tc := range []struct {
		fields      map[string]any
		trace, span string
		failures    int64
	}{
		{map[string]any{"trace_id": "4d60b181d5a64bec76027b3dedb61e0a", "span_id": "9d58e0c8a660ad15"}, "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15", 0},
		{map[string]any{"traceparent": "00-4d60b181d5a64bec76027b3dedb61e0a-9d58e0c8a660ad15-01"}, "4d60b181d5a64bec76027b3dedb61e0a", "9d58e0c8a660ad15", 0},
		{map[string]any{"trace": map[string]any{"id": "4D60B181-D5A6-4BEC-7602-7B3DEDB61E0A"}}, "4d60b181d5a64bec76027b3dedb61e0a", "", 0},
		{map[string]any{"traceId": "9d58e0c8a660ad15"}, "00000000000000009d58e0c8a660ad15", "", 0},
		{map[string]any{"trace_id": "00000000000000000000000000000000", "span_id": "xyz"}, "", "", 2},
		{map[string]any{"trace_id": "not a trace", "span_id": int64(12)}, "", "", 2},
		{map[string]any{"traceparent": "00"}, "", "", 2},
		{map[string]any{"other": "x"}, "", "", 0},
	} {
		r := rule{traceID: newFieldNames("", traceIDNames), spanID: newFieldNames("", spanIDNames)}
		m := pcommon.NewMap()
		require.NoError(t, m.FromRaw(tc.fields))
		lr, fails := plog.NewLogRecord(), make([]int64, failureCount)
		r.applyTrace(m, lr, fails)
		assert.Equal(t, tc.trace, lr.TraceID().String())
		assert.Equal(t, tc.span, lr.SpanID().String())
		assert.Equal(t, tc.failures, fails[failureTraceID]+fails[failureSpanID], "%v", tc.fields)
	}
}
