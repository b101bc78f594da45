// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// nanosPerHour is the width of a partition.
const nanosPerHour = int64(time.Hour)

// EncoderOptions configure an [Encoder]. The zero value means the defaults.
type EncoderOptions struct {
	// MaxAge and MaxFuture limit how far an event time may be from the arrival for its record to go to the
	// partition of its own time. Default: a week, an hour.
	MaxAge, MaxFuture time.Duration
	// Compression trades time for size.
	Compression Compression
	// NoIndex leaves the index out, to measure what it costs.
	NoIndex bool
}

// Compression says how hard an [Encoder] compresses.
type Compression int

const (
	// CompressionDefault is for objects that a compactor will write again, or when speed matters.
	CompressionDefault Compression = iota
	// CompressionBetter makes objects 7 percent smaller for about a third more time.
	CompressionBetter
	// CompressionBest makes them 3 percent smaller again for four times the time: for what is written once and kept.
	CompressionBest
)

// Encoder collects batches and makes data objects of them, one for each tenant and hour of event time. It keeps its
// memory, about that of the texts of 32,768 records and twice that of an object, for the next use after Reset. Not
// safe for concurrent use.
type Encoder struct {
	opts    EncoderOptions
	batches []*Batch
	rows    int
	writer  objectWriter
}

// partition is an hour since the Unix epoch of one tenant; displaced sets apart the records that do not belong
// there by their own time.
type partition struct {
	tenant    string
	hour      int64
	displaced bool
}

func (p partition) compare(q partition) int {
	displaced := 0
	if p.displaced != q.displaced {
		displaced = 1
		if q.displaced {
			displaced = -1
		}
	}
	return cmp.Or(strings.Compare(p.tenant, q.tenant), cmp.Compare(p.hour, q.hour), displaced)
}

// NewEncoder returns an empty encoder.
func NewEncoder(opts EncoderOptions) *Encoder {
	opts.MaxAge = cmp.Or(opts.MaxAge, 7*24*time.Hour)
	opts.MaxFuture = cmp.Or(opts.MaxFuture, time.Hour)
	return &Encoder{opts: opts, writer: objectWriter{noIndex: opts.NoIndex}}
}

// Append adds the records of ld, which arrived at that time, without a tenant.
func (e *Encoder) Append(ld plog.Logs, arrival time.Time) {
	e.AppendBatch(NewBatch(ld, arrival, BatchOptions{}))
}

// AppendBatch adds the records of b, which may be added to other encoders, too.
func (e *Encoder) AppendBatch(b *Batch) {
	e.batches = append(e.batches, b)
	e.rows += b.Rows()
}

// Reset forgets the batches.
func (e *Encoder) Reset() {
	clear(e.batches)
	e.batches, e.rows = e.batches[:0], 0
}

// Rows is how many records were added.
func (e *Encoder) Rows() int { return e.rows }

// ObjectName is what the key of a data object is made of, besides its partition and content.
type ObjectName struct {
	Writer string
	Epoch  uint64
	// From and To are the range of the write-ahead log.
	From, To uint64
}

// Object is a data object ready to be created.
type Object struct {
	Meta ObjectMeta
	Body []byte
}

// Encode makes the objects, in the order of tenant and time, and passes each on when it is ready. It stops at the
// first error. Equal batches under equal names give equal objects.
func (e *Encoder) Encode(name ObjectName, yield func(Object) error) error {
	for _, b := range e.batches {
		if b.err != nil {
			return fmt.Errorf("encode object: %w", b.err)
		}
	}
	names := newNames(e.batches)
	parts := e.partition(names)
	keys := slices.SortedFunc(maps.Keys(parts), partition.compare)
	defer e.writer.columns.forget()
	for _, p := range keys {
		o, err := e.writer.write(p, e.batches, parts[p], names, e.opts.Compression)
		if err != nil {
			return fmt.Errorf("encode object: %w", err)
		}
		delete(parts, p)
		at := time.Unix(0, p.hour*nanosPerHour).UTC()
		o.Meta.Key = fmt.Sprintf("%s%sdate=%s/hour=%02d/%s-%d-%d-%d-%s.parquet", dataPrefix, tenantPrefix(p.tenant), at.Format("2006-01-02"), at.Hour(),
			name.Writer, name.Epoch, name.From, name.To, o.Meta.SHA256[:16])
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

// rowRef is a row of a batch.
type rowRef struct {
	time       int64
	batch, row uint32
}

// partition divides the rows.
func (e *Encoder) partition(n *names) map[partition][]rowRef {
	parts := map[partition][]rowRef{}
	var current partition
	rows := make([]rowRef, 0, e.rows) // of current; mostly there is but one
	tenant := uint32(math.MaxUint32)
	for i, b := range e.batches {
		oldest, newest := b.arrival-int64(e.opts.MaxAge), b.arrival+int64(e.opts.MaxFuture)
		arrival := floorHour(b.arrival)
		for j := range b.rows {
			r := &b.rows[j]
			p := partition{tenant: current.tenant, hour: floorHour(r.timestamp)}
			if r.timestamp < oldest || r.timestamp > newest {
				p.hour, p.displaced = arrival, true
			}
			if s := n.shared[i][r.shared]; s != tenant {
				tenant, p.tenant = s, n.sharedTexts[s].tenant
			}
			if p != current {
				if len(rows) > 0 {
					parts[current] = rows
					rows = parts[p]
				}
				current = p
			}
			rows = append(rows, rowRef{r.timestamp, uint32(i), uint32(j)})
		}
	}
	if len(rows) > 0 {
		parts[current] = rows
	}
	return parts
}

func floorHour(ns int64) int64 {
	h := ns / nanosPerHour
	if ns < 0 && ns%nanosPerHour != 0 {
		h--
	}
	return h
}
