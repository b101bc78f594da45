// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// The columns that every object has by index, in the order of fields. A MAP takes two, its types a third.
const (
	colTimestamp = iota
	colTimestampSource
	colObservedTimestamp
	colTraceID
	colSpanID
	colTraceFlags
	colSeverityText
	colSeverityNumber
	colServiceName
	colBody
	colBodyType
	colResourceSchemaURL
	colResourceAttributes
	_
	_
	colScopeSchemaURL
	colScopeName
	colScopeVersion
	colScopeAttributes
	_
	_
	colLogAttributes
	_
	_
	colEventName
	colRecordUID
	colSamplingThreshold
	colRecordCount
	colExact
	numColumns
)

// decodeRowGroup returns the records of a row group that the request asks for, in time order, and how many
// rows it looked at. It may panic on damaged data.
func decodeRowGroup(group parquet.RowGroup, data window, req *ScanRequest) (kept []*Record, scanned int, err error) {
	c := columnReader{chunks: group.ColumnChunks(), data: data, rows: int(group.NumRows())}
	if len(c.chunks) < numColumns || c.rows < 0 || c.rows > maxRowGroupRows {
		return nil, 0, errColumn
	}
	times, err := c.ints(colTimestamp)
	if err != nil {
		return nil, 0, err
	}
	services, err := c.texts(colServiceName)
	if err != nil {
		return nil, 0, err
	}
	wanted := make([]int, 0, len(times))
	lastService, keep := "", req.Service == nil || (len(services) > 0 && req.Service(""))
	for i, t := range times {
		if t < req.Start || req.after(t) {
			continue
		}
		if req.Service != nil && services[i] != lastService {
			lastService, keep = services[i], req.Service(services[i])
		}
		if keep {
			wanted = append(wanted, i)
		}
	}
	if len(wanted) == 0 {
		return nil, len(times), nil
	}
	records, err := c.records(times, services)
	if err != nil {
		return nil, len(times), err
	}
	slices.SortStableFunc(wanted, func(a, b int) int { return cmp.Compare(times[a], times[b]) })
	kept = make([]*Record, 0, len(wanted))
	for _, i := range wanted {
		if req.Keep == nil || req.Keep(&records[i]) {
			kept = append(kept, &records[i])
		}
	}
	return kept, len(times), nil
}

// maxRowGroupRows is more than any version of the format puts into a row group.
const maxRowGroupRows = 1 << 20

// records decodes what is left of a row group.
func (c *columnReader) records(times []int64, services []string) ([]Record, error) {
	records := make([]Record, c.rows)
	for i := range records {
		records[i].Timestamp = times[i]
		records[i].ServiceName = services[i]
	}
	var err error
	text := func(col int, set func(*Record, string)) {
		if err != nil {
			return
		}
		var list []string
		if list, err = c.texts(col); err == nil {
			for i := range records {
				set(&records[i], list[i])
			}
		}
	}
	number := func(col int, set func(*Record, int64)) {
		if err != nil {
			return
		}
		var list []int64
		if list, err = c.ints(col); err == nil {
			for i := range records {
				set(&records[i], list[i])
			}
		}
	}
	attributes := func(col int, set func(*Record, []Attribute)) {
		if err != nil {
			return
		}
		var list [][]Attribute
		if list, err = c.attributes(col); err == nil {
			for i := range records {
				set(&records[i], list[i])
			}
		}
	}
	text(colTimestampSource, func(r *Record, s string) {
		switch s {
		case sourceObserved:
			r.source = timeObserved
		case sourceArrival:
			r.source = timeArrival
		}
	})
	number(colObservedTimestamp, func(r *Record, n int64) { r.ObservedTimestamp = n })
	text(colTraceID, func(r *Record, s string) { r.TraceID = s })
	text(colSpanID, func(r *Record, s string) { r.SpanID = s })
	number(colTraceFlags, func(r *Record, n int64) { r.TraceFlags = uint32(n) })
	text(colSeverityText, func(r *Record, s string) { r.SeverityText = s })
	number(colSeverityNumber, func(r *Record, n int64) { r.SeverityNumber = int32(n) })
	text(colBody, func(r *Record, s string) { r.Body = s })
	var badType bool
	text(colBodyType, func(r *Record, s string) {
		if s != "" {
			t, ok := typeOfCode(s[0])
			badType = badType || !ok || len(s) != 1
			r.BodyType = t
		}
	})
	text(colResourceSchemaURL, func(r *Record, s string) { r.ResourceSchemaURL = s })
	attributes(colResourceAttributes, func(r *Record, a []Attribute) { r.ResourceAttributes = a })
	text(colScopeSchemaURL, func(r *Record, s string) { r.ScopeSchemaURL = s })
	text(colScopeName, func(r *Record, s string) { r.ScopeName = s })
	text(colScopeVersion, func(r *Record, s string) { r.ScopeVersion = s })
	attributes(colScopeAttributes, func(r *Record, a []Attribute) { r.ScopeAttributes = a })
	attributes(colLogAttributes, func(r *Record, a []Attribute) { r.LogAttributes = a })
	text(colEventName, func(r *Record, s string) { r.EventName = s })
	text(colRecordUID, func(r *Record, s string) { r.RecordUID = s })
	text(colSamplingThreshold, func(r *Record, s string) { r.SamplingThreshold = s })
	number(colRecordCount, func(r *Record, n int64) { r.RecordCount = uint64(max(n, 1)) })
	text(colExact, func(r *Record, s string) {
		if s != "" {
			r.exact = []byte(s)
		}
	})
	if err == nil && badType {
		err = errColumn
	}
	if err != nil {
		return nil, err
	}
	for i := range records {
		records[i].restorePromoted()
	}
	return records, nil
}

// restorePromoted puts the attributes back that are kept by columns of their own.
func (r *Record) restorePromoted() {
	restore := func(key, value string) {
		if value == "" {
			return
		}
		if i, found := slices.BinarySearchFunc(r.LogAttributes, key, func(a Attribute, k string) int { return cmp.Compare(a.Key, k) }); !found {
			r.LogAttributes = slices.Insert(slices.Clip(r.LogAttributes), i, Attribute{Key: key, Value: value})
		}
	}
	restore(AttributeRecordUID, r.RecordUID)
	restore(AttributeSamplingThreshold, r.SamplingThreshold)
}
