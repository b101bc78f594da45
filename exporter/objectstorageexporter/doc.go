// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package objectstorageexporter writes the log archive: Parquet objects in a bucket, exactly once from its
// write-ahead log into the archive's commit log.
package objectstorageexporter // import "github.com/logboom/logboom/exporter/objectstorageexporter"
