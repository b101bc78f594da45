// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact compares the built-in detectors of secrets with gitleaks' engine and its default rules: on random texts
// that hold what each rule looks for, whatever gitleaks reports must be masked, but for the exceptions that are listed here with
// their reasons. What only Logboom finds is counted.
package redact
