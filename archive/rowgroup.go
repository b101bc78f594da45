// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/parquet-go/parquet-go/format"
)

// The columns that every object has by index, in the order of fields. A MAP takes two, its types a third.
const (
	colTimestamp = iota
	colTimestampSource
	colObservedTimestamp
	colTraceID
	colSpanID
	colTraceFlags
	colSeverityText
	colSeverityNumber
	colServiceName
	colBody
	colBodyType
	colResourceSchemaURL
	colResourceAttributes
	_
	_
	colScopeSchemaURL
	colScopeName
	colScopeVersion
	colScopeAttributes
	_
	_
	colLogAttributes
	_
	_
	colEventName
	colRecordUID
	colSamplingThreshold
	colRecordCount
	colExact
	numColumns
)

// maxRowGroupRows is more than any version of the format puts into a row group.
const maxRowGroupRows = 1 << 20

// columnName is the name of a column in errors.
func columnName(col int) string {
	if col < len(columnNames) {
		return columnNames[col]
	}
	return fmt.Sprintf("%d", col)
}

// groupReader reads the columns of a row group that a query needs, when it needs them. It is for one goroutine.
type groupReader struct {
	q     *query
	file  *objectFile
	group int
	info  *rowGroupInfo
	data  []byte    // the row group's bytes, where they are in memory already
	cols  []*column // by leaf; nil: not loaded

	scanned, bodies bool // counted in the statistics
	pace            pace
}

// tick is called every few rows, or after what takes as long.
func (g *groupReader) tick() error { return g.q.tick(&g.pace) }

func (q *query) group(file *objectFile, group int) *groupReader {
	info := &file.groups[group]
	return &groupReader{q: q, file: file, group: group, info: info, cols: make([]*column, len(info.columns))}
}

// load makes columns ready.
func (g *groupReader) load(leaves ...int) error {
	if err := g.loadRaw(leaves...); err != nil {
		return err
	}
	for _, leaf := range leaves {
		if err := g.cols[leaf].parse(); err != nil {
			return fmt.Errorf("row group %d: column %s: %w", g.group, columnName(leaf), err)
		}
	}
	return nil
}

// loadRaw is load, but large texts may be left raw.
func (g *groupReader) loadRaw(leaves ...int) error {
	if !g.scanned {
		g.scanned = true
		g.q.rowsScanned.Add(int64(g.info.n))
	}
	var missing []extent
	cached := int64(0)
	for _, leaf := range leaves {
		if g.cols[leaf] != nil || slices.ContainsFunc(missing, func(e extent) bool { return e.index == leaf }) {
			continue
		}
		if g.q.reader != nil {
			switch c := g.q.reader.cache.get(g.key(leaf)).(type) {
			case *column:
				g.q.cacheHits.Add(1)
				cached += g.chunk(leaf).TotalCompressedSize
				g.cols[leaf] = c
				continue
			case *packedTexts:
				g.q.cacheHits.Add(1)
				cached += g.chunk(leaf).TotalCompressedSize
				g.cols[leaf] = c.open()
				continue
			}
		}
		meta := &g.info.columns[leaf].MetaData
		missing = append(missing, extent{chunkOffset(meta), meta.TotalCompressedSize, leaf})
	}
	if cached > 0 {
		if err := g.q.limit.use(cached); err != nil {
			return err
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.SortFunc(missing, func(a, b extent) int { return cmp.Compare(a.offset, b.offset) })
	chunks := make(map[int][]byte, len(missing))
	use := func(leaf int, b []byte) { chunks[leaf] = b }
	if g.data != nil {
		for _, e := range missing {
			from := e.offset - g.info.sum.Offset
			use(e.index, g.data[from:from+e.bytes])
		}
	} else if err := g.q.readExtents(g.file.meta.Key, missing, use); err != nil {
		return err
	}
	return g.decode(missing, chunks)
}

func (g *groupReader) key(leaf int) cacheKey {
	return cacheKey{object: g.file.meta.Key, kind: cacheColumn, group: g.group, at: int64(leaf)}
}

// parallelBytes is how large a column must be, decompressed, for another goroutine to pay.
const parallelBytes = 64 << 10

// decode decodes columns, the large ones at the same time.
func (g *groupReader) decode(list []extent, chunks map[int][]byte) error {
	defer timed(&g.q.decode, time.Now())
	parallel := 1
	if g.q.reader != nil {
		parallel = g.q.reader.opts.Parallelism
	}
	size := func(e extent) int64 { return g.info.columns[e.index].MetaData.TotalUncompressedSize }
	slices.SortStableFunc(list, func(a, b extent) int { return cmp.Compare(size(b), size(a)) })
	large := 0
	for large < len(list) && size(list[large]) >= parallelBytes {
		large++
	}
	columns := make([]*column, len(list))
	errs := make([]error, len(list))
	one := func(i int) { columns[i], errs[i] = g.decodeColumn(list[i].index, chunks[list[i].index]) }
	if parallel > 1 && large > 1 {
		var mu sync.Mutex
		next := 0
		work := func() {
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= len(list) {
					return
				}
				one(i)
			}
		}
		var wg sync.WaitGroup
		for range min(parallel, large) - 1 {
			if !g.q.turns.tryEnter(g.q.usage) { // others need the processors
				break
			}
			wg.Go(func() {
				defer g.q.leave()
				work()
			})
		}
		work()
		wg.Wait()
	} else {
		for i := range list {
			one(i)
			if err := g.tick(); err != nil {
				return err
			}
		}
	}
	if slices.ContainsFunc(errs, func(err error) bool { return errors.Is(err, errForeign) }) {
		if err := g.foreign(list, columns, errs); err != nil {
			return err
		}
	}
	shareRows(list, columns)
	for i, e := range list {
		if errs[i] != nil {
			return fmt.Errorf("row group %d: column %s: %w", g.group, columnName(e.index), errs[i])
		}
		g.cols[e.index] = columns[i]
		if g.q.reader != nil {
			g.keep(e.index, columns[i])
		}
	}
	return nil
}

// shareRows lets keys and values of a MAP, decoded at once, share where the rows begin.
func shareRows(list []extent, columns []*column) {
	for i, c := range columns {
		if c == nil || c.rowStarts == nil {
			continue
		}
		for j, k := range columns {
			if k != nil && list[j].index == list[i].index-1 && !c.sharesRows && sameRows(k.rowStarts, c.rowStarts) {
				c.rowStarts, c.sharesRows = k.rowStarts, true
			}
		}
	}
}

// keep offers a column to the cache, large texts packed.
func (g *groupReader) keep(leaf int, c *column) {
	cache, key := g.q.reader.cache, g.key(leaf)
	if c.raw == nil {
		cache.put(key, c, c.memory())
		return
	}
	if cache.wants(key, int64(len(c.data))/packRatio) && c.parse() == nil {
		p := pack(c)
		cache.put(key, p, p.memory())
	}
}

// packRatio is about how much smaller texts become when they are packed.
const packRatio = 4

func (g *groupReader) decodeColumn(leaf int, b []byte) (*column, error) {
	return decodeChunk(&g.info.columns[leaf].MetaData, g.file.shapes[leaf], g.info.n, b)
}

// foreign decodes the columns that are made otherwise than ours, after the row group's checksum was verified.
func (g *groupReader) foreign(list []extent, columns []*column, errs []error) error {
	data := g.data
	if data == nil {
		var err error
		if data, err = g.q.read(g.file.meta.Key, g.info.sum.Offset, g.info.sum.Bytes); err != nil {
			return err
		}
	}
	if err := g.verify(data); err != nil {
		return err
	}
	for i, e := range list {
		if errors.Is(errs[i], errForeign) {
			columns[i], errs[i] = decodeForeign(g.file.file.RowGroups()[g.group].ColumnChunks()[e.index], newWindow(g.info.sum.Offset, data), g.file.shapes[e.index], g.info.n)
		}
	}
	return nil
}

// verify compares the row group's bytes with its checksum.
func (g *groupReader) verify(data []byte) error {
	if sum := fmt.Sprintf("%016x", xxhash.Sum64(data)); sum != g.info.sum.Sum {
		return fmt.Errorf("checksum of row group %d is %s, want %s", g.group, sum, g.info.sum.Sum)
	}
	return nil
}

// chunk is what the footer says of a column.
func (g *groupReader) chunk(leaf int) *format.ColumnMetaData { return &g.info.columns[leaf].MetaData }

// memory is what the columns take that are decoded, at most, and while they are.
func (g *groupReader) memory(leaves []int) (n int64) {
	for _, leaf := range leaves {
		c := g.chunk(leaf)
		n += c.TotalUncompressedSize + c.TotalCompressedSize
		switch shape := g.file.shapes[leaf]; {
		case shape.repeated:
			n += 8 * c.NumValues
		default:
			n += 8 * int64(g.info.n)
		}
	}
	return n
}

// readGroup decodes the records of row group i that the request asks for, from its bytes, in time order, and tells
// how many rows it looked at.
func (o *objectFile) readGroup(i int, data []byte, req *ScanRequest) (records []*Record, scanned int, err error) {
	sum := o.groups[i].sum
	if got := fmt.Sprintf("%016x", xxhash.Sum64(data)); got != sum.Sum {
		return nil, 0, fmt.Errorf("checksum of row group %d is %s, want %s", i, got, sum.Sum)
	}
	return o.decodeGroup(i, data, req)
}
