// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// walKey is a write-ahead log.
type walKey struct{ writer, id string }

// noteCommit takes note of how much of a write-ahead log is in the archive.
func (s *Snapshot) noteCommit(r *LogRecord) {
	if r.WAL == nil {
		return
	}
	if s.committed == nil {
		s.committed = map[walKey]uint64{}
	}
	key := walKey{r.Writer, r.WAL.ID}
	s.committed[key] = max(s.committed[key], r.WAL.To)
}

// Committed is the highest entry of a writer's write-ahead log that the snapshot's commits cover, and with it all before
// it; 0 when there is none.
func (s *Snapshot) Committed(writer, walID string) uint64 { return s.committed[walKey{writer, walID}] }

// RefreshTo makes sure that the snapshot includes the log of a writer up to a record that is known to exist. It
// reads what is missing, and lists nothing.
func (r *Reader) RefreshTo(ctx context.Context, writer string, sequence uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := slices.DeleteFunc(slices.Clone(r.pending), func(key string) bool {
		w, n, _ := parseLogKey(key)
		return w != writer || n > sequence
	})
	pending := len(missing)
	for n := r.position[writer] + 1; n <= sequence; n++ {
		missing = append(missing, LogKey(writer, n))
	}
	if len(missing) == 0 {
		return nil
	}
	position := maps.Clone(r.position)
	position[writer] = max(position[writer], sequence)
	others := slices.DeleteFunc(slices.Clone(r.pending), func(key string) bool { return slices.Contains(missing[:pending], key) })
	if err := r.apply(ctx, missing, position); err != nil {
		return err
	}
	left := len(r.pending)
	r.pending = append(r.pending, others...)
	if left > 0 {
		return fmt.Errorf("read commit log of %s: %d records of writer %s cannot be read now", r.bucket.Name(), left, writer)
	}
	return nil
}
