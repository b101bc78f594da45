// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package grok compiles grok expressions, Logstash's dialect of named regular expressions, and matches text with them.
//
// A pattern is parsed into a syntax tree (Oniguruma's syntax plus `%{NAME:field:type}` references; parse.go). What is regular
// runs on a deterministic automaton that is made while it runs (analyze.go, nfa.go, dfa.go), in time linear in the text; the rest
// (back-references, look-around that matters) on a backtracking machine with a bound on its steps (program.go, machine.go).
// A List holds several patterns and tries only those that can match a text (prefilter.go).
//
// The package knows no Collector types.
package grok // import "github.com/logboom/logboom/internal/grok"
