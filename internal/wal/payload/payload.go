// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package payload is what an entry of the write-ahead log holds: a batch of logs, its arrival and its tenant.
//
//	u8 version, 1 | u8 0 | u16 length of tenant | u16 length of tenant attribute | u16 0 |
//	i64 arrival, nanoseconds since the Unix epoch | u32 records | u32 length of the OTLP bytes |
//	tenant | tenant attribute | the batch as OTLP (protobuf), s2-compressed            (little endian)
//
// Arrival, records and length keep their places in later versions, so that a program that does not know one can say
// what it does not read.
package payload // import "github.com/logboom/logboom/internal/wal/payload"

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/klauspost/compress/s2"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/wal"
)

const (
	// version is that of segments: one cannot be raised without the other, so that a program which does not know a
	// payload refuses the log (wal.Open), and nobody's records depend on what it does with the payload.
	version   = wal.Version
	headBytes = 24
	// MaxRawBytes bounds a batch as OTLP. It is far beyond what a receiver takes in one request.
	MaxRawBytes = 512 << 20
	// minRecordBytes is what a record takes in OTLP at least.
	minRecordBytes = 2
)

// ErrVersion is returned for a payload of another version. It is whole: another program can read it.
var ErrVersion = errors.New("payload is of another version")

// ErrTooLarge is returned for a batch that no entry can hold.
var ErrTooLarge = errors.New("batch is larger than 512 MiB")

// Head is what a payload says of its batch without being decoded.
type Head struct {
	Arrival time.Time
	Records int
	// RawBytes is the length of the batch as OTLP, uncompressed.
	RawBytes int64
	// Tenant owns the records whose resource lacks TenantAttribute; see archive.BatchOptions. They are as they
	// were configured when the batch came.
	Tenant, TenantAttribute string
}

// Append appends the payload of a batch to dst. Of h it needs Arrival and the tenant; it returns the whole.
func Append(dst []byte, h Head, ld plog.Logs) ([]byte, Head, error) {
	if len(h.Tenant) > math.MaxUint16 || len(h.TenantAttribute) > math.MaxUint16 {
		return nil, h, errors.New("tenant is longer than 65,535 bytes")
	}
	var m plog.ProtoMarshaler
	if m.LogsSize(ld) > MaxRawBytes {
		return nil, h, ErrTooLarge
	}
	raw, err := m.MarshalLogs(ld)
	if err != nil {
		return nil, h, err
	}
	h.Records, h.RawBytes = ld.LogRecordCount(), int64(len(raw))
	dst = slices.Grow(dst, headBytes+len(h.Tenant)+len(h.TenantAttribute)+s2.MaxEncodedLen(len(raw)))
	dst = append(dst, version, 0)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(h.Tenant)))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(h.TenantAttribute)))
	dst = binary.LittleEndian.AppendUint16(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Arrival.UnixNano()))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.Records))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(raw)))
	dst = append(append(dst, h.Tenant...), h.TenantAttribute...)
	compressed := s2.Encode(dst[len(dst):cap(dst)], raw) // in place: there is room
	return dst[:len(dst)+len(compressed)], h, nil
}

// ParseHead reads the head of a payload and returns what is behind it. With ErrVersion the head has Arrival, Records
// and RawBytes if they are credible.
func ParseHead(b []byte) (h Head, body []byte, err error) {
	if len(b) < headBytes {
		return h, nil, errors.New("payload is too short")
	}
	tenant, attribute := int(binary.LittleEndian.Uint16(b[2:])), int(binary.LittleEndian.Uint16(b[4:]))
	h.Arrival = time.Unix(0, int64(binary.LittleEndian.Uint64(b[8:])))
	h.Records = int(binary.LittleEndian.Uint32(b[16:]))
	h.RawBytes = int64(binary.LittleEndian.Uint32(b[20:]))
	if b[0] != version {
		if b[0] < version || h.RawBytes > MaxRawBytes || int64(h.Records)*minRecordBytes > h.RawBytes {
			h = Head{}
		}
		return h, nil, fmt.Errorf("%w: version %d, this program reads version %d", ErrVersion, b[0], version)
	}
	b = b[headBytes:]
	if len(b) < tenant+attribute {
		return h, nil, errors.New("payload is too short")
	}
	h.Tenant, h.TenantAttribute = string(b[:tenant]), string(b[tenant:tenant+attribute])
	return h, b[tenant+attribute:], nil
}

// Decode gives back the batch. It holds no reference to b.
func Decode(b []byte) (Head, plog.Logs, error) { return new(Decoder).Decode(b) }

// Decoder decodes payloads, one after the other, and keeps its memory. The zero value is ready.
type Decoder struct{ raw []byte }

// Decode gives back the batch. It holds no reference to b, nor to the decoder.
func (d *Decoder) Decode(b []byte) (h Head, ld plog.Logs, err error) {
	h, body, err := ParseHead(b)
	if err != nil {
		return h, ld, err
	}
	n, err := s2.DecodedLen(body)
	if err != nil {
		return h, ld, err
	}
	if int64(n) != h.RawBytes || n > MaxRawBytes {
		return h, ld, errors.New("payload has another length than it says")
	}
	raw, err := s2.Decode(d.raw[:cap(d.raw)], body)
	if err != nil {
		return h, ld, err
	}
	d.raw = raw
	ld, err = (&plog.ProtoUnmarshaler{}).UnmarshalLogs(raw)
	if err != nil {
		return h, ld, err
	}
	if n := ld.LogRecordCount(); n != h.Records {
		return h, ld, fmt.Errorf("payload has %d records, but says %d", n, h.Records)
	}
	return h, ld, nil
}

// Info is what the write-ahead log wants to know of a batch.
func (h Head) Info() wal.Info {
	return wal.Info{Weight: h.RawBytes, Records: h.Records, Since: h.Arrival}
}

// Describe reads the Info of a payload; what is none, or of another version, weighs as much as it is long, and has no
// records unless its head tells.
func Describe(b []byte) wal.Info {
	h, _, err := ParseHead(b)
	if err != nil {
		return wal.Info{Weight: int64(len(b)), Records: h.Records, Since: h.Arrival}
	}
	return h.Info()
}
