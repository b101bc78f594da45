// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestS3 runs against versitygw, an S3 server on a local directory, whose binary LOGBOOM_VERSITYGW names.
func TestS3(t *testing.T) {
	binary := os.Getenv("LOGBOOM_VERSITYGW")
	if binary == "" {
		t.Skip("LOGBOOM_VERSITYGW does not name a versitygw binary")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "data", "logs"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "side"), 0o755))
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "--port", addr, "posix", "--sidecar", filepath.Join(dir, "side"), filepath.Join(dir, "data"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY=user", "ROOT_SECRET_KEY=password")
	require.NoError(t, cmd.Start())
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	require.Eventually(t, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	}, 20*time.Second, 50*time.Millisecond)
	cfg := Config{
		URL: "s3://logs/some/prefix", Endpoint: fmt.Sprintf("http://%s", addr), Region: "us-east-1", PathStyle: true,
		AccessKeyID: "user", SecretAccessKey: "password",
	}
	acceptance(t, cfg)

	t.Run("no such bucket", func(t *testing.T) {
		other := cfg
		other.URL = "s3://nowhere"
		b, err := Open(ctx, other)
		require.NoError(t, err)
		defer b.Close()
		err = Probe(ctx, b)
		require.Error(t, err)
		require.True(t, Permanent(err), err)
	})
	t.Run("wrong key", func(t *testing.T) {
		other := cfg
		other.SecretAccessKey = "wrong"
		b, err := Open(ctx, other)
		require.NoError(t, err)
		defer b.Close()
		err = Probe(ctx, b)
		require.Error(t, err)
		require.True(t, Permanent(err), err)
	})
}
