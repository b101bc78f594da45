// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package patterns groups log lines into templates, in parallel, and says of each how often it comes, since when, and which filter selects
// its lines.
//
//	lines of a goroutine ──► Part: a templates.Miner for each service, a tally for each template ─┐
//	lines of another     ──► Part                                                                ├─► Set.Templates: merged by service,
//	lines of the time before ──► Part (baseline)                                                 ┘   then those of equal text over services
//
// Few lines are looked at one by one; of many, a [Plan] says which share: by service and level, so that what is seldom is looked at whole and
// only what comes by the hundred thousand is sampled. What was sampled is scaled up by stratum, to the number that was counted.
//
// Memory is bounded by [Options.MaxBytes] for all parts of a Set together, beside what miners that are there already grow by, each of which
// has its own bound. What finds no room is counted among the rest, never lost.
//
// The package knows no HTTP and no archive.
package patterns // import "github.com/logboom/logboom/internal/patterns"
