// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archive measures what it costs to put logs into a bucket: the object_storage exporter beside contrib's awss3
// exporter, both in the shipped binary behind the OTLP/gRPC receiver, against the same S3 server, in the same run.
// Run it with `make bench-archive`; docs/benchmarks.md says what the columns mean and holds the figures.
//
// The measured process is the Collector alone. The client lives in the test's process and sends requests that were
// encoded beforehand. Under `go test` without flags it runs once, small, and checks that every candidate stores every
// record.
package archive
