// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/exporter/exportertest"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/exporter/objectstorageexporter/internal/metadata"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/vfs"
	"github.com/logboom/logboom/internal/vfs/vfstest"
)

// TestPowerLoss runs the exporter on a simulated disk, with concurrent senders that try again what was not
// acknowledged, ends it again and again at any operation of the disk, also while it starts, by a power cut or a
// kill, among full disks and errors, and looks at the end whether every record is in the archive, once.
//
// LOGBOOM_CRASH_ROUNDS is the number of rounds, a round being a life of the exporter; LOGBOOM_CRASH_SEED starts
// where an earlier run failed.
func TestPowerLoss(t *testing.T) {
	rounds, seed := 60, rand.Uint64()>>16
	long := os.Getenv("LOGBOOM_CRASH_ROUNDS")
	if long != "" {
		n, err := strconv.Atoi(long)
		require.NoError(t, err, "LOGBOOM_CRASH_ROUNDS")
		rounds = n
	}
	if s := os.Getenv("LOGBOOM_CRASH_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		require.NoError(t, err, "LOGBOOM_CRASH_SEED")
		seed = n
	}
	var total tally
	const each = 20 // rounds on one disk
	for i := 0; total.rounds < rounds; i++ {
		for _, v := range lossVariants {
			h := newLossHistory(t, v, seed+uint64(i))
			for range min(each, rounds) {
				h.round()
			}
			total.add(h.finish())
			for i, f := range h.failures {
				if t.Error(f); i == 20 {
					t.Errorf("and %d more", len(h.failures)-i-1)
					break
				}
			}
			if t.Failed() {
				t.Fatal(total.String())
			}
		}
	}
	t.Log(total.String())
	if long != "" {
		fmt.Println(total.String())
	}
}

// lossVariant says what is on the disk beside the write-ahead log.
type lossVariant struct {
	name string
	// local puts the bucket on the disk, too; else it is elsewhere, survives, and can be away.
	local bool
	// acknowledge is the setting; with AcknowledgeBucket there is no write-ahead log.
	acknowledge string
}

var lossVariants = []lossVariant{
	{name: "bucket on the disk", local: true, acknowledge: AcknowledgeWAL},
	{name: "bucket elsewhere", acknowledge: AcknowledgeWAL},
	{name: "bucket on the disk and no log", local: true, acknowledge: AcknowledgeBucket},
}

// tally is what has been tried and found.
type tally struct {
	rounds, records, attempts, lost, doubled int
	disk                                     vfstest.Counts
}

func (a *tally) add(b tally) {
	a.rounds += b.rounds
	a.records += b.records
	a.attempts += b.attempts
	a.lost += b.lost
	a.doubled += b.doubled
	a.disk.Operations += b.disk.Operations
	a.disk.Crashes += b.disk.Crashes
	a.disk.Kills += b.disk.Kills
	a.disk.Kept += b.disk.Kept
	a.disk.Torn += b.disk.Torn
	a.disk.Lost += b.disk.Lost
	a.disk.Errors += b.disk.Errors
	a.disk.Full += b.disk.Full
}

func (a *tally) String() string {
	return fmt.Sprintf("power loss: %d rounds, %d power cuts, %d kills, %d records (%d sendings), %d lost, %d doubled; "+
		"disk: %d operations, %d errors, %d times full; unsynced at the cuts: %d kept, %d torn, %d lost",
		a.rounds, a.disk.Crashes, a.disk.Kills, a.records, a.attempts, a.lost, a.doubled,
		a.disk.Operations, a.disk.Errors, a.disk.Full, a.disk.Kept, a.disk.Torn, a.disk.Lost)
}

// lossHistory is the life of one disk.
type lossHistory struct {
	t       *testing.T
	variant lossVariant
	seed    uint64
	rng     *rand.Rand
	cfg     *Config
	disk    *vfstest.Disk
	remote  *remoteBucket // nil when the bucket is on the disk
	rounds  int

	senders []*lossSender

	// spoil makes the file system worse than the program believes.
	spoil    func(vfs.FS) vfs.FS
	failures []string
}

func newLossHistory(t *testing.T, v lossVariant, seed uint64) *lossHistory {
	h := &lossHistory{t: t, variant: v, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), disk: vfstest.New(seed), cfg: testConfig(t)}
	h.cfg.Acknowledge = v.acknowledge
	h.cfg.WAL.Directory = "/var/lib/wal"
	h.cfg.WAL.MaxSizeMiB = 1
	h.cfg.Flush.Interval = 3 * time.Millisecond
	h.cfg.Flush.ShutdownTimeout = 30 * time.Second
	if v.local {
		h.cfg.Bucket.URL = "file:///var/archive"
	} else {
		inner, err := bucket.Open(context.Background(), h.cfg.Bucket)
		require.NoError(t, err)
		h.remote = &remoteBucket{Bucket: inner}
		h.cfg.Bucket.URL = "s3://elsewhere" // not local: waited for when it is away
	}
	for i := range 4 {
		h.senders = append(h.senders, &lossSender{id: i, rng: rand.New(rand.NewPCG(seed, uint64(100+i)))})
	}
	return h
}

// errorf tells how to see it again.
func (h *lossHistory) errorf(format string, args ...any) {
	h.failures = append(h.failures, fmt.Sprintf("%s, round %d, LOGBOOM_CRASH_SEED=%d: %s", h.variant.name, h.rounds, h.seed, fmt.Sprintf(format, args...)))
}

// failed notes an error that must not be.
func (h *lossHistory) failed(what string, err error) bool {
	if err != nil {
		h.errorf("%s: %v", what, err)
	}
	return err != nil
}

func (h *lossHistory) open(m vfs.FS) (archive.Bucket, error) {
	if h.remote != nil {
		return h.remote, nil
	}
	return bucket.OpenDirectory(m, h.cfg.Bucket.URL, "/var/archive")
}

func (h *lossHistory) exporter(m vfs.FS) *objectStorageExporter {
	m = slow{m} // so that writes wait for the same sync, and there is something to lose
	if h.spoil != nil {
		m = h.spoil(m)
	}
	h.cfg.Flush.MaxMemoryMiB = h.rng.IntN(2) // with 0 everything is read back
	if h.cfg.Acknowledge == AcknowledgeBucket {
		h.cfg.WAL.Directory, h.cfg.Flush.MaxMemoryMiB = "", 1
	}
	e, err := newExporter(exportertest.NewNopSettings(metadata.Type), h.cfg)
	require.NoError(h.t, err)
	e.fs = m
	e.openBucket = func(context.Context) (archive.Bucket, error) { return h.open(m) }
	return e
}

// round is one life of the exporter.
func (h *lossHistory) round() {
	h.rounds++
	d, rng := h.disk, h.rng
	m := d.Boot()
	ended := d.Crashed()
	if h.remote != nil {
		h.remote.boot(ended, rng.IntN(3) == 0, time.Duration(rng.IntN(20))*time.Millisecond)
	}
	d.SetCapacity(0)
	d.SetFaults(vfstest.Faults{})
	switch rng.IntN(4) {
	case 0:
		d.SetCapacity(d.Used() + rng.Int64N(300<<10))
	case 1:
		p := []float64{0.003, 0.02, 0.1}[rng.IntN(3)]
		d.SetFaults(vfstest.Faults{Read: p / 4, Write: p, Sync: p, Name: p})
	}
	n := 1 + rng.IntN([]int{40, 150, 500}[rng.IntN(3)])
	if rng.IntN(4) == 0 {
		d.KillAfter(n)
	} else {
		d.CrashAfter(n)
	}

	e := h.exporter(m)
	for tries := 0; ; tries++ {
		if e.start(context.Background(), componenttest.NewNopHost()) == nil {
			break
		}
		_ = e.shutdown(context.Background())
		select {
		case <-ended:
			return
		default:
		}
		if tries == 20 { // a disk that is too full, or too bad, to start
			d.SetCapacity(0)
			d.SetFaults(vfstest.Faults{})
		}
		e = h.exporter(m)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // senders wait for the bucket no longer than there is a machine
		select {
		case <-ended:
			cancel()
		case <-ctx.Done():
		}
	}()
	var wg sync.WaitGroup
	for _, s := range h.senders {
		wg.Go(func() { s.run(ctx, e, ended) })
	}
	wg.Wait()
	select {
	case <-ended:
		e.crash()
		return
	default:
	}
	switch rng.IntN(3) {
	case 0: // an orderly end, as far as the disk allows
		d.CrashAfter(0)
		d.SetCapacity(0)
		d.SetFaults(vfstest.Faults{})
		if h.remote != nil {
			h.remote.boot(ended, false, 0)
		}
		h.failed("shut down", e.shutdown(context.Background()))
		h.lookForRest(m)
	case 1:
		d.Kill()
		e.crash()
	default:
		d.Crash()
		e.crash()
	}
}

// finish lets everything arrive and looks.
func (h *lossHistory) finish() tally {
	d := h.disk
	d.SetCapacity(0)
	d.SetFaults(vfstest.Faults{})
	m := d.Boot()
	if h.remote != nil {
		h.remote.boot(d.Crashed(), false, 0)
	}
	e := h.exporter(m)
	if h.failed("start", e.start(context.Background(), componenttest.NewNopHost())) {
		h.failed("shut down", e.shutdown(context.Background()))
		return tally{}
	}
	until := time.Now().Add(time.Minute) // a log that the last rounds left full refuses until it is written
	for _, s := range h.senders {
		s.last = true
		for s.run(context.Background(), e, d.Crashed()); s.pending != nil && time.Now().Before(until); {
			s.run(context.Background(), e, d.Crashed())
		}
	}
	h.failed("shut down", e.shutdown(context.Background()))
	h.lookForRest(m)
	d.Crash() // what is looked at is what the archive is after one more power cut
	return h.look(d.Boot())
}

// lookForRest: after an orderly shutdown nothing waits in the write-ahead log.
func (h *lossHistory) lookForRest(m vfs.FS) {
	if h.cfg.WAL.Directory == "" {
		return
	}
	entries, err := m.ReadDir(h.cfg.WAL.Directory)
	h.failed("list the write-ahead log", err)
	for _, f := range entries {
		if strings.HasSuffix(f.Name(), ".wal") {
			if b, _ := vfs.ReadFile(m, h.cfg.WAL.Directory+"/"+f.Name()); len(b) > 28 { // more than a header
				h.errorf("%s is left in the write-ahead log, %d bytes", f.Name(), len(b))
			}
		}
	}
	aside, _ := m.ReadDir(h.cfg.WAL.Directory + "/aside")
	for _, f := range aside {
		if strings.HasSuffix(f.Name(), ".batch") {
			h.errorf("%s was set aside", f.Name())
		}
	}
}

// look compares the archive with what was sent and acknowledged.
func (h *lossHistory) look(m vfs.FS) tally {
	ctx := context.Background()
	result := tally{rounds: h.rounds, disk: h.disk.Counts()}
	if h.remote != nil {
		h.remote.boot(h.disk.Crashed(), false, 0)
	}
	b, err := h.open(m)
	if h.failed("open bucket", err) {
		return result
	}
	r, err := archive.Open(ctx, b, archive.ReaderOptions{})
	if h.failed("open archive", err) {
		return result
	}
	snapshot := r.Snapshot()
	objects, errs := snapshot.Objects(ctx, math.MinInt64, math.MaxInt64)
	rows, err := rawRows(b, objects)
	h.failed("read objects", errors.Join(append(errs, err)...))
	records := map[string]int{}
	stats, err := snapshot.Scan(ctx, archive.All(), func(r *archive.Record) error {
		id, _, _ := strings.Cut(r.Body, "#")
		records[strings.Clone(id)]++
		return nil
	})
	h.failed("scan", errors.Join(append(stats.Errors, err)...))

	for _, s := range h.senders {
		for _, a := range s.sendings {
			result.attempts += a.n
			for i := a.first; i < a.first+a.n; i++ {
				body := s.body(i, a.attempt)
				switch n := rows[body]; {
				case n == 0 && a.acknowledged:
					result.lost++
					h.errorf("record %s was acknowledged and is lost", body)
				case n > 1:
					result.doubled++
					h.errorf("record %s is there %d times, acknowledged: %v", body, n, a.acknowledged)
				}
				delete(rows, body)
			}
		}
		for i := range s.next {
			result.records++
			id := s.uid(i)
			if records[id] != 1 {
				h.errorf("record %s is found %d times", id, records[id])
			}
			delete(records, id)
		}
	}
	for body := range rows {
		h.errorf("row %q was never sent", body)
	}
	for id := range records {
		h.errorf("record %q was never sent", id)
	}
	return result
}
