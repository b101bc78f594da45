// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// logcli prepares the real one; the test skips without it.
func (s *shop) logcli(args ...string) *exec.Cmd {
	s.t.Helper()
	path := os.Getenv("LOGBOOM_LOGCLI")
	if _, err := os.Stat(path); path == "" || err != nil {
		s.t.Skip("LOGBOOM_LOGCLI names no logcli: `make bin/logcli` builds it")
	}
	cmd := exec.Command(path, args...) //nolint:noctx // RunCmd bounds it, or the test ends it
	cmd.Env = append(os.Environ(), "LOKI_ADDR="+s.loki.URL, "TZ=UTC")
	return cmd
}

// run runs it over the range of the records and returns what it prints.
func (s *shop) run(args ...string) string {
	s.t.Helper()
	from, to := "--from="+s.base.UTC().Format(time.RFC3339Nano), "--to="+s.base.Add(time.Minute).UTC().Format(time.RFC3339Nano)
	r := harness.RunCmd(s.t, s.logcli(append(args, from, to)...))
	require.Zero(s.t, r.Code, "%v: %s", args, r.Stderr)
	return r.Stdout
}

// TestLogcli: the commands of the real logcli, while the records are in the write-ahead log, and once they are in the archive.
func TestLogcli(t *testing.T) {
	t.Parallel()
	if os.Getenv("LOGBOOM_LOGCLI") == "" {
		t.Skip("LOGBOOM_LOGCLI names no logcli: `make bin/logcli` builds it")
	}
	s := openShop(t)
	for _, committed := range []bool{false, true} {
		if committed {
			s.commit()
		}
		s.logcliQueries()
		s.logcliMetadata()
		s.logcliMetrics()
	}
}

func (s *shop) logcliQueries() {
	t := s.t
	raw := s.run("query", "-o", "raw", "--limit=3", `{service_name="cart"}`)
	assert.Equal(t, "msg=\"item 59\" took=59ms\nmsg=\"item 56\" took=56ms\nmsg=\"item 53\" took=53ms\n", raw)
	forward := s.run("query", "-o", "raw", "--forward", "--limit=2", `{service_name="cart"} | logfmt | took > 10s or took >= 5ms`)
	assert.Equal(t, "msg=\"item 5\" took=5ms\nmsg=\"item 8\" took=8ms\n", forward)
	plain := s.run("query", "-z", "UTC", "--limit=1", `{service_name="checkout"} | json | status = 200`)
	assert.True(t, strings.HasPrefix(plain, s.base.Add(57*time.Second).UTC().Format(time.RFC3339)), plain)
	assert.Contains(t, plain, `{"msg":"request 57","status":200,"latency_ms":57}`)
	// More than a batch: it asks again from where the one before ended.
	all := strings.Split(strings.TrimSpace(s.run("query", "-o", "raw", "--limit=1000", "--batch=7", `{service_name=~".+"}`)), "\n")
	assert.Len(t, all, 60)
	lines := strings.Split(strings.TrimSpace(s.run("query", "-o", "jsonl", "--limit=4", `{service_name="cart"}`)), "\n")
	require.Len(t, lines, 4)
	for i, text := range lines {
		var entry struct {
			Line      string    `json:"line"`
			Timestamp time.Time `json:"timestamp"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &entry), text)
		assert.Equal(t, fmt.Sprintf("msg=\"item %d\" took=%dms", 59-3*i, 59-3*i), entry.Line)
		assert.Equal(t, s.base.Add(time.Duration(59-3*i)*time.Second).UnixNano(), entry.Timestamp.UnixNano())
	}
	r := harness.RunCmd(t, s.logcli("query", "--stats", "--since=1h", `{service_name="cart"}`))
	require.Zero(t, r.Code)
	assert.Contains(t, r.Stderr, "Summary.TotalLinesProcessed")
	r = harness.RunCmd(t, s.logcli("query", `{service_name="cart"`))
	assert.NotZero(t, r.Code)
	assert.Contains(t, r.Stderr, "parse error at line 1, col 21")
}

func (s *shop) logcliMetadata() {
	t := s.t
	assert.Equal(t, "k8s_namespace_name\nservice_name\n", s.run("labels"))
	assert.Equal(t, "cart\ncheckout\n", s.run("labels", "service_name"))
	series := s.run("series", `{service_name="cart"}`)
	assert.Contains(t, series, `service_name="cart"`)
	assert.NotContains(t, series, `service_name="checkout"`)
	analyzed := s.run("series", "--analyze-labels", `{service_name=~".+"}`)
	assert.Contains(t, analyzed, "Total Streams:  2")
	stats := s.run("stats", `{service_name="cart"}`)
	assert.Contains(t, stats, "entries: 20")
	assert.Contains(t, s.run("volume", `{service_name=~".+"}`), `"service_name": "checkout"`)
	assert.Contains(t, s.run("volume_range", "--step=30s", `{service_name=~".+"}`), `"service_name": "checkout"`)
	assert.Contains(t, s.run("detected-fields", `{service_name="checkout"}`), "latency_ms")
}

func (s *shop) logcliMetrics() {
	t := s.t
	var vector []struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	r := harness.RunCmd(t, s.logcli("instant-query", "--now="+s.base.Add(59*time.Second).UTC().Format(time.RFC3339Nano), `sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`))
	require.Zero(t, r.Code, r.Stderr)
	require.NoError(t, json.Unmarshal([]byte(r.Stdout), &vector), r.Stdout)
	require.Len(t, vector, 2)
	assert.Equal(t, "20", vector[0].Value[1])
	var matrix []struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values"`
	}
	out := s.run("query", "--step=10s", `sum(count_over_time({service_name="cart"}[10s]))`)
	require.NoError(t, json.Unmarshal([]byte(out), &matrix), out)
	require.Len(t, matrix, 1)
	assert.GreaterOrEqual(t, len(matrix[0].Values), 6)
}

// TestLogcliTail: what logcli --tail prints.
func TestLogcliTail(t *testing.T) {
	t.Parallel()
	if os.Getenv("LOGBOOM_LOGCLI") == "" {
		t.Skip("LOGBOOM_LOGCLI names no logcli: `make bin/logcli` builds it")
	}
	s := openShop(t)
	cmd := s.logcli("query", "--tail", "-o", "raw", "--limit=2", "--since=1h", `{service_name="cart"} |= "item"`)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	require.NoError(t, cmd.Start())
	var mu sync.Mutex
	var lines []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		for sc := bufio.NewScanner(out); sc.Scan(); {
			mu.Lock()
			lines = append(lines, sc.Text())
			mu.Unlock()
		}
	}()
	got := func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), lines...)
	}
	wait := func(n int) {
		t.Helper()
		harness.Eventually(t, time.Minute, func() error {
			if have := len(got()); have < n {
				return fmt.Errorf("%d lines, want %d: %s", have, n, errOut.String())
			}
			return nil
		})
	}
	wait(2)
	s.live("cart", "item of now")
	wait(3)
	s.live("cart", "other")
	s.live("cart", "item of later")
	wait(4)
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	<-read
	_ = cmd.Wait()
	assert.Equal(t, []string{`msg="item 56" took=56ms`, `msg="item 59" took=59ms`, "item of now", "item of later"}, got())
}
