// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/plog"
)

// stored is what lies in the bucket after a run. Records of the archive's log are not data.
type stored struct {
	objects             int
	dataBytes, logBytes int64
	files               []string
}

// isLog tells the archive's own log and probe from data, by a path relative to the bucket.
func isLog(rel string) bool { return strings.HasPrefix(rel, "_") }

func look(dir string) (s stored, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		s.files = append(s.files, path)
		if isLog(filepath.ToSlash(rel)) {
			s.logBytes += info.Size()
			return nil
		}
		s.objects++
		s.dataBytes += info.Size()
		return nil
	})
	return s, err
}

// countRecords counts what was stored, by reading it.
func (c *candidate) countRecords(files []string) (int, error) {
	sum := 0
	for _, path := range files {
		n, err := c.count(path)
		if err != nil {
			return 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
		sum += n
	}
	return sum, nil
}

// countCommitted returns the rows that a record of the archive's log makes live (archive/FORMAT.md), and checks that the
// objects are there.
func countCommitted(path string) (int, error) {
	at := strings.Index(filepath.ToSlash(path), "/_log/")
	if at < 0 {
		return 0, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	var record struct {
		Kind    string `json:"kind"`
		Objects []struct {
			Key   string `json:"key"`
			Rows  int    `json:"rows"`
			Bytes int64  `json:"bytes"`
		} `json:"objects"`
	}
	if err := json.Unmarshal(b, &record); err != nil {
		return 0, err
	}
	sum := 0
	for _, o := range record.Objects {
		info, err := os.Stat(filepath.Join(path[:at], filepath.FromSlash(o.Key)))
		if err != nil {
			return 0, err
		}
		if info.Size() != o.Bytes {
			return 0, fmt.Errorf("object %s has %d bytes, want %d", o.Key, info.Size(), o.Bytes)
		}
		sum += o.Rows
	}
	return sum, nil
}

// countObject returns the records of an object of awss3, by what it is, not by its name.
func countObject(path string) (int, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	switch {
	case bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		dec, err := zstd.NewReader(bytes.NewReader(b))
		if err != nil {
			return 0, err
		}
		defer dec.Close()
		if b, err = io.ReadAll(dec); err != nil {
			return 0, err
		}
	case bytes.HasPrefix(b, []byte{0x1f, 0x8b}):
		dec, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return 0, err
		}
		if b, err = io.ReadAll(dec); err != nil {
			return 0, err
		}
	default:
		return 0, errors.New("neither zstd nor gzip")
	}
	var ld plog.Logs
	if bytes.HasPrefix(b, []byte("{")) {
		ld, err = (&plog.JSONUnmarshaler{}).UnmarshalLogs(b)
	} else {
		ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(b)
	}
	if err != nil {
		return 0, err
	}
	return ld.LogRecordCount(), nil
}

// column is what a column takes in all Parquet files together.
type column struct {
	name  string
	bytes int64
}

// columns sums the compressed sizes of the column chunks, from the footers.
func columns(files []string) (list []column, rows int64, err error) {
	sums := map[string]int64{}
	for _, path := range files {
		if !strings.HasSuffix(path, ".parquet") {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, 0, err
		}
		info, err := f.Stat()
		if err == nil {
			var p *parquet.File
			if p, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)); err == nil {
				rows += p.NumRows()
				chunks := int64(0)
				for _, g := range p.Metadata().RowGroups {
					for i := range g.Columns {
						m := g.Columns[i].MetaData
						sums[strings.Join(m.PathInSchema, ".")] += m.TotalCompressedSize
						chunks += m.TotalCompressedSize
					}
				}
				sums["(footer, page index, metadata)"] += info.Size() - chunks
			}
		}
		f.Close()
		if err != nil {
			return nil, 0, fmt.Errorf("read %s: %w", filepath.Base(path), err)
		}
	}
	for name, n := range sums {
		list = append(list, column{name, n})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].bytes > list[j].bytes })
	return list, rows, nil
}
