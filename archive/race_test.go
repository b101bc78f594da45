// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build race

package archive

const raceEnabled = true
