// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// What is held stays in OTLP's own encoding. LogsData and TracesData have the same numbers of fields:
//
//	LogsData      { repeated ResourceLogs resource_logs = 1 }
//	ResourceLogs  { Resource resource = 1; repeated ScopeLogs scope_logs = 2; string schema_url = 3 }
//	ScopeLogs     { InstrumentationScope scope = 1; repeated LogRecord log_records = 2; string schema_url = 3 }
const (
	fieldResources = 1
	fieldScopes    = 2
	fieldRecords   = 2

	tagRecord = fieldRecords<<3 | byte(protowire.BytesType)
	tagScope  = fieldScopes<<3 | byte(protowire.BytesType)
	tagBatch  = fieldResources<<3 | byte(protowire.BytesType)
)

// In a chain stand frames: a record with the tag and length it has within its ScopeLogs, or
//
//	u8 0 | u32 number of a source (little endian)
//
// which says where the records behind it belong. No field of protobuf has the tag 0.
const (
	tagSource   = 0
	sourceBytes = 5
)

// origin is a resource and a scope as they stand in a batch: what their messages hold besides scopes and records.
type origin struct {
	resource, scope []byte
	service         string
	number          service // of the name
}

// frame is a record of a batch: its bytes with tag and length, and where it belongs.
type frame struct {
	bytes  []byte
	origin int
}

// batch is a batch taken apart. Its slices are used again.
type batch struct {
	origins []origin
	frames  []frame
	sources []*source // of the origins, as far as they were needed
	key     []byte
	rest    []byte // backs origins
}

var errWire = errors.New("batch is no OTLP")

// split takes OTLP bytes apart, which must stay as they are while the batch is used. services has a name for each resource.
func (b *batch) split(data []byte, records int, services []string) error {
	b.origins, b.frames, b.sources, b.rest = b.origins[:0], b.frames[:0], b.sources[:0], b.rest[:0]
	resources := 0
	err := eachField(data, func(number protowire.Number, field, _ []byte) error {
		if number != fieldResources {
			return nil
		}
		service := ""
		if resources < len(services) {
			service = services[resources]
		}
		resources++
		var own []byte
		err := eachField(field, func(number protowire.Number, _, whole []byte) error {
			if number != fieldScopes {
				own = b.keep(own, whole)
			}
			return nil
		})
		if err != nil {
			return err
		}
		return eachField(field, func(number protowire.Number, field, _ []byte) error {
			if number != fieldScopes {
				return nil
			}
			return b.splitScope(field, origin{resource: own, service: service})
		})
	})
	if err != nil {
		return err
	}
	if len(b.frames) != records {
		return fmt.Errorf("%w: %d records where %d were expected", errWire, len(b.frames), records)
	}
	for range b.origins {
		b.sources = append(b.sources, nil)
	}
	return nil
}

func (b *batch) splitScope(scope []byte, from origin) error {
	at := len(b.origins)
	b.origins = append(b.origins, from)
	return eachField(scope, func(number protowire.Number, _, whole []byte) error {
		if number == fieldRecords {
			if whole[0] != tagRecord {
				return errWire // of another type, or written in more bytes than it takes
			}
			b.frames = append(b.frames, frame{bytes: whole, origin: at})
			return nil
		}
		b.origins[at].scope = b.keep(b.origins[at].scope, whole)
		return nil
	})
}

// keep returns one after the other. Mostly there is only one, which then stays where it is.
func (b *batch) keep(have, more []byte) []byte {
	if have == nil {
		return more
	}
	from := len(b.rest)
	b.rest = append(append(b.rest, have...), more...)
	return b.rest[from:len(b.rest):len(b.rest)]
}

// eachField calls f with every field of a message that has a length, and with the bytes of each as they stand, tag and all.
func eachField(message []byte, f func(number protowire.Number, field, whole []byte) error) error {
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			return fmt.Errorf("%w: %w", errWire, protowire.ParseError(n))
		}
		var field []byte
		var size int
		if kind == protowire.BytesType {
			field, size = protowire.ConsumeBytes(message[n:])
		} else {
			size = protowire.ConsumeFieldValue(number, kind, message[n:])
		}
		if size < 0 {
			return fmt.Errorf("%w: %w", errWire, protowire.ParseError(size))
		}
		if err := f(number, field, message[:n+size]); err != nil {
			return err
		}
		message = message[n+size:]
	}
	return nil
}

var errFrames = errors.New("frames of held records are damaged")

// eachFrame calls source with the number of every source in a chain's bytes, and record with every record behind it.
func eachFrame(frames []byte, source func(number uint32), record func(record []byte)) error {
	for len(frames) > 0 {
		if frames[0] == tagSource {
			if len(frames) < sourceBytes {
				return errFrames
			}
			source(binary.LittleEndian.Uint32(frames[1:]))
			frames = frames[sourceBytes:]
			continue
		}
		_, n := protowire.ConsumeBytes(frames[1:])
		if frames[0] != tagRecord || n < 0 {
			return errFrames
		}
		record(frames[:1+n])
		frames = frames[1+n:]
	}
	return nil
}

// appendRecords appends a ResourceLogs with records, which have size bytes with their tags. each is called to append them.
func appendRecords(dst []byte, s *source, size int, each func(dst []byte) []byte) []byte {
	scope := len(s.scope) + size
	resource := len(s.resource) + 1 + protowire.SizeBytes(scope)
	dst = append(dst, tagBatch)
	dst = protowire.AppendVarint(dst, uint64(resource))
	dst = append(dst, s.resource...)
	dst = append(dst, tagScope)
	dst = protowire.AppendVarint(dst, uint64(scope))
	dst = append(dst, s.scope...)
	return each(dst)
}
