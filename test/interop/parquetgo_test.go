// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package interop

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// goRow is a row as a user of parquet-go would declare it.
type goRow struct {
	Timestamp              int64
	TimestampSource        *string
	ObservedTimestamp      *int64
	TraceID                string `parquet:"TraceId"`
	SpanID                 string `parquet:"SpanId"`
	TraceFlags             uint32
	SeverityText           string
	SeverityNumber         int32
	ServiceName            string
	Body                   string
	BodyType               *string
	ResourceSchemaURL      string `parquet:"ResourceSchemaUrl"`
	ResourceAttributes     map[string]string
	ResourceAttributeTypes *string
	ScopeSchemaURL         string `parquet:"ScopeSchemaUrl"`
	ScopeName              string
	ScopeVersion           string
	ScopeAttributes        map[string]string
	ScopeAttributeTypes    *string
	LogAttributes          map[string]string
	LogAttributeTypes      *string
	EventName              string
	RecordUID              string `parquet:"RecordUid"`
	SamplingThreshold      string
	RecordCount            int64
	Exact                  []byte `parquet:",optional"`
}

// TestParquetGoReadsEveryRow compares every value of every live row as parquet-go's generic reader gives it.
func TestParquetGoReadsEveryRow(t *testing.T) {
	t.Parallel()
	eachArchive(t, func(t *testing.T, a *testArchive) {
		var got rowset
		for _, f := range a.files(t) {
			readParquetGo(t, f, got.add)
		}
		a.want.requireEqual(t, &got)
	})
}

func readParquetGo(t *testing.T, path string, yield func(*row)) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	r := parquet.NewGenericReader[goRow](f)
	defer r.Close()
	var rows int64
	buf := make([]goRow, 1000)
	for {
		n, err := r.Read(buf)
		for i := range buf[:n] {
			yield(buf[i].row())
		}
		clear(buf)
		rows += int64(n)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
	}
	require.Equal(t, r.NumRows(), rows)
}

func (g *goRow) row() *row {
	r := &row{
		Timestamp: g.Timestamp, TimestampSource: g.TimestampSource, ObservedTimestamp: g.ObservedTimestamp,
		TraceID: g.TraceID, SpanID: g.SpanID, TraceFlags: g.TraceFlags, SeverityText: g.SeverityText, SeverityNumber: g.SeverityNumber,
		ServiceName: g.ServiceName, Body: g.Body, BodyType: g.BodyType,
		ResourceSchemaURL: g.ResourceSchemaURL, ResourceAttributes: sortedEntries(g.ResourceAttributes), ResourceAttributeTypes: g.ResourceAttributeTypes,
		ScopeSchemaURL: g.ScopeSchemaURL, ScopeName: g.ScopeName, ScopeVersion: g.ScopeVersion,
		ScopeAttributes: sortedEntries(g.ScopeAttributes), ScopeAttributeTypes: g.ScopeAttributeTypes,
		LogAttributes: sortedEntries(g.LogAttributes), LogAttributeTypes: g.LogAttributeTypes,
		EventName: g.EventName, RecordUID: g.RecordUID, SamplingThreshold: g.SamplingThreshold, RecordCount: g.RecordCount,
	}
	if len(g.Exact) > 0 {
		r.Exact = g.Exact
	}
	return r
}

func sortedEntries(m map[string]string) (list []entry) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		list = append(list, entry{k, m[k]})
	}
	return list
}
