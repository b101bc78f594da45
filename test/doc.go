// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package test is the root of the module that tests Logboom from outside. It is a module of its own, so that foreign
// readers, servers and browsers never become a dependency of somebody who reuses a component.
//
//	e2e/       the shipped binary against files, OTLP, syslog, S3, full disks and kill -9
//	docs/      every YAML block of the documentation, every settings table, the manifest
//	interop/   the archive as DuckDB, Apache Arrow and parquet-go read it, and to the byte
//	redact/    the detectors of secrets beside gitleaks' engine, on random texts
//	examples/  each folder under ../examples run as its README says
package test
