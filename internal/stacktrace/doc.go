// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package stacktrace finds the exception in the text of a log record: its type, its message and its stack trace.
//
// It knows the stack traces that runtimes print: those of Java and its kin, .NET, JavaScript, Python, Go's panics, Ruby,
// PHP and Rust. What caused an exception stays in its stack trace; of several that Python prints, the last is the one.
//
// Finding takes time linear in the text and allocates nothing: all that is found is part of the text. Texts are outside bytes, and
// nothing is expected of them.
//
// The package knows no Collector types.
package stacktrace // import "github.com/logboom/logboom/internal/stacktrace"
