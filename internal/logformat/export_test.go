// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package logformat

// Sample is a line and its format, for tests from outside.
type Sample struct{ Format, Text string }

// Samples returns the samples of all formats.
func Samples() []Sample {
	var out []Sample
	for _, s := range allSamples {
		out = append(out, Sample{s.format, s.text})
	}
	return out
}
