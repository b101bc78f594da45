// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// S3 is an S3 server (versitygw on a directory) with one empty bucket.
type S3 struct {
	Endpoint, AccessKeyID, SecretAccessKey, Region string
	Bucket                                         string
	Data                                           string // the directory behind the bucket: an object is a file below it

	t      testing.TB
	port   int
	top    string
	cmd    *exec.Cmd
	exited chan struct{}
	out    logBuffer
}

var versitygw struct {
	once sync.Once
	path string
	err  error
}

// buildVersitygw returns $LOGBOOM_VERSITYGW where that is there, as under make, or builds the pinned server of test/tools
// once and keeps it in the user's cache directory.
func buildVersitygw() (string, error) {
	versitygw.once.Do(func() {
		if path := os.Getenv("LOGBOOM_VERSITYGW"); path != "" {
			if _, err := os.Stat(path); err == nil {
				versitygw.path = path
				return
			}
		}
		cache, err := os.UserCacheDir()
		if err != nil {
			versitygw.err = fmt.Errorf("find cache directory: %w", err)
			return
		}
		path := filepath.Join(cache, "logboom-test", "versitygw")
		// The go command knows whether it is stale; a build of what is up to date takes a second.
		cmd := exec.Command("go", "build", "-C", filepath.Join(Root(), "test", "tools"), "-o", path, //nolint:noctx // ends by itself
			"github.com/versity/versitygw/cmd/versitygw")
		if out, err := cmd.CombinedOutput(); err != nil {
			versitygw.err = fmt.Errorf("build versitygw: %w\n%s", err, out)
			return
		}
		versitygw.path = path
	})
	return versitygw.path, versitygw.err
}

// StartS3 starts an S3 server; it ends with the test.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	if _, err := buildVersitygw(); err != nil {
		t.Fatal(err)
	}
	s := &S3{
		AccessKeyID: "logboom-test", SecretAccessKey: "not-a-secret-1234", Region: "us-east-1", Bucket: "logs",
		t: t, port: FreePort(t), top: TempDir(t),
	}
	s.Endpoint = fmt.Sprintf("http://127.0.0.1:%d", s.port)
	s.Data = filepath.Join(s.top, "data", s.Bucket)
	for _, dir := range []string{s.Data, filepath.Join(s.top, "side")} { // side must not lie in data
		if err := os.MkdirAll(dir, 0o750); err != nil {
			t.Fatalf("make directory: %v", err)
		}
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			const tail = 4_000
			all := s.out.all()
			t.Logf("versitygw printed at last:\n%s", all[max(0, len(all)-tail):])
		}
	})
	s.Start()
	return s
}

// Start starts the server again after Stop, on the same port and data.
func (s *S3) Start() {
	s.t.Helper()
	path, err := buildVersitygw()
	if err != nil {
		s.t.Fatal(err)
	}
	addr := fmt.Sprintf("127.0.0.1:%d", s.port)
	cmd := exec.Command(path, "--port", addr, "--region", s.Region, "posix", //nolint:noctx // ended by Stop
		"--sidecar", filepath.Join(s.top, "side"), filepath.Join(s.top, "data"))
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY="+s.AccessKeyID, "ROOT_SECRET_KEY="+s.SecretAccessKey)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout, cmd.Stderr = &s.out, &s.out
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("start versitygw: %v", err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()
	Eventually(s.t, time.Minute, func() error {
		select {
		case <-exited:
			s.t.Fatal("versitygw ended at start")
		default:
		}
		conn, err := net.Dial("tcp", addr) //nolint:noctx // loopback
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// Stop ends the server; what it holds stays.
func (s *S3) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	s.cmd = nil
}

// BucketYAML returns the `bucket` block for this server, on one line.
func (s *S3) BucketYAML(prefix string) string {
	return fmt.Sprintf(`{url: 's3://%s/%s', endpoint: '%s', region: %s, path_style: true, access_key_id: %s, secret_access_key: %s}`,
		s.Bucket, prefix, s.Endpoint, s.Region, s.AccessKeyID, s.SecretAccessKey)
}
