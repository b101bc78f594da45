// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"slices"
	"sync"

	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
)

// sources are the writers of this process that write to the archive which is queried.
type sources struct {
	mu       sync.Mutex
	identity string // of our bucket; "" before the start
	all      []*attached
}

type attached struct{ source archive.FreshSource }

func (s *sources) open(identity string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity = identity
}

// attach adds a source if it is of our bucket.
func (s *sources) attach(identity string, source archive.FreshSource) (detach func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.identity == "" || identity != s.identity {
		return nil
	}
	own := &attached{source}
	s.all = append(s.all, own)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all = slices.DeleteFunc(slices.Clone(s.all), func(a *attached) bool { return a == own })
	}
}

func (s *sources) list() []archive.FreshSource {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]archive.FreshSource, len(s.all))
	for i, a := range s.all {
		list[i] = a.source
	}
	return list
}

var _ archive.FreshHost = (*archiveQuery)(nil)

// AttachFresh implements [archive.FreshHost].
func (a *archiveQuery) AttachFresh(identity string, source archive.FreshSource) (detach func()) {
	detach = a.fresh.attach(identity, source)
	if detach != nil {
		a.set.Logger.Info("records are found before they are in the archive: it is written by this process, too", zap.String("bucket", a.cfg.Bucket.URL))
	}
	return detach
}
