// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/logboom/logboom/archive"
)

// store is what a bucket holds, shared by all processes that have it open.
type store struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func newStore() *store { return &store{objects: map[string][]byte{}} }

func (s *store) clone() *store {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &store{objects: maps.Clone(s.objects)}
}

func (s *store) keys(prefix string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(s.objects)), func(key string) bool { return !strings.HasPrefix(key, prefix) })
}

// fault is what happens to an operation of a process.
type fault int

const (
	none    fault = iota
	killed        // the process ends before it; nothing after it happens
	landed        // the process ends after it
	refused       // an error, nothing was done, and the process goes on
	unheard       // an error, but it was done, and the process goes on
	paused        // the process sleeps before it
)

var errInjected = errors.New("injected fault")

// process is a store as one process sees it, with a fault at one of its operations.
type process struct {
	*store
	fault  fault
	at     int           // operation of the fault, from 1 on
	asleep chan struct{} // closed when it sleeps
	wake   chan struct{}

	mu   sync.Mutex
	n    int
	dead bool
}

func (p *process) Name() string { return "test://bucket" }
func (p *process) Close() error { return nil }

// step counts an operation. do says whether it is done, err what the process hears of it.
func (p *process) step() (do bool, err error) {
	p.mu.Lock()
	p.n++
	hit := p.n == p.at
	dead := p.dead
	if hit && (p.fault == killed || p.fault == landed) {
		p.dead = true
	}
	p.mu.Unlock()
	switch {
	case dead:
		return false, errInjected
	case !hit:
		return true, nil
	}
	switch p.fault {
	case killed, refused:
		return false, errInjected
	case landed, unheard:
		return true, errInjected
	case paused:
		close(p.asleep)
		<-p.wake
	}
	return true, nil
}

func (p *process) operations() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func (p *process) List(_ context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		if _, err := p.step(); err != nil {
			yield(archive.ObjectInfo{}, err)
			return
		}
		for _, key := range p.keys(prefix) {
			p.store.mu.Lock()
			body, ok := p.objects[key]
			p.store.mu.Unlock()
			if ok && key > startAfter && !yield(archive.ObjectInfo{Key: key, Size: int64(len(body))}, nil) {
				return
			}
		}
	}
}

func (p *process) get(key string) ([]byte, error) {
	if _, err := p.step(); err != nil {
		return nil, err
	}
	p.store.mu.Lock()
	defer p.store.mu.Unlock()
	body, ok := p.objects[key]
	if !ok {
		return nil, archive.ErrNotFound
	}
	return body, nil
}

func (p *process) Get(_ context.Context, key string) (io.ReadCloser, error) {
	body, err := p.get(key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (p *process) ReadRange(_ context.Context, key string, to []byte, off int64) (int, error) {
	body, err := p.get(key)
	if err != nil {
		return 0, err
	}
	return bytes.NewReader(body).ReadAt(to, off)
}

func (p *process) Create(_ context.Context, key string, body []byte) error {
	do, err := p.step()
	if do {
		p.store.mu.Lock()
		_, ok := p.objects[key]
		if !ok {
			p.objects[key] = slices.Clone(body)
		}
		p.store.mu.Unlock()
		if ok && err == nil {
			return archive.ErrExists
		}
	}
	return err
}

func (p *process) Delete(_ context.Context, key string) error {
	do, err := p.step()
	if do {
		p.store.mu.Lock()
		delete(p.objects, key)
		p.store.mu.Unlock()
	}
	return err
}
