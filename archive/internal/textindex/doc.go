// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package textindex says which row groups, and which rows of them, a text filter can match, without reading the texts.
// It knows neither Parquet nor buckets. archive/FORMAT.md, "Index", specifies the bytes.
//
// Two structures lie side by side. Tokens (runs of letters and digits) of all texts: a sorted vocabulary with the row
// groups of each, and for tokens that are nearly unique (ids) a binary fuse filter per row group. They tell row groups
// that cannot hold a needle. Shapes of bodies: a body with a placeholder for each token that holds a digit. A filter is
// run over a shape with three results: every body of that shape matches, none does, or the body must be looked at. So
// a filter for words is settled without bodies.
//
// Nothing here is ever a guess in the wrong direction: a row group or row that is excluded holds no match, one that is
// included as [All] matches. Damage is an error.
package textindex // import "github.com/logboom/logboom/archive/internal/textindex"
