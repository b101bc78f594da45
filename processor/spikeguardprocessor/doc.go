// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:generate go tool -modfile=../../internal/tools/go.mod mdatagen metadata.yaml

// Package spikeguardprocessor keeps a source of logs that runs away from costing more than its budget.
//
// Budgets, templates and verdicts are made in internal/spike; this package reads pdata, does what is to be done about what is over,
// writes weights, tells, counts, and keeps the lifecycle:
//
//	ConsumeLogs ─► read: a spike.Item for each record ─► Engine.Offer: verdicts ─► pass, thin, mark ─► next component
//	                                                                              │ taken: Engine.Settle, lasts, counts
//	tick, ten times a second ─► Engine.Tick ─► notices, summaries ──► emitter ────┴─► next component, until it takes them
//
// Each pipeline has an engine of its own. The README says what users see.
package spikeguardprocessor // import "github.com/logboom/logboom/processor/spikeguardprocessor"
