// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spikeguardprocessor

import (
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/internal/spike"
)

// attributeLast marks the last record of a burst, which was over and is passed on after all.
const attributeLast = "logboom.spike_guard.last"

const (
	// lastAfter is how long a template must be silent for its last record to be the last of a burst.
	lastAfter = 2 * time.Second
	// What may be the last record of a burst is kept, so many bytes of it.
	maxLastBytesOfKey = 1 << 20
	maxLastBytes      = 16 << 20
	// lastOverhead is what one takes beside its content, about.
	lastOverhead = 512
)

// last is a record that may be the last of a burst.
type last struct {
	key      string
	template uint64
	bytes    int // of the record, as OTLP
	size     int // in memory, about
	at       time.Time
	logs     plog.Logs // with its resource and scope, alone
}

func newLast(key string, it *spike.Item, rl plog.ResourceLogs, sl plog.ScopeLogs, lr plog.LogRecord) *last {
	l := &last{key: strings.Clone(key), template: it.Template, bytes: it.Bytes, at: time.Now(), logs: plog.NewLogs()}
	r := l.logs.ResourceLogs().AppendEmpty()
	rl.Resource().CopyTo(r.Resource())
	r.SetSchemaUrl(rl.SchemaUrl())
	s := r.ScopeLogs().AppendEmpty()
	sl.Scope().CopyTo(s.Scope())
	s.SetSchemaUrl(sl.SchemaUrl())
	to := s.LogRecords().AppendEmpty()
	lr.CopyTo(to)
	to.Attributes().PutBool(attributeLast, true)
	l.size = lastOverhead + (&plog.ProtoMarshaler{}).LogsSize(l.logs)
	return l
}

type lastKey struct {
	key      string
	template uint64
}

// lasts holds one record of each template that is in a burst, as far as there is room.
type lasts struct {
	mu    sync.Mutex
	held  map[lastKey]*last
	keys  map[string]int // bytes
	bytes int
}

func newLasts() *lasts { return &lasts{held: map[lastKey]*last{}, keys: map[string]int{}} }

// put takes the place of the one before of the same template.
func (s *lasts) put(l *last) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := lastKey{l.key, l.template}
	if before := s.held[id]; before != nil {
		s.remove(id, before)
	}
	if s.keys[l.key]+l.size > maxLastBytesOfKey || s.bytes+l.size > maxLastBytes {
		return
	}
	s.held[id] = l
	s.keys[l.key] += l.size
	s.bytes += l.size
}

func (s *lasts) remove(id lastKey, l *last) {
	delete(s.held, id)
	s.bytes -= l.size
	if s.keys[l.key] -= l.size; s.keys[l.key] <= 0 {
		delete(s.keys, l.key)
	}
}

// take returns those whose template was silent since a time.
func (s *lasts) take(since time.Time) (taken []*last) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, l := range s.held {
		if !l.at.After(since) {
			taken = append(taken, l)
			s.remove(id, l)
		}
	}
	return taken
}
