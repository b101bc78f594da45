// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
)

// RefreshTo makes sure that the snapshot includes the log of a writer up to a record that is known to exist. It
// reads what is missing, and lists only where records have been summed up.
func (r *Reader) RefreshTo(ctx context.Context, writer string, sequence uint64) error {
	if r.snapshot.Load().includes(writer, sequence) { // the usual case does not wait for a Refresh under way
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.snapshot.Load().includes(writer, sequence) {
		return nil
	}
	old := r.snapshot.Load()
	if last := old.writers[writer].lastKnown(); sequence > last && sequence-last > maxLogGap {
		return r.refresh(ctx, true)
	}
	u := &logUpdate{reader: r, logs: cloneLogs(old.writers), own: map[string]bool{}, started: r.now()}
	l := u.log(writer)
	var keys []string
	for _, n := range l.away() {
		if n <= sequence {
			keys = append(keys, LogKey(writer, n))
		}
	}
	for n := l.last + 1; n <= sequence; n++ {
		keys = append(keys, LogKey(writer, n))
	}
	l.last = max(l.last, sequence)
	u.take(keys, r.fetchLog(ctx, keys))
	if err := u.failure(ctx); err != nil {
		return fmt.Errorf("read commit log of %s: %w", r.bucket.Name(), err)
	}
	if u.missing || r.now().Sub(r.confirmed) > r.patience(old.base) {
		if err := r.refresh(ctx, true); err != nil {
			return err
		}
	} else if u.news {
		r.snapshot.Store(r.newSnapshot(old.base, u.logs))
	}
	if !r.snapshot.Load().includes(writer, sequence) {
		return fmt.Errorf("read commit log of %s: records of writer %s up to %d cannot be read now", r.bucket.Name(), writer, sequence)
	}
	return nil
}

// includes reports whether the snapshot has all records of a writer up to one.
func (s *Snapshot) includes(writer string, sequence uint64) bool {
	l := s.writers[writer]
	if l == nil || l.last < sequence {
		return sequence == 0
	}
	for n := range l.unread {
		if n <= sequence {
			return false
		}
	}
	return true
}
