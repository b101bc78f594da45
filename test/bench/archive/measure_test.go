// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// result is one run of one candidate.
type result struct {
	Name      string
	CPU       time.Duration // of the Collector from ready to its end
	StartCPU  time.Duration // and before
	Wall      time.Duration // from the first request to the end
	Acked     time.Duration // from the first request to the last acknowledgement
	Peak      int64         // bytes of resident memory
	Steady    int64
	Requests  int // of the client
	Retried   int
	Records   int
	Counts    requestCounts
	Objects   int
	DataBytes int64
	LogBytes  int64 // of the archive's own log

	files []string
}

// requestCounts are the requests that the S3 server logged.
type requestCounts struct{ Put, Get, List, Other int }

// measure runs a candidate once over the input.
func measure(t testing.TB, c *candidate, s3 *harness.S3, accessLog string, in *input, batch int, prefix, profile string) result {
	t.Helper()
	var r result
	r.Records, _ = in.size()
	logged := fileSize(accessLog)
	lb := harness.Start(t, c.config(s3, prefix, profile))
	dir := lb.Dir("archive")
	if c.s3 {
		dir = filepath.Join(s3.Data, prefix)
	}
	r.StartCPU = processCPU(t, lb.PID())
	memory := watchMemory(lb.PID())
	began := time.Now()
	var err error
	if r.Requests, r.Retried, err = in.send(lb.Addr("otlp"), batch, load{*flagConnections, *flagInFlight}); err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	r.Acked = time.Since(began)
	lb.Terminate() // flushes what is left
	r.Wall = time.Since(began)
	r.CPU = lb.CPU() - r.StartCPU
	r.Peak, r.Steady = memory()
	s, err := look(dir)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	r.Objects, r.DataBytes, r.LogBytes, r.files = s.objects, s.dataBytes, s.logBytes, s.files
	if c.s3 {
		if r.Counts, err = countRequests(accessLog, logged); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
	}
	return r
}

// clockTick is the unit of /proc/PID/stat on Linux.
const clockTick = 10 * time.Millisecond

// processCPU returns the user and system time of a living process.
func processCPU(t testing.TB, pid int) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatalf("read processor time: %v", err)
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // state is the first
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			t.Fatalf("read processor time: %v", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick
}

// watchMemory samples a process until it ends. The function it returns waits for that and gives the peak and the median
// of the second half of the samples.
func watchMemory(pid int) func() (peak, steady int64) {
	done := make(chan struct{})
	var high int64
	var samples []int64
	go func() {
		defer close(done)
		for {
			rss, hwm, ok := memory(pid)
			if !ok {
				return
			}
			high = max(high, hwm)
			samples = append(samples, rss)
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return func() (int64, int64) {
		<-done
		half := slices.Clone(samples[len(samples)/2:])
		if len(half) == 0 {
			return high, 0
		}
		slices.Sort(half)
		return high, half[len(half)/2]
	}
}

func memory(pid int) (rss, hwm int64, ok bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			rss = n << 10
		case "VmHWM:":
			hwm = n << 10
		}
	}
	return rss, hwm, rss > 0 // a zombie has none
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// countRequests reads versitygw's access log from an offset on.
func countRequests(path string, from int64) (n requestCounts, err error) {
	f, err := os.Open(path)
	if err != nil {
		return n, err
	}
	defer f.Close()
	if _, err := f.Seek(from, 0); err != nil {
		return n, err
	}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		at := strings.Index(line, " s3:")
		if at < 0 {
			at = strings.Index(line, " s3_")
		}
		if at < 0 {
			continue
		}
		action, _, _ := strings.Cut(line[at+4:], " ")
		switch action {
		case "PutObject", "UploadPart", "CreateMultipartUpload", "CompleteMultipartUpload", "CopyObject": // one price
			n.Put++
		case "GetObject", "HeadObject":
			n.Get++
		case "ListObjects", "ListObjectsV2":
			n.List++
		default:
			n.Other++
		}
	}
	return n, lines.Err()
}
