// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package objectstoragereceiver replays a part of the log archive into a pipeline: a time range, as far as a query keeps its
// records, at a chosen pace, with a checkpoint.
package objectstoragereceiver // import "github.com/logboom/logboom/receiver/objectstoragereceiver"
