// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/logboom/logboom/archive"
)

// maxMemory bounds the bodies of one memory bucket, in bytes (less in a test).
var maxMemory = 1 << 30

// memories holds every memory bucket of the process by its URL, so that two components see the same objects.
// They last as long as the process: mem:// is for tests and trials.
var memories sync.Map

type memory struct {
	name string

	mu      sync.RWMutex
	objects map[string]memoryObject
	keys    []string // sorted
	bytes   int      // of all bodies, at most maxMemory
}

type memoryObject struct {
	body []byte
	time time.Time
}

func openMemory(l location) archive.Bucket {
	m, _ := memories.LoadOrStore(l.host+"/"+l.path, &memory{name: l.name, objects: map[string]memoryObject{}})
	return m.(*memory)
}

func (m *memory) Name() string { return m.name }

func (m *memory) List(ctx context.Context, prefix, startAfter string) iter.Seq2[archive.ObjectInfo, error] {
	return func(yield func(archive.ObjectInfo, error) bool) {
		m.mu.RLock()
		from := max(prefix, startAfter)
		var page []archive.ObjectInfo
		for i := sort.SearchStrings(m.keys, from); i < len(m.keys); i++ {
			key := m.keys[i]
			if key == startAfter {
				continue
			}
			if !strings.HasPrefix(key, prefix) {
				break
			}
			o := m.objects[key]
			page = append(page, archive.ObjectInfo{Key: key, Size: int64(len(o.body)), ModTime: o.time})
		}
		m.mu.RUnlock()
		for _, info := range page {
			if err := ctx.Err(); err != nil {
				yield(archive.ObjectInfo{}, err)
				return
			}
			if !yield(info, nil) {
				return
			}
		}
	}
}

func (m *memory) get(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	o, ok := m.objects[key]
	if !ok {
		return nil, fmt.Errorf("get %s of %s: %w", key, m.name, archive.ErrNotFound)
	}
	return o.body, nil
}

func (m *memory) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	body, err := m.get(ctx, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (m *memory) ReadRange(ctx context.Context, key string, p []byte, off int64) (int, error) {
	body, err := m.get(ctx, key)
	if err != nil || len(p) == 0 {
		return 0, err
	}
	if off < 0 {
		return 0, fmt.Errorf("read %s of %s: offset %d is negative", key, m.name, off)
	}
	return bytes.NewReader(body).ReadAt(p, off)
}

func (m *memory) Create(ctx context.Context, key string, body []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[key]; ok {
		return fmt.Errorf("create %s in %s: %w", key, m.name, archive.ErrExists)
	}
	if len(body) > maxMemory-m.bytes {
		return fmt.Errorf("create %s in %s: a bucket in memory, which is for tests and trials, holds %d MiB at most", key, m.name, maxMemory>>20)
	}
	m.bytes += len(body)
	m.objects[key] = memoryObject{body: bytes.Clone(body), time: time.Now()}
	i := sort.SearchStrings(m.keys, key)
	m.keys = slices.Insert(m.keys, i, key)
	return nil
}

func (m *memory) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if o, ok := m.objects[key]; ok {
		m.bytes -= len(o.body)
		delete(m.objects, key)
		i := sort.SearchStrings(m.keys, key)
		m.keys = slices.Delete(m.keys, i, i+1)
	}
	return nil
}

func (m *memory) Close() error { return nil }
