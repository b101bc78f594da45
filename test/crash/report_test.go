// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/test/internal/faultproxy"
)

// report is what a run prints about itself.
type report struct {
	rounds, starts, kills, terms, reloads                      int
	fenced, walFull, diskFull, notStarted, accounts, accounted int

	byRound map[string]int
	last    string // kind of the last round
	late    lateReport
}

func (r *report) init() {
	r.byRound = map[string]int{}
	r.late.seen = map[string]int{}
}

// lateReport counts late writes by what they were, when they landed and whether they won.
type lateReport struct {
	turn      int
	won, lost int
	seen      map[string]int
}

// next goes through the moments in turn.
func (l *lateReport) next(n int) int {
	l.turn++
	return (l.turn - 1) % n
}

func (l *lateReport) note(what, moment string, status int) {
	end := fmt.Sprintf("status %d", status)
	switch status {
	case 200:
		l.won++
		end = "won"
	case 412:
		l.lost++
		end = "lost"
	}
	l.seen[fmt.Sprintf("%s %s %s", what, moment, end)]++
}

func lines(m map[string]int) string {
	var b strings.Builder
	for i, k := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %d", k, m[k])
	}
	return b.String()
}

// print says what the run did and what was found. Without rounds there is nothing to say.
func (r *rig) print(raw, collapsed verdict, objects, orphans int) {
	r.t.Helper()
	p, t := &r.report, r.producer.ledger.totals()
	if p.rounds == 0 {
		return
	}
	faults := map[string]int{}
	if r.proxy != nil {
		for _, k := range faultproxy.Kinds() {
			faults[k.String()] = r.proxy.Count(k)
		}
	}
	faults["disk full"], faults["log full"], faults["fenced"] = p.diskFull, p.walFull, p.fenced
	r.t.Logf(`%s, seed %d, %s
  rounds     %d (%s)
  processes  %d started, %d killed, %d terminated, %d reloads, %d did not start on a full disk
  faults     %s
  late       %d won, %d lost (%s)
  sent       %d records in %d batches, %d attempts; %d acknowledged, %d sent more than once
  archive    %d rows in %d objects (%d orphans); %d rows beyond the first of a record, %d records without acknowledgement
  raw        %d lost, %d doubled, %d that nobody sent
  collapsed  %d rows: %d lost, %d doubled, %d that nobody sent
  account    right %d times, over %d records`,
		r.archiveURL(), r.seed, time.Since(r.began).Round(time.Second),
		p.rounds, lines(p.byRound),
		p.starts, p.kills, p.terms, p.reloads, p.notStarted,
		lines(faults), p.late.won, p.late.lost, lines(p.late.seen),
		t.sent, t.batches, t.attempts, t.acked, t.retried,
		raw.rows, objects, orphans, raw.repeats, raw.unacked,
		raw.lost, raw.doubled, raw.alien,
		collapsed.rows, collapsed.lost, collapsed.doubled, collapsed.alien,
		p.accounts, p.accounted)
}
