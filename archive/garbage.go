// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// garbageWorkers is how many objects are deleted at a time.
const garbageWorkers = 8

// GarbageOptions say what [CollectGarbage] may delete.
type GarbageOptions struct {
	Time time.Time
	// Grace is how long what is not needed any more stays readable.
	Grace time.Duration
	// DryRun counts and deletes nothing.
	DryRun bool
	// Protect keeps the data objects for which it returns true; nil protects none.
	Protect func(key string) bool
}

// Garbage is what [CollectGarbage] has deleted.
type Garbage struct {
	Objects, Manifests, LogRecords, Checkpoints, Leases int
	// Bytes is the size of the data objects and manifests.
	Bytes int64
	// Forgotten are the keys of tombstones that the next checkpoint need not have any more.
	Forgotten []string
}

// CollectGarbage deletes what no reader needs: data objects and manifests that were removed longer ago than the grace, log
// records that a checkpoint older than that has, checkpoints before it, manifests that never became live, and old
// leases. It goes by the newest checkpoint, so anybody may call it at any time; after an error, again.
func CollectGarbage(ctx context.Context, b Bucket, opts GarbageOptions) (Garbage, error) {
	g := &garbage{ctx: ctx, bucket: b, opts: opts}
	if err := g.collect(); err != nil {
		return g.done, fmt.Errorf("collect garbage of %s: %w", b.Name(), err)
	}
	return g.done, nil
}

type garbage struct {
	ctx    context.Context
	bucket Bucket
	opts   GarbageOptions
	done   Garbage
}

func (g *garbage) collect() error {
	newest, err := newestCheckpoint(g.ctx, g.bucket, nil, true)
	if err != nil {
		return err
	}
	if err := g.leases(); err != nil {
		return err
	}
	if newest == nil {
		return nil
	}
	if err := g.tombstones(newest); err != nil {
		return err
	}
	if err := g.orphans(newest); err != nil {
		return err
	}
	settled, err := g.settled(newest)
	if err != nil || settled == nil {
		return err
	}
	// In this order: a reader that finds its checkpoint to be the newest, or there, knows that the records behind it are.
	if err := g.checkpoints(settled.Number); err != nil {
		return err
	}
	return g.records(newest, settled)
}

// horizon is the time before which things are out of use.
func (g *garbage) horizon() int64 { return g.opts.Time.Add(-g.opts.Grace).UnixNano() }

// settled returns the newest checkpoint that is older than the grace; nil: there is none.
func (g *garbage) settled(newest *Checkpoint) (*Checkpoint, error) {
	if newest.Time <= g.horizon() {
		return newest, nil
	}
	for i := len(newest.History) - 1; i >= 0; i-- {
		ref := newest.History[i]
		if ref.Time > g.horizon() {
			continue
		}
		c, err := readCheckpoint(g.ctx, g.bucket, ref.Number)
		if errors.Is(err, ErrNotFound) {
			return nil, nil // somebody is further than we are
		}
		if err == nil && c.Nonce != ref.Nonce {
			return nil, nil // made under a number that was free again, by a process that slept: it says nothing
		}
		return c, err
	}
	return nil, nil
}

func (g *garbage) tombstones(newest *Checkpoint) error {
	var keys []string
	for i := range newest.Removed {
		r := &newest.Removed[i]
		data := isDataKey(r.Key)
		if r.At > g.horizon() || data && g.opts.Protect != nil && g.opts.Protect(r.Key) {
			continue
		}
		keys = append(keys, r.Key)
		if data {
			g.done.Objects++
		} else {
			g.done.Manifests++
		}
		g.done.Bytes += r.Bytes
	}
	if err := g.delete(keys); err != nil {
		return err
	}
	if !g.opts.DryRun {
		g.done.Forgotten = keys
	}
	return nil
}

// orphans deletes manifests that were made for a checkpoint that another process made, or that came to nothing.
func (g *garbage) orphans(newest *Checkpoint) error {
	known := make(map[string]bool, len(newest.Manifests)+len(newest.Removed))
	for i := range newest.Manifests {
		known[newest.Manifests[i].Key] = true
	}
	for i := range newest.Removed {
		known[newest.Removed[i].Key] = true
	}
	var keys []string
	for info, err := range g.bucket.List(g.ctx, manifestPrefix, "") {
		if err != nil {
			return err
		}
		if n, ok := manifestNumber(info.Key); ok && n <= newest.Number && !known[info.Key] {
			keys = append(keys, info.Key)
			g.done.Manifests++
			g.done.Bytes += info.Size
		}
	}
	return g.delete(keys)
}

func (g *garbage) checkpoints(before uint64) error {
	var keys []string
	for info, err := range g.bucket.List(g.ctx, checkpointPrefix, "") {
		if err != nil {
			return err
		}
		if n, ok := parseCheckpointKey(info.Key); ok && n < before {
			keys = append(keys, info.Key)
			g.done.Checkpoints++
		}
	}
	return g.delete(keys)
}

// records deletes log records up to the settled checkpoint's positions, but not the claims that the newest one keeps.
func (g *garbage) records(newest, settled *Checkpoint) error {
	kept := map[string]bool{}
	for writer, p := range newest.Positions {
		for _, c := range p.Claims {
			kept[LogKey(writer, c.Sequence)] = true
		}
	}
	var keys []string
	cursor := ""
	for {
		jump, stale := "", 0
		for info, err := range g.bucket.List(g.ctx, logPrefix, cursor) {
			if err != nil {
				return err
			}
			writer, sequence, ok := parseLogKey(info.Key)
			p := settled.Positions[writer]
			if ok && p != nil && sequence <= p.Sequence && !kept[info.Key] {
				keys = append(keys, info.Key)
				g.done.LogRecords++
			}
			if !ok && strings.HasPrefix(info.Key, logPrefix+"_") && info.Key < logPrefix+"_~" {
				if stale++; stale > maxStale {
					jump = logPrefix + "_~"
					break
				}
			}
		}
		if jump == "" {
			break
		}
		cursor = jump
	}
	return g.delete(keys)
}

// leases deletes all terms but the last two.
func (g *garbage) leases() error {
	var keys []string
	for info, err := range g.bucket.List(g.ctx, leasePrefix, "") {
		if err != nil {
			return err
		}
		if _, ok := parseLeaseKey(info.Key); ok {
			keys = append(keys, info.Key)
		}
	}
	keys = keys[:max(0, len(keys)-2)]
	g.done.Leases = len(keys)
	return g.delete(keys)
}

func (g *garbage) delete(keys []string) error {
	if g.opts.DryRun || len(keys) == 0 {
		return nil
	}
	var mu sync.Mutex
	var failed error
	next := make(chan string)
	var wg sync.WaitGroup
	for range min(garbageWorkers, len(keys)) {
		wg.Go(func() {
			for key := range next {
				if err := g.bucket.Delete(g.ctx, key); err != nil {
					mu.Lock()
					failed = errors.Join(failed, fmt.Errorf("delete %s: %w", key, err))
					mu.Unlock()
				}
			}
		})
	}
	for _, key := range keys {
		mu.Lock()
		stop := failed != nil
		mu.Unlock()
		if stop {
			break
		}
		next <- key
	}
	close(next)
	wg.Wait()
	return failed
}
