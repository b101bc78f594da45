// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The model: processes that share a bucket, one operation of one of them at a time, in an order that is random and, with
// a seed, always the same. Operations fail, take effect or not, or take effect much later; processes sleep for days, and die. The
// bucket knows what is true, and compares everything that happens with it.

// world is the bucket of a model, and what is true of it.
type world struct {
	t    *testing.T
	rnd  *rand.Rand
	pace int // milliseconds that an operation takes at most

	mu      sync.Mutex
	waiting []*call

	objects map[string][]byte
	made    map[string]time.Time
	late    []lateCreate
	calm    bool // nothing fails any more

	// What is true.
	contents  map[string][]string  // records by the key of a data object, live or not
	acked     map[string]bool      // records that a writer's log holds, or that were committed
	committed map[string]time.Time // records that a genuine commit made live
	removed   map[string]bool      // records that a genuine checkpoint removed
	newest    *Checkpoint
	tail      map[string]map[uint64]*LogRecord // genuine records by writer
	zombies   int                              // writes under numbers that were free again
	trace     []string
}

type lateCreate struct {
	key  string
	body []byte
	at   time.Time
}

// call is an operation that waits for its turn.
type call struct {
	p    *process
	name string
	turn chan bool // false: the process is dead
}

// process is somebody who uses the bucket. Its methods are those of a Bucket.
type process struct {
	*world
	name    string
	dead    bool
	asleep  time.Time // it does nothing before
	sleeper bool
}

var (
	errFault = errors.New("fault")
	errDead  = errors.New("the process is dead")
)

func newWorld(t *testing.T, seed uint64) *world {
	return &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), pace: []int{3000, 200}[seed%2], objects: map[string][]byte{}, made: map[string]time.Time{}, contents: map[string][]string{},
		acked: map[string]bool{}, committed: map[string]time.Time{}, removed: map[string]bool{}, tail: map[string]map[uint64]*LogRecord{},
	}
}

func (w *world) fatalf(format string, args ...any) {
	panic(fmt.Sprintf(format, args...) + "\nthe last operations:\n" + strings.Join(w.trace[max(0, len(w.trace)-100):], "\n"))
}

// step lets one operation happen, or time pass.
func (w *world) step() {
	synctest.Wait()
	w.land(false)
	w.mu.Lock()
	slices.SortFunc(w.waiting, func(a, b *call) int {
		return cmp.Or(strings.Compare(a.p.name, b.p.name), strings.Compare(a.name, b.name))
	})
	var ready []int
	for i, c := range w.waiting {
		if c.p.dead || w.calm || !time.Now().Before(c.p.asleep) {
			ready = append(ready, i)
		}
	}
	if len(ready) == 0 {
		w.mu.Unlock()
		time.Sleep(time.Minute)
		return
	}
	i := ready[w.rnd.IntN(len(ready))]
	c := w.waiting[i]
	w.waiting = slices.Delete(w.waiting, i, i+1)
	w.mu.Unlock()
	if !w.calm {
		time.Sleep(time.Duration(w.rnd.IntN(w.pace)) * time.Millisecond)
		if chance := sleepy(c.p, c.name); w.rnd.IntN(chance) == 0 { // before it does it
			c.p.asleep = time.Now().Add(time.Duration(1+w.rnd.IntN(180)) * time.Minute)
			w.mu.Lock()
			w.waiting = append(w.waiting, c)
			w.mu.Unlock()
			return
		}
		switch w.rnd.IntN(6000) { // everybody sleeps
		case 0, 1, 2, 3, 4:
			time.Sleep(time.Hour)
		case 5:
			time.Sleep(claimKept + 24*time.Hour)
		}
	}
	w.trace = append(w.trace, fmt.Sprintf("%s %s %s", time.Now().Format("02 15:04:05"), c.p.name, c.name))
	c.turn <- !c.p.dead
	synctest.Wait()
}

// sleepy says how seldom a process falls asleep before an operation. Every other one does where it hurts.
func sleepy(p *process, name string) int {
	switch {
	case !p.sleeper || !strings.HasPrefix(name, "create "+logPrefix):
		return 500
	case strings.HasPrefix(name, "create "+manifestPrefix):
		return 20
	}
	return 3
}

// land lets delayed creations take effect.
func (w *world) land(all bool) {
	w.late = slices.DeleteFunc(w.late, func(l lateCreate) bool {
		if !all && time.Now().Before(l.at) {
			return false
		}
		if _, taken := w.objects[l.key]; !taken {
			w.trace = append(w.trace, "late "+l.key)
			w.create(l.key, l.body)
		}
		return true
	})
}

func (w *world) later(key string, body []byte) {
	at := time.Now().Add(time.Duration(w.rnd.Int64N(int64([]time.Duration{time.Minute, time.Hour, 3 * time.Hour}[w.rnd.IntN(3)]))))
	w.late = append(w.late, lateCreate{key, slices.Clone(body), at})
}

// wait waits for the turn of an operation. fault says what goes wrong with it: 0 nothing.
func (p *process) wait(ctx context.Context, name string) (fault int, err error) {
	c := &call{p: p, name: name, turn: make(chan bool)}
	p.mu.Lock()
	p.waiting = append(p.waiting, c)
	p.mu.Unlock()
	if !<-c.turn {
		return 0, errDead
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if !p.calm && p.rnd.IntN(25) == 0 {
		return 1 + p.rnd.IntN(3), nil
	}
	return 0, nil
}

// rest does nothing for up to so many seconds.
func (p *process) rest(seconds int) error {
	p.asleep = time.Now().Add(time.Duration(p.rnd.IntN(seconds)) * time.Second)
	_, err := p.wait(p.t.Context(), "rest")
	return err
}

func (p *process) Name() string { return "model://" }
func (p *process) Close() error { return nil }

func (p *process) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	fault, err := p.wait(ctx, "get "+key)
	if err != nil || fault > 0 {
		return nil, cmp.Or(err, errFault)
	}
	body, ok := p.objects[key]
	if !ok {
		return nil, ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

func (p *process) ReadRange(ctx context.Context, key string, to []byte, off int64) (int, error) {
	fault, err := p.wait(ctx, "read "+key)
	if err != nil || fault > 0 {
		return 0, cmp.Or(err, errFault)
	}
	body, ok := p.objects[key]
	if !ok {
		return 0, ErrNotFound
	}
	return bytes.NewReader(body).ReadAt(to, off)
}

// List reads a few keys at a time, each time as they are then; of what was created since it began it may show one and not
// one before it.
func (p *process) List(ctx context.Context, prefix, startAfter string) iter.Seq2[ObjectInfo, error] {
	return func(yield func(ObjectInfo, error) bool) {
		began := time.Now()
		for {
			fault, err := p.wait(ctx, "list "+prefix+" after "+startAfter)
			if err != nil || fault > 0 {
				yield(ObjectInfo{}, cmp.Or(err, errFault))
				return
			}
			var page []ObjectInfo
			for key, body := range p.objects {
				if strings.HasPrefix(key, prefix) && key > startAfter {
					page = append(page, ObjectInfo{Key: key, Size: int64(len(body)), ModTime: p.made[key]})
				}
			}
			slices.SortFunc(page, func(a, b ObjectInfo) int { return strings.Compare(a.Key, b.Key) })
			page = page[:min(len(page), 1+p.rnd.IntN(300))]
			if len(page) == 0 {
				return
			}
			startAfter = page[len(page)-1].Key
			for _, info := range page {
				if info.ModTime.After(began) && p.rnd.IntN(2) == 0 {
					continue
				}
				if !yield(info, nil) {
					return
				}
			}
		}
	}
}

func (p *process) Create(ctx context.Context, key string, body []byte) error {
	fault, err := p.wait(ctx, "create "+key)
	if err != nil {
		if p.dead && p.rnd.IntN(3) == 0 { // it was under way
			p.later(key, body)
		}
		return err
	}
	switch {
	case fault == 1:
		return errFault
	case fault == 3:
		p.later(key, body)
		return errFault
	}
	_, taken := p.objects[key]
	if !taken {
		p.create(key, slices.Clone(body))
	}
	switch {
	case fault > 0:
		return errFault
	case taken:
		return ErrExists
	}
	return nil
}

func (p *process) Delete(ctx context.Context, key string) error {
	fault, err := p.wait(ctx, "delete "+key)
	if err != nil || fault == 1 {
		return cmp.Or(err, errFault)
	}
	p.checkDelete(key)
	delete(p.objects, key)
	if fault > 0 {
		return errFault
	}
	return nil
}

// create is the moment at which an object is there: what it makes true is noted.
func (w *world) create(key string, body []byte) {
	w.objects[key], w.made[key] = body, time.Now()
	if n, ok := parseCheckpointKey(key); ok {
		w.checkpointed(n, key, body)
	} else if writer, n, ok := parseLogKey(key); ok {
		w.logged(writer, n, key, body)
	}
}

// logged is a new log record: a genuine one follows those that are there, or were.
func (w *world) logged(writer string, n uint64, key string, body []byte) {
	r, err := ParseLogRecord(key, body)
	if err != nil {
		w.fatalf("%v", err)
	}
	last := w.newest.position(writer).Sequence
	for w.tail[writer][last+1] != nil {
		last++
	}
	if n <= last {
		w.zombies++
		return
	}
	if n != last+1 {
		w.fatalf("log record %s leaves a gap behind %d", key, last)
	}
	if w.tail[writer] == nil {
		w.tail[writer] = map[uint64]*LogRecord{}
	}
	w.tail[writer][n] = r
	for i := range r.Objects {
		if w.objects[r.Objects[i].Key] == nil {
			w.fatalf("%s: object %s is not there", key, r.Objects[i].Key)
		}
		for _, record := range w.contents[r.Objects[i].Key] {
			if _, before := w.committed[record]; before {
				w.fatalf("%s: record %s is committed twice", key, record)
			}
			w.committed[record] = time.Now()
		}
	}
}

// checkpointed is a new checkpoint: a genuine one follows the newest.
func (w *world) checkpointed(n uint64, key string, body []byte) {
	c, err := ParseCheckpoint(key, body)
	if err != nil {
		w.fatalf("%v", err)
	}
	if w.newest != nil && n <= w.newest.Number {
		w.zombies++
		return
	}
	if n != 1 && n != w.newest.Number+1 {
		w.fatalf("checkpoint %d follows %d", n, w.newest.Number)
	}
	before := w.live()
	w.newest = c
	for writer, records := range w.tail {
		for n := range records {
			if n <= c.position(writer).Sequence {
				delete(records, n)
			}
		}
	}
	after := map[string]bool{}
	for _, key := range w.live() {
		for _, record := range w.contents[key] {
			if after[record] {
				w.fatalf("checkpoint %d: record %s is there twice", n, record)
			}
			after[record] = true
			if w.removed[record] {
				w.fatalf("checkpoint %d: record %s is back", n, record)
			}
		}
	}
	for _, key := range before {
		for _, record := range w.contents[key] {
			if !after[record] {
				if !strings.HasSuffix(record, "x") {
					w.fatalf("checkpoint %d: record %s is lost", n, record)
				}
				w.removed[record] = true
			}
		}
	}
}

// live are the keys of the objects that are.
func (w *world) live() (keys []string) {
	if w.newest != nil {
		for i := range w.newest.Manifests {
			ref := &w.newest.Manifests[i]
			objects, err := parseManifest(ref, w.objects[ref.Key])
			if err != nil {
				w.fatalf("checkpoint %d: %v", w.newest.Number, err)
			}
			for _, o := range objects {
				keys = append(keys, o.Key)
			}
		}
	}
	for _, records := range w.tail {
		for _, r := range records {
			for i := range r.Objects {
				keys = append(keys, r.Objects[i].Key)
			}
		}
	}
	for _, key := range keys {
		if w.objects[key] == nil {
			w.fatalf("live object %s is not there", key)
		}
	}
	return keys
}

// checkDelete makes sure that nothing is deleted that is needed.
func (w *world) checkDelete(key string) {
	if _, there := w.objects[key]; !there {
		return
	}
	if n, ok := parseCheckpointKey(key); ok && n >= w.newest.Number {
		w.fatalf("the newest checkpoint is deleted")
	}
	if writer, n, ok := parseLogKey(key); ok && n > w.newest.position(writer).Sequence {
		w.fatalf("log record %s is deleted, which no checkpoint has", key)
	}
	for i := 0; w.newest != nil && i < len(w.newest.Manifests); i++ {
		if w.newest.Manifests[i].Key == key {
			w.fatalf("manifest %s is deleted, which is live", key)
		}
	}
	if strings.HasPrefix(key, dataPrefix) && slices.Contains(w.live(), key) {
		w.fatalf("object %s is deleted, which is live", key)
	}
}

// modelMeta are the metadata of a data object that was made.
func (w *world) modelMeta(key string, records []string) ObjectMeta {
	w.contents[key] = records
	day := int64(len(records)%3) * int64(24*time.Hour)
	return ObjectMeta{Key: key, SHA256: "x", Bytes: 100, Rows: int64(len(records)), TailBytes: 10, TailSum: "0", MinTime: day, MaxTime: day + 1}
}

func modelKey(name string, records []string) string {
	return fmt.Sprintf("%sdate=1970-01-0%d/hour=00/%s.parquet", dataPrefix, 1+len(records)%3, name)
}

// expectation is what a snapshot must have, and what it must not, as of a moment before its refresh.
type expectation struct {
	present map[string]bool
	removed map[string]bool
}

// expect is what a snapshot must have whose refresh begins now: what was committed a listing ago, or was seen before.
func (w *world) expect(seen map[string]bool) expectation {
	e := expectation{maps.Clone(seen), maps.Clone(w.removed)}
	for record, at := range w.committed {
		if w.calm || time.Since(at) > 30*time.Second {
			e.present[record] = true
		}
	}
	return e
}

// checkSnapshot compares a snapshot with what was true when its refresh began, and since. It returns the records.
func (w *world) checkSnapshot(who string, list []*ObjectMeta, e expectation) map[string]bool {
	seen := map[string]bool{}
	for _, o := range list {
		for _, record := range w.contents[o.Key] {
			if seen[record] {
				w.fatalf("%s: record %s is there twice", who, record)
			}
			seen[record] = true
			if _, ok := w.committed[record]; !ok {
				w.fatalf("%s: record %s was never committed", who, record)
			}
			if e.removed[record] {
				w.fatalf("%s: record %s was removed before", who, record)
			}
		}
	}
	for record := range e.present {
		if !seen[record] && !w.removed[record] {
			w.fatalf("%s: record %s is missing", who, record)
		}
	}
	return seen
}
