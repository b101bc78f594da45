// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package archivefiles tells other programs which objects of an archive are live: as a list of their addresses, and as a
// view for DuckDB. A glob over the bucket would see objects that are merged already, and those that nothing names.
package archivefiles // import "github.com/logboom/logboom/internal/archivefiles"

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

const (
	// ListKey and ViewKey are where Write puts what List and View make, beside the archive.
	ListKey = "_current/files.txt"
	ViewKey = "_current/duckdb.sql"

	// maxFiles bounds a list: at 150 bytes each it is 30 MiB, and so many objects mean that nothing merges them.
	maxFiles = 200_000
)

// ErrTooMany is returned for archives of more objects than a list may have.
var ErrTooMany = fmt.Errorf("the archive has more than %d objects: they have to be merged before they can be listed", maxFiles)

// Files are the live objects of a snapshot.
type Files struct {
	// Base is put before keys.
	base string
	keys []string
	// partitions is the form of the paths, if it is the same for all; "" if not.
	partitions string
}

// Of returns the live objects of a snapshot, in the order of their keys. name is the bucket's.
func Of(ctx context.Context, s *archive.Snapshot, name string) (*Files, error) {
	f := &Files{base: address(name)}
	errs, err := s.EachDay(ctx, func(_ string, objects []*archive.ObjectMeta) error {
		if len(f.keys)+len(objects) > maxFiles {
			return ErrTooMany
		}
		for _, o := range objects {
			f.keys = append(f.keys, strings.Clone(o.Key))
		}
		return nil
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, fmt.Errorf("list live objects of %s: %w", name, err)
	}
	slices.Sort(f.keys)
	for i, key := range f.keys {
		form := partitionsOf(key)
		if i > 0 && form != f.partitions {
			form = ""
		}
		if f.partitions = form; form == "" {
			break
		}
	}
	return f, nil
}

// partitionsOf returns the names of the partitions in a key: date/hour, or tenant/date/hour.
func partitionsOf(key string) string {
	var names []string
	for _, part := range strings.Split(key, "/") {
		if name, _, ok := strings.Cut(part, "="); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, "/")
}

// address is what other programs call a bucket: a plain, absolute path for a directory, az:// for Azure.
func address(name string) string {
	switch scheme, rest, _ := strings.Cut(name, "://"); scheme {
	case "file":
		name = rest
		if abs, err := filepath.Abs(name); strings.HasPrefix(name, ".") && err == nil { // others have other working directories
			name = filepath.ToSlash(abs)
		}
		if len(name) > 2 && name[0] == '/' && name[2] == ':' { // /C:/dir
			name = name[1:]
		}
	case "azblob":
		name = "az://" + rest
	}
	return strings.TrimRight(name, "/") + "/"
}

// Len is how many objects there are.
func (f *Files) Len() int { return len(f.keys) }

// List writes the addresses, one a line.
func (f *Files) List(w io.Writer) error {
	var b bytes.Buffer
	for _, key := range f.keys {
		b.WriteString(f.base)
		b.WriteString(key)
		b.WriteByte('\n')
	}
	_, err := w.Write(b.Bytes())
	return err
}

// View writes a statement that makes the view logs in DuckDB.
func (f *Files) View(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("-- The live objects of this archive, as of when this was written. Read it again for later ones:\n" +
		"--   duckdb -init duckdb.sql, or .read duckdb.sql\n" +
		"-- Records that were delivered twice count twice until they are merged: COUNT(DISTINCT RecordUid) where there are uids.\n")
	if len(f.keys) == 0 {
		b.WriteString("CREATE OR REPLACE VIEW logs AS SELECT NULL::TIMESTAMPTZ AS \"Timestamp\", ''::VARCHAR AS \"ServiceName\", " +
			"''::VARCHAR AS \"SeverityText\", 0 AS \"SeverityNumber\", ''::VARCHAR AS \"Body\" WHERE false;\n")
		_, err := w.Write(b.Bytes())
		return err
	}
	b.WriteString("CREATE OR REPLACE VIEW logs AS SELECT * FROM read_parquet([\n")
	for i, key := range f.keys {
		b.WriteString("  '")
		b.WriteString(strings.ReplaceAll(f.base+key, "'", "''"))
		b.WriteByte('\'')
		if i+1 < len(f.keys) {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "], union_by_name = true, hive_partitioning = %t);\n", f.partitions != "")
	_, err := w.Write(b.Bytes())
	return err
}

// Writer keeps the list and the view in a bucket up to date.
type Writer struct {
	bucket archive.Bucket
	last   [sha256.Size]byte
}

// NewWriter returns a writer for the archive in b, which must be one of package bucket's.
func NewWriter(b archive.Bucket) *Writer { return &Writer{bucket: b} }

// Write replaces both, unless nothing has changed since its last call.
func (w *Writer) Write(ctx context.Context, s *archive.Snapshot) error {
	f, err := Of(ctx, s, w.bucket.Name())
	if err != nil {
		return err
	}
	var list, view bytes.Buffer
	if err := errors.Join(f.List(&list), f.View(&view)); err != nil {
		return err
	}
	sum := sha256.Sum256(list.Bytes())
	if sum == w.last {
		return nil
	}
	for key, body := range map[string][]byte{ListKey: list.Bytes(), ViewKey: view.Bytes()} {
		if err := bucket.Put(ctx, w.bucket, key, body); err != nil {
			return err
		}
	}
	w.last = sum
	return nil
}
