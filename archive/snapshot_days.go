// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"maps"
	"slices"
)

// EachDay calls visit with the live objects that a checkpoint may remove, those of a partition's day after the other, oldest
// first, so that no more than a day's need be in memory. Records of the commit log that are behind a gap, which no
// checkpoint can have yet, are left out. It ends at the first error of visit or of the context, which it returns; what could not be
// read of the snapshot is in errs, and the other days were visited. They must not be changed.
func (s *Snapshot) EachDay(ctx context.Context, visit func(day string, objects []*ObjectMeta) error) (errs []error, err error) {
	errs = slices.Clip(s.errs)
	objects := map[string][]*ObjectMeta{}
	refs := map[string][]*ManifestRef{}
	for _, l := range s.writers {
		for _, part := range l.consumable() {
			for _, o := range part.objects {
				objects[dayOf(o.Key)] = append(objects[dayOf(o.Key)], o)
			}
		}
	}
	if s.base != nil {
		for i := range s.base.Manifests {
			ref := &s.base.Manifests[i]
			refs[ref.Day] = append(refs[ref.Day], ref)
			objects[ref.Day] = append(objects[ref.Day], nil...) // the day is there
		}
	}
	for _, day := range slices.Sorted(maps.Keys(objects)) {
		if err := ctx.Err(); err != nil {
			return errs, err
		}
		list := objects[day]
		if len(refs[day]) > 0 {
			lists, failed := s.reader.loadManifests(ctx, refs[day])
			if len(failed) > 0 { // no checkpoint can remove anything of this day
				errs = append(errs, failed...)
				continue
			}
			for _, l := range lists {
				list = append(list, l...)
			}
		}
		sortObjects(list)
		if len(list) == 0 {
			continue
		}
		if err := visit(day, list); err != nil {
			return errs, err
		}
	}
	return errs, nil
}

// Totals are sums over the live objects, without reading what is said of each.
func (s *Snapshot) Totals() (objects int, rows, bytes int64) {
	if s.base != nil {
		for i := range s.base.Manifests {
			ref := &s.base.Manifests[i]
			objects += int(ref.Objects)
			rows += ref.Rows
			bytes += ref.ObjectBytes
		}
	}
	for _, o := range s.tail {
		objects++
		rows += o.Rows
		bytes += o.Bytes
	}
	return objects, rows, bytes
}

// Only returns a snapshot of these objects alone.
func (s *Snapshot) Only(objects ...*ObjectMeta) *Snapshot {
	list := slices.Clone(objects)
	sortObjects(list)
	return &Snapshot{reader: s.reader, tail: list}
}
