// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

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
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// input is a stream of encoded OTLP requests of at most lineRecords records, mapped from a file:
//
//	u32 length | u32 records | length bytes of OTLP logs data      (little endian), repeated
//
// Requests are concatenated to larger ones without being decoded: that is what protobuf allows.
type input struct {
	name   string // what it is, for the report
	frames []frame
}

type frame struct {
	records int
	otlp    []byte
}

const (
	lineRecords = 512
	seed        = 42
	// generatorRecords is what the generator is asked for, whatever is measured of it: the stream's first records.
	generatorRecords = 2_000_000
)

// loadInput returns the first records of the stream, which is made and kept in the cache directory when it is not there.
func loadInput(t testing.TB, records int) *input {
	t.Helper()
	dir := *flagCache
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
	in := &input{}
	var path string
	if generator := generatorDir(); generator != "" && !*flagOwnData {
		in.name = fmt.Sprintf("loggen -seed %d -records %d -format otlp-json", seed, generatorRecords)
		path = filepath.Join(dir, fmt.Sprintf("loggen-%d-%d.otlp", seed, generatorRecords))
		makeFile(t, path, func(w io.Writer) error { return fromLoggen(w, generator, dir) })
	} else {
		in.name = "a small generator of this benchmark's own: figures differ from the published ones"
		path = filepath.Join(dir, fmt.Sprintf("own-%d-%d.otlp", seed, records))
		makeFile(t, path, func(w io.Writer) error { return generate(w, records) })
	}
	if err := in.open(t, path, records); err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	return in
}

func generatorDir() string {
	if top := os.Getenv("LOGBOOM_CORPORA"); top != "" {
		if dir := filepath.Join(top, "generator"); exists(filepath.Join(dir, "main.go")) {
			return dir
		}
	}
	return ""
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// makeFile makes a file whole or not at all.
func makeFile(t testing.TB, path string, write func(io.Writer) error) {
	t.Helper()
	if exists(path) {
		return
	}
	t.Logf("making %s, once", path)
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		t.Fatalf("make input: %v", err)
	}
	defer os.Remove(f.Name())
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		t.Fatalf("make input: %v", err)
	}
}

// open maps the file and finds the frames of the first records.
func (in *input) open(t testing.TB, path string, records int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_SHARED) //nolint:gosec // a file descriptor
	if err != nil {
		return err
	}
	t.Cleanup(func() { _ = syscall.Munmap(b) })
	for have := 0; len(b) >= 8 && have < records; {
		n, r := int(binary.LittleEndian.Uint32(b)), int(binary.LittleEndian.Uint32(b[4:]))
		if n > len(b)-8 {
			return io.ErrUnexpectedEOF
		}
		in.frames = append(in.frames, frame{r, b[8 : 8+n]})
		have += r
		b = b[8+n:]
	}
	if len(in.frames) == 0 {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// records and bytes of the whole input.
func (in *input) size() (records, bytes int) {
	for _, f := range in.frames {
		records += f.records
		bytes += len(f.otlp)
	}
	return records, bytes
}

func writeFrame(w io.Writer, ld plog.Logs) error {
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

// fromLoggen builds and runs the generator, whose lines are OTLP/JSON requests.
func fromLoggen(w io.Writer, source, cache string) error {
	tmp, err := os.MkdirTemp(cache, ".loggen-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	build := exec.Command("go", "build", "-C", source, "-o", filepath.Join(tmp, "loggen"), ".")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build generator: %w\n%s", err, out)
	}
	run := exec.Command(filepath.Join(tmp, "loggen"), "-seed", fmt.Sprint(seed), "-records", fmt.Sprint(generatorRecords), //nolint:gosec // built above
		"-format", "otlp-json", "-out", tmp)
	if out, err := run.CombinedOutput(); err != nil {
		return fmt.Errorf("run generator: %w\n%s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(tmp, "otlp", "*.jsonl"))
	if err != nil {
		return err
	}
	for _, name := range files {
		if err := convert(w, name); err != nil {
			return fmt.Errorf("convert %s: %w", filepath.Base(name), err)
		}
	}
	return nil
}

func convert(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		ld, err := (&plog.JSONUnmarshaler{}).UnmarshalLogs(lines.Bytes())
		if err != nil {
			return err
		}
		if err := writeFrame(w, ld); err != nil {
			return err
		}
	}
	return lines.Err()
}

// generate makes a stream for those who do not have the generator: requests that pass through four services, each of which
// writes two lines with the request's ids. It is simpler than real logs and compresses better.
func generate(w io.Writer, records int) error {
	rnd := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // reproducible
	services := []string{"edge", "api-gateway", "cart", "payment"}
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
		for ld.LogRecordCount() < lineRecords && made+ld.LogRecordCount() < records {
			request := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", rnd.Uint32(), rnd.Uint32()&0xffff, rnd.Uint32()&0xfff, rnd.Uint32()&0xfff, rnd.Uint64()&(1<<48-1))
			var trace pcommon.TraceID
			binary.BigEndian.PutUint64(trace[:], rnd.Uint64())
			binary.BigEndian.PutUint64(trace[8:], rnd.Uint64())
			sku, took := rnd.IntN(20_000), rnd.ExpFloat64()*20
			for i, s := range services {
				for _, step := range []string{"request received", "request done"} {
					now = now.Add(time.Duration(rnd.IntN(2_000_000)))
					var span pcommon.SpanID
					binary.BigEndian.PutUint64(span[:], rnd.Uint64())
					r := lists[i].AppendEmpty()
					r.SetTimestamp(pcommon.NewTimestampFromTime(now))
					r.SetObservedTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Millisecond)))
					r.SetTraceID(trace)
					r.SetSpanID(span)
					r.SetSeverityText("INFO")
					r.SetSeverityNumber(plog.SeverityNumberInfo)
					r.Attributes().PutStr("k8s.pod.name", s+"-94skjm66-dl4cf")
					r.Attributes().PutStr("request_id", request)
					r.Body().SetStr(fmt.Sprintf(
						"{\"time\":%q,\"level\":\"info\",\"service\":%q,\"msg\":%q,\"method\":\"GET\",\"path\":\"/products/SKU-%05d\",\"took_ms\":%.1f,\"request_id\":%q,\"trace_id\":%q,\"user\":%d}",
						now.Format(time.RFC3339Nano), s, step, sku, took, request, trace.String(), rnd.IntN(1_000_000)))
				}
			}
		}
		made += ld.LogRecordCount()
		if err := writeFrame(w, ld); err != nil {
			return err
		}
	}
	return nil
}
