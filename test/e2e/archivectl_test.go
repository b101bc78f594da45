// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

// TestArchiveCommands looks at an archive and a write-ahead log with logboomctl, as their operator does: with the
// configuration of the collector that writes them.
func TestArchiveCommands(t *testing.T) {
	t.Parallel()
	t.Run("directory", func(t *testing.T) {
		t.Parallel()
		dir := harness.TempDir(t)
		testArchiveCommands(t, dir, "{url: 'file://"+dir+"'}", nil)
	})
	t.Run("S3", func(t *testing.T) {
		t.Parallel()
		s3 := harness.StartS3(t)
		bucket := strings.ReplaceAll(s3.BucketYAML("team/archive"), s3.SecretAccessKey, "'${env:TEST_S3_SECRET}'")
		require.Contains(t, bucket, "TEST_S3_SECRET")
		testArchiveCommands(t, filepath.Join(s3.Data, "team", "archive"), bucket, []string{"TEST_S3_SECRET=" + s3.SecretAccessKey})
	})
}

// ctl runs logboomctl with one configuration.
type ctl struct {
	t      *testing.T
	config string
	env    []string
}

func (c *ctl) run(code int, args ...string) (stdout, stderr string) {
	c.t.Helper()
	if args[0] != "wal" {
		args = append(args, "--config", c.config)
	}
	cmd := exec.Command(harness.CtlBinary(c.t), args...)
	cmd.Env = append(os.Environ(), c.env...)
	r := harness.RunCmd(c.t, cmd)
	require.Equal(c.t, code, r.Code, "%v\n%s%s", args, r.Stdout, r.Stderr)
	for _, e := range c.env {
		_, secret, _ := strings.Cut(e, "=")
		require.NotContains(c.t, r.Stdout+r.Stderr, secret)
	}
	return r.Stdout, r.Stderr
}

// testArchiveCommands goes through the life of a writer; data is the directory behind the bucket.
func testArchiveCommands(t *testing.T, data, bucket string, env []string) {
	const services, each = 3, 40
	config := func(interval string) string {
		return fmt.Sprintf(`
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters:
  object_storage:
    bucket: %s
    writer: gateway-1
    tenant: {resource_attribute: team}
    wal: {directory: '{{dir "wal"}}'}
    flush: {interval: %s}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}
`, bucket, interval)
	}
	lb := harness.Start(t, harness.Config{YAML: config("10m"), Env: env})
	c := &ctl{t: t, config: filepath.Join(lb.Dir(), "logboom.yaml"), env: env}
	sent := map[string]bool{}
	for s := range services {
		var bodies []string
		for i := range each {
			bodies = append(bodies, fmt.Sprintf("service %d line %d", s, i))
			sent[bodies[i]] = true
		}
		ld := harness.Logs(fmt.Sprintf("service-%d", s), bodies...)
		ld.ResourceLogs().At(0).Resource().Attributes().PutStr("team", []string{"red", "blue"}[s%2])
		harness.SendLogs(t, lb.Addr("otlp"), ld)
	}

	// Everything is in the write-ahead log, and the process that writes it runs.
	wal := lb.Dir("wal")
	out, _ := c.run(0, "wal", "ls", "-o", "json", wal)
	var log struct {
		Writer           string
		Records, Entries int
		Damaged          int
	}
	require.NoError(t, json.Unmarshal([]byte(out), &log))
	require.Equal(t, "gateway-1", log.Writer)
	require.Equal(t, services*each, log.Records)
	require.Zero(t, log.Damaged)
	out, _ = c.run(0, "wal", "cat", wal)
	require.Equal(t, sent, bodiesOf(t, out))
	c.run(0, "wal", "verify", wal)
	_, stderr := c.run(1, "archive", "verify")
	require.Contains(t, stderr, "nothing to check")

	// A crash, a start that flushes, a record of which an upload is left over.
	lb.Kill()
	lb.Configure(config("100ms"))
	lb.Restart()
	harness.Eventually(t, time.Minute, func() error {
		out, _ := c.run(0, "wal", "ls", "-o", "json", wal)
		if !strings.Contains(out, `"records":0`) {
			return fmt.Errorf("write-ahead log: %s", out)
		}
		return nil
	})
	live, _ := c.run(0, "archive", "ls", "--live")
	keys := strings.Fields(live)
	require.NotEmpty(t, keys)
	orphan := strings.Replace(keys[0], "/gateway-1-2-", "/gateway-1-1-", 1) // of the epoch that was killed
	require.NotEqual(t, keys[0], orphan)
	harness.CopyFile(t, filepath.Join(data, filepath.FromSlash(keys[0])), filepath.Join(data, filepath.FromSlash(orphan)))
	out, _ = c.run(0, "archive", "ls", "--orphans", "-o", "json")
	require.Contains(t, out, `"state":"orphan","key":"`+orphan+`"`)
	require.Equal(t, 1, strings.Count(out, "\n"))
	again, _ := c.run(0, "archive", "ls", "--live")
	require.Equal(t, live, again)
	out, _ = c.run(0, "archive", "ls", "--tenant", "blue", "-o", "json")
	for line := range strings.Lines(out) {
		require.Contains(t, line, `"tenant":"blue"`)
	}
	out, _ = c.run(0, "archive", "cat", "-o", "otlp-json")
	require.Equal(t, sent, bodiesOf(t, out))
	require.Equal(t, services*each, strings.Count(out, "\n"))
	out, _ = c.run(0, "archive", "cat", "--service", "service-1", "--tenant", "blue", "-o", "text")
	require.Equal(t, each, strings.Count(out, "\n"))

	out, _ = c.run(0, "archive", "stats", "-o", "json", "--columns")
	var stats struct {
		Total struct {
			Rows         int
			Objects      int
			WeightedRows float64 `json:"weighted_rows"`
		}
		By      map[string][]struct{ Name string }
		Writers []struct{ Writer string }
	}
	require.NoError(t, json.Unmarshal([]byte(out), &stats))
	require.Equal(t, services*each, stats.Total.Rows)
	require.Len(t, keys, stats.Total.Objects)
	require.Len(t, stats.By["service"], services)
	require.Len(t, stats.By["tenant"], 2)
	require.Len(t, stats.Writers, 1)
	c.run(0, "archive", "stats", "--by", "hour")
	c.run(2, "archive", "stats", "--by", "colour")
	c.run(0, "archive", "verify", "--quick", "--duplicates")
	c.run(0, "archive", "verify")

	// A disk that forgets a bit.
	path := filepath.Join(data, filepath.FromSlash(keys[0]))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[len(b)/3] ^= 4
	require.NoError(t, os.WriteFile(path, b, 0o600))
	out, _ = c.run(1, "archive", "verify")
	require.Contains(t, out, "BAD")
	require.Contains(t, out, keys[0])
	lb.Terminate()
}

// bodiesOf are the bodies of OTLP/JSON requests, a line each.
func bodiesOf(t *testing.T, jsonLines string) map[string]bool {
	t.Helper()
	bodies := map[string]bool{}
	for line := range strings.Lines(jsonLines) {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs([]byte(line))
		require.NoError(t, err)
		for _, rl := range ld.ResourceLogs().All() {
			for _, sl := range rl.ScopeLogs().All() {
				for _, lr := range sl.LogRecords().All() {
					bodies[lr.Body().Str()] = true
				}
			}
		}
	}
	return bodies
}

// TestVerifyAfterCrashes verifies what processes leave that were killed under load, with a write-ahead log and without.
func TestVerifyAfterCrashes(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string]string{
		"wal":    `wal: {directory: '{{dir "wal"}}'}`,
		"bucket": `acknowledge: bucket`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lb := harness.Start(t, harness.Config{YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {object_storage: {bucket: {url: 'file://{{dir "archive"}}'}, flush: {interval: 50ms}, ` + settings + `}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}
`})
			l := startLoad(t, lb.Addr("otlp"), 4, true)
			for range 4 {
				time.Sleep(300 * time.Millisecond)
				lb.Kill()
				lb.Restart()
			}
			l.end()
			lb.Terminate()
			c := &ctl{t: t, config: filepath.Join(lb.Dir(), "logboom.yaml")}
			out, _ := c.run(0, "archive", "verify", "--duplicates")
			require.NotContains(t, out, "BAD")
			t.Log(out)
		})
	}
}
