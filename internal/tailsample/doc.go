// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package tailsample holds the records and spans of requests until each request is decided, and keeps or drops all of it.
package tailsample // import "github.com/logboom/logboom/internal/tailsample"
