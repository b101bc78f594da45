// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package soak runs the shipped binary for long under ten times the load that its destination takes: 200,000 records a second, encoded
// before, towards 20,000. Memory must stay flat, who is quiet must not notice, every record must be accounted for, and seconds after
// the end all must be as before. `make soak` takes half an hour (SOAK=…); under `go test` it is a short run.
package soak
