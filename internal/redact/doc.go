// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact finds secrets and personal data in text and replaces them. It knows no Collector types.
//
// # Detectors
//
// What a token looks like is data: the rules in rules/*.toml, a file a family (rulefile.go says what they may hold). They
// are in the format of gitleaks, whose files users may add, and in two shorter forms for what most rules say: a token that
// begins with fixed characters, and a secret assigned to a vendor's name. What needs more than an expression, such as
// assignments, cookies, cards or telephone numbers, has a find function (detectors_*.go).
//
// # How a string is read
//
// Every detector has triggers: short regular expressions of what must stand at or before a finding ("ghp_", a letter
// followed by "@", three digits and a dash). Those of rules are derived from the rule (ruletrigger.go). All triggers are
// compiled into one deterministic automaton (trigger.go) that reads the string once, in four places at a time (prefilter.go).
// Most strings hold no trigger; they are done, and nothing was allocated. At a hit only the detector's matcher runs: a
// rule's expression at its place, or in a region around its keywords, on the automata of internal/grok; a find function in a window of
// bounded length. So the time is linear in the length of the text whatever the text is, and every look is charged to the
// record's budget. Where a checksum or a structure exists (Luhn, mod 97, the header of a JWT), it is checked.
//
// Texts that hold percent escapes, JSON's \u escapes or base64 are read a second time in decoded form, and the findings
// are carried back to the raw text.
//
// Findings that touch become one, which takes the name of the most serious detector; so no part of a finding can
// stay behind. The text is then rewritten once. The result is scanned again until nothing more is found: a second
// pass over a masked text never changes it.
//
// # What is written instead
//
//	mask     [REDACTED:email]
//	partial  [REDACTED:payment_card:1111]       the last four characters, when the finding has twelve or more
//	hash     [REDACTED:email:k1.bbc8434fd179b429] HMAC-SHA-256, the first 64 bits, behind the name of the key
package redact
