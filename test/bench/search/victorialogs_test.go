// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

// victoria is a VictoriaLogs on the loopback interface, with its defaults but for the retention.
type victoria struct {
	*victoriaServer
	words bool // may use its filters for whole words
}

// victoriaServer is its process, which several candidates may share.
type victoriaServer struct {
	t      testing.TB
	path   string
	data   string
	port   int
	client *http.Client
	cmd    *exec.Cmd
	out    bytes.Buffer
}

func (v *victoria) name() string {
	if v.words {
		return "VictoriaLogs, words"
	}
	return "VictoriaLogs"
}

func (v *victoriaServer) dir() string { return v.data }

func (v *victoriaServer) url(path string, params url.Values) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s?%s", v.port, path, params.Encode())
}

func (v *victoriaServer) start() error {
	if v.cmd != nil {
		return nil
	}
	if v.client == nil {
		v.client = &http.Client{Timeout: 5 * time.Minute}
	}
	v.port = harness.FreePort(v.t)
	v.cmd = exec.Command(v.path, fmt.Sprintf("-httpListenAddr=127.0.0.1:%d", v.port), "-storageDataPath="+v.data, //nolint:noctx // ended by stop
		"-retentionPeriod=100y", "-search.maxQueryDuration=5m", "-loggerLevel=WARN")
	v.cmd.Stdout, v.cmd.Stderr = &v.out, &v.out
	v.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := v.cmd.Start(); err != nil {
		return err
	}
	deadline := time.Now().Add(time.Minute)
	for {
		if _, _, err := rig.Get(v.client, v.url("/health", nil)); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			v.stop()
			return fmt.Errorf("VictoriaLogs did not start:\n%s", v.out.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (v *victoriaServer) stop() {
	if v.cmd == nil {
		return
	}
	v.client.CloseIdleConnections()
	_ = v.cmd.Process.Signal(os.Interrupt)
	_ = v.cmd.Wait()
	v.cmd = nil
}

func (v *victoriaServer) memory() int64 {
	_, peak := harness.Resident(v.t, v.cmd.Process.Pid)
	return peak
}

func (v *victoriaServer) process() int { return v.cmd.Process.Pid }

// load sends the stream as OTLP/HTTP and waits until it is in parts on the disk that nothing merges any more.
func (v *victoriaServer) load(t testing.TB, s *rig.Stream) rig.Ingested {
	t.Helper()
	if err := v.start(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	requests := make(chan []byte, 4)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for request := range requests {
				resp, err := v.client.Post(v.url("/insert/opentelemetry/v1/logs", nil), "application/x-protobuf", bytes.NewReader(request))
				if err != nil {
					t.Errorf("insert: %v", err)
					continue
				}
				body, _ := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if resp.StatusCode/100 != 2 {
					t.Errorf("insert: %s: %.300s", resp.Status, body)
				}
			}
		})
	}
	if err := s.Requests(func(request []byte) error {
		requests <- request
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	close(requests)
	wg.Wait()
	for _, path := range []string{"/internal/force_flush", "/internal/force_merge"} {
		if _, _, err := rig.Get(v.client, v.url(path, nil)); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	wall := time.Since(began)
	quiet := 0
	for deadline := time.Now().Add(5 * time.Minute); quiet < 10 && time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		active, err := v.merges()
		if err != nil {
			t.Fatal(err)
		}
		if quiet++; active > 0 {
			quiet = 0
			wall = time.Since(began)
		}
	}
	cmd := v.cmd
	v.stop()
	return rig.Ingested{Wall: wall, CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
}

// merges is how many merges are under way.
func (v *victoriaServer) merges() (active int, err error) {
	body, _, err := rig.Get(v.client, v.url("/metrics", nil))
	if err != nil {
		return 0, err
	}
	found := false
	for line := range strings.Lines(string(body)) {
		if !strings.HasPrefix(line, "vl_active_merges") && !strings.HasPrefix(line, "vl_active_force_merges") {
			continue
		}
		found = true
		at := strings.LastIndexByte(line, ' ')
		n, err := strconv.ParseFloat(strings.TrimSpace(line[at+1:]), 64)
		if err != nil {
			return 0, err
		}
		active += int(n)
	}
	if !found {
		return 0, fmt.Errorf("VictoriaLogs has no metric of its merges")
	}
	return active, nil
}

func (v *victoria) ask(q *query) (a answer, took time.Duration, err error) {
	params := url.Values{
		"query": {q.logsQL(v.words)}, "start": {strconv.FormatInt(q.start, 10)}, "end": {strconv.FormatInt(q.end-1, 10)},
	}
	if q.kind == lines {
		params.Set("limit", strconv.Itoa(q.limit))
	}
	body, took, err := rig.Get(v.client, v.url("/select/logsql/query", params))
	if err != nil {
		return a, took, err
	}
	for line := range bytes.Lines(body) {
		var row map[string]string
		if err := json.Unmarshal(line, &row); err != nil {
			return a, took, fmt.Errorf("decode answer: %w", err)
		}
		n := 1
		if q.kind != lines {
			if n, err = strconv.Atoi(row["n"]); err != nil {
				return a, took, fmt.Errorf("decode answer: %w", err)
			}
		} else {
			ts, err := time.Parse(time.RFC3339Nano, row["_time"])
			if err != nil {
				return a, took, fmt.Errorf("decode answer: %w", err)
			}
			if us := ts.UnixMicro(); a.oldest == 0 || us < a.oldest {
				a.oldest = us
			}
		}
		a.count += n
		if q.kind == byServiceAndLevel {
			if a.cells == nil {
				a.cells = map[[2]string]int{}
			}
			name := strings.ToLower(row["severity"])
			if name == "" || name == "unspecified" {
				name = "unknown"
			}
			a.cells[[2]string{row["service.name"], name}] += n
		}
	}
	return a, took, nil
}
