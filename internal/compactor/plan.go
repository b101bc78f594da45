// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/logboom/logboom/archive"
)

// partition is what may be merged with each other.
type partition struct {
	directory string
	displaced bool
}

// merge is a set of objects to be merged.
type merge struct {
	inputs []*archive.ObjectMeta // in the order of MinTime
}

// planMerges returns what of the objects is worth merging now. An object is merged
//
//   - when its hour ended MinAge ago, or when its partition has MaxObjects small ones: with others, none of which is larger than
//     the smaller ones together. So a record is in an object at least twice as large after each merge, and is
//     written no more than log2(TargetBytes / size of the flushed object) times, mostly once;
//   - alone when its hour ended MinAge ago and it was never written by a compactor, for its compression and its index.
//
// Objects of half the target and more are not merged again.
func (c *Config) planMerges(objects []*archive.ObjectMeta, now time.Time) (merges []merge) {
	parts := map[partition][]*archive.ObjectMeta{}
	var keys []partition
	for _, o := range objects {
		p := partition{o.Directory(), o.Displaced}
		if parts[p] == nil {
			keys = append(keys, p)
		}
		parts[p] = append(parts[p], o)
	}
	slices.SortFunc(keys, func(a, b partition) int {
		return cmp.Or(strings.Compare(a.directory, b.directory), compareBool(a.displaced, b.displaced))
	})
	for _, p := range keys {
		merges = append(merges, c.planPartition(parts[p], now)...)
	}
	return merges
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

func (c *Config) planPartition(objects []*archive.ObjectMeta, now time.Time) (merges []merge) {
	hour, ok := objects[0].Hour()
	if !ok {
		return nil // not a directory of ours
	}
	quiet := now.Sub(hour) >= time.Hour+c.MinAge
	var small []*archive.ObjectMeta
	for _, o := range objects {
		switch {
		case o.Bytes < c.TargetBytes/2:
			small = append(small, o)
		case quiet && !compacted(o):
			merges = append(merges, merge{[]*archive.ObjectMeta{o}})
		}
	}
	if !quiet && len(small) < c.MaxObjects {
		return merges
	}
	slices.SortStableFunc(small, func(a, b *archive.ObjectMeta) int { return cmp.Compare(a.Bytes, b.Bytes) })
	sum, n, fit := int64(0), 0, 0
	for n < len(small) {
		if n > 0 && small[n].Bytes <= sum {
			fit = n + 1 // this one is worth it, and so are all before
		}
		sum += small[n].Bytes
		n++
	}
	switch {
	case fit >= 2:
		merges = append(merges, merge{byTime(small[:fit])})
	case quiet:
		fit = 0
	}
	if quiet {
		for _, o := range small[fit:] {
			if !compacted(o) && (fit > 0 || o.Bytes >= c.TargetBytes/256 || len(small) == 1) {
				merges = append(merges, merge{[]*archive.ObjectMeta{o}})
			}
		}
	}
	return merges
}

func byTime(list []*archive.ObjectMeta) []*archive.ObjectMeta {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(a, b *archive.ObjectMeta) int {
		return cmp.Or(cmp.Compare(a.MinTime, b.MinTime), strings.Compare(a.Key, b.Key))
	})
	return list
}

// compacted reports whether a compactor made an object.
func compacted(o *archive.ObjectMeta) bool {
	_, name := path.Split(o.Key)
	return strings.HasPrefix(name, "compacted-")
}
