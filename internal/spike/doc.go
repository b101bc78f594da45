// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package spike decides, record by record, what passes when a source of logs exceeds its budget.
//
//	record ── key ──► within its budget? ── yes ──► passes                      (a subtraction)
//	                       │ no: the key is in a spike until it has been calm for a while
//	                       ▼
//	                 template of its text ── first of a burst, or new ──► passes from an allowance of its own
//	                       │
//	                       ▼
//	                 randomness ≥ the template's threshold ── yes ──► passes, and stands for those that did not
//	                       │ no
//	                       ▼
//	                 over: thinned, summarized, diverted or dropped by the caller
//
// Budgets are fixed or learned from what a key usually sends (baseline.go); a global budget is shared max-min fair among the keys
// (share.go). Ten times a second the budget of each key in a spike is shared among its templates: errors first, then warnings,
// and within a severity so that what repeats most gives way first (burst.go).
//
// The package knows no Collector types.
package spike // import "github.com/logboom/logboom/internal/spike"
