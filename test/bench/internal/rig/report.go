// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// PerSecond is thousands of records a second.
func PerSecond(records int, took time.Duration) float64 {
	return float64(records) / took.Seconds() / 1e3
}

// Per is bytes a record.
func Per(bytes int64, records int) float64 { return float64(bytes) / float64(records) }

// Median is the middle one, or that between the two.
func Median(list []time.Duration) time.Duration {
	list = slices.Clone(list)
	slices.Sort(list)
	mid := list[len(list)/2]
	if len(list)%2 == 0 {
		mid = (mid + list[len(list)/2-1]) / 2
	}
	return mid
}

// Milliseconds prints with three digits or so.
func Milliseconds(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

// Machine says what it ran on.
func Machine() string {
	model, kernel := "", ""
	if b, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				model = strings.TrimSpace(v)
				break
			}
		}
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		kernel = strings.TrimSpace(string(b))
	}
	return fmt.Sprintf("%d processors (%s), %s %s %s, %s", runtime.NumCPU(), model, runtime.GOOS, kernel, runtime.GOARCH, runtime.Version())
}

// LoadAverage is that of the last minute.
func LoadAverage() string {
	b, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
