// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package wal

import "math"

// claim is what a process with this directory may have claimed in the archive's log.
type claim struct {
	// Nonce names it there.
	Nonce string `json:"nonce"`
	// Next is a number that no entry of that process's time reached; 0 while it runs.
	Next uint64 `json:"next,omitempty"`
}

// maxClaims bounds wal.json. So many processes in a row that could not make room for a single flush are not expected;
// the nonces of the oldest would look like somebody else's.
const maxClaims = 1000

// noteClaim ends the claims of earlier processes, forgets those of which no entry is left, and notes ours.
func (l *Log) noteClaim() {
	next := l.next
	if len(l.damage) > 0 {
		next = math.MaxUint64 // entries that cannot be read may have been the last
	}
	kept := l.state.Claims[:0]
	for _, c := range l.state.Claims {
		if c.Next == 0 {
			c.Next = next
		}
		if len(l.full) > 0 && c.Next > l.full[0].First {
			kept = append(kept, c)
		}
	}
	if l.opts.Nonce != "" {
		kept = append(kept, claim{Nonce: l.opts.Nonce})
	}
	l.state.Claims = kept[max(0, len(kept)-maxClaims):]
}

// ClaimedBelow returns the number below which commits under a claim of that nonce can be by a process that had this
// directory. Others are by one that had a copy. It may be too low for entries that are not held any more.
func (l *Log) ClaimedBelow(nonce string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.state.Claims {
		if c.Nonce == nonce && c.Next == 0 {
			return math.MaxUint64
		}
		if c.Nonce == nonce {
			return c.Next
		}
	}
	return 0
}

// Holds reports whether entries with numbers between from and to, both included, are held, and how many records are in
// their segments.
func (l *Log) Holds(from, to uint64) (records int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	segments := l.full
	if l.active != nil && l.active.First != 0 {
		segments = append(segments[:len(segments):len(segments)], l.active)
	}
	for _, s := range segments {
		if s.First <= to && from <= s.Last {
			records += s.end.records
			ok = true
		}
	}
	return records, ok
}
