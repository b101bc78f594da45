// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package search asks the shipped binary thousands of generated LogQL queries over random records with hostile values, on
// an archive in every state it can be in, and compares each answer with that of a slow and obvious filter.
package search
