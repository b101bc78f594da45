// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package logql is LogQL, the query language of Grafana Loki: a parser to a typed syntax tree whose String is
// canonical, and an engine that runs queries over any [Source] of entries.
//
// [Parse] reads a query, [Eval] runs it. Everything is bounded: the text and the nesting of a query, the series,
// steps and memory of an evaluation; regular expressions are RE2. Errors that the author of a query can mend
// are recognised by [IsUserError], and a [ParseError] says where the mistake is.
//
// The language was written down from Loki's documentation and from what Loki answers.
package logql // import "github.com/logboom/logboom/logql"
