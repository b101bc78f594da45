// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

var (
	// ErrCheckpointConflict is returned by [CommitCheckpoint] when another process has made the checkpoint, or a later one:
	// nothing is known of what became of the edit. Refresh, and plan anew.
	ErrCheckpointConflict = errors.New("another process has made a checkpoint")
	// ErrNotLive is returned by [CommitCheckpoint] when an object that is to be removed is not live, or by a log record
	// that the checkpoint cannot have yet.
	ErrNotLive = errors.New("object is not live in the snapshot")
)

// claimKept is how long the log record of a claim is kept after everything else of its time: whoever held the epoch
// before meets it, however long that process slept.
const claimKept = 30 * 24 * time.Hour

// CheckpointEdit is what a checkpoint changes, besides that it has all log records of its snapshot that have no gap before
// them.
type CheckpointEdit struct {
	// Epoch is that of the lease.
	Epoch uint64
	Time  time.Time
	// Grace is how long what is removed stays readable.
	Grace time.Duration
	// Add are objects, which exist already, that become live.
	Add []ObjectMeta
	// Remove are the keys of live objects that are not any more. They become tombstones.
	Remove []string
	// Forget are the keys of tombstones whose objects were deleted.
	Forget []string
	// Note are lines that the checkpoint is to keep: what is to be done behind it, by whoever leads then.
	Note []string
	// Rebuilt are the objects of manifests, by their keys, that cannot be read any more: they get new ones.
	Rebuilt map[string][]ObjectMeta
}

// CommitCheckpoint makes the checkpoint that follows the snapshot's. Its creation is the moment of the edit: readers see
// all of it or nothing. The snapshot must be of a reader with CountsByMinute. Errors but [ErrCheckpointConflict] and
// [ErrNotLive] are ambiguous: the checkpoint may exist, now or later, and what it names must not be deleted before one of
// its number exists.
func CommitCheckpoint(ctx context.Context, b Bucket, s *Snapshot, edit CheckpointEdit) (*Checkpoint, error) {
	number := s.NextCheckpoint()
	fail := func(err error) (*Checkpoint, error) {
		return nil, fmt.Errorf("commit checkpoint %d of %s: %w", number, b.Name(), err)
	}
	if !s.reader.opts.CountsByMinute {
		return fail(errors.New("its reader does not keep the counts by minute"))
	}
	d, err := newDraft(ctx, s, &edit)
	if err != nil {
		return fail(err)
	}
	for _, m := range d.manifests {
		if err := b.Create(ctx, m.key, m.body); err != nil && !errors.Is(err, ErrExists) {
			return fail(err)
		}
	}
	body, err := d.next.Marshal()
	if err != nil {
		return fail(err)
	}
	key := CheckpointKey(number)
	if len(body) > maxStoredBytes {
		return fail(fmt.Errorf("it takes %d bytes, %d are allowed", len(body), maxStoredBytes))
	}
	if _, err := ParseCheckpoint(key, body); err != nil { // never leave one that nobody can read
		return fail(err)
	}
	if err := b.Create(ctx, key, body); err != nil {
		if !errors.Is(err, ErrExists) {
			return fail(err)
		}
		found, err := ReadLogObject(ctx, b, key)
		switch {
		case errors.Is(err, ErrNotFound):
			return fail(ErrCheckpointConflict)
		case err != nil:
			return fail(err)
		case !bytes.Equal(found, body):
			return fail(ErrCheckpointConflict)
		}
	}
	// Of a process that slept, the number may have been taken, summed up by later ones, and deleted.
	newest, err := newestCheckpoint(ctx, b, d.next, true)
	if err != nil {
		return fail(err)
	}
	if newest != d.next {
		return fail(ErrCheckpointConflict)
	}
	return d.next, nil
}

// draft is a checkpoint to be made, and its new manifests.
type draft struct {
	ctx       context.Context
	s         *Snapshot
	edit      *CheckpointEdit
	next      *Checkpoint
	manifests []newObject

	add    map[manifestGroup][]*ObjectMeta
	remove map[string]bool // that were not found yet
	unread []error         // manifests that could not be read
}

type newObject struct {
	key  string
	body []byte
}

func newDraft(ctx context.Context, s *Snapshot, edit *CheckpointEdit) (*draft, error) {
	d := &draft{ctx: ctx, s: s, edit: edit, add: map[manifestGroup][]*ObjectMeta{}, remove: map[string]bool{}}
	d.next = &Checkpoint{
		Format: FormatVersion, Number: s.NextCheckpoint(), Epoch: edit.Epoch, Nonce: NewNonce(), Time: edit.Time.UnixNano(),
		Grace: int64(max(edit.Grace, 0)), Positions: map[string]*Position{}, Manifests: []ManifestRef{}, Removed: []Removal{}, History: []CheckpointRef{},
		Note: edit.Note,
	}
	var live []ManifestRef
	if prev := s.base; prev != nil {
		if prev.Epoch > edit.Epoch {
			return nil, fmt.Errorf("epoch %d has begun, this is %d: %w", prev.Epoch, edit.Epoch, ErrCheckpointConflict)
		}
		d.next.Time = max(d.next.Time, prev.Time)
		maps.Copy(d.next.Positions, prev.Positions)
		live = prev.Manifests
		d.inherit(prev)
	}
	for _, key := range edit.Remove {
		if d.remove[key] {
			return nil, fmt.Errorf("remove %s twice", key)
		}
		d.remove[key] = true
	}
	d.consume()
	for i := range edit.Add {
		o := &edit.Add[i]
		if err := o.check(); err != nil {
			return nil, err
		}
		d.add[groupOf(o)] = append(d.add[groupOf(o)], o)
	}
	if err := d.rewrite(live); err != nil {
		return nil, err
	}
	for key := range d.remove {
		if len(d.unread) > 0 {
			return nil, fmt.Errorf("remove %s: %w", key, errors.Join(d.unread...))
		}
		return nil, fmt.Errorf("remove %s: %w", key, ErrNotLive)
	}
	return d, nil
}

// inherit takes over what is not live any more and still there, and what is known of earlier checkpoints.
func (d *draft) inherit(prev *Checkpoint) {
	forget := make(map[string]bool, len(d.edit.Forget))
	for _, key := range d.edit.Forget {
		forget[key] = true
	}
	for _, r := range prev.Removed {
		if !forget[r.Key] {
			d.next.Removed = append(d.next.Removed, r)
		}
	}
	history := append(slices.Clone(prev.History), CheckpointRef{prev.Number, prev.Nonce, prev.Time})
	for len(history) > 1 && (history[1].Time <= d.next.Time-d.next.Grace || len(history) > maxHistory) {
		history = history[1:]
	}
	d.next.History = history
}

// consume takes the log records that have no gap before them.
func (d *draft) consume() {
	oldest := d.next.Time - int64(claimKept)
	for writer, l := range d.s.writers {
		p := l.position
		for _, part := range l.consumable() {
			p.absorb(part.record, d.next.Time)
			for _, o := range part.objects {
				if d.remove[o.Key] {
					delete(d.remove, o.Key)
					d.removed(o.Key, o.Bytes)
					continue
				}
				d.add[groupOf(o)] = append(d.add[groupOf(o)], o)
			}
		}
		if p.Sequence == 0 {
			continue
		}
		if len(p.Claims) > 0 && p.Claims[0].Time < oldest {
			p.Claims = slices.DeleteFunc(slices.Clone(p.Claims), func(c ClaimMark) bool { return c.Time < oldest })
		}
		d.next.Positions[writer] = &p
	}
}

func (d *draft) removed(key string, bytes int64) {
	d.next.Removed = append(d.next.Removed, Removal{Key: key, At: d.next.Time, Bytes: bytes})
}

// rewrite makes the manifests anew that change, and takes over the others.
func (d *draft) rewrite(live []ManifestRef) error {
	days := map[string]bool{} // of objects that are to be removed
	for key := range d.remove {
		days[dayOf(key)] = true
	}
	room := map[manifestGroup]int{} // the manifest of a group that new objects are put into
	for i := range live {
		if ref := &live[i]; ref.Objects < maxManifestObjects && ref.Bytes < maxManifestText/8 {
			room[ref.group()] = i + 1
		}
	}
	for i := range live {
		ref := &live[i]
		adds := len(d.add[ref.group()]) > 0 && room[ref.group()] == i+1
		rebuilt, lost := d.edit.Rebuilt[ref.Key]
		if !adds && !days[ref.Day] && !lost {
			d.next.Manifests = append(d.next.Manifests, *ref)
			continue
		}
		objects, err := d.objectsOf(ref, rebuilt, lost)
		if d.ctx.Err() != nil {
			return d.ctx.Err()
		}
		if err != nil { // it stays as it is; what is new goes elsewhere
			d.unread = append(d.unread, err)
			d.next.Manifests = append(d.next.Manifests, *ref)
			continue
		}
		kept := make([]*ObjectMeta, 0, len(objects))
		for _, o := range objects {
			if d.remove[o.Key] {
				delete(d.remove, o.Key)
				d.removed(o.Key, o.Bytes)
				continue
			}
			kept = append(kept, o)
		}
		if !adds && !lost && len(kept) == len(objects) {
			d.next.Manifests = append(d.next.Manifests, *ref)
			continue
		}
		if adds {
			kept = append(kept, d.add[ref.group()]...)
			delete(d.add, ref.group())
		}
		d.removed(ref.Key, ref.Bytes)
		if err := d.write(ref.group(), kept); err != nil {
			return err
		}
	}
	for group, objects := range d.add {
		if err := d.write(group, objects); err != nil {
			return err
		}
	}
	slices.SortFunc(d.next.Manifests, func(a, b ManifestRef) int {
		return compareObjects(&ObjectMeta{MinTime: a.MinTime, Key: a.Key}, &ObjectMeta{MinTime: b.MinTime, Key: b.Key})
	})
	return nil
}

// objectsOf reads a manifest, unless it was rebuilt.
func (d *draft) objectsOf(ref *ManifestRef, rebuilt []ObjectMeta, lost bool) ([]*ObjectMeta, error) {
	if !lost {
		return d.s.reader.manifest(d.ctx, ref)
	}
	objects := make([]*ObjectMeta, len(rebuilt))
	for i := range rebuilt {
		if err := rebuilt[i].check(); err != nil {
			return nil, err
		}
		objects[i] = &rebuilt[i]
	}
	return objects, nil
}

// write makes manifests of objects of a group, more than one where they are many.
func (d *draft) write(group manifestGroup, objects []*ObjectMeta) error {
	sortObjects(objects)
	for i := 1; i < len(objects); i++ {
		if objects[i].Key == objects[i-1].Key {
			return fmt.Errorf("object %s would be live twice", objects[i].Key)
		}
	}
	for len(objects) > 0 {
		n, size := 0, int64(0)
		for n < len(objects) && n < maxManifestObjects && (n == 0 || size < maxManifestText) {
			size += objects[n].memory()
			n++
		}
		ref, body, err := newManifest(d.next.Number, group, objects[:n])
		if err != nil {
			return err
		}
		d.next.Manifests = append(d.next.Manifests, ref)
		d.manifests = append(d.manifests, newObject{ref.Key, body})
		objects = objects[n:]
	}
	return nil
}
