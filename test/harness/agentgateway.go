// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"testing"
)

// SynchronousEmitter is the argument that the agent of the example is run with.
const SynchronousEmitter = "--feature-gates=stanza.synchronousLogEmitter"

// StartGateway starts examples/agent-gateway/gateway.yaml, with overlay merged over it. Agents and clients send to
// Addr("otlp"), Loki("query") answers, and the archive lies in Dir("archive").
func StartGateway(t testing.TB, overlay string) *Logboom {
	t.Helper()
	return Start(t, GatewayConfig(overlay))
}

// GatewayConfig is what StartGateway starts.
func GatewayConfig(overlay string) Config {
	return Config{
		Name:  "gateway",
		Files: []string{"examples/agent-gateway/gateway.yaml"},
		YAML:  overlay,
		Env: []string{
			`LOGBOOM_LISTEN={{addr "otlp"}}`, `LOGBOOM_QUERY={{addr "query"}}`,
			`LOGBOOM_ARCHIVE=file://{{dir "archive"}}`, `LOGBOOM_WAL={{dir "wal"}}`,
		},
	}
}

// StartAgent starts examples/agent-gateway/agent.yaml, sending to an address, with overlay merged over it. It tails
// Dir("logs", "lines") and Dir("logs", "traces") of the directory given; its state is in Dir("state").
func StartAgent(t testing.TB, gateway, dir, overlay string) *Logboom {
	t.Helper()
	return Start(t, Config{
		Name:  "agent",
		Files: []string{"examples/agent-gateway/agent.yaml"},
		YAML:  overlay,
		Dir:   dir,
		Env: []string{
			`LOGBOOM_LOGS={{dir "logs"}}`, `LOGBOOM_AGENT={{dir "state"}}`, "LOGBOOM_GATEWAY=" + gateway,
		},
		Args: []string{SynchronousEmitter},
	})
}
