// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
	"go.opentelemetry.io/collector/pdata/plog"
)

const (
	// rowGroupRows is how many records, neighbours in time, are sorted by service together. Every column of a
	// row group is one page, so that the services of one request share a compression window, and a time range
	// needs few row groups.
	rowGroupRows = 32 << 10
	// rowGroupBytes ends a row group of unusually large records before its pages become unwieldy.
	rowGroupBytes = 64 << 20
	// slabRecords is how many records are allocated at a time.
	slabRecords = 512
	// nanosPerHour is the width of a partition.
	nanosPerHour = int64(time.Hour)
)

// EncoderOptions configure an [Encoder]. The zero value means the defaults.
type EncoderOptions struct {
	// MaxAge and MaxFuture limit how far an event time may be from the arrival for its record to go to the
	// partition of its own time. Default: a week, an hour.
	MaxAge, MaxFuture time.Duration
	// Compression trades time for size.
	Compression Compression
}

// Compression says how hard an [Encoder] compresses.
type Compression int

const (
	// CompressionDefault is for objects that a compactor will write again, or when speed matters.
	CompressionDefault Compression = iota
	// CompressionBetter makes objects a few percent smaller for about half the speed.
	CompressionBetter
)

// Encoder collects records and makes data objects of them, one or more per hour of event time. Not safe for
// concurrent use.
type Encoder struct {
	opts       EncoderOptions
	partitions map[partition][]*Record
	slab       []Record // where the next records go
	rows       int
}

// partition is an hour since the Unix epoch of one tenant; displaced sets apart the records that do not belong
// there by their own time.
type partition struct {
	tenant    string
	hour      int64
	displaced bool
}

// NewEncoder returns an empty encoder.
func NewEncoder(opts EncoderOptions) *Encoder {
	opts.MaxAge = cmp.Or(opts.MaxAge, 7*24*time.Hour)
	opts.MaxFuture = cmp.Or(opts.MaxFuture, time.Hour)
	return &Encoder{opts: opts, partitions: map[partition][]*Record{}}
}

// Append adds the records of ld, which arrived at that time, without a tenant.
func (e *Encoder) Append(ld plog.Logs, arrival time.Time) {
	e.AppendBatch(NewBatch(ld, arrival, BatchOptions{}))
}

// AppendBatch adds the records of b, which may be added to other encoders, too.
func (e *Encoder) AppendBatch(b *Batch) {
	arrival := b.arrival
	oldest, newest := arrival.Add(-e.opts.MaxAge).UnixNano(), arrival.Add(e.opts.MaxFuture).UnixNano()
	extract(b.ld, arrival, func(r *Record) {
		p := partition{tenant: b.tenantOf(r), hour: floorHour(r.Timestamp)}
		if r.Timestamp < oldest || r.Timestamp > newest {
			p.hour, p.displaced = floorHour(arrival.UnixNano()), true
		}
		if len(e.slab) == cap(e.slab) {
			e.slab = make([]Record, 0, slabRecords)
		}
		e.slab = append(e.slab, *r)
		e.partitions[p] = append(e.partitions[p], &e.slab[len(e.slab)-1])
		e.rows++
	})
}

// Rows is how many records were added.
func (e *Encoder) Rows() int { return e.rows }

func floorHour(ns int64) int64 {
	h := ns / nanosPerHour
	if ns < 0 && ns%nanosPerHour != 0 {
		h--
	}
	return h
}

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

// Encode makes the objects, oldest partition first, and passes each on when it is ready. It stops at the
// first error. Equal records under equal names give equal objects.
func (e *Encoder) Encode(name ObjectName, yield func(Object) error) error {
	keys := make([]partition, 0, len(e.partitions))
	for p := range e.partitions {
		keys = append(keys, p)
	}
	slices.SortFunc(keys, func(a, b partition) int {
		if c := cmp.Or(strings.Compare(a.tenant, b.tenant), cmp.Compare(a.hour, b.hour)); c != 0 {
			return c
		}
		if a.displaced == b.displaced {
			return 0
		}
		if b.displaced {
			return -1
		}
		return 1
	})
	for _, p := range keys {
		o, err := encodeObject(p, e.partitions[p], e.opts.Compression)
		if err != nil {
			return fmt.Errorf("encode object: %w", err)
		}
		at := time.Unix(0, p.hour*nanosPerHour).UTC()
		o.Meta.Tenant = p.tenant
		o.Meta.Key = fmt.Sprintf("%s%sdate=%s/hour=%02d/%s-%d-%d-%d-%s.parquet", dataPrefix, tenantPrefix(p.tenant), at.Format("2006-01-02"), at.Hour(),
			name.Writer, name.Epoch, name.From, name.To, o.Meta.SHA256[:16])
		if err := yield(o); err != nil {
			return err
		}
	}
	return nil
}

// encodeObject writes the records of one partition, which it reorders.
func encodeObject(p partition, records []*Record, compression Compression) (_ Object, err error) {
	defer func() {
		if r := recover(); r != nil { // a bug of ours or of parquet-go must not take the process down
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	slices.SortStableFunc(records, func(a, b *Record) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	meta := ObjectMeta{
		Rows: int64(len(records)), Displaced: p.displaced,
		MinTime: records[0].Timestamp, MaxTime: records[len(records)-1].Timestamp,
	}
	meta.Counts, meta.RawBytes = count(records)

	level := zstd.SpeedDefault
	if compression == CompressionBetter {
		level = zstd.SpeedBetterCompression
	}
	var out bytes.Buffer
	w := parquet.NewGenericWriter[schemaRow](&out, schema,
		parquet.WriteBufferSize(0), // so that the length of out is the position in the file
		parquet.Compression(&zstd.Codec{Level: level}),
		parquet.CreatedBy("logboom", "0", ""),
		parquet.SkipPageBounds("Body"), parquet.SkipPageStatistics("Body"), parquet.SkipPageBounds("Exact"), parquet.SkipPageStatistics("Exact"),
		parquet.SkipPageBounds("LogAttributes", "key_value", "value"),
		parquet.KeyValueMetadata(metaFormat, fmt.Sprint(FormatVersion)),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("ServiceName"), parquet.Ascending("Timestamp"))),
	)
	if p.displaced {
		w.SetKeyValueMetadata(metaDisplaced, "true")
	}
	var sums []rowGroupSum
	cols := columnWriters.Get().(*columnWriter)
	defer cols.release()
	for len(records) > 0 {
		n := rowGroupLen(records)
		group := records[:n]
		records = records[n:]
		slices.SortStableFunc(group, func(a, b *Record) int {
			if c := strings.Compare(a.ServiceName, b.ServiceName); c != 0 {
				return c
			}
			return cmp.Compare(a.Timestamp, b.Timestamp)
		})
		from := out.Len()
		if err := cols.write(w, group); err != nil {
			return Object{}, err
		}
		if err := w.Flush(); err != nil {
			return Object{}, err
		}
		if from == 0 {
			from = len("PAR1")
		}
		sums = append(sums, rowGroupSum{
			Offset: int64(from), Bytes: int64(out.Len() - from),
			Sum: fmt.Sprintf("%016x", xxhash.Sum64(out.Bytes()[from:])),
		})
	}
	b, err := json.Marshal(sums)
	if err != nil {
		return Object{}, err
	}
	w.SetKeyValueMetadata(metaRowGroups, string(b))
	if err := w.Close(); err != nil {
		return Object{}, err
	}
	body := out.Bytes()
	sum := sha256.Sum256(body)
	meta.SHA256 = hex.EncodeToString(sum[:])
	meta.Bytes = int64(len(body))
	last := sums[len(sums)-1]
	meta.TailBytes = meta.Bytes - last.Offset - last.Bytes
	meta.TailSum = fmt.Sprintf("%016x", xxhash.Sum64(body[meta.Bytes-meta.TailBytes:]))
	return Object{Meta: meta, Body: body}, nil
}

// rowGroupLen is how many of the records go into the next row group.
func rowGroupLen(records []*Record) int {
	size := 0
	for i := range records {
		size += records[i].textSize()
		if i+1 == rowGroupRows || size >= rowGroupBytes {
			return i + 1
		}
	}
	return len(records)
}

func (r *Record) textSize() int {
	n := len(r.Body) + len(r.exact)
	for i := range r.LogAttributes {
		n += len(r.LogAttributes[i].Key) + len(r.LogAttributes[i].Value)
	}
	for i := range r.ResourceAttributes {
		n += len(r.ResourceAttributes[i].Key) + len(r.ResourceAttributes[i].Value)
	}
	return n
}

// count counts rows by service and severity, ordered by both; nil when there are too many.
func count(records []*Record) ([]Count, int64) {
	type key struct {
		service  string
		severity int32
	}
	var raw int64
	counts := map[key]int64{}
	for i := range records {
		r := records[i]
		raw += int64(r.textSize())
		if len(counts) <= maxCounts {
			counts[key{r.ServiceName, r.SeverityNumber}]++
		}
	}
	if len(counts) > maxCounts {
		return nil, raw
	}
	list := make([]Count, 0, len(counts))
	for k, n := range counts {
		list = append(list, Count{Service: strings.Clone(k.service), SeverityNumber: k.severity, Rows: n})
	}
	slices.SortFunc(list, func(a, b Count) int {
		if c := strings.Compare(a.Service, b.Service); c != 0 {
			return c
		}
		return cmp.Compare(a.SeverityNumber, b.SeverityNumber)
	})
	return list, raw
}
