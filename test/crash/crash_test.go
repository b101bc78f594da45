// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/test/internal/faultproxy"
)

// interrupted is set by the first SIGINT or SIGTERM, so that a run ends as a failed test does: with nothing left running
// and nothing left mounted.
var interrupted atomic.Bool

func TestMain(m *testing.M) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		interrupted.Store(true)
		signal.Stop(signals)
	}()
	os.Exit(m.Run())
}

const (
	// longFrom is the number of rounds from which on a run is a long one, which must meet every fault.
	longFrom = 200
	// longAway is how long the bucket is away once in a long run.
	longAway = 150 * time.Second
)

func environment(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("parse %s: %v", name, err)
	}
	return n
}

// TestCrashS3 writes to S3 through a proxy that injects faults.
func TestCrashS3(t *testing.T) {
	t.Parallel()
	crash(t, "s3", 13)
}

// TestCrashDirectory writes to a local directory.
func TestCrashDirectory(t *testing.T) {
	t.Parallel()
	crash(t, "directory", 8)
}

func crash(t *testing.T, kind string, short uint64) {
	seed := environment(t, "LOGBOOM_CRASH_SEED", uint64(time.Now().UnixNano())) //nolint:gosec // any
	n := int(environment(t, "LOGBOOM_CRASH_ROUNDS", short))                     //nolint:gosec // small
	t.Logf("LOGBOOM_CRASH_SEED=%d LOGBOOM_CRASH_ROUNDS=%d", seed, n)
	r := newRig(t, seed, kind)
	list := r.deal(n)
	if only := os.Getenv("LOGBOOM_CRASH_ONLY"); only != "" { // one kind of round, for whoever looks for a fault
		list = slices.DeleteFunc(r.deal(40*n), func(k round) bool { return k.name != only })
		list = list[:min(n, len(list))]
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("seed %d, %d of %d rounds, the last one %q, then %s", seed, r.report.rounds, len(list), r.report.last, r.settings)
		}
	})
	for i, k := range list {
		if i > 0 && i%40 == 0 {
			t.Logf("%d of %d rounds after %s", i, len(list), time.Since(r.began).Round(time.Second))
		}
		r.begin(i, k)
		k.run(r)
	}
	if r.proxy != nil && n >= longFrom {
		r.roundLongAway(longAway)
	}
	r.end()
	for _, err := range r.verify() {
		t.Error(err)
	}
	if n >= longFrom {
		r.complete()
	}
}

// begin notes that a round begins, and ends a run that has no time left.
func (r *rig) begin(i int, k round) {
	r.t.Helper()
	if interrupted.Load() {
		r.t.Fatal("interrupted")
	}
	if t, ok := r.t.(*testing.T); ok {
		if end, ok := t.Deadline(); ok && time.Until(end) < 5*time.Minute {
			r.t.Fatalf("no time is left after %d rounds", i)
		}
	}
	r.report.rounds++
	r.report.byRound[k.name]++
	r.report.last = k.name
	r.producer.round.Store(int64(i + 1))
	r.calm()
}

// end takes all faults away, lets the senders finish, and empties both write-ahead logs, one after the other.
func (r *rig) end() {
	r.t.Helper()
	r.calm()
	if r.proxy != nil {
		r.proxy.Settle()
	}
	r.start(r.main, quick)
	if err := r.producer.finish(2 * time.Minute); err != nil {
		r.t.Fatal(err)
	}
	for _, lb := range []struct{ now, next func() }{
		{func() { r.settle(r.main); r.terminate(r.main) }, func() { r.start(r.second, quick) }},
		{func() { r.settle(r.second); r.terminate(r.second) }, func() { r.start(r.main, quick) }},
		{func() { r.settle(r.main); r.terminate(r.main) }, func() {}},
	} {
		lb.now()
		lb.next()
	}
	for _, name := range []string{"main", "second"} {
		left, err := filepath.Glob(filepath.Join(r.walDir(name), "*.wal"))
		if err != nil || len(left) > 0 {
			r.t.Errorf("write-ahead log of %s still has segments: %v %v", name, left, err)
		}
		aside, err := filepath.Glob(filepath.Join(r.walDir(name), "aside", "*.batch"))
		if err != nil || len(aside) > 0 {
			r.t.Errorf("write-ahead log of %s has set batches aside: %v %v", name, aside, err)
		}
	}
}

// complete makes sure that a long run has met everything that it is for.
func (r *rig) complete() {
	r.t.Helper()
	need := map[string]int{"records in accounts": r.report.accounted, "kills": r.report.kills, "terminations": r.report.terms, "reloads": r.report.reloads, "fences": r.report.fenced}
	if r.disk.real {
		need["full disks"] = r.report.diskFull
	}
	if r.proxy != nil {
		need["full logs"], need["late writes that won"], need["late writes that lost"] = r.report.walFull, r.report.late.won, r.report.late.lost
		for _, k := range faultproxy.Kinds() {
			need[k.String()] = r.proxy.Count(k)
		}
	}
	for name, n := range need {
		if n == 0 {
			r.t.Errorf("the run met no %s", name)
		}
	}
}
