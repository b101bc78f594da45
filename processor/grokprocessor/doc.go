// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package grokprocessor turns unstructured log lines into structured records: ordered rules select a record,
// the first parser that matches (grok, regular expression, JSON, logfmt) fills its attributes, timestamp,
// severity and trace context. What does not parse goes on unchanged, with a reason.
package grokprocessor // import "github.com/logboom/logboom/processor/grokprocessor"
