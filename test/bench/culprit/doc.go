// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package culprit plants incidents in a stream of logs and asks the shipped binary what changed.
package culprit
