// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package requestsamplingprocessor keeps or drops the log records and the spans of a request together, by its outcome.
//
// Requests are held and decided in internal/tailsample; this package reads pdata, knows what policies ask for, writes
// sampling thresholds, counts, and keeps the lifecycle:
//
//	ConsumeLogs, ConsumeTraces ─► reader: a tailsample.Item for each record ─► Output.Offer, with the batch as OTLP
//	                                 next component ◄─ writer: weights ◄─ kept at once, or Deliver: kept after it was held
//
// The processors of all pipelines that name one component share a sampler, found by the pointer to their configuration.
// The README says what users see, docs/decisions/0007-request-sampling.md why it is so.
package requestsamplingprocessor // import "github.com/logboom/logboom/processor/requestsamplingprocessor"
