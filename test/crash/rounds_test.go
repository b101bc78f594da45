// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/logboom/logboom/test/harness"
	"github.com/logboom/logboom/test/internal/faultproxy"
)

// A round begins and ends with no process running.
type round struct {
	name string
	// often is how many of a deck of rounds are of this kind.
	often int
	// s3 and disk say what the round needs.
	s3, disk bool
	run      func(*rig)
}

var rounds = []round{
	{name: "kill", often: 8, run: (*rig).roundKill},
	{name: "kill at start", often: 4, run: (*rig).roundKillAtStart},
	{name: "terminate", often: 3, run: (*rig).roundTerminate},
	{name: "reload", often: 2, run: (*rig).roundReload},
	{name: "settle", often: 2, run: (*rig).roundSettle},
	{name: "two processes", often: 2, run: (*rig).roundTwo},
	{name: "bucket away", often: 3, s3: true, run: (*rig).roundAway},
	{name: "late commit", often: 6, s3: true, run: func(r *rig) { r.roundLate("commit", isCommit) }},
	{name: "late claim", often: 2, s3: true, run: func(r *rig) { r.roundLate("claim", isClaim) }},
	{name: "late object", often: 1, s3: true, run: func(r *rig) { r.roundLate("object", isData) }},
	{name: "log half read", often: 2, s3: true, run: (*rig).roundHalfRead},
	{name: "log full", often: 1, s3: true, run: (*rig).roundLogFull},
	{name: "disk full", often: 3, disk: true, run: (*rig).roundDiskFull},
}

// deal returns the rounds of this rig in an order of their own, n in all; every kind comes before any deck is through.
func (r *rig) deal(n int) []round {
	var out []round
	for len(out) < n {
		var first, deck []round
		for _, k := range rounds {
			if k.s3 && r.s3 == nil || k.disk && !r.disk.real {
				continue
			}
			first = append(first, k)
			for range k.often - 1 {
				deck = append(deck, k)
			}
		}
		if len(out) > 0 { // from the second deck on, mixed as a whole
			deck, first = append(deck, first...), nil
		}
		for _, part := range [][]round{first, deck} {
			r.rng.Shuffle(len(part), func(i, j int) { part[i], part[j] = part[j], part[i] })
			out = append(out, part...)
		}
	}
	return out[:n]
}

// trouble sets how many requests meet a fault.
func (r *rig) trouble() {
	if r.proxy != nil {
		r.proxy.Set(pick(r.rng, 0, 0.1, 0.2, 0.35, 0.5, 0.7))
	}
}

// roundKill ends a process under load.
func (r *rig) roundKill() {
	r.trouble()
	r.start(r.main, r.randomSettings())
	r.between(50*time.Millisecond, 1500*time.Millisecond)
	r.kill(r.main)
}

// roundKillAtStart ends processes before or soon after they are ready, one after the other.
func (r *rig) roundKillAtStart() {
	r.trouble()
	for range 1 + r.rng.IntN(4) {
		r.launch(r.main, r.randomSettings())
		r.between(0, pick(r.rng, 50*time.Millisecond, 100*time.Millisecond, 300*time.Millisecond))
		r.kill(r.main)
	}
}

// roundTerminate stops a process under load, and half of the time ends it while it stops.
func (r *rig) roundTerminate() {
	r.trouble()
	r.start(r.main, r.randomSettings())
	r.between(50*time.Millisecond, time.Second)
	if r.rng.IntN(2) == 0 {
		r.terminate(r.main)
		return
	}
	r.main.Signal(syscall.SIGTERM)
	r.between(0, 400*time.Millisecond)
	r.report.terms++
	if r.main.Running() {
		r.main.Kill()
		r.report.kills++
	}
	r.noPanic(r.main)
}

// roundReload reloads a few times under load, each time with another configuration, and ends the process, sometimes while
// it reloads.
func (r *rig) roundReload() {
	r.trouble()
	r.start(r.main, r.randomSettings())
	for range 1 + r.rng.IntN(3) {
		r.between(50*time.Millisecond, 400*time.Millisecond)
		before := r.settings
		r.settings = r.randomSettings()
		r.producer.sure.Store(before.acknowledge == "wal" && r.settings.acknowledge == "wal")
		r.main.Configure(r.yaml(r.main.Name()))
		r.report.reloads++
		if r.rng.IntN(4) == 0 {
			r.main.Signal(syscall.SIGHUP)
			r.between(0, 200*time.Millisecond)
			break
		}
		r.main.Reload()
	}
	r.between(0, 500*time.Millisecond)
	r.kill(r.main)
}

// roundSettle waits until everything is in the archive and checks the account.
func (r *rig) roundSettle() {
	r.trouble()
	r.start(r.main, r.randomSettings())
	r.between(100*time.Millisecond, 500*time.Millisecond)
	r.calm()
	r.settle(r.main)
	r.between(0, 300*time.Millisecond)
	r.kill(r.main)
}

// roundAway takes the bucket away while a process works, ends it meanwhile, and starts the next one before it is back.
func (r *rig) roundAway() {
	r.trouble()
	r.start(r.main, r.randomSettings())
	r.between(50*time.Millisecond, 500*time.Millisecond)
	r.proxy.Away(pick(r.rng, faultproxy.AwayCut, faultproxy.AwayCut, faultproxy.AwayBusy, faultproxy.AwaySilent))
	r.between(100*time.Millisecond, time.Second)
	if n := r.rng.IntN(4); n > 0 {
		if n == 1 {
			r.terminate(r.main)
		} else {
			r.kill(r.main)
		}
		r.start(r.main, r.randomSettings())
		r.between(50*time.Millisecond, 500*time.Millisecond)
	}
	r.proxy.Away(faultproxy.Here)
	r.between(100*time.Millisecond, time.Second)
	r.kill(r.main)
}

// roundLongAway takes the bucket away for a long time; in the middle the process is ended.
func (r *rig) roundLongAway(d time.Duration) {
	s := quick
	s.walMiB = 24
	r.start(r.main, s)
	r.proxy.Away(faultproxy.AwayCut)
	time.Sleep(d / 3)
	r.kill(r.main)
	r.proxy.Away(faultproxy.AwaySilent)
	r.start(r.main, s)
	time.Sleep(d / 3)
	r.proxy.Away(faultproxy.AwayBusy)
	time.Sleep(d / 3)
	if v, _ := r.main.Metric(metricPrefix+"refused_records_total", `reason="wal_full"`); v > 0 {
		r.report.walFull++
	}
	r.calm()
	r.settle(r.main)
	r.kill(r.main)
}

// moments are those at which a late write lands.
var moments = []string{"before the start", "while the log is read", "before the claim", "after the claim", "after a commit", "later"}

// roundLate keeps a write of a process, ends the process, and delivers the write while the next one works.
func (r *rig) roundLate(what string, match func(*faultproxy.Request) bool) {
	r.calm()
	s := r.randomSettings()
	s.interval = quick.interval
	caught := r.proxy.Catch(match)
	r.launch(r.main, s)
	if !wait(context.Background(), caught.Held(), 10*time.Second) && caught.GiveUp() {
		r.kill(r.main)
		return
	}
	r.between(0, 250*time.Millisecond)
	r.kill(r.main)

	moment := moments[r.report.late.next(len(moments))]
	land := func() { caught.Land() }
	defer r.hooks.clear()
	switch moment {
	case "before the start":
		land()
	case "while the log is read":
		r.hooks.add(false, isLogRead, land)
	case "before the claim":
		r.hooks.add(false, isClaim, land)
	case "after the claim":
		r.hooks.add(true, isClaim, land)
	case "after a commit":
		r.hooks.add(true, isCommit, land)
	}
	r.start(r.main, s)
	if moment == "later" {
		r.between(0, 1500*time.Millisecond)
		land()
	}
	if !wait(context.Background(), caught.Landed(), 10*time.Second) {
		moment += ", given up"
		land()
	}
	r.report.late.note(what, moment, caught.Land())
	if r.rng.IntN(2) == 0 {
		r.settle(r.main)
	}
	r.between(0, 500*time.Millisecond)
	r.kill(r.main)
}

// roundHalfRead lets a commit land after its process has ended, so that only the archive's log says what it covers, puts
// claims of short-lived processes behind it, and makes the next process read the log in several attempts, each of which
// comes further.
func (r *rig) roundHalfRead() {
	r.calm()
	s := quick
	caught := r.proxy.Catch(isCommit)
	r.start(r.main, s)
	if !wait(context.Background(), caught.Held(), 10*time.Second) && caught.GiveUp() {
		r.kill(r.main)
		return
	}
	r.kill(r.main)
	r.report.late.note("commit", "before the start", caught.Land())
	for range 1 + r.rng.IntN(2) {
		claim := r.proxy.Catch(isClaim)
		r.launch(r.main, s)
		if wait(context.Background(), claim.Held(), 10*time.Second) || !claim.GiveUp() {
			claim.Land() // nobody is told
		}
		r.kill(r.main)
	}
	// The SDK repeats a read itself, a few times.
	for range 1 + r.rng.IntN(3) {
		last := r.lastLog()
		r.proxy.Force(func(req *faultproxy.Request) bool {
			return isLogRead(req) && strings.HasSuffix(req.Path, last)
		}, faultproxy.Error500, 3)
	}
	r.start(r.main, s)
	r.settle(r.main)
	r.kill(r.main)
}

// lastLog is the name of the last record in the archive's log, or of the one before it.
func (r *rig) lastLog() string {
	entries, err := os.ReadDir(filepath.Join(r.archiveDir(), "_log", writer))
	if err != nil || len(entries) == 0 {
		r.t.Fatalf("read log: %v, %d records", err, len(entries))
	}
	return entries[max(0, len(entries)-1-r.rng.IntN(2))].Name()
}

// roundLogFull fills the write-ahead log while the bucket is away.
func (r *rig) roundLogFull() {
	r.calm()
	s := r.randomSettings()
	s.walMiB, s.acknowledge = 1, "wal"
	r.start(r.main, s)
	r.proxy.Away(faultproxy.AwayCut)
	r.refusals(`reason="wal_full"`)
	r.report.walFull++
	if r.rng.IntN(2) == 0 {
		r.kill(r.main)
		r.start(r.main, s)
	}
	r.proxy.Away(faultproxy.Here)
	r.between(100*time.Millisecond, time.Second)
	r.kill(r.main)
}

// refusals waits until the exporter refuses records.
func (r *rig) refusals(reason string) {
	r.t.Helper()
	harness.Eventually(r.t, time.Minute, func() error {
		v, err := r.main.Metric(metricPrefix+"refused_records_total", reason)
		if err == nil && v == 0 {
			err = errors.New("nothing is refused")
		}
		return err
	})
}

// roundDiskFull fills the disk under the write-ahead log and under a local archive. A process may refuse to start on a
// full disk.
func (r *rig) roundDiskFull() {
	r.trouble()
	s := r.randomSettings()
	r.start(r.main, s)
	r.between(50*time.Millisecond, 500*time.Millisecond)
	r.disk.fill()
	defer r.disk.free()
	r.between(200*time.Millisecond, time.Second)
	if strings.Contains(r.main.Log(), "no space left on device") {
		r.report.diskFull++
	}
	if r.rng.IntN(2) == 0 {
		r.kill(r.main)
		r.launch(r.main, s)
		if !r.readyUnless(r.main) {
			r.report.notStarted++
			if !strings.Contains(r.main.Log(), "no space left on device") {
				r.t.Fatalf("main ended for another reason than a full disk:\n%s", tail(r.main.Log()))
			}
			r.disk.free()
			r.start(r.main, s)
		}
		r.between(0, 500*time.Millisecond)
	}
	r.disk.free()
	r.between(100*time.Millisecond, time.Second)
	r.kill(r.main)
}

// everybody are the clients.
var everybody = []int{0, 1, 2, 3, 4}

// roundTwo starts a second process under the same writer id, on a write-ahead log of its own, while the first one works. The
// one that claims later goes on: the second, unless the first could not claim at once.
func (r *rig) roundTwo() {
	if r.proxy != nil {
		r.proxy.Set(pick(r.rng, 0, 0.1, 0.2))
	}
	defer r.producer.send(r.place(r.main), everybody...)
	r.start(r.main, quick)
	r.between(50*time.Millisecond, 300*time.Millisecond)
	r.start(r.second, quick)
	r.producer.send(r.place(r.second), everybody[2:]...)
	// A claim that meets many faults runs behind the other's commits.
	patience := time.AfterFunc(5*time.Second, r.calm)
	defer patience.Stop()
	winner, loser := r.second, r.main
	harness.Eventually(r.t, time.Minute, func() error {
		err := fenced(r.main)
		if err != nil && fenced(r.second) == nil {
			winner, loser, err = r.main, r.second, nil
		}
		return err
	})
	r.report.fenced++
	patience.Stop()
	r.trouble()
	r.between(0, 500*time.Millisecond)
	r.producer.send(r.place(winner), everybody...)
	switch r.rng.IntN(3) {
	case 0:
		r.kill(loser)
	case 1:
		r.terminate(loser)
	default: // it ends after the one that has fenced it
	}
	r.between(0, 500*time.Millisecond)
	if r.rng.IntN(2) == 0 {
		r.kill(winner)
	} else {
		r.terminate(winner)
	}
	if loser.Running() {
		r.kill(loser)
	}
	// Alone, it goes on with what it holds.
	r.producer.send(r.place(loser), everybody...)
	r.start(loser, quick)
	if r.rng.IntN(2) == 0 {
		r.calm()
		r.settle(loser)
	}
	r.between(0, 300*time.Millisecond)
	r.kill(loser)
	if r.rng.IntN(2) == 0 {
		return // the other log waits for its turn
	}
	r.start(winner, quick)
	r.between(0, 500*time.Millisecond)
	r.kill(winner)
}

// fenced returns nil when a process says, in its log and to whoever asks for its health, that another one has taken over.
func fenced(lb *harness.Logboom) error {
	const clear = "another process writes under the same writer id"
	if !strings.Contains(lb.Log(), clear) {
		return fmt.Errorf("%s does not say that %s", lb.Name(), clear)
	}
	_, err := lb.Loki("health").Get("/health", url.Values{"verbose": {""}})
	if err == nil || !strings.Contains(err.Error(), "StatusPermanentError") || !strings.Contains(err.Error(), clear) {
		return fmt.Errorf("health of the fenced %s: %v", lb.Name(), err) //nolint:errorlint // may be nil
	}
	return nil
}
