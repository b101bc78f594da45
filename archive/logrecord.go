// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const (
	// FormatVersion is the version of the format that this package writes and reads.
	FormatVersion = 1

	logPrefix  = "_log/"
	dataPrefix = "logs/"

	// maxLogRecordBytes bounds what a reader takes for a commit record.
	maxLogRecordBytes = 64 << 20
	// maxObjectBytes and maxTailBytes bound what it takes for the size of an object and of its footer, and
	// maxGroupBytes for that of a row group, whose memory it needs.
	maxObjectBytes = 1 << 40
	maxTailBytes   = 256 << 20
	maxGroupBytes  = 2 << 30
	maxIndexBytes  = 2 << 30
)

// LogRecordKind tells commit records and epoch claims apart.
type LogRecordKind string

const (
	// KindClaim starts an epoch: from here on, only its author may append to this writer's log.
	KindClaim LogRecordKind = "claim"
	// KindCommit makes objects live.
	KindCommit LogRecordKind = "commit"
)

// LogRecord is one entry of a writer's log: the object _log/<writer>/<sequence>, JSON, created once and never changed.
type LogRecord struct {
	Format   int           `json:"format"`
	Kind     LogRecordKind `json:"kind"`
	Writer   string        `json:"writer"`
	Sequence uint64        `json:"sequence"`
	Epoch    uint64        `json:"epoch"`
	// Nonce is random per epoch claim, so that two processes claiming the same epoch can tell who won.
	Nonce string `json:"nonce"`
	// Time is the writer's clock when it made this record, in nanoseconds since the Unix epoch. For people.
	Time int64 `json:"time"`
	// WAL says which part of which write-ahead log this commit covers; nil on claims.
	WAL     *WALRange    `json:"wal,omitempty"`
	Objects []ObjectMeta `json:"objects,omitempty"`
}

// WALRange is a range of entries, both ends included, of the write-ahead log with that id.
type WALRange struct {
	ID   string `json:"id"`
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	// Volatile says that the entries were in a process' memory alone: what a later epoch finds uncommitted is gone.
	Volatile bool `json:"volatile,omitempty"`
}

// ObjectMeta describes one live data object.
type ObjectMeta struct {
	Key string `json:"key"`
	// Tenant owns all records of the object; "" when the writer knows no tenants.
	Tenant string `json:"tenant,omitempty"`
	SHA256 string `json:"sha256"` // lowercase hex, of the whole object
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	// RawBytes is the length of the bodies and attributes, uncompressed.
	RawBytes int64 `json:"raw_bytes,omitempty"`
	// TailBytes is the length of what follows the last row group: the page index and the footer. TailSum is
	// its xxh64 in 16 hex digits.
	TailBytes int64  `json:"tail_bytes"`
	TailSum   string `json:"tail_xxh64"`
	// MinTime and MaxTime bound the event times, both included, in nanoseconds since the Unix epoch.
	MinTime int64 `json:"min_time"`
	MaxTime int64 `json:"max_time"`
	// Displaced marks an object of records whose event time was out of the writer's limits: it lies in the
	// partition of its arrival, not of its times.
	Displaced bool `json:"displaced,omitempty"`
	// Index says where the index lies; nil: there is none, and the rows must be scanned.
	Index *IndexMeta `json:"index,omitempty"`
	// Resources says where the block of resources lies; nil: there is none, see [ResourceCounts].
	Resources *ResourcesMeta `json:"resources,omitempty"`
	// Counts are the rows by service, severity and time. Complete, or nil: there are too many services.
	Counts *Counts `json:"counts,omitempty"`
}

// IndexMeta says where in its object the index lies: blocks first, then the directory, which ends where the Parquet
// footer begins.
type IndexMeta struct {
	Offset         int64  `json:"offset"`
	Bytes          int64  `json:"bytes"` // blocks and directory
	DirectoryBytes int64  `json:"directory_bytes"`
	DirectorySum   string `json:"directory_xxh64"` // 16 hex digits
}

// HasService reports whether the object may hold a service that keep accepts.
func (m *ObjectMeta) HasService(keep func(string) bool) bool {
	return keep == nil || m.Counts == nil || slices.ContainsFunc(m.Counts.Services, keep)
}

// Services returns the distinct services of the object in order; nil when its counts were left out.
func (m *ObjectMeta) Services() []string {
	if m.Counts == nil {
		return nil
	}
	return m.Counts.Services
}

var writerPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// ValidateWriter checks a writer id, which becomes part of object names.
func ValidateWriter(writer string) error {
	if !writerPattern.MatchString(writer) {
		return fmt.Errorf("writer must be 1 to 128 letters, digits, '.', '_' or '-', starting with a letter or digit, got %q", writer)
	}
	for _, part := range []string{"..", "__", ".tmp-"} { // which mean something to some bucket
		if strings.Contains(writer, part) {
			return fmt.Errorf("writer must not hold %q, got %q", part, writer)
		}
	}
	return nil
}

// LogKey is the key of a writer's log record.
func LogKey(writer string, sequence uint64) string {
	return fmt.Sprintf("%s%s/%020d", logPrefix, writer, sequence)
}

// parseLogKey takes a key apart; ok is false for keys that no writer makes.
func parseLogKey(key string) (writer string, sequence uint64, ok bool) {
	rest, found := strings.CutPrefix(key, logPrefix)
	if !found {
		return "", 0, false
	}
	writer, number, found := strings.Cut(rest, "/")
	if !found || len(number) != 20 || !writerPattern.MatchString(writer) {
		return "", 0, false
	}
	if sequence, ok = parseNumber(number); !ok {
		return "", 0, false
	}
	return writer, sequence, true
}

// Marshal returns the bytes of the record, the same for equal records.
func (r *LogRecord) Marshal() ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode log record: %w", err)
	}
	return append(b, '\n'), nil
}

// marshalWithin returns the bytes of the record. Where they would be more than a reader takes, it leaves counts out, which
// are most of them; a record of 100,000 objects is too large even so, and an error.
func (r *LogRecord) marshalWithin(limit int) ([]byte, error) {
	b, err := r.Marshal()
	if err != nil || len(b) <= limit {
		return b, err
	}
	bare := *r
	bare.Objects = slices.Clone(r.Objects)
	for i := range bare.Objects {
		bare.Objects[i].Counts = nil
	}
	if b, err = bare.Marshal(); err == nil && len(b) > limit {
		err = fmt.Errorf("encode log record: %d objects take %d bytes, %d are allowed", len(r.Objects), len(b), limit)
	}
	return b, err
}

// ParseLogRecord reads the log record that was found under key and checks that it makes sense there.
// Fields that it does not know are ignored; a newer format is an error.
func ParseLogRecord(key string, b []byte) (*LogRecord, error) {
	writer, sequence, ok := parseLogKey(key)
	if !ok {
		return nil, fmt.Errorf("parse log record %q: not the key of a log record", key)
	}
	var r LogRecord
	if err := json.NewDecoder(bytes.NewReader(b)).Decode(&r); err != nil {
		return nil, fmt.Errorf("parse log record %q: %w", key, err)
	}
	if err := r.check(writer, sequence); err != nil {
		return nil, fmt.Errorf("parse log record %q: %w", key, err)
	}
	return &r, nil
}

func (r *LogRecord) check(writer string, sequence uint64) error {
	switch {
	case r.Format != FormatVersion:
		return fmt.Errorf("format %d is not known to this version, which reads %d", r.Format, FormatVersion)
	case r.Writer != writer || r.Sequence != sequence:
		return errors.New("it says that it belongs under another key")
	case r.Kind != KindClaim && r.Kind != KindCommit:
		return fmt.Errorf("kind %q is not known", r.Kind)
	case r.Kind == KindClaim && len(r.Objects) > 0:
		return errors.New("a claim carries objects")
	}
	for i := range r.Objects {
		if err := r.Objects[i].check(); err != nil {
			return err
		}
	}
	return nil
}

// check reports an index that cannot lie in that object.
func (x *IndexMeta) check(o *ObjectMeta) error {
	if x.Offset < 0 || x.Bytes <= 0 || x.Bytes > maxIndexBytes || x.DirectoryBytes <= 0 || x.DirectoryBytes > x.Bytes ||
		x.Offset != o.Bytes-o.TailBytes-x.Bytes {
		return fmt.Errorf("index of %d bytes (directory %d) at offset %d", x.Bytes, x.DirectoryBytes, x.Offset)
	}
	return nil
}

// check reports what cannot be said of an object.
func (o *ObjectMeta) check() error {
	switch {
	case !isDataKey(o.Key):
		return fmt.Errorf("object key %q is not below %s", o.Key, dataPrefix)
	case o.Rows <= 0 || o.Bytes <= 0:
		return fmt.Errorf("object %q: %d rows in %d bytes", o.Key, o.Rows, o.Bytes)
	case o.Bytes > maxObjectBytes || o.TailBytes <= 0 || o.TailBytes > min(o.Bytes, maxTailBytes):
		return fmt.Errorf("object %q: %d bytes with a tail of %d", o.Key, o.Bytes, o.TailBytes)
	case o.MinTime > o.MaxTime:
		return fmt.Errorf("object %q: min_time is after max_time", o.Key)
	}
	if o.Index != nil {
		if err := o.Index.check(o); err != nil {
			return fmt.Errorf("object %q: %w", o.Key, err)
		}
	}
	if o.Resources != nil {
		if err := o.Resources.check(o); err != nil {
			return fmt.Errorf("object %q: %w", o.Key, err)
		}
	}
	if o.Counts != nil {
		if err := o.Counts.check(o.Rows); err != nil {
			return fmt.Errorf("object %q: %w", o.Key, err)
		}
	}
	return nil
}
