// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package tailsample

func mapRegion(n int) ([]byte, error) { return make([]byte, n), nil }

func unmapRegion([]byte) error { return nil }
