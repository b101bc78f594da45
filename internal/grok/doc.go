// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package grok compiles grok expressions, Logstash's dialect of named regular expressions, and matches text with them.
//
// A pattern is parsed into a syntax tree (Oniguruma's syntax plus `%{NAME:field:type}` references). Constructs that Go's
// linear-time regexp has an exact equivalent for are rewritten; only a pattern that is truly not regular (look-around whose
// neighbours do not decide it, atomic groups that matter, back-references) runs on a backtracking engine, with a time limit.
//
// The package knows no Collector types.
package grok // import "github.com/logboom/logboom/internal/grok"
