// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package archivecompactorextension looks after a log archive: it merges small objects, sums up the commit log, and
// deletes what is older than it may become. Package internal/compactor does the work; this one configures it, repeats it,
// and tells how it goes.
package archivecompactorextension // import "github.com/logboom/logboom/extension/archivecompactorextension"
