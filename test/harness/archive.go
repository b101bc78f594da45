// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Needles finds any of many texts in much data, in one pass.
type Needles struct {
	starts [1 << 16]bool              // by the first two bytes
	byHead map[[needleHead]byte][]int // by the first bytes, indexes of texts
	texts  [][]byte
}

const needleHead = 6

// NewNeedles makes a finder; each text has at least six bytes.
func NewNeedles(texts []string) *Needles {
	n := &Needles{byHead: map[[needleHead]byte][]int{}}
	for i, t := range texts {
		b := []byte(t)
		if len(b) < needleHead {
			panic(fmt.Sprintf("needle %d is shorter than %d bytes", i, needleHead))
		}
		n.texts = append(n.texts, b)
		n.starts[uint16(b[0])<<8|uint16(b[1])] = true
		head := [needleHead]byte(b[:needleHead])
		n.byHead[head] = append(n.byHead[head], i)
	}
	return n
}

// Find returns the indexes of the texts that data holds.
func (n *Needles) Find(data []byte) []int {
	var found []int
	for i := 0; i+needleHead <= len(data); i++ {
		if !n.starts[uint16(data[i])<<8|uint16(data[i+1])] {
			continue
		}
		for _, at := range n.byHead[[needleHead]byte(data[i:i+needleHead])] {
			if bytes.HasPrefix(data[i:], n.texts[at]) {
				found = append(found, at)
			}
		}
	}
	return found
}

// SearchFiles looks for the texts in every byte of every file below dir, and in every decoded value of those that are
// Parquet. It returns where each text was found, and how many bytes and Parquet values were looked at.
func (n *Needles) SearchFiles(dir string) (found map[int][]string, raw, values int, err error) {
	found = map[int][]string{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		raw += len(data)
		for _, at := range n.Find(data) {
			found[at] = append(found[at], path)
		}
		if !strings.HasSuffix(path, ".parquet") {
			return nil
		}
		return eachParquetValue(data, func(column string, value []byte) {
			values++
			for _, at := range n.Find(value) {
				found[at] = append(found[at], path+" column "+column)
			}
		})
	})
	return found, raw, values, err
}

// eachParquetValue calls visit with every text and every byte string of a Parquet file.
func eachParquetValue(data []byte, visit func(column string, value []byte)) error {
	file, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return fmt.Errorf("open Parquet: %w", err)
	}
	buf := make([]parquet.Value, 1024)
	for _, group := range file.RowGroups() {
		for i, chunk := range group.ColumnChunks() {
			if kind := chunk.Type().Kind(); kind != parquet.ByteArray && kind != parquet.FixedLenByteArray {
				continue
			}
			name := strings.Join(file.Schema().Columns()[i], ".")
			pages := chunk.Pages()
			for {
				page, err := pages.ReadPage()
				if err == io.EOF { //nolint:errorlint // as documented
					break
				}
				if err != nil {
					pages.Close()
					return fmt.Errorf("read page of %s: %w", name, err)
				}
				reader := page.Values()
				for {
					n, err := reader.ReadValues(buf)
					for _, v := range buf[:n] {
						if !v.IsNull() {
							visit(name, v.ByteArray())
						}
					}
					if err != nil || n == 0 {
						break
					}
				}
				parquet.Release(page)
			}
			pages.Close()
		}
	}
	return nil
}
