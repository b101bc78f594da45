// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package logql

import "time"

func cpuTime() time.Duration { return 0 }
