// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package quickstart runs examples/quickstart with its demo shop, on other ports, and sends a line through every input.
package quickstart

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// overlay moves everything that listens to free ports; the paths are relative to the working directory already.
const overlay = `
extensions:
  archive_query: {endpoint: '{{addr "query"}}'}
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}, http: {endpoint: '{{addr "otlp-http"}}'}}}
  tcplog/syslog: {listen_address: '{{addr "syslog"}}'}
  udplog/syslog: {listen_address: '{{addr "syslog"}}'}
  fluentforward: {endpoint: '{{addr "fluent"}}'}
`

// rfc5424 is the layout of that RFC's times: at most six digits behind the second.
const rfc5424 = "2006-01-02T15:04:05.000000Z07:00"

// startShop builds the producer, lets it write two minutes of history at once, and keeps it running until the test ends.
func startShop(t *testing.T, dir string) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "logboom-demo")
	build := exec.Command("go", "build", "-o", program, "./examples/quickstart/producer")
	build.Dir = harness.Root()
	built := harness.RunCmd(t, build)
	require.Zero(t, built.Code, built.Stderr)
	shop := exec.Command(program, "-dir", dir, "-history", "2m", "-seed", "1")
	require.NoError(t, shop.Start())
	t.Cleanup(func() {
		_ = shop.Process.Signal(syscall.SIGTERM)
		done := time.AfterFunc(5*time.Second, func() { _ = shop.Process.Kill() })
		_ = shop.Wait()
		done.Stop()
	})
}

func TestQuickstart(t *testing.T) {
	t.Parallel()
	dir := harness.TempDir(t)
	startShop(t, filepath.Join(dir, "data", "demo"))
	lb := harness.Start(t, harness.Config{
		Files: []string{"examples/quickstart/config.yaml"},
		YAML:  overlay,
		Dir:   dir,
		Args:  []string{harness.SynchronousEmitter},
	})

	harness.SendLogs(t, lb.Addr("otlp"), harness.Logs("over-otlp", "hello from OTLP"))
	now := time.Now()
	harness.SendLines(t, "tcp", lb.Addr("syslog"),
		fmt.Sprintf("<134>1 %s host-1 program-5424 7 ID - hello over TCP", now.UTC().Format(rfc5424)),
		fmt.Sprintf("<131>%s host-1 program-3164[8]: hello over TCP too", now.Format(time.Stamp)))
	harness.SendLines(t, "udp", lb.Addr("syslog"), fmt.Sprintf("<134>1 %s host-1 program-udp 7 ID - hello over UDP", now.UTC().Format(rfc5424)))
	sendFluent(t, lb.Addr("fluent"), "over-fluent", "hello from Fluent Forward", now)

	loki := lb.Loki("query")
	for query, want := range map[string]int{
		`{service_name="over-otlp"} |= "hello"`:                           1,
		`{service_name="program-5424"} |= "hello over TCP"`:               1,
		`{service_name="program-3164"} |= "too" | detected_level="error"`: 1,
		`{service_name="program-udp"} |= "hello"`:                         1,
		`{service_name="over-fluent"} |= "hello"`:                         1,
	} {
		loki.WaitCount(t, want, query)
	}

	// The shop: every service is there, everything is parsed, and what must not be kept is masked.
	for _, service := range []string{"edge", "auth", "payment", "checkout", "inventory"} {
		query := fmt.Sprintf(`{service_name=%q}`, service)
		harness.Eventually(t, time.Minute, func() error {
			n, err := loki.Count(query)
			if err == nil && n < 20 {
				err = fmt.Errorf("%s has %d records", service, n)
			}
			return err
		})
		unparsed, err := loki.Count(query + ` | logboom_parse_error!=""`)
		require.NoError(t, err)
		require.Zero(t, unparsed, "records of %s that were not parsed", service)
		unlevelled, err := loki.Count(query + ` | detected_level="unknown"`)
		require.NoError(t, err)
		require.Zero(t, unlevelled, "records of %s without a level", service)
	}
	lb.Terminate()
}

// sendFluent sends one event in Forward's message mode: [tag, time, {"log": message}], in MessagePack.
func sendFluent(t *testing.T, addr, tag, message string, at time.Time) {
	t.Helper()
	text := func(s string) []byte { return append([]byte{0xd9, byte(len(s))}, s...) }
	event := append([]byte{0x93}, text(tag)...)
	unix := at.Unix()
	event = append(event, 0xce, byte(unix>>24), byte(unix>>16), byte(unix>>8), byte(unix))
	event = append(append(append(event, 0x81), text("log")...), text(message)...)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	_, err = conn.Write(event)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}
