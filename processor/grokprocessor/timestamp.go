// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

func checkLayout(string) error { return nil }
