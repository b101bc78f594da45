// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"math"
	"slices"
	"strings"
)

type countKey struct {
	service, text string
	severity      int32
	bucket        int
}

// Count counts the records of the request by service, bucket and, if asked for, severity. The rows are in the order of
// service, severity and bucket; none is empty. Errors are as those of [Snapshot.Scan].
func (s *Snapshot) Count(ctx context.Context, req CountRequest) ([]CountRow, ScanStats, error) {
	scan := req.ScanRequest
	scan.Limit, scan.Descending = 0, false
	if n := len(req.Edges); n > 0 {
		scan.Start = max(scan.Start, req.Edges[0])
		scan.End = min(scan.End, req.Edges[n-1])
	}
	if scan.Columns != 0 || scan.Keep == nil {
		scan.Columns |= ColumnWeight
		if req.Bytes {
			scan.Columns |= ColumnBody
		}
	}
	rows := map[countKey]*CountRow{}
	stats, err := s.Scan(ctx, scan, func(r *Record) error {
		key := countKey{service: r.ServiceName}
		if n := len(req.Edges); n > 0 {
			i, found := slices.BinarySearch(req.Edges, r.Timestamp)
			if !found {
				i--
			}
			if i < 0 || i+1 >= n && r.Timestamp != math.MaxInt64 {
				return nil
			}
			key.bucket = i
		}
		if req.BySeverity {
			key.severity = r.SeverityNumber
			if key.severity < 1 || key.severity > 24 {
				key.text = r.SeverityText
			}
		}
		row := rows[key]
		if row == nil {
			key.service, key.text = strings.Clone(key.service), strings.Clone(key.text)
			row = &CountRow{Service: key.service, SeverityNumber: key.severity, SeverityText: key.text, Bucket: key.bucket}
			rows[key] = row
		}
		row.Rows++
		if req.Bytes {
			row.Bytes += int64(len(r.Body))
			row.WeightedBytes += r.Weight() * float64(len(r.Body))
		}
		row.Weight += r.Weight()
		return nil
	})
	list := make([]CountRow, 0, len(rows))
	for _, r := range rows {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b CountRow) int {
		return cmp.Or(strings.Compare(a.Service, b.Service), cmp.Compare(a.SeverityNumber, b.SeverityNumber),
			strings.Compare(a.SeverityText, b.SeverityText), cmp.Compare(a.Bucket, b.Bucket))
	})
	return list, stats, err
}
