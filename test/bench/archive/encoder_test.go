// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	logarchive "github.com/logboom/logboom/archive"
)

// encoding is one way to make objects of the input with the library alone.
type encoding struct {
	name        string
	compression logarchive.Compression
	bytes       int // of OTLP an encoder gets before it makes its objects; 0: all
}

var encodings = []encoding{
	{"as flushed: 24 MiB, default", logarchive.CompressionDefault, flushBytes},
	{"as compacted: all, default", logarchive.CompressionDefault, 0},
	{"as compacted: all, better", logarchive.CompressionBetter, 0},
	{"as compacted: all, best", logarchive.CompressionBest, 0},
}

// TestEncoder encodes the input with the archive library, in this process and on one goroutine: bytes a record by column,
// processor time and memory, without a receiver, a log or a bucket.
func TestEncoder(t *testing.T) {
	records := *flagRecords
	if records == 0 {
		records, *flagOwnData = 8_192, true
	}
	in := loadInput(t, records)
	sent, _ := in.size()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // what runs beside is counted, too, so let it be little
	table := new(strings.Builder)
	w := tabwriter.NewWriter(table, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| archive library\t| B a record\t| objects\t| krecords a CPU-s, batch\t| krecords a CPU-s, encode\t| peak of anonymous memory MiB\t|")
	fmt.Fprintln(w, "|"+strings.Repeat(" ---\t|", 6))
	for _, e := range encodings {
		dir := t.TempDir()
		r := e.run(t, in, dir)
		if r.rows != sent {
			t.Errorf("%s: %d rows of %d records", e.name, r.rows, sent)
		}
		s, err := look(dir)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(w, "| %s\t| %.2f\t| %d\t| %.0f\t| %.0f\t| %d\t|\n", e.name, float64(s.dataBytes)/float64(sent), s.objects,
			float64(sent)/1e3/r.batch.Seconds(), float64(sent)/1e3/r.encode.Seconds(), r.memory/mib)
		if *flagRecords > 0 && (e.bytes > 0 || e.compression != logarchive.CompressionDefault) {
			fmt.Printf("%s\n", e.name)
			if err := reportColumns(os.Stdout, s.files); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.Flush()
	fmt.Printf("\n%d records\n%s", sent, table)
}

type encoded struct {
	rows          int
	batch, encode time.Duration // processor time of NewBatch and AppendBatch; of Encode
	memory        int64
}

func (e encoding) run(t *testing.T, in *input, dir string) (r encoded) {
	opts := logarchive.EncoderOptions{MaxAge: 87600 * time.Hour, Compression: e.compression}
	enc, size, flushes := logarchive.NewEncoder(opts), 0, 0
	debug.FreeOSMemory()
	peak := watchAnonymous()
	flush := func() {
		flushes++
		start := processTime()
		name := logarchive.ObjectName{Writer: "bench", Epoch: 1, From: uint64(flushes), To: uint64(flushes)} //nolint:gosec // small
		err := enc.Encode(name, func(o logarchive.Object) error {
			r.encode += processTime() - start
			path := filepath.Join(dir, filepath.FromSlash(o.Meta.Key))
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				return err
			}
			r.rows += int(o.Meta.Rows)
			err := os.WriteFile(path, o.Body, 0o600)
			start = processTime()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		r.encode += processTime() - start
		enc, size = logarchive.NewEncoder(opts), 0
	}
	arrival := time.Now()
	for _, f := range in.frames {
		ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(f.otlp)
		if err != nil {
			t.Fatal(err)
		}
		start := processTime()
		enc.AppendBatch(logarchive.NewBatch(ld, arrival, logarchive.BatchOptions{}))
		r.batch += processTime() - start
		if size += len(f.otlp); e.bytes > 0 && size >= e.bytes {
			flush()
		}
	}
	if size > 0 {
		flush()
	}
	r.memory = peak()
	return r
}

// processTime is the user and system time of this process.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// watchAnonymous samples this process's memory, without the mapped input.
func watchAnonymous() func() int64 {
	stop, done := make(chan struct{}), make(chan int64)
	go func() {
		var peak int64
		for {
			if b, err := os.ReadFile("/proc/self/status"); err == nil {
				if _, rest, ok := bytes.Cut(b, []byte("RssAnon:")); ok {
					if f := strings.Fields(string(rest[:min(len(rest), 40)])); len(f) > 0 {
						n, _ := strconv.ParseInt(f[0], 10, 64)
						peak = max(peak, n<<10)
					}
				}
			}
			select {
			case <-stop:
				done <- peak
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-done
	}
}
