// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/binary"
)

// uidSet knows the records of one moment by service and uid. Moments come in order.
type uidSet struct {
	at   int64
	keys []byte // service, uid, each behind its length
	ends []int  // of each record in keys
	many map[string]struct{}
	over bool // a moment had more than fit, and some records may be there twice
}

const (
	// fewUIDs is how many records are looked through one by one.
	fewUIDs = 16
	// maxUIDBytes bounds the memory of a set. Readers find those that are not taken out for it.
	maxUIDBytes = 64 << 20
	// uidOverhead is about what a map needs for a key besides its bytes.
	uidOverhead = 48
)

// seen reports whether a record was seen before, and takes note of it.
func (s *uidSet) seen(at int64, service string, uid []byte) bool {
	if at != s.at {
		s.at, s.keys, s.ends, s.many = at, s.keys[:0], s.ends[:0], nil
	}
	from := len(s.keys)
	s.keys = binary.AppendUvarint(s.keys, uint64(len(service)))
	s.keys = append(s.keys, service...)
	s.keys = append(s.keys, uid...)
	key := s.keys[from:]
	if s.many != nil {
		s.keys = s.keys[:from]
		if _, ok := s.many[string(key)]; ok {
			return true
		}
		if s.ends[0]+len(key)+uidOverhead > maxUIDBytes {
			s.over = true
			return false
		}
		s.ends[0] += len(key) + uidOverhead // what the map holds
		s.many[string(key)] = struct{}{}
		return false
	}
	start := 0
	for _, end := range s.ends {
		if bytes.Equal(s.keys[start:end], key) {
			s.keys = s.keys[:from]
			return true
		}
		start = end
	}
	if s.ends = append(s.ends, len(s.keys)); len(s.ends) <= fewUIDs {
		return false
	}
	s.many = make(map[string]struct{}, 4*fewUIDs)
	start = 0
	for _, end := range s.ends {
		s.many[string(s.keys[start:end])] = struct{}{}
		start = end
	}
	s.ends[0] = len(s.keys) + uidOverhead*len(s.many)
	return false
}
