// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

// tally counts what happens while the lock is held, so that the observer is told once a batch and not once a record.
type tally struct {
	drops    map[drop]amount
	lates    [signals][2]int64 // by whether they were kept
	unlinked int64
}

// maxDrops is how large a map is kept to be used again.
const maxDrops = 256

type drop struct {
	signal  Signal
	reason  Reason
	policy  uint8
	service service
}

type amount struct{ records, bytes int64 }

func (t *tally) dropped(signal Signal, reason Reason, policy uint8, service service, records, bytes int64) {
	if t.drops == nil {
		t.drops = map[drop]amount{}
	}
	at := drop{signal: signal, reason: reason, policy: policy, service: service}
	a := t.drops[at]
	t.drops[at] = amount{records: a.records + records, bytes: a.bytes + bytes}
}

func (t *tally) late(signal Signal, kept bool) {
	if kept {
		t.lates[signal][1]++
	} else {
		t.lates[signal][0]++
	}
}

func (t *tally) flush(obs Observer, names []string) {
	n := len(t.drops)
	for at, a := range t.drops {
		obs.Dropped(at.signal, at.reason, int(at.policy), names[at.service], a.records, a.bytes)
	}
	if clear(t.drops); n > maxDrops {
		t.drops = nil // clearing a large map takes long, even when it is empty
	}
	for signal := range t.lates {
		for kept, n := range t.lates[signal] {
			if n > 0 {
				obs.Late(Signal(signal), kept == 1, n)
			}
		}
	}
	t.lates = [signals][2]int64{}
	if t.unlinked > 0 {
		obs.Unlinked(t.unlinked)
		t.unlinked = 0
	}
}
