// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact measures how fast secrets and personal data are looked for: Logboom's scanner beside gitleaks' engine, beside
// gitleaks' rules behind a bare Aho-Corasick automaton and beside eight regular expressions, and the redact processor
// beside contrib's redaction processor, in turns in one process on one core; and what hostile texts cost. Run it with
// `make bench-redact`; docs/benchmarks.md says what the columns mean and holds the figures.
//
// Under `go test` without flags it runs once, small, and checks that every planted value is masked.
package redact
