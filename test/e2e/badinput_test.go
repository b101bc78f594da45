// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// TestBadInput tails what no log should be, and looks for the good lines beside it.
func TestBadInput(t *testing.T) {
	t.Parallel()
	gw := harness.StartGateway(t, "exporters: {object_storage: {flush: {interval: 200ms}}}")
	dir := harness.TempDir(t)
	file := func(name string) string { return filepath.Join(dir, "logs", "lines", name) }

	noise := make([]byte, 256<<10)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // noise
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	harness.AppendBytes(t, file("binary.log"), noise)
	harness.AppendBytes(t, file("zeros.log"), append(bytes.Repeat([]byte{0}, 64<<10), '\n'))

	const long = 10_000_000
	harness.Append(t, file("long.log"), strings.Repeat("0123456789", long/10), "after the long line")
	harness.AppendBytes(t, file("latin1.log"), []byte("gr\xfc\xdfe aus K\xf6ln\nplain\n\xff\xfe\xfd\n"))
	harness.Append(t, file("times.log"),
		`{"timestamp":"1970-01-01T00:00:01Z","level":"info","message":"dawn of time"}`,
		`{"timestamp":"2099-12-31T23:59:59Z","level":"warn","message":"end of the century"}`,
		`{"timestamp":"not a time","level":"info","message":"no idea when"}`)
	harness.AppendBytes(t, file("unfinished.log"), []byte("a line without its end"))
	harness.AppendBytes(t, file("empty.log"), nil)

	agent := harness.StartAgent(t, gw.Addr("otlp"), dir, "")
	loki := gw.Loki("query")
	loki.WaitCount(t, 3, `{service_name="times"}`)
	loki.WaitCount(t, 3, `{service_name="latin1"}`)
	loki.WaitCount(t, 1, `{service_name="unfinished"}`)
	loki.WaitCount(t, 1, `{service_name="long"} |= "after the long line"`)

	at := func(year int, want string) {
		t.Helper()
		start := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		got, err := loki.Range(`{service_name="times"}`, start, start.AddDate(1, 0, 0), 10)
		require.NoError(t, err)
		require.Len(t, got, 1, "records of %d", year)
		require.Contains(t, got[0].Line, want)
	}
	at(1970, "dawn of time")
	at(2099, "end of the century")

	// The long line comes in pieces of filelog's max_log_size; together they are the line.
	harness.Eventually(t, time.Minute, func() error {
		got, err := loki.Range(`{service_name="long"} |= "0123456789"`, time.Now().Add(-time.Hour), time.Now().Add(time.Hour), 100)
		if err != nil {
			return err
		}
		size := 0
		for _, e := range got {
			size += len(e.Line)
		}
		if size != long {
			return fmt.Errorf("%d pieces of the long line have %d bytes, want %d", len(got), size, long)
		}
		return nil
	})

	// What is no text is kept too, and everything still runs.
	n, err := loki.Count(`{service_name="binary"}`)
	require.NoError(t, err)
	require.NotZero(t, n, "records of the binary file")
	harness.Append(t, file("times.log"), `{"timestamp":"2026-03-01T00:00:00Z","level":"info","message":"still here"}`)
	loki.WaitCount(t, 4, `{service_name="times"}`)
	agent.Terminate()
	gw.Terminate()
}

// TestArchiveIsNoDirectory starts a gateway whose archive cannot be written: the process ends at once and says why.
func TestArchiveIsNoDirectory(t *testing.T) {
	t.Parallel()
	dir := harness.TempDir(t)
	path := filepath.Join(dir, "archive-is-a-file")
	require.NoError(t, os.WriteFile(path, []byte("not a directory"), 0o600))
	cfg := harness.GatewayConfig(fmt.Sprintf("exporters: {object_storage: {bucket: {url: 'file://%s'}}}", path))
	cfg.FailsAtStart = true
	began := time.Now()
	gw := harness.Start(t, cfg)
	require.Error(t, gw.Wait(), "exit code")
	require.Less(t, time.Since(began), time.Minute)
	require.Contains(t, gw.Log(), path)
	require.Contains(t, gw.Log(), "not a directory")
}
