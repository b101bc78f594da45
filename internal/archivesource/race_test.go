// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package archivesource

const raceEnabled = true
