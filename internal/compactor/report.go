// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

// Report says what a cycle did.
type Report struct {
	// Leader says that this process had the lease; else it did nothing.
	Leader bool
	// Epoch is that of the lease, Checkpoint the newest checkpoint at the end.
	Epoch, Checkpoint uint64
	// Merges made ObjectsIn objects of BytesIn into ObjectsOut of BytesOut, with Rows, and without Duplicates.
	Merges, ObjectsIn, ObjectsOut       int
	BytesIn, BytesOut, Rows, Duplicates int64
	// BytesFresh is the part of BytesIn that no compactor had written.
	BytesFresh int64
	// Rewritten is the bytes of objects that retention and erasure wrote anew, besides.
	Rewritten int64
	// Checkpoints were made, Conflicts were not, because another process was faster.
	Checkpoints, Conflicts int
	// Backlog is what could be merged now and was not.
	Backlog Backlog
	// Deleted is by reason: retention, size, erase, missing for what left the live set; superseded, orphan, log_record, checkpoint
	// for what was deleted from the bucket.
	Deleted map[string]Deleted
	Live    Live
}

// Backlog is objects that are to be merged.
type Backlog struct {
	Objects int
	Bytes   int64
}

// Deleted is what went for one reason.
type Deleted struct {
	Objects     int
	Rows, Bytes int64
}

// Live is the live set.
type Live struct {
	Objects     int
	Rows, Bytes int64
}

func (r *Report) delete(reason string, objects int, rows, bytes int64) {
	if objects == 0 {
		return
	}
	if r.Deleted == nil {
		r.Deleted = map[string]Deleted{}
	}
	d := r.Deleted[reason]
	d.Objects += objects
	d.Rows += rows
	d.Bytes += bytes
	r.Deleted[reason] = d
}

func (b *Backlog) add(m merge) {
	for _, o := range m.inputs {
		b.Objects++
		b.Bytes += o.Bytes
	}
}

// survey adds what is left to a report.
func (c *Compactor) survey(report *Report) {
	s := c.reader.Snapshot()
	if made := s.Checkpoint(); made != nil {
		report.Checkpoint = made.Number
	}
	report.Live.Objects, report.Live.Rows, report.Live.Bytes = s.Totals()
}
