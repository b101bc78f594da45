// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const modelGrace = 20 * time.Minute

// modelWAL is a write-ahead log: what is in it survives its process.
type modelWAL struct {
	writer, id  string
	first, next uint64
	records     map[uint64]string
	hint        uint64
	owner       *process
	running     bool
	sleeper     bool
}

func (l *modelWAL) drop(w *world, to uint64) {
	for n := l.first; n <= to && n < l.next; n++ {
		if _, ok := w.committed[l.records[n]]; !ok {
			w.fatalf("entry %s is dropped from its log, and was not committed", l.records[n])
		}
		delete(l.records, n)
	}
	l.first = max(l.first, to+1)
	l.next = max(l.next, l.first)
}

// write is a process that writes: it claims, accepts records, flushes and commits them, until it is fenced or dead. With drain
// it accepts none and ends when the log is empty.
func (p *process) write(l *modelWAL, drain bool) {
	ctx := p.t.Context()
	log, err := NewLogWriter(p, l.writer, l.id, l.hint)
	if err != nil {
		p.fatalf("%v", err)
	}
	for log.Claim(ctx) != nil {
		if p.dead {
			return
		}
	}
	l.drop(p.world, log.Committed())
	for !p.dead && (!drain || len(l.records) > 0) {
		for range p.rnd.IntN(3) {
			if drain {
				break
			}
			record := fmt.Sprintf("%s-%d", l.id, l.next)
			if p.rnd.IntN(3) == 0 {
				record += "x" // that may be removed
			}
			l.records[l.next] = record
			p.acked[record] = true
			l.next++
		}
		if p.rest(200) != nil {
			return
		}
		if l.first == l.next {
			continue
		}
		from, to := l.first, l.first+p.rnd.Uint64N(l.next-l.first)
		var records []string
		for n := from; n <= to; n++ {
			records = append(records, l.records[n])
		}
		key := modelKey(fmt.Sprintf("%s-%d-%d-%d-%s", l.writer, log.Epoch(), from, to, l.id), records)
		meta := p.modelMeta(key, records)
		for {
			if err := p.Create(ctx, key, []byte("data")); err == nil || errors.Is(err, ErrExists) {
				break
			}
			if p.dead {
				return
			}
		}
		for {
			err := log.Commit(ctx, from, to, []ObjectMeta{meta})
			if err == nil {
				break
			}
			if p.dead || errors.Is(err, ErrFenced) {
				return
			}
		}
		l.drop(p.world, to)
		l.hint = log.LastSequence()
	}
}

// lead is a process that merges and removes objects and collects garbage. It does not ask whether another one does, too.
func (p *process) lead() {
	ctx := p.t.Context()
	var r *Reader
	var forget []string
	for !p.dead {
		if p.rest(200) != nil {
			return
		}
		var listed []string
		complete := false
		if p.rnd.IntN(4) == 0 {
			listed, complete = p.listData()
		}
		var err error
		if r == nil || p.rnd.IntN(20) == 0 {
			r, err = Open(ctx, p, ReaderOptions{CountsByMinute: true, ListInterval: -1})
		} else {
			err = r.Refresh(ctx)
		}
		if err != nil {
			continue
		}
		s := r.Snapshot()
		live := map[string]bool{}
		var objects []*ObjectMeta
		errs, _ := s.EachDay(ctx, func(_ string, list []*ObjectMeta) error {
			objects = append(objects, list...)
			return nil
		})
		if len(errs) > 0 {
			continue
		}
		for _, o := range objects {
			live[o.Key] = true
		}
		edit := CheckpointEdit{Epoch: 1, Time: time.Now(), Grace: modelGrace, Forget: forget}
		p.rnd.Shuffle(len(objects), func(i, j int) { objects[i], objects[j] = objects[j], objects[i] })
		var records []string
		for _, o := range objects[:min(len(objects), p.rnd.IntN(5))] {
			edit.Remove = append(edit.Remove, o.Key)
			for _, record := range p.contents[o.Key] {
				if !strings.HasSuffix(record, "x") || p.rnd.IntN(2) == 0 {
					records = append(records, record)
				}
			}
		}
		if len(records) > 0 {
			key := modelKey(fmt.Sprintf("compacted-%d-%x", s.NextCheckpoint(), p.rnd.Uint64()), records)
			edit.Add = []ObjectMeta{p.modelMeta(key, records)}
			if p.Create(ctx, key, []byte("data")) != nil {
				continue
			}
		}
		if _, err := CommitCheckpoint(ctx, p, s, edit); err == nil {
			forget = nil
		}
		if complete && p.rnd.IntN(3) == 0 {
			p.dropOrphans(listed, live, s)
		}
		if p.rnd.IntN(2) == 0 {
			garbage, err := CollectGarbage(ctx, p, GarbageOptions{Time: time.Now(), Grace: modelGrace})
			if err == nil {
				forget = garbage.Forgotten
			}
		}
	}
}

func (p *process) listData() (keys []string, complete bool) {
	for info, err := range p.List(p.t.Context(), dataPrefix, "") {
		if err != nil {
			return nil, false
		}
		keys = append(keys, info.Key)
	}
	return keys, true
}

// dropOrphans deletes what was there before the snapshot, and can never become live.
func (p *process) dropOrphans(listed []string, live map[string]bool, s *Snapshot) {
	gone := map[string]bool{}
	if c := s.Checkpoint(); c != nil {
		for i := range c.Removed {
			gone[c.Removed[i].Key] = true
		}
	}
	for _, l := range s.writers {
		for _, part := range l.records {
			for _, o := range part.objects {
				live[o.Key] = true
			}
		}
	}
	for _, key := range listed {
		name := strings.Split(key[strings.LastIndex(key, "/")+1:], "-")
		number := func(i int) uint64 {
			n, _ := strconv.ParseUint(name[i], 10, 64)
			return n
		}
		switch {
		case live[key] || gone[key]:
			continue
		case name[0] == "compacted":
			if number(1) >= s.NextCheckpoint() {
				continue
			}
		default:
			epoch, to := s.WriterState(name[0])
			if number(1) > epoch || number(1) == epoch && number(3) > to {
				continue
			}
		}
		if p.Delete(p.t.Context(), key) != nil {
			return
		}
	}
}

// read is a process that follows the archive and compares what it sees with what is true.
func (p *process) read() {
	ctx := p.t.Context()
	var r *Reader
	seen := map[string]bool{}
	for !p.dead {
		if p.rest(100) != nil {
			return
		}
		var err error
		if r == nil || p.rnd.IntN(30) == 0 {
			seen = map[string]bool{}
		}
		e := p.expect(seen)
		if len(seen) == 0 {
			r, err = Open(ctx, p, ReaderOptions{ManifestCacheBytes: 2000})
		} else {
			err = r.Refresh(ctx)
		}
		if err != nil {
			continue
		}
		if p.dead {
			return
		}
		s, at := r.Snapshot(), time.Now()
		if len(s.Errors()) > 0 {
			for _, err := range s.Errors() {
				if !errors.Is(err, errFault) {
					p.fatalf("%s: %v", p.name, err)
				}
			}
			continue
		}
		seen = p.checkSnapshot(p.name, p.atOnce(s), e)
		objects, errs := s.Objects(ctx, math.MinInt64, math.MaxInt64)
		for _, err := range errs {
			if !errors.Is(err, errFault) && !errors.Is(err, errDead) && time.Since(at) < modelGrace {
				p.fatalf("%s: %v", p.name, err)
			}
		}
		if len(errs) == 0 {
			p.checkSnapshot(p.name, objects, e)
		}
	}
}

// atOnce are the objects of a snapshot, which must all be there.
func (w *world) atOnce(s *Snapshot) []*ObjectMeta {
	list := slices.Clone(s.tail)
	if s.base != nil {
		for i := range s.base.Manifests {
			ref := &s.base.Manifests[i]
			objects, err := parseManifest(ref, w.objects[ref.Key])
			if err != nil {
				w.fatalf("%v", err)
			}
			list = append(list, objects...)
		}
	}
	for _, o := range list {
		if w.objects[o.Key] == nil {
			w.fatalf("object %s of a snapshot is not there", o.Key)
		}
	}
	return list
}

// TestModel: whatever happens, no record is lost, none is there twice, and none that was removed is back.
func TestModel(t *testing.T) {
	if _, err := inflate(deflate(nil), maxTextBytes); err != nil { // their channels must not belong to one test's bubble
		t.Fatal(err)
	}
	runs, steps := uint64(40), 4000
	if testing.Short() || raceEnabled {
		runs = 6
	}
	total := struct{ zombies, records, removed, checkpoints int }{}
	for seed := range runs {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, seed)
				w.run(steps)
				total.zombies += w.zombies
				total.records += len(w.acked)
				total.removed += len(w.removed)
				if w.newest != nil {
					total.checkpoints += int(w.newest.Number)
				}
			})
		})
	}
	t.Logf("%+v", total)
	require.True(t, total.zombies > 0 || runs < 40)
	require.NotZero(t, total.removed)
	require.NotZero(t, total.checkpoints)
}

func (w *world) run(steps int) {
	var processes []*process
	var running atomic.Int64
	start := func(name string, sleeper bool, do func(p *process), end ...func()) *process {
		p := &process{world: w, name: fmt.Sprintf("%s.%d", name, len(processes)), sleeper: sleeper}
		processes = append(processes, p)
		running.Add(1)
		go func() {
			defer running.Add(-1)
			if _, err := p.wait(w.t.Context(), "begin"); !errors.Is(err, errDead) { // one after the other, also at first
				do(p)
			}
			for _, f := range end {
				f()
			}
		}()
		return p
	}
	var wals []*modelWAL
	begin := func(l *modelWAL, drain bool) {
		l.running = true
		l.owner = start(l.writer+"/"+l.id, l.sleeper, func(p *process) { p.write(l, drain) }, func() { l.running = false })
	}
	for i := range 4 {
		l := &modelWAL{writer: []string{"a", "b"}[i%2], id: fmt.Sprintf("wal%d", i), first: 1, next: 1, sleeper: i > 1, records: map[uint64]string{}}
		wals = append(wals, l)
		begin(l, false)
	}
	for i := range 2 {
		start("leader", i == 0, (*process).lead)
		start("reader", i == 0, (*process).read)
	}
	for range steps {
		w.step()
		if w.rnd.IntN(60) == 0 { // one dies, or comes back
			l := wals[w.rnd.IntN(len(wals))]
			switch {
			case l.running && time.Until(l.owner.asleep) > 5*time.Minute && w.rnd.IntN(20) > 0: // it sleeps on
			case l.running:
				l.owner.dead = true
			default:
				begin(l, false)
			}
		}
	}
	// The end: everybody dies, then each log is flushed by a process of its own.
	for _, p := range processes {
		p.dead = true
	}
	for running.Load() > 0 {
		w.step()
	}
	w.calm = true
	w.land(true)
	for _, l := range wals {
		begin(l, true)
		for running.Load() > 0 {
			w.step()
		}
	}
	for record := range w.acked {
		if _, ok := w.committed[record]; !ok {
			w.fatalf("record %s was never committed", record)
		}
	}
	start("the last reader", false, func(p *process) {
		e := w.expect(map[string]bool{})
		for range 2 {
			r, err := Open(w.t.Context(), p, ReaderOptions{})
			if err != nil {
				w.fatalf("%v", err)
			}
			objects, errs := r.Snapshot().Objects(w.t.Context(), math.MinInt64, math.MaxInt64)
			if len(errs) > 0 {
				w.fatalf("%v", errs)
			}
			w.checkSnapshot(p.name, objects, e)
			if _, err := CollectGarbage(w.t.Context(), p, GarbageOptions{Time: time.Now().Add(time.Hour), Grace: modelGrace}); err != nil {
				w.fatalf("%v", err)
			}
		}
	})
	for running.Load() > 0 {
		w.step()
	}
}
