// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import "encoding/binary"

// source is a pipeline, a resource and a scope, held once for all the records that share them.
type source struct {
	id              uint32
	out             *Output
	resource, scope []byte
	service         service
	key             string
	refs            int // frames that name it
}

// sourceOverhead is what a source takes besides its bytes, which it has twice.
const sourceOverhead = 256

func (s *source) bytes() int64 { return int64(2*len(s.key)) + sourceOverhead }

// sources finds the sources by their bytes and by their numbers.
type sources struct {
	byKey map[string]*source
	byID  []*source // nil where free
	free  []uint32
	bytes int64
}

// find returns the source of an origin, a new one if need be. Without a reference it stays until sweep.
func (t *sources) find(out *Output, o *origin, key []byte) (s *source, scratch []byte) {
	key = binary.AppendUvarint(key[:0], uint64(out.index))
	key = binary.AppendUvarint(key, uint64(len(o.resource)))
	key = append(append(key, o.resource...), o.scope...)
	if s := t.byKey[string(key)]; s != nil {
		return s, key
	}
	s = &source{out: out, key: string(key), service: o.number}
	s.resource = append([]byte(nil), o.resource...)
	s.scope = append([]byte(nil), o.scope...)
	if n := len(t.free); n > 0 {
		s.id = t.free[n-1]
		t.free = t.free[:n-1]
		t.byID[s.id] = s
	} else {
		s.id = uint32(len(t.byID))
		t.byID = append(t.byID, s)
	}
	t.byKey[s.key] = s
	t.bytes += s.bytes()
	return s, key
}

// unref takes a reference away.
func (t *sources) unref(s *source) {
	s.refs--
	t.forget(s)
}

// forget removes a source to which nothing refers.
func (t *sources) forget(s *source) {
	if s.refs > 0 || t.byID[s.id] != s {
		return
	}
	delete(t.byKey, s.key)
	t.byID[s.id] = nil
	t.free = append(t.free, s.id)
	t.bytes -= s.bytes()
}

// service is the number of a service's name. There are at most maxServices; 0 stands for all others.
type service int32

const (
	maxServices  = 1000
	otherService = "other"
	maxName      = 256 // bytes
)

type services struct {
	numbers map[string]service
	names   []string
}

func newServices() services {
	return services{numbers: map[string]service{}, names: []string{otherService}}
}

func (t *services) number(name string) service {
	n, ok := t.numbers[name]
	if !ok && len(t.names) <= maxServices && len(name) <= maxName {
		n = service(len(t.names))
		name = string(append([]byte(nil), name...)) // of its own, not a part of a batch
		t.numbers[name] = n
		t.names = append(t.names, name)
	}
	return n
}
