// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSignalAtOnce: a process ends as it should after a SIGTERM that comes as soon as it is ready, and reads its configuration again after a SIGHUP.
func TestSignalAtOnce(t *testing.T) {
	lb := Start(t, Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {nop: }
service: {pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}`})
	lb.Terminate()
	for range 5 {
		lb.Restart()
		lb.Terminate()
		require.Contains(t, lb.Log(), "Shutdown complete")
		lb.Restart()
		lb.Reload()
		lb.Terminate()
	}
}
