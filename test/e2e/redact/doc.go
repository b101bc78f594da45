// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact runs the shipped binary with the redact processor and searches everything that comes out of it, on
// whatever way, for what went in: the records that it passes on, what it prints, its metrics, its pages for debugging.
package redact
