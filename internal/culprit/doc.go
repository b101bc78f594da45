// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package culprit tells what is different about bad records: the templates, values and numbers that are over-represented among
// them against a baseline, and what fell silent.
//
//	Sample      records of both sides, as they are; bounded in bytes
//	   │
//	service     by service: templates, values of fields, numbers, and how often each is on either side
//	   │
//	candidates  those whose share or rate rose (or ended) by more than chance and burstiness explain
//	   │
//	fold        one cause for what is in the same records or in the same requests: the origin, not what follows from it
//	   │
//	Report      the causes, the likeliest first
//
// Sides are told apart by time (an interval against what is usual: rates count) or by a filter (errors against the rest: shares
// count). Everything is deterministic: the same records give the same report, whatever their order.
//
// Of related candidates in several services the origin is the one whose work lies within that of the others (spans of records
// of one request, which need no common clock), or that the others name in their lines ("call to inventory returned 503").
//
// The package knows no Collector types, and nothing of HTTP.
package culprit
