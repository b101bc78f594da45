// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package interop reads the archive with Parquet readers that are not Logboom's: DuckDB, Apache Arrow for Go, and
// parquet-go's own row reader. What they give is compared, row by row and column by column, with rows that are made
// straight from the OTLP records after archive/FORMAT.md, by code that shares nothing with the writer. A second set of tests takes
// the files apart by hand: page headers, checksums, levels, statistics, page index.
package interop
