// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package rig is what the benchmarks that ask a loaded archive have in common: their input, the shipped binary, DuckDB beside
// it, and what is measured of a process.
package rig
