// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact finds secrets and personal data in text and replaces them. It knows no Collector types.
//
// # How a string is read
//
// Every detector names triggers: short regular expressions of what must stand at or before a finding ("ghp_", a letter
// followed by "@", three digits and a dash). All triggers are compiled into one deterministic automaton (trigger.go)
// that reads the string once. Most strings hold no trigger; they are done, and nothing was allocated. At a hit only
// the detector's matcher runs, in a window whose length is bounded, so that the time is linear in the length of
// the text whatever the text is. Where a checksum or a structure exists (Luhn, mod 97, the header of a JWT), the
// matcher checks it.
//
// Texts that hold percent escapes or JSON's \u escapes are read a second time in decoded form, and the findings are
// carried back to the raw text.
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
