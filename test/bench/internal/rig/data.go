// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// Stream is a file of encoded OTLP requests of at most FrameRecords records, zstd of
//
//	u32 length | u32 records | length bytes of OTLP logs data      (little endian), repeated
//
// Requests are concatenated to larger ones without being decoded: that is what protobuf allows.
type Stream struct {
	Name string // what it is, for the report
	path string
}

// Frame is a request of some records, encoded.
type Frame struct {
	Records int
	OTLP    []byte
}

const (
	// FrameRecords is how many records a request of a stream has at most.
	FrameRecords = 512
	maxFrame     = 64 << 20
	// Seed is the generator's.
	Seed = 42
)

// LoadStream returns the stream of that many records, which is made and kept in the cache directory (empty: the user's) when
// it is not there. own makes it with the small generator even where the other is.
func LoadStream(t testing.TB, records int, dir string, own bool) *Stream {
	t.Helper()
	dir = cacheDir(t, dir)
	if generator := generatorDir(); generator != "" && !own {
		s := &Stream{
			Name: fmt.Sprintf("loggen -seed %d -records %d", Seed, records),
			path: filepath.Join(dir, fmt.Sprintf("loggen-%d-%d.otlp.zst", Seed, records)),
		}
		makeFile(t, s.path, func(w io.Writer) error { return fromLoggen(w, generator, dir, records) })
		return s
	}
	return MakeStream(t, "search-own", records, dir, generate)
}

// MakeStream returns a stream that make writes, with [WriteFrame], and that is kept in the cache directory under that name.
func MakeStream(t testing.TB, name string, records int, dir string, make func(w io.Writer, records int) error) *Stream {
	t.Helper()
	s := &Stream{
		Name: "a small generator of this benchmark's own: figures differ from the published ones",
		path: filepath.Join(cacheDir(t, dir), fmt.Sprintf("%s-%d-%d.otlp.zst", name, Seed, records)),
	}
	makeFile(t, s.path, func(w io.Writer) error { return make(w, records) })
	return s
}

func cacheDir(t testing.TB, dir string) string {
	t.Helper()
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatalf("find cache directory: %v", err)
		}
		dir = filepath.Join(cache, "logboom-bench")
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatalf("make directory: %v", err)
	}
	return dir
}

func generatorDir() string {
	if top := os.Getenv("LOGBOOM_CORPORA"); top != "" {
		if dir := filepath.Join(top, "generator"); Exists(filepath.Join(dir, "main.go")) {
			return dir
		}
	}
	return ""
}

// Exists reports whether there is such a file.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// makeFile makes a compressed file whole or not at all.
func makeFile(t testing.TB, path string, write func(io.Writer) error) {
	t.Helper()
	if Exists(path) {
		return
	}
	fmt.Printf("making %s, once\n", path)
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		t.Fatalf("make input: %v", err)
	}
	defer os.Remove(f.Name())
	z, err := zstd.NewWriter(f, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(4<<20))
	if err != nil {
		t.Fatalf("make input: %v", err)
	}
	w := bufio.NewWriterSize(z, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, z.Close(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		t.Fatalf("make input: %v", err)
	}
}

// Frames calls f for every frame in order. The frame is the callee's.
func (s *Stream) Frames(f func(Frame) error) error {
	file, err := os.Open(s.path)
	if err != nil {
		return err
	}
	defer file.Close()
	z, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer z.Close()
	r := bufio.NewReaderSize(z, 1<<20)
	var head [8]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		n := binary.LittleEndian.Uint32(head[:])
		if n > maxFrame {
			return fmt.Errorf("frame of %d bytes, at most %d are allowed", n, maxFrame)
		}
		otlp := make([]byte, n)
		if _, err := io.ReadFull(r, otlp); err != nil {
			return err
		}
		if err := f(Frame{int(binary.LittleEndian.Uint32(head[4:])), otlp}); err != nil {
			return err
		}
	}
}

// Decoded calls f with the records of every frame, from all processors at once and in no order; worker tells them apart.
func (s *Stream) Decoded(f func(worker int, ld plog.Logs)) error {
	queue := make(chan Frame, 2*runtime.GOMAXPROCS(0))
	errs := make(chan error, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for w := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			var failed error
			for fr := range queue {
				if failed != nil {
					continue
				}
				ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(fr.OTLP)
				if err != nil {
					failed = err
					errs <- err
					continue
				}
				f(w, ld)
			}
		})
	}
	err := s.Frames(func(fr Frame) error {
		queue <- fr
		return nil
	})
	close(queue)
	wg.Wait()
	close(errs)
	for e := range errs {
		err = errors.Join(err, e)
	}
	return err
}

// WriteFrame appends a request to a stream that is being made.
func WriteFrame(w io.Writer, ld plog.Logs) error {
	otlp, err := (&plog.ProtoMarshaler{}).MarshalLogs(ld)
	if err != nil {
		return err
	}
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(otlp)))           //nolint:gosec // a request
	head = binary.LittleEndian.AppendUint32(head, uint32(ld.LogRecordCount())) //nolint:gosec // a request
	if _, err := w.Write(head); err != nil {
		return err
	}
	_, err = w.Write(otlp)
	return err
}

// fromLoggen builds and runs the generator, whose lines are OTLP/JSON requests. Its files are named pipes: it writes as fast
// as they are converted, and ten times the records take no disk. It closes all files at its end only.
func fromLoggen(w io.Writer, source, cache string, records int) error {
	tmp, err := os.MkdirTemp(cache, ".loggen-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	build := exec.Command("go", "build", "-C", source, "-o", filepath.Join(tmp, "loggen"), ".") //nolint:noctx // ends by itself
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build generator: %w\n%s", err, out)
	}
	if err := os.Mkdir(filepath.Join(tmp, "otlp"), 0o750); err != nil {
		return err
	}
	var pipes []*os.File
	for n := range 4 + records/200_000 { // a file holds 400,000 records
		name := filepath.Join(tmp, "otlp", fmt.Sprintf("logs-%05d.jsonl", n))
		if err := syscall.Mkfifo(name, 0o600); err != nil {
			return err
		}
		pipe, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		defer pipe.Close()
		pipes = append(pipes, pipe)
	}
	run := exec.Command(filepath.Join(tmp, "loggen"), "-seed", fmt.Sprint(Seed), "-records", fmt.Sprint(records), //nolint:gosec,noctx // built above; ends by itself
		"-format", "otlp-json", "-out", tmp)
	if err := run.Start(); err != nil {
		return fmt.Errorf("run generator: %w", err)
	}
	ended := make(chan struct{})
	var mu sync.Mutex
	var failed error
	var wg sync.WaitGroup
	for _, pipe := range pipes {
		wg.Go(func() {
			if err := convert(w, &mu, &untilEnd{pipe, ended}); err != nil {
				mu.Lock()
				failed = errors.Join(failed, err)
				mu.Unlock()
				_ = run.Process.Kill()
			}
		})
	}
	err = run.Wait()
	close(ended)
	wg.Wait()
	if failed != nil {
		return fmt.Errorf("convert: %w", failed)
	}
	if err != nil {
		return fmt.Errorf("run generator: %w", err)
	}
	return nil
}

// untilEnd reads a pipe until its writer has ended, also before it has opened it.
type untilEnd struct {
	pipe  *os.File
	ended <-chan struct{}
}

func (u *untilEnd) Read(p []byte) (int, error) {
	for {
		over := false
		select {
		case <-u.ended:
			over = true
		default:
		}
		n, err := u.pipe.Read(p)
		if n > 0 || over || !errors.Is(err, io.EOF) {
			return n, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// convert writes lines of OTLP/JSON as frames.
func convert(w io.Writer, mu *sync.Mutex, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxFrame)
	for lines.Scan() {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(lines.Bytes())
		if err != nil {
			return err
		}
		mu.Lock()
		err = WriteFrame(w, ld)
		mu.Unlock()
		if err != nil {
			return err
		}
	}
	return lines.Err()
}

// generate makes a stream for those who do not have the generator: requests that pass through four services, each of which
// writes lines with the request's ids. It is simpler than real logs and compresses better.
func generate(w io.Writer, records int) error {
	rnd := rand.New(rand.NewPCG(Seed, 0)) //nolint:gosec // reproducible
	services := []string{"edge", "api-gateway", "cart", "payment"}
	steps := []struct {
		text     string
		severity plog.SeverityNumber
	}{{"request received", plog.SeverityNumberInfo}, {"cache lookup slow", plog.SeverityNumberWarn}, {"Request done", plog.SeverityNumberInfo}}
	now := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	for made := 0; made < records; {
		ld := plog.NewLogs()
		lists := make([]plog.LogRecordSlice, len(services))
		for i, s := range services {
			rl := ld.ResourceLogs().AppendEmpty()
			rl.Resource().Attributes().PutStr("service.name", s)
			rl.Resource().Attributes().PutStr("deployment.environment", "prod")
			lists[i] = rl.ScopeLogs().AppendEmpty().LogRecords()
		}
		for ld.LogRecordCount() < FrameRecords && made+ld.LogRecordCount() < records {
			request := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rnd.Uint32(), rnd.Uint32()&0xffff, rnd.Uint32()&0xfff, rnd.Uint32()&0xfff, rnd.Uint64()&(1<<48-1))
			left := 11 // records of a request
			for i, s := range services {
				for _, step := range steps {
					if left--; left < 0 {
						continue
					}
					now = now.Add(time.Duration(1 + rnd.IntN(2_000_000)))
					r := lists[i].AppendEmpty()
					r.SetTimestamp(pcommon.NewTimestampFromTime(now))
					r.SetObservedTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Millisecond)))
					r.SetSeverityNumber(step.severity)
					r.Attributes().PutStr("request_id", request)
					more := ""
					if rnd.IntN(500) == 0 {
						more = "replica lagged behind, "
					}
					r.Body().SetStr(fmt.Sprintf("service=%s %s %stook %d millis in all, request_id=%s user=%d",
						s, step.text, more, rnd.IntN(900), request, rnd.IntN(1_000_000)))
				}
			}
		}
		made += ld.LogRecordCount()
		if err := WriteFrame(w, ld); err != nil {
			return err
		}
	}
	return nil
}
