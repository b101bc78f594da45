// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archive is Logboom's log archive on object storage: Parquet objects in hourly partitions, and a
// commit log that says which of them are live. FORMAT.md beside this file specifies the bytes; this package
// writes them ([Encoder], [LogWriter]) and reads them ([Open], [Snapshot.Scan], [Snapshot.Count]).
//
// A query goes from the cheap to the dear: the commit log (times, services, counts), footers, the index, the columns of
// the conditions, and at last the other columns of row groups in which rows are left. [ScanStats] says how far it had to
// go. Its memory is bounded by [ReaderOptions], as is the cache that the queries of a [Reader] share.
//
// Where to look:
//
//	records        record.go, value.go, exact.go; from pdata batch*.go, back to pdata restore*.go
//	writing        encoder.go, object_write.go, columns_write.go and the other *_write.go, promoted.go, counts.go
//	the log        logrecord.go, logwriter.go, writerlog.go; checkpoint*.go, manifest*.go, lease.go, garbage.go
//	following it   reader.go, refresh.go, logupdate.go, snapshot_days.go; what is not committed yet: fresh*.go; what is new: follow.go
//	queries        request.go, query.go, plan.go, scan.go, groupscan.go, unordered.go, sweep.go, count*.go, turns.go; conditions: filter.go, field.go, line.go, needle.go
//	decoding       object.go, rowgroup.go, column.go, page.go, page_values.go, foreign.go, records_read.go; bounds: budget.go, cache.go, packed.go
//	the index      internal/textindex, index_write.go, index_verify.go
//	resources      resources.go, resources_codec.go, resources_count.go; who asks: resources_read.go, resources_sum.go
//	merging        merge*.go, rewrite.go
//
// The package needs nothing of a Collector but pdata, so that other programs can read and write archives.
// Object storage is reached through the small [Bucket] interface.
package archive // import "github.com/logboom/logboom/archive"
