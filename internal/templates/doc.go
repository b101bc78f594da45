// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package templates finds the templates of log lines in one pass: lines that one statement of a program wrote become one template, in which
// <*> stands for what varies.
//
//	line      Accepted password for alice from 10.1.2.3 port 4022
//	           │
//	scan      words and marks; what varies anywhere is masked: numbers, addresses, paths, quoted texts, values of keys
//	           │   Accepted│password│for│alice│from│<*>│port│<*>
//	known     line hash ──────────────────────────► template          nearly all lines end here
//	           │ not known
//	place     templates of the same shape (words as one, marks as they are), compared word by word
//	           ├ no difference ───────────────────► template          alice stands where <*> is
//	           ├ different in places where enough
//	           │ different texts were seen ───────► those templates become one, with <*> in these places
//	           └ else ────────────────────────────► a new template
//
// A JSON object is known by its keys and the words of its message and of its severity, a list of key=value pairs likewise.
//
// The grouping by shape and the comparing word by word are those of Drain (He, Zhu, Zheng, Lyu: Drain: An Online Log Parsing Approach with
// Fixed Depth Tree, ICWS 2017). That a place varies only when enough different texts were seen in it, instead of a threshold for similarity, follows
// Brain (Yu, He, et al.: Brain: Log Parsing With Bidirectional Parallel Tree, IEEE TSC 2023) and AEL (Jiang, Hassan, Hamann, Flora: Abstracting
// Execution Logs to Execution Events for Enterprise Applications, QSIC 2008). It is why "session opened" and "session closed" stay two.
//
// A Miner is bounded in templates and in bytes (see DESIGN.md for what it forgets first), takes time linear in the part of a line that it looks at,
// and allocates nothing for a line of a known template. It is not safe for concurrent use. Lines are outside bytes, and nothing is expected of them.
//
// The package knows no Collector types.
package templates // import "github.com/logboom/logboom/internal/templates"
