// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package requestsamplingprocessor keeps or drops the log records and the spans of a request together, by its outcome.
//
// Requests are held and decided in internal/tailsample; this package reads pdata, knows what policies ask for, writes
// sampling thresholds, counts, and keeps the lifecycle.
package requestsamplingprocessor // import "github.com/logboom/logboom/processor/requestsamplingprocessor"
