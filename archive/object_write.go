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
	"strconv"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"

	"github.com/logboom/logboom/archive/internal/parquetfile"
	"github.com/logboom/logboom/archive/internal/textindex"
)

const (
	// rowGroupRows is how many records, neighbours in time, are sorted by service together. Every column of a
	// row group is one page, so that the services of one request share a compression window, and a time range
	// needs few row groups.
	rowGroupRows = 32 << 10
	// rowGroupBytes ends a row group of unusually large records before its pages become unwieldy.
	rowGroupBytes = 64 << 20
)

// objectWriter makes data objects, one after the other: start, group for every row group, finish. It keeps its memory.
type objectWriter struct {
	compressors map[Compression]*zstd.Encoder
	file        parquetfile.Writer
	columns     columnWriter
	order       []rowRef // of a row group, by service and time
	starts      []int
	meta        ObjectMeta // of the object under way
	sums        []rowGroupSum
	index       textindex.Builder
	noIndex     bool
}

func (w *objectWriter) compressor(c Compression) (*zstd.Encoder, error) {
	if w.compressors == nil {
		w.compressors = map[Compression]*zstd.Encoder{}
	}
	if w.compressors[c] == nil {
		level := zstd.SpeedDefault
		switch c {
		case CompressionBetter:
			level = zstd.SpeedBetterCompression
		case CompressionBest:
			level = zstd.SpeedBestCompression
		}
		e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false),
			zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, err
		}
		w.compressors[c] = e
	}
	return w.compressors[c], nil
}

// write makes the object of one partition. It reorders rows.
func (w *objectWriter) write(p partition, batches []*Batch, rows []rowRef, n *names, compression Compression) (_ Object, err error) {
	defer func() {
		if r := recover(); r != nil { // a bug of ours or of a library must not take the process down
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	slices.SortStableFunc(rows, func(a, b rowRef) int { return cmp.Compare(a.time, b.time) })
	if err := w.start(p, choosePromoted(batches, rows, n), compression, sizeHint(batches, rows)); err != nil {
		return Object{}, err
	}
	w.columns.use(batches, n, repeatedUIDs(batches, rows, n))
	for rest := rows; len(rest) > 0; {
		group := rest[:rowGroupLen(batches, rest, n)]
		rest = rest[len(group):]
		if err := w.group(group); err != nil {
			return Object{}, err
		}
	}
	return w.finish()
}

// start begins an object, whatever became of the one before.
func (w *objectWriter) start(p partition, promoted promotedKeys, compression Compression, sizeHint int) error {
	compressor, err := w.compressor(compression)
	if err != nil {
		return err
	}
	w.file.Start(parquetfile.Options{
		Fields: append(slices.Clip(fields), promoted.fields()...), Compressor: compressor, SizeHint: sizeHint,
		Sorting: []format.SortingColumn{{ColumnIdx: colServiceName}, {ColumnIdx: colTimestamp}},
	})
	w.columns.start(promoted, compression)
	w.index.Start()
	w.meta, w.sums = ObjectMeta{Tenant: p.tenant, Displaced: p.displaced}, nil
	return nil
}

// group appends a row group of these rows, which are those of w.columns.use, in the order of time, and not before those of
// the row group before.
func (w *objectWriter) group(rows []rowRef) error {
	w.file.StartGroup(len(rows))
	w.sortByService(w.columns.batches, rows, w.columns.names)
	if err := w.columns.write(&w.file, w.order); err != nil {
		return err
	}
	offset, size, err := w.file.EndGroup()
	if err != nil {
		return err
	}
	if !w.noIndex {
		w.columns.index(&w.index)
	}
	w.sums = append(w.sums, rowGroupSum{Offset: offset, Bytes: size, Sum: fmt.Sprintf("%016x", xxhash.Sum64(w.file.Bytes(offset, size)))})
	if w.meta.Rows == 0 {
		w.meta.MinTime = rows[0].time
	}
	w.meta.MaxTime = rows[len(rows)-1].time
	w.meta.Rows += int64(len(rows))
	return nil
}

// finish returns the object, without a key.
func (w *objectWriter) finish() (Object, error) {
	meta := w.meta
	var err error
	if meta.Resources, err = w.writeResources(w.compressors[w.columns.compression]); err != nil {
		return Object{}, err
	}
	if !w.noIndex {
		index, err := w.finishIndex()
		if err != nil {
			return Object{}, err
		}
		meta.Index = index
	}
	footer := w.file.Len()
	meta.Counts, meta.RawBytes = w.columns.result()
	b, err := json.Marshal(w.sums)
	if err != nil {
		return Object{}, err
	}
	metadata := []format.KeyValue{{Key: metaFormat, Value: strconv.Itoa(FormatVersion)}, {Key: metaRowGroups, Value: string(b)}}
	if meta.Displaced {
		metadata = append(metadata, format.KeyValue{Key: metaDisplaced, Value: "true"})
	}
	body, err := w.file.Finish("logboom", metadata)
	if err != nil {
		return Object{}, err
	}
	sum := sha256.Sum256(body)
	meta.SHA256 = hex.EncodeToString(sum[:])
	meta.Bytes = int64(len(body))
	meta.TailBytes = meta.Bytes - footer
	meta.TailSum = fmt.Sprintf("%016x", xxhash.Sum64(body[meta.Bytes-meta.TailBytes:]))
	return Object{Meta: meta, Body: body}, nil
}

// sizeHint guesses how large the object of these rows becomes: text shrinks to a sixth or less.
func sizeHint(batches []*Batch, rows []rowRef) int {
	size := 32 << 10
	for _, ref := range rows {
		size += 16 + int(batches[ref.batch].rows[ref.row].textSize)/6
	}
	return size
}

// rowGroupLen is how many of the rows go into the next row group.
func rowGroupLen(batches []*Batch, rows []rowRef, n *names) int {
	size := int64(0)
	for i, ref := range rows {
		r := &batches[ref.batch].rows[ref.row]
		shared := n.sharedTexts[n.shared[ref.batch][r.shared]]
		size += int64(r.textSize) + shared.textSize
		if r.exact.from != r.exact.to {
			size += int64(len(shared.resourceOTLP) + len(shared.scopeOTLP))
		}
		if i+1 == rowGroupRows || size >= rowGroupBytes {
			return i + 1
		}
	}
	return len(rows)
}

// sortByService fills w.order with the rows, which are in the order of time, in the order of service and time.
func (w *objectWriter) sortByService(batches []*Batch, rows []rowRef, n *names) {
	service := func(ref rowRef) uint32 {
		return n.serviceOf[n.shared[ref.batch][batches[ref.batch].rows[ref.row].shared]]
	}
	w.starts = append(w.starts[:0], make([]int, len(n.services)+1)...)
	for _, ref := range rows {
		w.starts[service(ref)+1]++
	}
	for i := 1; i < len(w.starts); i++ {
		w.starts[i] += w.starts[i-1]
	}
	w.order = append(w.order[:0], rows...)
	for _, ref := range rows {
		s := service(ref)
		w.order[w.starts[s]] = ref
		w.starts[s]++
	}
}

// repeatedUIDs returns the rows, which are in the order of time, that come after one of the same service, time and
// uid.
func repeatedUIDs(batches []*Batch, rows []rowRef, n *names) map[rowRef]struct{} {
	type seenUID struct {
		service uint32
		uid     []byte
	}
	var repeated map[rowRef]struct{}
	var seen []seenUID
	var many map[string]struct{} // instead of seen, when these are many
	at := int64(0)
	for i, ref := range rows {
		if i == 0 || ref.time != at {
			at, seen, many = ref.time, seen[:0], nil
		}
		b := batches[ref.batch]
		r := &b.rows[ref.row]
		uid := b.bytes(r.uid)
		if len(uid) == 0 {
			continue
		}
		service := n.serviceOf[n.shared[ref.batch][r.shared]]
		key := func(service uint32, uid []byte) string { return strconv.Itoa(int(service)) + " " + string(uid) }
		var found bool
		if many != nil {
			_, found = many[key(service, uid)]
		} else {
			found = slices.ContainsFunc(seen, func(s seenUID) bool { return s.service == service && bytes.Equal(s.uid, uid) })
		}
		switch {
		case found:
			if repeated == nil {
				repeated = map[rowRef]struct{}{}
			}
			repeated[ref] = struct{}{}
		case many != nil:
			many[key(service, uid)] = struct{}{}
		default:
			if seen = append(seen, seenUID{service, uid}); len(seen) > 16 {
				many = make(map[string]struct{}, 2*len(seen))
				for _, s := range seen {
					many[key(s.service, s.uid)] = struct{}{}
				}
			}
		}
	}
	return repeated
}
