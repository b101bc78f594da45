// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// collect deletes what is out of use for longer than the grace, and what never came into use.
func (c *Compactor) collect(ctx context.Context, grace time.Duration, report *Report) error {
	garbage, err := archive.CollectGarbage(ctx, c.bucket, archive.GarbageOptions{Time: c.now(), Grace: grace})
	report.delete("superseded", garbage.Objects, 0, garbage.Bytes)
	report.delete("log_record", garbage.LogRecords, 0, 0)
	report.delete("checkpoint", garbage.Checkpoints+garbage.Manifests+garbage.Leases, 0, 0)
	if err != nil {
		return err
	}
	if now := c.now(); c.swept.IsZero() || now.Sub(c.swept) >= sweepEvery {
		orphans, err := c.orphans(ctx, false)
		for _, o := range orphans {
			report.delete("orphan", 1, 0, o.Size)
		}
		if err != nil {
			return err
		}
		c.swept = now
	}
	if len(garbage.Forgotten) == 0 {
		return nil
	}
	if err := c.refresh(ctx); err != nil {
		return err
	}
	d := c.draft()
	d.edit.Forget = garbage.Forgotten
	if err := c.commit(ctx, d, report); err != nil && !errors.Is(err, errStale) {
		return err
	}
	return nil
}

// sweepEvery is how often orphans are looked for, which takes a listing of everything.
const sweepEvery = time.Hour

// orphans deletes the data objects that nobody names and nobody will, as FORMAT.md defines them.
func (c *Compactor) orphans(ctx context.Context, dryRun bool) (found []archive.ObjectInfo, err error) {
	// First what is there, then what is named: an object that becomes live in between is named.
	var unnamed []archive.ObjectInfo
	for info, err := range c.bucket.List(ctx, "logs/", "") {
		if err != nil {
			return nil, fmt.Errorf("list objects: %w", err)
		}
		if _, ok := parseName(info.Key); !ok {
			continue // not ours
		}
		if len(unnamed) == maxOrphans {
			break // the rest another time
		}
		unnamed = append(unnamed, info)
	}
	return c.orphansOf(ctx, unnamed, dryRun)
}

// maxOrphans bounds the objects that are looked at in one go.
const maxOrphans = 1 << 20

func (c *Compactor) orphansOf(ctx context.Context, list []archive.ObjectInfo, dryRun bool) (found []archive.ObjectInfo, err error) {
	if err := c.refresh(ctx); err != nil {
		return nil, err
	}
	s := c.reader.Snapshot()
	if s.Checkpoint() == nil {
		return nil, nil
	}
	named, err := c.named(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, info := range list {
		name, ok := parseName(info.Key)
		if !ok || named[info.Key] || !name.orphan(s) {
			continue
		}
		if !dryRun {
			if err := c.bucket.Delete(ctx, info.Key); err != nil {
				return found, fmt.Errorf("delete orphan %q: %w", info.Key, err)
			}
			c.log.Info("deleted an object that nothing names", "object", info.Key, "bytes", info.Size)
		}
		found = append(found, info)
	}
	return found, nil
}

// named are the keys that the snapshot names, live or not any more. When it cannot be known in full there is an error.
func (c *Compactor) named(ctx context.Context, s *archive.Snapshot) (map[string]bool, error) {
	named := map[string]bool{}
	live, errs := s.Objects(ctx, minTime, maxTime)
	if len(errs) > 0 {
		return nil, fmt.Errorf("look for orphans: %w", errors.Join(errs...))
	}
	for _, o := range live {
		named[o.Key] = true
	}
	for _, r := range s.Checkpoint().Removed {
		named[r.Key] = true
	}
	return named, nil
}

const (
	minTime = -1 << 63
	maxTime = 1<<63 - 1
)

// objectName is the name of a data object taken apart.
type objectName struct {
	checkpoint uint64 // that it was made for; 0: a writer made it
	writer     string
	epoch, to  uint64
}

// parseName takes the key of a data object apart: <writer>-<epoch>-<from>-<to>-<hash>.parquet, from the end because a writer may
// hold hyphens, or compacted-<checkpoint>-<hash>.parquet.
func parseName(key string) (n objectName, ok bool) {
	base, ok := strings.CutSuffix(path.Base(key), ".parquet")
	if !ok || !strings.HasPrefix(key, "logs/") {
		return n, false
	}
	parts := strings.Split(base, "-")
	number := func(i int) uint64 {
		v, err := strconv.ParseUint(parts[len(parts)-i], 10, 64)
		ok = ok && err == nil
		return v
	}
	if len(parts[len(parts)-1]) != 16 {
		return n, false
	}
	if len(parts) == 3 && parts[0] == "compacted" {
		n.checkpoint = number(2)
		return n, ok && n.checkpoint > 0
	}
	if len(parts) < 5 {
		return n, false
	}
	n.epoch, n.to = number(4), number(2)
	n.writer = strings.Join(parts[:len(parts)-4], "-")
	return n, ok && archive.ValidateWriter(n.writer) == nil
}

// orphan reports whether an object of that name that the snapshot does not name never will be.
func (n *objectName) orphan(s *archive.Snapshot) bool {
	if n.checkpoint > 0 {
		return n.checkpoint < s.NextCheckpoint()
	}
	epoch, to := s.WriterState(n.writer)
	return n.epoch < epoch || n.epoch == epoch && n.to <= to
}
