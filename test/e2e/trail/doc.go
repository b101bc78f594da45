// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package trail asks the shipped binary for the trails of requests, the fields of records and exports, and compares with what the log
// generator says is true.
package trail
