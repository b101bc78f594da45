// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/component"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/wal"
	"github.com/logboom/logboom/internal/wal/payload"
)

// readGrowth is how many times its size as OTLP a batch takes that is read back, with what is needed meanwhile, about.
const readGrowth = 4

// freshSource makes what the exporter has acknowledged and not committed part of the queries of the same process. With
// acknowledge wal that is what is durable in the write-ahead log: from memory as far as it is there, else read back when
// a query needs it. With acknowledge bucket there is nothing: what is acknowledged is committed, and the source only
// tells how far, so that a query does not answer from what it knew before.
type freshSource struct {
	e *objectStorageExporter

	// claimed is set when the archive's log was read; then sequence is the last record of ours that is known to exist.
	claimed  atomic.Bool
	sequence atomic.Uint64

	mu     sync.RWMutex // held for reading while the write-ahead log is read
	closed bool

	detach []func()
}

// attach makes the source known to the extensions that read the same archive.
func (s *freshSource) attach(host component.Host) error {
	s.mu.Lock()
	s.closed = false // start may be called again after an error
	s.mu.Unlock()
	if host == nil {
		return nil
	}
	identity, err := bucket.Identity(s.e.cfg.Bucket)
	if err != nil {
		return fmt.Errorf("bucket::url: %w", err)
	}
	for _, ext := range host.GetExtensions() {
		if h, ok := ext.(archive.FreshHost); ok {
			if detach := h.AttachFresh(identity, s); detach != nil {
				s.detach = append(s.detach, detach)
			}
		}
	}
	return nil
}

// committed takes note of a log record that exists. It is called before what the record covers is acknowledged or removed.
func (s *freshSource) committed(sequence uint64) {
	s.sequence.Store(sequence)
	s.claimed.Store(true)
}

// close ends the source, and waits for those who read.
func (s *freshSource) close() {
	for _, detach := range s.detach {
		detach()
	}
	s.detach = nil
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
}

// Fresh implements [archive.FreshSource].
func (s *freshSource) Fresh(context.Context) (*archive.Fresh, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return nil, errStopped
	}
	f := &archive.Fresh{Writer: s.e.writer, WAL: s.e.held.ID()}
	if s.e.wal != nil {
		v := s.e.wal.View()
		f.Release = v.Release
		for i := range v.Segments {
			f.Parts = s.appendParts(f.Parts, v, &v.Segments[i])
		}
	}
	// Behind the view: what was removed before it is in the archive up to here.
	f.Unclaimed = !s.claimed.Load()
	f.Sequence = s.sequence.Load()
	return f, nil
}

// appendParts appends the parts that a segment is.
func (s *freshSource) appendParts(parts []archive.FreshPart, v *wal.View, seg *wal.SegmentView) []archive.FreshPart {
	if seg.Attached == nil {
		return append(parts, archive.FreshPart{
			First: seg.First, Last: seg.Last, MinTime: seg.MinTime, MaxTime: seg.MaxTime, Rows: seg.Records, Bytes: readGrowth * seg.Weight,
			Read: func(ctx context.Context, visit func(uint64, *archive.Batch) error) error {
				return s.read(ctx, v, seg, visit)
			},
		})
	}
	for _, a := range seg.Attached {
		parts = append(parts, archive.FreshPart{First: a.Number, Last: a.Number, Batch: a.Value.(*archive.Batch)})
	}
	return parts
}

// read reads a segment back. A batch that cannot be decoded is an error, once the others were visited.
func (s *freshSource) read(ctx context.Context, v *wal.View, seg *wal.SegmentView, visit func(uint64, *archive.Batch) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return errStopped
	}
	var d payload.Decoder
	var bad error
	minTime, maxTime := int64(math.MaxInt64), int64(math.MinInt64)
	err := v.Read(seg, func(entry wal.Entry) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := decode(&d, entry.Payload)
		if err != nil {
			bad = fmt.Errorf("decode entry %d: %w", entry.Number, err)
			return nil
		}
		if b.Rows() > 0 {
			from, to := b.Times()
			minTime, maxTime = min(minTime, from), max(maxTime, to)
		}
		return visit(entry.Number, b)
	})
	if err == nil && bad == nil && minTime <= maxTime {
		v.SetTimes(seg, minTime, maxTime) // the next query may leave it out
	}
	return errors.Join(err, bad)
}
