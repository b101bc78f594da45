// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"unsafe"
)

// manifestFetchers is how many manifests are fetched at a time by one call.
const manifestFetchers = 8

// manifestCache keeps what manifests list, least recently used first out.
type manifestCache struct {
	limit int64

	mu    sync.Mutex
	size  int64
	order list.List // of *manifestEntry, newest first
	byKey map[string]*list.Element
	loads map[string]*manifestLoad
}

type manifestEntry struct {
	key     string
	objects []*ObjectMeta
	size    int64
}

// manifestLoad is a manifest that is being fetched.
type manifestLoad struct {
	done    chan struct{}
	objects []*ObjectMeta
	err     error
}

func newManifestCache(limit int64) *manifestCache {
	return &manifestCache{limit: limit, byKey: map[string]*list.Element{}, loads: map[string]*manifestLoad{}}
}

// get returns the objects of a manifest, which must not be changed, and fetches it at most once at a time.
func (c *manifestCache) get(ctx context.Context, key string, fetch func(context.Context) ([]*ObjectMeta, error)) ([]*ObjectMeta, error) {
	for {
		c.mu.Lock()
		if e, ok := c.byKey[key]; ok {
			c.order.MoveToFront(e)
			c.mu.Unlock()
			return e.Value.(*manifestEntry).objects, nil
		}
		load, waiting := c.loads[key]
		if !waiting {
			load = &manifestLoad{done: make(chan struct{})}
			c.loads[key] = load
		}
		c.mu.Unlock()
		if !waiting {
			load.objects, load.err = fetch(ctx)
			c.put(key, load)
			return load.objects, load.err
		}
		select {
		case <-load.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if load.err == nil || !errors.Is(load.err, context.Canceled) && !errors.Is(load.err, context.DeadlineExceeded) {
			return load.objects, load.err
		} // it was the other's context that ended
	}
}

func (c *manifestCache) put(key string, load *manifestLoad) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.loads, key)
	close(load.done)
	if load.err != nil {
		return
	}
	entry := &manifestEntry{key: key, objects: load.objects, size: 512}
	for _, o := range load.objects {
		entry.size += o.memory()
	}
	if entry.size > c.limit {
		return
	}
	c.byKey[key] = c.order.PushFront(entry)
	c.size += entry.size
	for c.size > c.limit {
		old := c.order.Remove(c.order.Back()).(*manifestEntry)
		delete(c.byKey, old.key)
		c.size -= old.size
	}
}

// memory is about what the metadata of an object take.
func (o *ObjectMeta) memory() int64 {
	n := int64(unsafe.Sizeof(*o)) + 8 + int64(len(o.Key)+len(o.Tenant)+len(o.SHA256)+len(o.TailSum))
	if o.Index != nil {
		n += int64(unsafe.Sizeof(*o.Index)) + 16
	}
	if o.Counts != nil {
		n += int64(unsafe.Sizeof(*o.Counts)) + int64(len(o.Counts.Cells))*int64(unsafe.Sizeof(CountCell{}))
		for _, s := range o.Counts.Services {
			n += 16 + int64(len(s))
		}
	}
	return n
}

// manifest returns the objects of a manifest, ordered; they must not be changed.
func (r *Reader) manifest(ctx context.Context, ref *ManifestRef) ([]*ObjectMeta, error) {
	return r.manifests.get(ctx, ref.Key, func(ctx context.Context) ([]*ObjectMeta, error) {
		objects, err := readManifest(ctx, r.bucket, ref)
		if !r.opts.CountsByMinute {
			for _, o := range objects {
				o.Counts = o.Counts.total()
			}
		}
		return objects, err
	})
}

// NewestCheckpoint reads the newest checkpoint of an archive; nil: there is none.
func NewestCheckpoint(ctx context.Context, b BucketReader) (*Checkpoint, error) {
	c, err := newestCheckpoint(ctx, b, nil, true)
	if err != nil {
		return nil, fmt.Errorf("read checkpoint of %s: %w", b.Name(), err)
	}
	return c, nil
}

// ReadManifest reads the objects that a checkpoint lists in one of its manifests, in the order of MinTime, then Key.
func ReadManifest(ctx context.Context, b BucketReader, ref *ManifestRef) ([]*ObjectMeta, error) {
	return readManifest(ctx, b, ref)
}

func readManifest(ctx context.Context, b BucketReader, ref *ManifestRef) ([]*ObjectMeta, error) {
	body, err := readFull(ctx, b, ref.Key, 0, ref.Bytes)
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read manifest %s of %s: %w", ref.Key, b.Name(), err)
	}
	return parseManifest(ref, body)
}

// loadManifests fetches manifests, several at a time, and returns the objects of each.
func (r *Reader) loadManifests(ctx context.Context, refs []*ManifestRef) (lists [][]*ObjectMeta, errs []error) {
	lists, failed := make([][]*ObjectMeta, len(refs)), make([]error, len(refs))
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(manifestFetchers, len(refs)) {
		wg.Go(func() {
			for i := range next {
				lists[i], failed[i] = r.manifest(ctx, refs[i])
			}
		})
	}
	for i := range refs {
		next <- i
	}
	close(next)
	wg.Wait()
	for _, err := range failed {
		if err != nil {
			errs = append(errs, err)
		}
	}
	return lists, errs
}
