// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// gateway is the shipped binary with one of the examples, as it is.
type gateway struct {
	t      *testing.T
	config string
	data   string
	grpc   string
	health string
	env    []string

	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended
	err  error         // how it ended; read after done
	log  *lockedBuffer
}

// newGateway prepares a gateway in a directory of its own; env is added to the environment.
func newGateway(t *testing.T, config string, env ...string) *gateway {
	t.Helper()
	g := &gateway{
		t: t, config: filepath.Join("..", "..", "..", "examples", "stores", config), data: t.TempDir(),
		grpc: freePort(t), health: freePort(t), log: &lockedBuffer{},
	}
	_, metrics, _ := net.SplitHostPort(freePort(t))
	g.env = append(append(os.Environ(), "LOGBOOM_DATA="+g.data, "LOGBOOM_OTLP_GRPC="+g.grpc, "LOGBOOM_OTLP_HTTP="+freePort(t),
		"LOGBOOM_HOP="+freePort(t), "LOGBOOM_HEALTH="+g.health, "LOGBOOM_METRICS_PORT="+metrics), env...)
	t.Cleanup(func() {
		g.kill()
		if t.Failed() {
			t.Logf("log of the gateway:\n%s", g.log.tail(3000))
		}
	})
	return g
}

// binary is the program under test.
func binary(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("LOGBOOM_BIN")
	if bin == "" {
		bin = filepath.Join("..", "..", "..", "bin", "logboom")
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skipf("no %s: run `make build` first", bin)
	}
	return bin
}

// start runs the binary and returns when it accepts records.
func (g *gateway) start() {
	g.t.Helper()
	g.cmd = exec.Command(binary(g.t), "--config", g.config)
	g.cmd.Env, g.cmd.Stdout, g.cmd.Stderr = g.env, g.log, g.log
	require.NoError(g.t, g.cmd.Start())
	g.done = make(chan struct{})
	go func(cmd *exec.Cmd) {
		g.err = cmd.Wait()
		close(g.done)
	}(g.cmd)
	require.Eventually(g.t, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		request, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+g.health+"/health/status", http.NoBody)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		_, _ = io.Copy(io.Discard, response.Body)
		return response.StatusCode == http.StatusOK
	}, 30*time.Second, 50*time.Millisecond, "the gateway does not become healthy")
}

// stop ends the gateway as a service manager does and waits for it.
func (g *gateway) stop() {
	g.t.Helper()
	require.NoError(g.t, g.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-g.done:
		require.NoError(g.t, g.err, "the gateway ends with an error")
	case <-time.After(60 * time.Second):
		require.FailNow(g.t, "the gateway does not end")
	}
	g.cmd = nil
}

// kill ends the gateway without a warning.
func (g *gateway) kill() {
	if g.cmd == nil {
		return
	}
	_ = g.cmd.Process.Kill()
	<-g.done
	g.cmd = nil
}

// archive returns how many rows the archive's objects hold, read by the Parquet library alone, and whether any value
// contains the text.
func (g *gateway) archive(text string) (rows int, found bool) {
	g.t.Helper()
	root := filepath.Join(g.data, "archive")
	require.NoError(g.t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".parquet") {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parquet.OpenFile(bytes.NewReader(raw), int64(len(raw)))
		if err != nil {
			return fmt.Errorf("open %q: %w", path, err)
		}
		rows += int(file.NumRows())
		for _, group := range file.RowGroups() {
			has, err := contains(group, text)
			if err != nil {
				return fmt.Errorf("read %q: %w", path, err)
			}
			found = found || has
		}
		return nil
	}))
	return rows, found
}

// contains looks for a text in every value of a row group.
func contains(group parquet.RowGroup, text string) (bool, error) {
	rows := group.Rows()
	defer rows.Close()
	buffer := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buffer)
		for _, row := range buffer[:n] {
			for _, value := range row {
				if value.Kind() == parquet.ByteArray && bytes.Contains(value.ByteArray(), []byte(text)) {
					return true, nil
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// freePort returns an address that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// lockedBuffer collects the output of a process.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) tail(n int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.buf.String()
	return s[max(0, len(s)-n):]
}
