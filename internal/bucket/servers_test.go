// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// program returns what the variable names, or where make puts it, and skips the test where nothing is there.
func program(t *testing.T, variable, built string) string {
	t.Helper()
	path := os.Getenv(variable)
	if path == "" {
		path = filepath.Join("..", "..", filepath.FromSlash(built))
	}
	path, err := filepath.Abs(path)
	require.NoError(t, err)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("LOGBOOM_REQUIRE_SERVERS") != "" {
			t.Fatalf("%s: %v", variable, err)
		}
		t.Skipf("no %s; `make test-unit` builds it, or %s names it", path, variable)
	}
	return path
}

// freeAddress is one that nobody listens at, with a port that the system does not give to connections.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 25_000+rand.IntN(7_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
}

// serve runs a server until the test ends, and waits until it listens at addr.
func serve(t *testing.T, addr string, cmd *exec.Cmd) {
	t.Helper()
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	require.NoError(t, cmd.Start())
	exited := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("%s printed:\n%.4000s", cmd.Path, out.String())
		}
	})
	for range 2400 { // two minutes
		select {
		case <-exited:
			t.Fatalf("%s ended at start:\n%s", cmd.Path, out.String())
		case <-time.After(50 * time.Millisecond):
		}
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return
		}
	}
	t.Fatalf("%s does not listen at %s", cmd.Path, addr)
}

// serveS3 starts versitygw, an S3 server on a local directory, with an empty bucket `logs`.
func serveS3(t *testing.T) Config {
	t.Helper()
	binary := program(t, "LOGBOOM_VERSITYGW", "bin/versitygw")
	addr, dir := freeAddress(t), t.TempDir()
	for _, d := range []string{filepath.Join("data", "logs"), "side"} { // side must lie outside of data
		require.NoError(t, os.MkdirAll(filepath.Join(dir, d), 0o755))
	}
	cmd := exec.Command(binary, "--port", addr, "posix", "--sidecar", filepath.Join(dir, "side"), filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY=user", "ROOT_SECRET_KEY=password")
	serve(t, addr, cmd)
	return Config{
		URL: "s3://logs/some/prefix", Endpoint: "http://" + addr, Region: "us-east-1", PathStyle: true,
		AccessKeyID: "user", SecretAccessKey: "password",
	}
}

// serveGCS starts fake-gcs-server with an empty bucket `logs`.
func serveGCS(t *testing.T) Config {
	t.Helper()
	binary := program(t, "LOGBOOM_FAKE_GCS_SERVER", "bin/fake-gcs-server")
	addr, dir := freeAddress(t), t.TempDir()
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	serve(t, addr, exec.Command(binary, "-scheme", "http", "-host", host, "-port", port, "-public-host", addr,
		"-backend", "memory", "-data", filepath.Join(dir, "none"), "-log-level", "error"))
	cfg := Config{URL: "gs://logs/some/prefix", Endpoint: "http://" + addr}
	answer := send(t, http.MethodPost, cfg.Endpoint+"/storage/v1/b?project=test", `{"name":"logs"}`)
	require.Equal(t, http.StatusOK, answer)
	return cfg
}

// azuriteKey is the account key that Azurite documents for its account devstoreaccount1.
const azuriteKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="

// serveAzure starts Azurite with an empty container `logs`.
func serveAzure(t *testing.T) Config {
	t.Helper()
	binary := program(t, "LOGBOOM_AZURITE", "test/azurite/node_modules/.bin/azurite-blob")
	addr := freeAddress(t)
	host, port, err := net.SplitHostPort(addr)
	require.NoError(t, err)
	cmd := exec.Command(binary, "--silent", "--skipApiVersionCheck", "--inMemoryPersistence", "--disableTelemetry",
		"--blobHost", host, "--blobPort", port)
	cmd.Dir = t.TempDir()
	serve(t, addr, cmd)
	cfg := Config{
		URL: "azblob://logs/some/prefix", Endpoint: "http://" + addr + "/devstoreaccount1",
		AccountName: "devstoreaccount1", AccountKey: azuriteKey,
	}
	account, err := findAzureAccount(cfg)
	require.NoError(t, err)
	client, err := account.client("logs", nil)
	require.NoError(t, err)
	_, err = client.Create(context.Background(), nil)
	require.NoError(t, err)
	return cfg
}

// send makes one HTTP request and returns the status of its answer.
func send(t *testing.T, method, to, body string) int {
	t.Helper()
	_, err := url.Parse(to)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(context.Background(), method, to, strings.NewReader(body))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	r, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer r.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	return r.StatusCode
}
