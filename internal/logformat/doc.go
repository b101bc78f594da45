// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package logformat knows the formats that common programs write their logs in, tells which of them a line has, and
// remembers for each source which one fitted last.
//
// A format is a pattern of the library (internal/grok/library), JSON or logfmt. Each is specific: a line of prose, of SQL, of
// a hex dump, or one that goes on with a stack trace has none. Which format a line has does not depend on what was
// remembered; memory only makes it quick.
//
// The package knows no Collector types.
package logformat // import "github.com/logboom/logboom/internal/logformat"
