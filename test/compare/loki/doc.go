// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package loki compares LogQL as the project has it with a real Loki: generated queries over the same records are put to a
// Loki process, to the logql package and, for a part of them, to the shipped binary, and the answers must be the same.
//
// Loki is a program of its own here, spoken to over HTTP; scripts/build-loki.sh builds it. The tests skip unless
// LOGBOOM_LOKI names the program. Differences that are meant stand in differences_test.go and docs/logql.md.
package loki
