// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package agentgateway runs examples/agent-gateway on its own input and compares with the table of its README.
package agentgateway

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

func TestAgentGateway(t *testing.T) {
	t.Parallel()
	gw := harness.StartGateway(t, "")
	// The sample lines lie in the repository, not where StartAgent would have the agent look.
	agent := harness.Start(t, harness.Config{
		Name:  "agent",
		Files: []string{"examples/agent-gateway/agent.yaml"},
		Env: []string{
			`LOGBOOM_LOGS={{root}}/examples/agent-gateway/input`, `LOGBOOM_AGENT={{dir "state"}}`, "LOGBOOM_GATEWAY=" + gw.Addr("otlp"),
		},
		Args: []string{harness.SynchronousEmitter},
	})
	loki := gw.Loki("query")
	loki.WaitCount(t, 16, `{service_name=~".+"}`)

	// The table of the README.
	want := map[string]map[string]int{
		"edge":      {"unknown": 3},
		"auth":      {"debug": 1, "info": 1, "warn": 1},
		"payment":   {"info": 1, "warn": 1, "error": 1},
		"shipping":  {"info": 1, "error": 1},
		"checkout":  {"info": 1, "warn": 1, "error": 1},
		"inventory": {"info": 1, "error": 1},
	}
	day := time.Date(2026, 3, 12, 0, 0, 0, 0, time.UTC)
	samples, err := loki.Instant(`sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[1d]))`, day.AddDate(0, 0, 1))
	require.NoError(t, err)
	got := map[string]map[string]int{}
	for _, s := range samples {
		service := s.Labels["service_name"]
		if got[service] == nil {
			got[service] = map[string]int{}
		}
		got[service][s.Labels["detected_level"]] = int(s.Value)
	}
	require.Equal(t, want, got)

	find := func(query string) []harness.Entry {
		t.Helper()
		entries, err := loki.Range(query, day, day.AddDate(0, 0, 1), 100)
		require.NoError(t, err)
		return entries
	}
	trace := find(`{service_name="checkout"} |= "SocketTimeoutException"`)
	require.Len(t, trace, 1)
	require.Contains(t, trace[0].Line, "Caused by: java.io.IOException")
	require.Contains(t, trace[0].Line, "Checkout failed")
	require.Len(t, find(`{service_name="inventory"} |= "KeyError"`), 1)

	// The processes end before their files are searched, so that everything is in them.
	agent.Terminate()
	gw.Terminate()
	needles := harness.NewNeedles([]string{"tr0ub4dor-and-3", "jo.miller@example.com", "4111 1111 1111 1111", "session opened"})
	for _, dir := range []string{gw.Dir("archive"), gw.Dir("wal"), agent.Dir("state")} {
		found, _, _, err := needles.SearchFiles(dir)
		require.NoError(t, err)
		for secret := range 3 {
			require.Empty(t, found[secret], "secret %d in %s", secret, dir)
		}
		if dir == gw.Dir("archive") {
			require.NotEmpty(t, found[3], "the search finds what is there")
		}
	}
}
