// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// FreshSource is a writer of the same process. What it has accepted and not committed yet is found by queries, too.
type FreshSource interface {
	// Fresh returns what the writer holds at this moment. It is safe for concurrent use, and does not wait for a flush.
	Fresh(ctx context.Context) (*Fresh, error)
}

// FreshHost is what a component that reads archives offers those that write them in the same process.
type FreshHost interface {
	// AttachFresh adds a source to the queries of the archive in a bucket, whose identity is what both sides make of their
	// configuration. After detach, which may be nil (another archive), the source is not asked any more.
	AttachFresh(bucket string, source FreshSource) (detach func())
}

// Fresh is what a writer holds, a consistent view: every record that it has acknowledged is in the parts, or in a commit
// of its log up to Sequence. It may be in both; the number of its entry and the commit's range tell.
type Fresh struct {
	// Writer is whose log the records go to, WAL the id of the write-ahead log that numbers the entries.
	Writer, WAL string
	// Sequence is a log record that exists, 0: none.
	Sequence uint64
	// Unclaimed says that the writer has not read its log yet, so that Sequence is not known.
	Unclaimed bool
	Parts     []FreshPart
	// Release ends the use of the parts; nil: there is nothing to do.
	Release func()
}

// FreshPart is a run of entries: one in memory, or several that must be read back.
type FreshPart struct {
	// First and Last are the numbers of its entries.
	First, Last uint64
	// Batch is the entry in memory; nil: Read them.
	Batch *Batch
	// Read calls visit with the entries in order. The batches are the callee's to keep. What cannot be read is an error, and
	// the rest is still visited.
	Read func(ctx context.Context, visit func(number uint64, b *Batch) error) error
	// MinTime and MaxTime bound the event times, both included; for a Batch they need not be set. 0, 0: not known.
	MinTime, MaxTime int64
	// Rows and Bytes are about how many records there are, and the memory that they take when they were read.
	Rows, Bytes int64
}

// FreshInfo is what is known of records that are not committed, without reading them.
type FreshInfo struct {
	// MinTime and MaxTime bound the event times, both included.
	MinTime, MaxTime int64
	Rows             int64
	// Bytes is about the length of bodies and attributes.
	Bytes int64
	// Services are the distinct services, in order; nil: they are not known.
	Services []string
}

// SnapshotWithFresh returns a snapshot of what is committed and of what the sources hold, each record once, however
// far it has come meanwhile. What cannot be told is among the snapshot's errors. release must be called when the
// snapshot is not used any more.
func (r *Reader) SnapshotWithFresh(ctx context.Context, sources ...FreshSource) (s *Snapshot, release func()) {
	if len(sources) == 0 {
		return r.Snapshot(), func() {}
	}
	var held []*Fresh
	var errs []error
	refresh := false
	for _, source := range sources { // first what is not committed: it may be a moment later, and then the snapshot has it
		f, err := source.Fresh(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("read what is not committed to %s: %w", r.bucket.Name(), err))
			continue
		}
		held = append(held, f)
		refresh = refresh || f.Unclaimed
	}
	if refresh {
		if err := r.Refresh(ctx); err != nil {
			errs = append(errs, err)
		}
	}
	for _, f := range held {
		if f.Sequence == 0 || f.Unclaimed {
			continue
		}
		if err := r.RefreshTo(ctx, f.Writer, f.Sequence); err != nil {
			errs = append(errs, err)
		}
	}
	s = r.Snapshot().WithFresh(held...)
	s.errs = append(slices.Clip(s.errs), errs...)
	var once sync.Once
	return s, func() {
		once.Do(func() {
			for _, f := range held {
				if f.Release != nil {
					f.Release()
				}
			}
		})
	}
}

// WithFresh returns the snapshot with the entries that it has no commit of. The snapshot must include the commits up to
// each Sequence: see [Reader.SnapshotWithFresh].
func (s *Snapshot) WithFresh(list ...*Fresh) *Snapshot {
	c := *s
	c.fresh = slices.Clip(s.fresh)
	for _, f := range list {
		above := s.Committed(f.Writer, f.WAL)
		for i := range f.Parts {
			p := &f.Parts[i]
			if p.Last <= above {
				continue
			}
			u := &freshUnit{part: p, above: above, minTime: p.MinTime, maxTime: p.MaxTime, bytes: p.Bytes, tenants: s.tenants}
			u.writer, u.wal = f.Writer, f.WAL
			u.name = fmt.Sprintf("write-ahead log of %s, entries %d to %d", f.Writer, p.First, p.Last)
			switch {
			case p.Batch != nil:
				if p.Batch.Rows() == 0 || !s.tenants.inBatch(p.Batch) {
					continue
				}
				u.minTime, u.maxTime = p.Batch.minTime, p.Batch.maxTime
				u.bytes = 0 // it is in memory in any case
			case u.minTime == 0 && u.maxTime == 0:
				u.minTime, u.maxTime = math.MinInt64, math.MaxInt64
			}
			c.fresh = append(c.fresh, u)
		}
	}
	return &c
}

// Fresh tells what of the snapshot is not committed yet.
func (s *Snapshot) Fresh() []FreshInfo {
	list := make([]FreshInfo, 0, len(s.fresh))
	for _, u := range s.fresh {
		info := FreshInfo{MinTime: u.minTime, MaxTime: u.maxTime, Rows: u.part.Rows, Bytes: u.part.Bytes}
		if b := u.part.Batch; b != nil {
			info.Rows, info.Bytes, info.Services = u.size(b)
		}
		list = append(list, info)
	}
	return list
}

// Times are the bounds of the event times in the batch, both included, in nanoseconds since the Unix epoch; 0, 0 without rows.
func (b *Batch) Times() (minTime, maxTime int64) { return b.minTime, b.maxTime }

// services are the distinct services of the tenants in the batch, in order.
func (b *Batch) services(tenants tenantSet) []string {
	list := make([]string, 0, 4)
	for i := range b.shared {
		if name := b.shared[i].service; tenants.has(b.shared[i].tenant) && (len(list) == 0 || list[len(list)-1] != name) {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// freshUnit is a part of what is not committed, to be scanned like a row group.
type freshUnit struct {
	part             *FreshPart
	above            uint64 // entries up to it are committed
	writer, wal      string // whose entries they are
	name             string // for errors, and for the order of equal times
	minTime, maxTime int64
	bytes            int64 // to be reserved
	tenants          tenantSet
}

// meta describes the unit's rows of a tenant to [ScanRequest.Object].
func (u *freshUnit) meta(tenant string) *ObjectMeta {
	m := &ObjectMeta{Tenant: tenant, MinTime: u.minTime, MaxTime: u.maxTime, Rows: u.part.Rows}
	if u.part.Batch != nil {
		m.Rows = int64(u.part.Batch.Rows())
	}
	return m
}

// mayHold reports whether records of the unit may pass the request.
func (u *freshUnit) mayHold(req *ScanRequest) bool {
	if u.maxTime < req.Start || req.after(u.minTime) {
		return false
	}
	return u.part.Batch == nil || req.Service == nil || slices.ContainsFunc(u.part.Batch.shared, func(s sharedText) bool {
		return u.tenants.has(s.tenant) && req.Service(s.service)
	})
}

// rows returns the records of the unit that pass the request, by tenant, each list in time order, and how many rows it
// looked at. With an error there are those that could be read.
func (u *freshUnit) rows(ctx context.Context, req *ScanRequest) (kept map[string][]*Record, scanned int, err error) {
	kept = map[string][]*Record{}
	tenants := map[string]bool{}
	visit := func(number uint64, b *Batch) error {
		if number <= u.above {
			return nil
		}
		scanned += int(u.tenants.rows(b))
		var list []freshRow
		shared, keep, tenant := uint32(math.MaxUint32), false, ""
		for i := range b.rows {
			row := &b.rows[i]
			if row.timestamp < req.Start || req.after(row.timestamp) {
				continue
			}
			if row.shared != shared {
				s := &b.shared[row.shared]
				shared, tenant = row.shared, s.tenant
				keep = u.tenants.has(tenant) && (req.Service == nil || req.Service(s.service))
				if keep && req.Object != nil {
					wanted, known := tenants[tenant]
					if !known {
						wanted = req.Object(u.meta(tenant))
						tenants[tenant] = wanted
					}
					keep = wanted
				}
			}
			if !keep {
				continue
			}
			r := &Record{}
			b.record(i, r)
			r.Tenant = tenant
			if req.Keep == nil || req.Keep(r) {
				list = append(list, freshRow{tenant, r})
			}
		}
		// What was read back is not kept in memory for the sake of a few records of it.
		few := u.part.Batch == nil && len(list) < b.Rows()/4
		for _, r := range list {
			if few {
				r.record = r.record.Clone()
			}
			kept[r.tenant] = append(kept[r.tenant], r.record)
		}
		return ctx.Err()
	}
	if u.part.Batch != nil {
		err = visit(u.part.Last, u.part.Batch)
	} else {
		err = u.part.Read(ctx, visit)
	}
	for _, list := range kept {
		slices.SortStableFunc(list, func(a, b *Record) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	}
	return kept, scanned, err
}

type freshRow struct {
	tenant string
	record *Record
}
