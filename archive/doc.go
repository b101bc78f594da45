// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archive is Logboom's log archive on object storage: Parquet objects in hourly partitions, and a
// commit log that says which of them are live. FORMAT.md beside this file specifies the bytes; this package
// writes them ([Encoder], [Log]) and reads them ([Open], [Snapshot.Scan]).
//
// The package needs nothing of a Collector but pdata, so that other programs can read and write archives.
// Object storage is reached through the small [Bucket] interface.
package archive // import "github.com/logboom/logboom/archive"
