// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

// indexRecords is how many of the stream are encoded with and without the index.
const indexRecords = 1_000_000

// TestIndex measures what the index costs: of the encoder alone, on one processor, and of the shipped binary's exporter.
func TestIndex(t *testing.T) {
	records := *flagRecords
	if records == 0 {
		records, *flagOwnData = smallRecords, true
	}
	s := rig.LoadStream(t, records, *flagCache, *flagOwnData)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var with, without, batching time.Duration
	rows := 0
	var index, bytes int64
	encode := func(noIndex bool) time.Duration {
		var used time.Duration
		enc := archive.NewEncoder(archive.EncoderOptions{MaxAge: 87600 * time.Hour, NoIndex: noIndex})
		arrival := time.Date(2026, 1, 15, 1, 0, 0, 0, time.UTC)
		rows, index, bytes = 0, 0, 0
		flush := func() {
			runtime.GC()
			before := ownTime()
			if err := enc.Encode(archive.ObjectName{Writer: "bench", Epoch: 1, From: 1, To: 1}, func(o archive.Object) error {
				bytes += o.Meta.Bytes
				if o.Meta.Index != nil {
					index += o.Meta.Index.Bytes
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			used += ownTime() - before
			enc.Reset()
		}
		pending := 0
		err := s.Frames(func(fr rig.Frame) error {
			if rows >= indexRecords {
				return nil
			}
			ld, err := (&plog.ProtoUnmarshaler{}).UnmarshalLogs(fr.OTLP)
			if err != nil {
				return err
			}
			before := ownTime()
			b := archive.NewBatch(ld, arrival, archive.BatchOptions{})
			batching += ownTime() - before
			enc.AppendBatch(b)
			rows += fr.Records
			if pending += fr.Records; pending >= 65_536 {
				flush()
				pending = 0
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		flush()
		debug.FreeOSMemory()
		return used
	}
	encode(true) // warms up
	var sized int64
	for range 3 { // the least of three: others use the machine, too
		a := encode(true)
		b := encode(false)
		sized = index
		if without == 0 || a < without {
			without = a
		}
		if with == 0 || b < with {
			with = b
		}
	}
	fmt.Printf("\nEncoder, one processor, %d records: without index %.0f krecords a CPU-s, with %.0f; the index alone %.0f krecords a CPU-s, %.2f B a record\n",
		rows, rig.PerSecond(rows, without), rig.PerSecond(rows, with), rig.PerSecond(rows, with-without), rig.Per(sized, rows))
	if with <= without {
		t.Log("the index costs nothing: the machine is too busy for this measurement")
	}
	if *flagRecords == 0 {
		return
	}
	runtime.GOMAXPROCS(runtime.NumCPU())
	for range 2 {
		took := rig.Load(t, s, filepath.Join(harness.TempDir(t), "archive"), *flagExporter)
		fmt.Printf("Exporter with the index: %.0f krecords a CPU-s, %.0f krecords/s\n", rig.PerSecond(records, took.CPU), rig.PerSecond(records, took.Wall))
	}
}

// ownTime is the processor time of this process.
func ownTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
