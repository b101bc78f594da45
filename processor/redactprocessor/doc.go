// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package redactprocessor masks secrets and personal data in every string of log records and spans.
//
// The detectors and the rewriting live in internal/redact; this package walks pdata, counts, and keeps the lifecycle.
package redactprocessor // import "github.com/logboom/logboom/processor/redactprocessor"
