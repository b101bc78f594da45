// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package harness runs the shipped binary the way a user would, and gives a test hands: feed it, ask it, kill it.
//
//	lb := harness.Start(t, harness.Config{YAML: `
//	receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
//	exporters: {object_storage: {bucket: {url: 'file://{{dir "archive"}}'}, wal: {directory: '{{dir "wal"}}'}}}
//	extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://{{dir "archive"}}'}}}
//	service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
//	harness.SendLogs(t, lb.Addr("otlp"), harness.Logs("checkout", "one", "two"))
//	lb.Loki("query").WaitCount(t, 2, `{service_name="checkout"}`)
//	lb.Kill()    // kill -9
//	lb.Restart() // same configuration, same ports, same directories
//
// The template functions `addr`, `port` and `dir` give names to free ports and to directories of the test; the same name
// gives the same value, also after a restart and from Go ([Logboom.Addr], [Logboom.Dir]). Every process is ended when the
// test ends; when the test failed, what it printed is printed, and its directory is kept.
package harness
