// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package dissect splits text at fixed delimiters, in the dialect of Logstash's dissect filter and of the dissect
// processors of Elasticsearch and Beats.
//
//	%{name}                 the text up to the delimiter that follows; of the last key the rest
//	%{} %{?name}            skipped
//	%{+name} %{+name/2}     appended to what name has already, behind the delimiter that stands before the key; with the order of the parts
//	%{*name} … %{&name}     a pair: the text of the first is the name, that of the second the value
//	%{?name} … %{&name}     the same; %{name} … %{&name} keeps the name as a value too
//	%{name->}               the delimiter that follows may be repeated
//	%{[nested][name]}       a nested name
//	%{name:int} %{name|int} the type to convert to, as in grok
//
// There is no escape: a delimiter is any text without `%{`. Matching takes time linear in the text.
//
// The package knows no Collector types.
package dissect // import "github.com/logboom/logboom/internal/dissect"
