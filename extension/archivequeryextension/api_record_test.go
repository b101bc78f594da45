// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/logql"
)

func TestRecordJSON(t *testing.T) {
	e := logql.Entry{
		Timestamp: 1768435200000000001, Line: "a \x1b[31mline\xff",
		Stream:   logql.Labels{{Name: "empty"}, {Name: "service_name", Value: "cart"}},
		Metadata: logql.Labels{{Name: "detected_level", Value: "error"}, {Name: "service_name", Value: "x"}, {Name: "detected_level", Value: "second"}},
	}
	r := newRecord(&e)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"time":"1768435200000000001","line":"a \u001b[31mline\ufffd","stream":{"service_name":"cart"},
		"metadata":{"detected_level":"error","service_name_extracted":"x"}}`, string(b))
	require.Equal(t, "cart", r.label("service_name"))
	require.Equal(t, "error", r.label("detected_level"))
	require.Empty(t, r.label("other"))
}

func TestRecordIsCut(t *testing.T) {
	e := logql.Entry{
		Line:     strings.Repeat("x", maxRecordLine-1) + "ü" + strings.Repeat("y", 1<<20),
		Stream:   logql.Labels{{Name: "service_name", Value: "cart"}},
		Metadata: logql.Labels{{Name: "long", Value: strings.Repeat("v", maxRecordValue+1)}},
	}
	r := newRecord(&e)
	require.Equal(t, strings.Repeat("x", maxRecordLine-1), r.Line, "no half of a character")
	require.Equal(t, len(e.Line), r.LineTruncated)
	require.Equal(t, []string{"long"}, r.ValuesTruncated)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	var got map[string]any
	require.NoError(t, json.Unmarshal(b, &got))
	require.EqualValues(t, len(e.Line), got["line_truncated"])
	require.Equal(t, []any{"long"}, got["values_truncated"])

	whole := makeRecord(&e, math.MaxInt, math.MaxInt)
	require.Equal(t, e.Line, whole.Line)
	require.Zero(t, whole.LineTruncated)
	require.Empty(t, whole.ValuesTruncated)

	e.Line = strings.Repeat("\x80", maxRecordLine+9) // continuations without a beginning
	require.Len(t, newRecord(&e).Line, maxRecordLine)
}

// TestRecordOfManyLabels: they are bounded, since each is compared with all others.
func TestRecordOfManyLabels(t *testing.T) {
	e := logql.Entry{Stream: logql.Labels{{Name: "service_name", Value: "cart"}}}
	for i := range maxRecordLabels + 10 {
		e.Metadata = append(e.Metadata, logql.Label{Name: fmt.Sprintf("a%d", i), Value: "v"})
	}
	r := newRecord(&e)
	require.Len(t, r.Metadata, maxRecordLabels-1)
	b, err := json.Marshal(r)
	require.NoError(t, err)
	require.True(t, strings.HasSuffix(string(b), `,"labels_left_out":11}`))
}
