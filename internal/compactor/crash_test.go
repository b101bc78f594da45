// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
)

// crashRig is an archive with something to do for every part of a compactor: objects to merge, records that came
// twice, a class of records that is due in part of an object, objects that are due as a whole, a user to be forgotten,
// superseded objects whose grace is over, an orphan, and log records that nobody needs any more.
func crashRig(t testing.TB) *rig { return newRig(t).fill() }

func (r *rig) fill() *rig {
	for i := range 2 {
		at := start.Add(-48*time.Hour + time.Duration(i)*time.Minute)
		r.write("w", lines(3, fmt.Sprint("old", i), "cart", 9, at)...)
	}
	c := r.compactor(r.bucket(), nil)
	_, err := c.Cycle(r.t.Context())
	require.NoError(r.t, err)
	r.now = r.now.Add(r.config().Grace + time.Hour)
	for i := range 3 {
		at := start.Add(time.Duration(i) * time.Minute)
		mixed := append(lines(4, fmt.Sprint("debug", i), "cart", 5, at), lines(4, fmt.Sprint("info", i), "cart", 9, at)...)
		mixed[5].user = "u-17"
		twice := line{id: "twice", service: "edge", severity: 9, at: start.Add(time.Hour), uid: "x"}
		r.write("w", append(mixed, twice)...)
		r.write("v", append(lines(3, fmt.Sprint("v", i), "edge", 9, at), twice)...)
	}
	require.NoError(r.t, r.bucket().Create(r.t.Context(), "logs/date=2026-11-23/hour=08/compacted-1-0123456789abcdef.parquet", []byte("orphan")))
	r.writers = map[string]*archive.LogWriter{} // their processes have ended
	return r
}

// chores is a whole life of a compactor: cycles and an erasure.
func (r *rig) chores(ctx context.Context, c *Compactor) error {
	erase := EraseRequest{Match: Match{Terms: []Term{{Field: "user_id", Value: "u-17"}}}, Now: true}
	if _, err := c.Cycle(ctx); err != nil {
		return err
	}
	if err := c.lead(ctx, false, func(ctx context.Context) error { return c.erase(ctx, &erase, &EraseReport{}) }); err != nil {
		return err
	}
	_, err := c.Cycle(ctx)
	return err
}

func crashConfig(c *Config) {
	c.Retention = Retention{Rules: []Rule{{Service: "cart", MaxSeverity: 8, MaxAge: 6 * time.Hour}, {MaxAge: 50 * time.Hour}}}
}

// kept are the records that are there when all chores are done.
func kept(l line) bool {
	return l.user == "" && !(l.service == "cart" && l.severity <= 8) && !l.at.Before(start.Add(-time.Hour))
}

// settle lets a process that nothing happens to do the chores, long after the others, and checks what is left.
func (r *rig) settle(what string) {
	r.t.Helper()
	c := r.compactor(r.bucket(), crashConfig)
	for tries := 0; ; tries++ {
		err := r.chores(r.t.Context(), c)
		if err == nil {
			report, cycled := c.Cycle(r.t.Context())
			require.NoError(r.t, cycled, what)
			if report.Leader {
				break
			}
		}
		if err != nil {
			require.ErrorIs(r.t, err, archive.ErrLeaseHeld, what)
		}
		require.Less(r.t, tries, 5, what)
		r.now = r.now.Add(r.config().LeaseTTL) // of a process that is gone
	}
	r.now = r.now.Add(r.config().Grace + time.Hour)
	_, err := c.Cycle(r.t.Context())
	require.NoError(r.t, err, what)
	r.now = r.now.Add(r.config().Grace + time.Hour)
	_, err = c.Cycle(r.t.Context())
	require.NoError(r.t, err, what)
	r.check(kept)
	require.Equal(r.t, keysOf(byKey(r.live())), r.keys("logs/"), "%s: nothing but what is live is in the bucket", what)
	seen := int64(0)
	for _, o := range r.live() {
		seen += o.Rows
	}
	require.EqualValues(r.t, len(r.want(kept)), seen, "%s: no record is there twice, not even hidden by its uid", what)
	r.checkAudit(what)
	// And the writers go on, whatever became of their logs.
	r.writers = map[string]*archive.LogWriter{}
	r.write("w", lines(2, "after", "edge", 9, start.Add(2*time.Hour))...)
	r.check(kept)
}

func byKey(list []*archive.ObjectMeta) []*archive.ObjectMeta {
	slices.SortFunc(list, func(a, b *archive.ObjectMeta) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	return list
}

// checkAudit compares the audit with what went: every record that is not there any more went once.
func (r *rig) checkAudit(what string) {
	r.t.Helper()
	rows := map[string]int64{}
	for _, d := range r.audit() {
		rows[d.Action] += d.Rows
	}
	want := map[string]int64{}
	for _, l := range r.written {
		switch {
		case l.user != "":
			want["erase"]++
		case !kept(l):
			want["retention"]++
		}
	}
	require.Equal(r.t, want, rows, what)
}

// crashStep says which operations get a fault: all with LOGBOOM_CRASH_ROUNDS, else every eleventh.
func crashStep(t testing.TB) (step, first int) {
	if os.Getenv("LOGBOOM_CRASH_ROUNDS") != "" {
		return 1, 0
	}
	if testing.Short() {
		return 37, 3
	}
	return 11, 2
}

// TestCrash ends a compactor at every operation on its bucket, or lets that fail, or lets it seem to fail, and looks whether
// what the next one leaves is what it has to be.
func TestCrash(t *testing.T) {
	origin := crashRig(t)
	before := origin.want(nil)
	count := origin.fork()
	p := count.process()
	require.NoError(t, count.chores(t.Context(), count.compactor(p, crashConfig)))
	operations := p.operations()
	t.Logf("%d operations", operations)
	require.Greater(t, operations, 100)
	step, first := crashStep(t)
	for i, f := range []fault{killed, landed, refused, unheard} {
		for at := 1 + (first+i)%step; at <= operations; at += step {
			r := origin.fork()
			what := fmt.Sprintf("fault %d at %d", f, at)
			snapshot := r.open().Snapshot()
			p := r.process()
			p.fault, p.at = f, at
			c := r.compactor(p, crashConfig)
			// The first cycle alone deletes nothing that the snapshot needs: the grace is not over.
			_, err := c.Cycle(t.Context())
			require.Equal(t, before, bodies(t, snapshot), what)
			if err == nil || f == refused || f == unheard {
				_ = r.chores(t.Context(), c)
			}
			r.settle(what)
		}
	}
}

// TestZombie lets a compactor sleep at every operation, another take over and do everything, and the first wake up.
func TestZombie(t *testing.T) {
	origin := crashRig(t)
	count := origin.fork()
	p := count.process()
	require.NoError(t, count.chores(t.Context(), count.compactor(p, crashConfig)))
	operations := p.operations()
	step, first := crashStep(t)
	for at := 1 + first%step; at <= operations; at += step {
		r := origin.fork()
		what := fmt.Sprintf("asleep at %d", at)
		p := r.process()
		p.fault, p.at, p.asleep, p.wake = paused, at, make(chan struct{}), make(chan struct{})
		c := r.compactor(p, crashConfig)
		slept := r.now
		c.now = func() time.Time { return slept } // its clock
		done := make(chan error)
		go func() { done <- r.chores(context.WithoutCancel(t.Context()), c) }()
		select {
		case <-p.asleep:
		case err := <-done: // the order of reads differs by a few
			require.NoError(t, err, what)
			close(p.wake)
			r.settle(what)
			continue
		}
		// The next one gets as far as its first cycle, or all of it and what follows.
		next := r.compactor(r.process(), crashConfig)
		_, err := next.Cycle(t.Context())
		require.NoError(t, err, what)
		r.now = r.now.Add(r.config().LeaseTTL)
		if at%2 == 0 {
			require.NoError(t, r.chores(t.Context(), next), what)
			r.now = r.now.Add(r.config().Grace + time.Hour)
		}
		_, err = next.Cycle(t.Context())
		require.NoError(t, err, what)
		close(p.wake)
		if err := <-done; err != nil && !errors.Is(err, archive.ErrLeaseLost) && !errors.Is(err, archive.ErrLeaseHeld) {
			t.Logf("%s: %v", what, err) // it may fail in any way
		}
		r.settle(what)
	}
}
