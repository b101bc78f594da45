// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// maxCommitBytes bounds a commit record, far below what readers take for one. Only a flush with thousands of tenants
// comes near.
const maxCommitBytes = 16 << 20

// errManyObjects ends the encoding of batches that would need a larger commit record.
var errManyObjects = errors.New("the records belong to too many tenants and hours for one commit")

// flush is a unit on its way into the archive: encoded and uploaded on the goroutine of run, committed on that
// of commitAll.
type flush struct {
	unit  *unit
	from  uint64 // first batch that is not in the archive yet
	start time.Time

	parts []part // normally one
	raw   int64
	bad   []*poison
	lost  int64

	searched bool // for batches that cannot be encoded

	uploads sync.WaitGroup
	mu      sync.Mutex
	err     error // why an upload was given up
}

// part is the objects of a part of a unit, from the end of the part before to batch number to. Parts can be
// committed on their own.
type part struct {
	to      uint64
	objects []archive.ObjectMeta
	bytes   int // of the objects' metadata in a commit record
}

// run moves units into the archive, oldest first, until the exporter stops; then it flushes what is left, as
// far as ctx lets it. While a unit is committed the ones behind it are uploaded, and the next is encoded.
func (e *objectStorageExporter) run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	order := make(chan *flush, e.cfg.Flush.ParallelUploads)
	var commits sync.WaitGroup
	commits.Go(func() {
		defer cancel() // nothing behind it can be committed
		e.commitAll(ctx, order)
	})
	e.encodeUntilStop(ctx, order)
	close(order)
	commits.Wait()
	e.uploads.Wait()
	e.dropped(e.held.Abandon(), droppedStopped)
}

// encodeUntilStop is the part of run that decides when to flush.
func (e *objectStorageExporter) encodeUntilStop(ctx context.Context, order chan<- *flush) {
	tick := time.NewTicker(min(max(e.cfg.Flush.Interval/10, 5*time.Millisecond), time.Second))
	defer tick.Stop()
	for e.encodeAll(ctx, order) == nil {
		select {
		case <-ctx.Done():
			return
		case <-e.stop:
			e.held.Rotate(0)
			_ = e.encodeAll(ctx, order)
			return
		case <-e.held.Ready():
		case <-tick.C:
			e.held.Rotate(e.cfg.Flush.Interval)
		}
	}
}

// encodeAll encodes the units that have ended. Its error is the context's.
func (e *objectStorageExporter) encodeAll(ctx context.Context, order chan<- *flush) error {
	for ctx.Err() == nil {
		var u *unit
		err := e.retry(ctx, "read write-ahead log", func() (err error) {
			u, err = e.held.Next()
			return err
		})
		if err != nil || u == nil {
			return err
		}
		f := &flush{unit: u, start: time.Now()}
		if err := e.encode(ctx, f); err != nil {
			return err
		}
		e.waiting.Store(true)
		select {
		case order <- f:
		case <-ctx.Done():
		}
		e.waiting.Store(false)
	}
	return ctx.Err()
}

// encode makes objects of a unit and starts their upload. Its error is the context's, or one that does not pass.
func (e *objectStorageExporter) encode(ctx context.Context, f *flush) error {
	if err := e.claimLate(ctx); err != nil {
		return err
	}
	f.from = max(f.unit.first, e.claimed+1)
	if f.from > f.unit.last {
		return nil // an earlier process did it all, but did not come to remove it
	}
	var l *loaded
	err := e.retry(ctx, "read write-ahead log", func() (err error) {
		l, err = e.held.Load(f.unit, f.from)
		return err
	})
	if err != nil {
		return err
	}
	f.bad, f.lost = l.bad, l.lost
	for _, d := range l.damage {
		e.logger.Error("part of the write-ahead log is damaged and was set aside", zap.String("file", d.File),
			zap.Int64("offset", d.Offset), zap.Int64("bytes", d.Bytes), zap.String("aside", d.Aside))
	}
	name := archive.ObjectName{Writer: e.writer, Epoch: e.epoch, From: f.from, To: f.unit.last}
	err = e.retry(ctx, "encode", func() error { return e.encodeMost(ctx, f, l.batches, name) })
	e.held.Release(f.unit)
	e.forgetLarge(l.batches)
	if err != nil || len(f.bad) == 0 {
		return err
	}
	err = e.retry(ctx, "set batches aside", func() error { return e.held.SetAside(f.unit, f.bad) })
	for _, p := range f.bad {
		e.logger.Error("batch cannot be written to the archive", zap.Int64("records", p.records),
			zap.String("aside", p.path), zap.Error(p.cause))
	}
	return err
}

// encodeMost is encodeSound, but an error when it finds all of several batches bad: that is not what senders send but
// this program, another version of which can write them.
func (e *objectStorageExporter) encodeMost(ctx context.Context, f *flush, batches []batch, name archive.ObjectName) error {
	before := len(f.bad)
	if err := e.encodeSound(ctx, f, batches, name); err != nil {
		return err
	}
	bad := f.bad[before:]
	if len(batches) < 2 || len(bad) < len(batches) {
		return nil
	}
	for _, p := range bad {
		if errors.Is(p.cause, errManyObjects) || errors.Is(p.cause, bucket.ErrBadKey) {
			return nil // it is the batch
		}
	}
	f.bad = f.bad[:before]
	return fmt.Errorf("none of %d batches can be encoded: %w", len(batches), bad[0].cause)
}

// forgetLarge gives back the memory of batches that were far larger than a flush should be, which the encoder would keep.
func (e *objectStorageExporter) forgetLarge(batches []batch) {
	raw := int64(0)
	for i := range batches {
		raw += batches[i].raw
	}
	if raw > 2*int64(e.cfg.Flush.MaxRawMiB)<<20 {
		e.encoder = e.newEncoder()
	}
}

// encodeSound makes objects of those of the batches that can be encoded. When not all can, it goes on with either
// half alone, down to the batches that cannot. What was uploaded on the way there are orphans.
func (e *objectStorageExporter) encodeSound(ctx context.Context, f *flush, batches []batch, name archive.ObjectName) error {
	if len(batches) == 0 {
		return nil
	}
	p, err := e.encodeObjects(ctx, f, batches, name)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch n := len(batches); {
	case err == nil:
		f.parts = append(f.parts, p)
		for i := range batches {
			f.raw += batches[i].raw
		}
		return nil
	case n == 1:
		f.bad = append(f.bad, &poison{number: batches[0].number, records: batches[0].records, cause: err})
		return nil
	default:
		if !f.searched {
			f.searched = true
			e.logger.Error("batches cannot be encoded together; looking for the one", zap.Int("batches", n), zap.Error(err))
		}
		half := batches[n/2].number
		left, right := name, name
		left.To, right.From = half-1, half
		if err := e.encodeSound(ctx, f, batches[:n/2], left); err != nil {
			return err
		}
		return e.encodeSound(ctx, f, batches[n/2:], right)
	}
}

// encodeObjects makes objects of batches, and starts to upload each as soon as it is made and one of the
// parallel uploads is free: that bounds how many there are in memory.
func (e *objectStorageExporter) encodeObjects(ctx context.Context, f *flush, batches []batch, name archive.ObjectName) (p part, err error) {
	p.to = name.To
	enc := e.encoder
	defer func() {
		enc.Reset()
		if err != nil { // nobody knows in the middle of what it was
			e.encoder = e.newEncoder()
		}
	}()
	defer guard(&err)
	for i := range batches {
		if e.beforeEncode != nil {
			e.beforeEncode(&batches[i])
		}
		enc.AppendBatch(batches[i].rows)
	}
	err = enc.Encode(name, func(o archive.Object) error {
		if err := bucket.CheckKey(o.Meta.Key); err != nil {
			return err // no bucket would ever take it
		}
		meta, err := json.Marshal(&o.Meta)
		if err != nil {
			return err
		}
		if p.bytes += len(meta); p.bytes > e.maxCommitBytes {
			return errManyObjects
		}
		p.objects = append(p.objects, o.Meta)
		if err := e.waitForSlot(ctx); err != nil {
			return err
		}
		n := int64(len(o.Body))
		e.uploading.Add(n)
		f.uploads.Add(1)
		e.uploads.Go(func() {
			defer f.uploads.Done()
			defer func() {
				e.uploading.Add(-n)
				<-e.slots
			}()
			if err := e.retry(ctx, "create object", func() error { return e.put(ctx, &o) }); err != nil {
				f.mu.Lock()
				f.err = err
				f.mu.Unlock()
			}
		})
		return nil
	})
	return p, err
}

func (e *objectStorageExporter) newEncoder() *archive.Encoder {
	return archive.NewEncoder(archive.EncoderOptions{MaxAge: e.cfg.EventTime.MaxAge, MaxFuture: e.cfg.EventTime.MaxFuture})
}

// waitForSlot returns when one of the parallel uploads is free, which is then the caller's.
func (e *objectStorageExporter) waitForSlot(ctx context.Context) error {
	e.waiting.Store(true)
	defer e.waiting.Store(false)
	select {
	case e.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if ctx.Err() != nil { // select chooses freely
		<-e.slots
		return ctx.Err()
	}
	return nil
}

// put creates a data object. Its name holds the hash of its content, so one that exists is the same.
func (e *objectStorageExporter) put(ctx context.Context, o *archive.Object) error {
	ctx, cancel := context.WithTimeout(ctx, bucket.CallTimeout(len(o.Body))) // then it is retried like any other error
	defer cancel()
	err := e.bucket.Create(ctx, o.Meta.Key, o.Body)
	switch {
	case err == nil:
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putCreated)
	case errors.Is(err, archive.ErrExists):
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putExists)
		return nil
	default:
		e.telemetry.ExporterObjectStoragePuts.Add(context.Background(), 1, putError)
	}
	return err
}

// retry calls f until it succeeds, with growing pauses. It gives up when ctx ends or when waiting cannot help.
func (e *objectStorageExporter) retry(ctx context.Context, what string, f func() error) error {
	return e.retryStuck(ctx, what, false, f)
}

// meanwhile says what becomes of records while the bucket is in trouble.
func (e *objectStorageExporter) meanwhile() string {
	if e.memory != nil {
		return "senders wait meanwhile"
	}
	return "records are kept in the write-ahead log meanwhile"
}

// retryStuck is retry for a step that is known to be stuck, or not.
func (e *objectStorageExporter) retryStuck(ctx context.Context, what string, stuck bool, f func() error) error {
	b := e.cfg.BackOffConfig
	pause := float64(b.InitialInterval)
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err := f()
		if err == nil {
			if stuck && e.status.end() {
				e.logger.Info("archive takes records again")
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if permanent(err) {
			return err
		}
		if !stuck && e.status.begin(err) {
			e.logger.Error("flush is stuck and will be retried; "+e.meanwhile(), zap.String("step", what), zap.Error(err))
		}
		stuck = true
		wait := time.Duration(pause * (1 + b.RandomizationFactor*(2*rand.Float64()-1)))
		pause = min(pause*max(b.Multiplier, 1), float64(max(b.MaxInterval, b.InitialInterval)))
		timer := time.NewTimer(max(wait, time.Millisecond))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
