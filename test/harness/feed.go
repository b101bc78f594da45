// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Append adds lines to a file, made with its directory when missing; each line gets a line feed, and all are one write.
func Append(t testing.TB, path string, lines ...string) {
	t.Helper()
	AppendBytes(t, path, []byte(strings.Join(lines, "\n")+"\n"))
}

// AppendBytes adds bytes to a file, made with its directory when missing.
func AppendBytes(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		t.Fatalf("make directory: %v", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatalf("write %s: %v", path, err)
	}
	if err := f.Close(); err != nil {
		t.Fatalf("close %s: %v", path, err)
	}
}

// CopyFile copies a file into a directory under a name.
func CopyFile(t testing.TB, from, to string) {
	t.Helper()
	src, err := os.Open(from)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	defer src.Close()
	if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
		t.Fatalf("make directory: %v", err)
	}
	dst, err := os.Create(to)
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	if _, err := io.Copy(dst, src); err != nil {
		t.Fatalf("copy %s: %v", from, err)
	}
	if err := dst.Close(); err != nil {
		t.Fatalf("close %s: %v", to, err)
	}
}

// SendLines opens a connection ("tcp" or "udp") and sends each message: with a line feed on TCP, as a datagram on UDP.
func SendLines(t testing.TB, network, addr string, messages ...string) {
	t.Helper()
	conn, err := net.Dial(network, addr) //nolint:noctx // loopback
	if err != nil {
		t.Fatalf("dial %s: %v", addr, err)
	}
	defer func() { _ = conn.Close() }()
	for _, m := range messages {
		if network == "tcp" {
			m += "\n"
		}
		if _, err := fmt.Fprint(conn, m); err != nil {
			t.Fatalf("send to %s: %v", addr, err)
		}
	}
}
