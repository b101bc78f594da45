// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package losses tells what pipelines have dropped, refused, thinned or masked, and why, from the metrics that
// Collectors publish in Prometheus' text format.
//
// Where to look: what the metrics mean in catalog.go, the format in text.go, asking for it in read.go.
package losses
