// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"fmt"
	"sync"
)

// recordID names a record: it is in its body, and its log.record.uid. It says which batch it came in.
func recordID(client, batch, record int) string {
	return fmt.Sprintf("c%02d-%06d-%04d", client, batch, record)
}

// ledger is what the senders know: every batch, how often it may have been taken, and whether it was acknowledged.
// Safe for concurrent use.
type ledger struct {
	mu      sync.Mutex
	clients [][]*entry
}

// entry is a batch. Its records live and die together.
type entry struct {
	records  int
	attempts int
	// taken is the number of attempts after which the records may be in the archive: those that were acknowledged, and
	// those of which nobody knows. An attempt that the server refused, or that never reached it, is none.
	taken int
	acked bool
	// uncertain is the number of attempts of which nobody knew.
	uncertain int
	round     int // in which it was acknowledged
}

// outcome is how an attempt ended.
type outcome int

const (
	acknowledged outcome = iota
	refused              // the server said so, before it took anything, or was not reached
	unknown
)

func newLedger(clients int) *ledger { return &ledger{clients: make([][]*entry, clients)} }

// open notes a new batch and returns its number.
func (l *ledger) open(client, records int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients[client] = append(l.clients[client], &entry{records: records})
	return len(l.clients[client]) - 1
}

// begin notes an attempt before it is made: until its end is noted, nobody knows.
func (l *ledger) begin(client, batch int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.clients[client][batch]
	e.attempts++
	e.taken++
}

// end notes how the attempt ended.
func (l *ledger) end(client, batch, round int, how outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.clients[client][batch]
	switch how {
	case acknowledged:
		e.acked, e.round = true, round
	case refused:
		e.taken--
	case unknown:
		e.uncertain++
	}
}

// totals of a ledger, in records but for attempts.
type totals struct{ sent, acked, retried, batches, attempts int }

func (l *ledger) totals() (t totals) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, entries := range l.clients {
		for _, e := range entries {
			t.batches++
			t.attempts += e.attempts
			t.sent += e.records
			if e.acked {
				t.acked += e.records
			}
			if e.attempts > 1 {
				t.retried += e.records
			}
		}
	}
	return t
}

// tally counts the rows of each record in one reading of the archive.
type tally struct {
	ledger *ledger
	counts [][][]uint16 // by client, batch, record
	rows   int
	alien  []string // rows that nobody sent
	aliens int
}

func (l *ledger) tally() *tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := &tally{ledger: l, counts: make([][][]uint16, len(l.clients))}
	for c, entries := range l.clients {
		t.counts[c] = make([][]uint16, len(entries))
		for b, e := range entries {
			t.counts[c][b] = make([]uint16, e.records)
		}
	}
	return t
}

// add counts n rows with an id.
func (t *tally) add(id string, n int) {
	t.rows += n
	var c, b, r int
	if k, err := fmt.Sscanf(id, "c%d-%d-%d", &c, &b, &r); err != nil || k != 3 || id != recordID(c, b, r) ||
		c >= len(t.counts) || b >= len(t.counts[c]) || r >= len(t.counts[c][b]) {
		t.strange(id)
		return
	}
	t.counts[c][b][r] += uint16(min(n, 60_000)) //nolint:gosec // bounded
}

func (t *tally) strange(what string) {
	t.aliens++
	if len(t.alien) < 5 {
		t.alien = append(t.alien, what)
	}
}

// verdict is what a tally says about a ledger.
type verdict struct {
	rows    int
	lost    int // records acknowledged and not there
	doubled int // records there more often than they were taken, or than once where that is asked
	alien   int // rows that nobody sent
	repeats int // rows beyond the first of a record that its sender sent again, not knowing
	unacked int // records there though never acknowledged, which is right when nobody knew
	// examples are what one wants to see of a failure.
	examples []string
}

func (v *verdict) good() bool { return v.lost == 0 && v.doubled == 0 && v.alien == 0 }

// judge compares rows with what was sent. With collapsed, the reading has shown each uid once.
func (t *tally) judge(collapsed bool) verdict {
	l := t.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	v := verdict{rows: t.rows, alien: t.aliens}
	for _, a := range t.alien {
		v.examples = append(v.examples, "nobody sent "+a)
	}
	note := func(to *int, c, b, r, n int, e *entry, what string) {
		*to++
		if *to <= 10 {
			v.examples = append(v.examples, fmt.Sprintf("%s %s: %d rows, taken %d times at most (%d attempts, %d unknown), acknowledged %v in round %d",
				what, recordID(c, b, r), n, e.taken, e.attempts, e.uncertain, e.acked, e.round))
		}
	}
	for c, batches := range t.counts {
		for b, records := range batches {
			e := l.clients[c][b]
			most := e.taken
			if collapsed {
				most = min(most, 1)
			}
			for r, count := range records {
				n := int(count)
				switch {
				case n > most:
					note(&v.doubled, c, b, r, n, e, "doubled")
				case n == 0 && e.acked:
					note(&v.lost, c, b, r, n, e, "lost")
				}
				if n > 1 {
					v.repeats += n - 1
				}
				if n > 0 && !e.acked {
					v.unacked++
				}
			}
		}
	}
	return v
}
