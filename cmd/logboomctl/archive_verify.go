// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/logboom/logboom/archive"
)

// verifyOptions are the flags of `logboomctl archive verify`.
type verifyOptions struct {
	quick, duplicates bool
	parallel          int
	maxMemoryMiB      int
	filter            objectFilter
	output            outputFlag
}

func newArchiveVerifyCommand() *cobra.Command {
	o := &verifyOptions{}
	cmd := &cobra.Command{
		Use:   "verify (URL | --config FILE)",
		Short: "Check the commit log and every live object: there, whole, and as the commit log says",
		Long: `Check the commit log: records without gaps, epochs that were claimed, no object and no entry of a write-ahead log committed
twice. Check every live object: it exists, and its size, content hash, rows, times and counts are those of the commit log.
That reads everything; --quick reads the footers alone.

A line BAD is a defect; a line NOTE is something that has an innocent explanation, too. The exit code is 0 when all is good,
1 when something is bad, could not be read, or there is nothing to check, 2 for a mistake in the call.`,
		Example: `  logboomctl archive verify --config /etc/logboom/gateway.yaml --quick
  logboomctl archive verify s3://logs/prod --start 2026-11-23T00:00:00Z --duplicates`,
	}
	f := cmd.Flags()
	f.BoolVar(&o.quick, "quick", false, "of the objects, check only size and footer")
	f.BoolVar(&o.duplicates, "duplicates", false, "count the records that are there more than once, by their log.record.uid: reads everything once more")
	f.IntVar(&o.parallel, "parallel", 0, "objects at a time (default: the number of processors; with --quick 16)")
	f.IntVar(&o.maxMemoryMiB, "max-memory-mib", 1024, "memory that objects under way may take, about; one is always let through")
	o.filter.add(f)
	o.output.add(f, "text, or json (one finding a line, the summary last)", "text", "json")
	archiveArgs(cmd, func() error {
		err := errors.Join(o.filter.check(), o.output.check())
		if o.parallel < 0 || o.maxMemoryMiB < 1 {
			err = errors.Join(err, errors.New("--parallel must not be negative, --max-memory-mib must be positive"))
		}
		return err
	}, o.run)
	return cmd
}

// verifySummary is what verify says last.
type verifySummary struct {
	Good        int64   `json:"objects_good"`
	Bad         int64   `json:"bad"`
	Notes       int64   `json:"notes"`
	Rows        int64   `json:"rows"`
	Bytes       int64   `json:"bytes"`
	Orphans     int64   `json:"orphans"`
	OrphanBytes int64   `json:"orphan_bytes"`
	Pending     int64   `json:"pending"`
	Removed     int64   `json:"removed"`
	Duplicates  *int64  `json:"duplicates,omitempty"`
	Seconds     float64 `json:"seconds"`
}

// verification is a run of verify.
type verification struct {
	*verifyOptions
	c        *archiveCall
	mu       sync.Mutex // guards what follows
	sum      verifySummary
	progress *progress
}

// finding reports a defect, or a note.
func (v *verification) finding(bad bool, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	word := "NOTE"
	if bad {
		word = "BAD"
		v.sum.Bad++
	} else {
		v.sum.Notes++
	}
	v.progress.clear()
	if v.output.value == "json" {
		_ = jsonLine(v.c.out).Encode(map[string]string{map[bool]string{true: "bad", false: "note"}[bad]: fmt.Sprintf(format, args...)})
	} else {
		fmt.Fprintln(v.c.out, word, fmt.Sprintf(format, args...))
	}
	_ = v.c.out.Flush() // an error stays, and is returned at the end
}

func (o *verifyOptions) run(ctx context.Context, c *archiveCall) error {
	started := time.Now()
	v := &verification{verifyOptions: o, c: c, progress: newProgress(c.errOut)}
	defer v.progress.clear()
	listed, err := listData(ctx, c.bucket) // before the log: see eachUnnamed
	if err != nil {
		return err
	}
	l := newLogCheck(v.finding)
	var objects []archive.ObjectMeta
	var tenants []string
	seenTenants, records := map[string]bool{}, 0
	take := func(m archive.ObjectMeta) {
		if !o.filter.keep(&m) {
			return
		}
		if !seenTenants[m.Tenant] {
			seenTenants[m.Tenant] = true
			tenants = append(tenants, m.Tenant)
		}
		if o.quick {
			m.Counts = nil
		}
		objects = append(objects, m)
	}
	err = eachLive(ctx, c.bucket, liveVisitor{
		base: func(base *archive.Checkpoint) {
			l.base(base)
			if base != nil {
				records++
			}
		},
		object: func(m *archive.ObjectMeta) error {
			l.object(m)
			take(*m)
			return nil
		},
		record: func(key string, r *archive.LogRecord, damaged error) error {
			records++
			l.add(key, r, damaged)
			if r != nil {
				for i := range r.Objects {
					take(r.Objects[i])
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	l.finish()
	sizes := make(map[string]int64, len(l.live))
	for _, info := range listed {
		if _, ok := l.live[info.Key]; ok {
			sizes[info.Key] = info.Size
		}
	}
	l.states.eachUnnamed(listed, l.live, func(info archive.ObjectInfo, state string) {
		switch state {
		case stateOrphan:
			v.sum.Orphans++
			v.sum.OrphanBytes += info.Size
		case statePending:
			v.sum.Pending++
		case stateRemoved:
			v.sum.Removed++
		default:
			v.finding(false, "object %s: no writer makes such a name", info.Key)
		}
	})
	if err := v.objects(ctx, objects, sizes); err != nil {
		return err
	}
	if o.duplicates {
		if err := v.countDuplicates(ctx, tenants); err != nil {
			return err
		}
	}
	v.sum.Seconds = time.Since(started).Seconds()
	v.progress.clear()
	v.print()
	switch {
	case v.sum.Bad > 0:
		return fmt.Errorf("verify %s: %d bad", c.bucket.Name(), v.sum.Bad)
	case records == 0:
		return fmt.Errorf("verify %s: nothing to check: %w", c.bucket.Name(), errEmpty)
	case len(objects) == 0 && o.filter.set():
		return fmt.Errorf("verify %s: nothing to check: no object is chosen", c.bucket.Name())
	case len(objects) == 0:
		return fmt.Errorf("verify %s: nothing to check: the commit log is good, and names no object yet", c.bucket.Name())
	}
	return nil
}

func (v *verification) print() {
	s := &v.sum
	if v.output.value == "json" {
		_ = jsonLine(v.c.out).Encode(s)
		return
	}
	if s.Orphans+s.Pending > 0 {
		fmt.Fprintf(v.c.out, "%d orphans of %d bytes, %d pending: see `logboomctl archive ls --orphans`\n", s.Orphans, s.OrphanBytes, s.Pending)
	}
	if s.Duplicates != nil {
		fmt.Fprintf(v.c.out, "%d rows are records that came before, by their uid: readers show them once\n", *s.Duplicates)
	}
	note := ""
	if v.quick {
		note = " (sizes and footers; what is in them was not read)"
	}
	fmt.Fprintf(v.c.out, "%d objects good, %d bad; %d rows, %d bytes%s\n", s.Good, s.Bad, s.Rows, s.Bytes, note)
}

// objects checks the objects, several at a time.
func (v *verification) objects(ctx context.Context, objects []archive.ObjectMeta, sizes map[string]int64) error {
	workers := v.parallel
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
		if v.quick {
			workers = 16
		}
	}
	var total int64
	for i := range objects {
		total += objects[i].Bytes
	}
	budget := newBudget(int64(v.maxMemoryMiB) << 20)
	next := make(chan *archive.ObjectMeta)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := range next {
				cost := v.cost(m)
				budget.take(cost)
				err := v.object(ctx, m, sizes)
				budget.give(cost)
				if ctx.Err() != nil {
					continue
				}
				if err != nil {
					v.finding(true, "%v", err)
				}
				v.mu.Lock()
				if err == nil {
					v.sum.Good++
					v.sum.Rows += m.Rows
					v.sum.Bytes += m.Bytes
				}
				v.progress.step(m.Bytes, len(objects), total)
				v.mu.Unlock()
			}
		})
	}
	for i := range objects {
		next <- &objects[i]
	}
	close(next)
	wg.Wait()
	return ctx.Err()
}

// cost is about what checking an object takes of memory: its bytes, and a row group of records.
func (v *verification) cost(m *archive.ObjectMeta) int64 {
	if v.quick {
		return 8 * m.TailBytes
	}
	const group = 32 << 10 // rows
	return m.Bytes + min(4*m.RawBytes, 512<<20)*min(group, m.Rows)/m.Rows + 1024*min(group, m.Rows)
}

func (v *verification) object(ctx context.Context, m *archive.ObjectMeta, sizes map[string]int64) error {
	if size, ok := sizes[m.Key]; ok && size != m.Bytes {
		return fmt.Errorf("object %s of %s: size is %d bytes, want %d", m.Key, v.c.bucket.Name(), size, m.Bytes)
	}
	if !v.quick {
		return archive.VerifyObject(ctx, v.c.bucket, m)
	}
	footer, err := readFooter(ctx, v.c.bucket, m)
	if err != nil {
		return err
	}
	if footer.NumRows != m.Rows {
		return fmt.Errorf("object %s of %s: %d rows, want %d", m.Key, v.c.bucket.Name(), footer.NumRows, m.Rows)
	}
	return nil
}

// countDuplicates scans every record; equal uids come one after the other.
func (v *verification) countDuplicates(ctx context.Context, tenants []string) error {
	r, err := archive.Open(ctx, v.c.bucket, archive.ReaderOptions{Parallelism: v.parallel})
	if err != nil {
		return err
	}
	var n int64
	for _, tenant := range tenants {
		stats, err := r.Snapshot().Scan(ctx, archive.ScanRequest{
			Start: v.filter.from, End: v.filter.to, Service: v.filter.keepService(),
			Object: func(m *archive.ObjectMeta) bool { return m.Tenant == tenant },
		}, func(*archive.Record) error { return nil })
		if err != nil {
			return err
		}
		for _, err := range stats.Errors {
			v.finding(true, "count duplicates: %v", err)
		}
		n += stats.RowsDuplicates
	}
	v.sum.Duplicates = &n
	return nil
}

// budget bounds the memory of what is under way.
type budget struct {
	mu         sync.Mutex
	freed      *sync.Cond
	limit, use int64
}

func newBudget(limit int64) *budget {
	b := &budget{limit: limit}
	b.freed = sync.NewCond(&b.mu)
	return b
}

// take waits for n bytes; what is larger than the limit waits until it is alone.
func (b *budget) take(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for b.use > 0 && b.use+n > b.limit {
		b.freed.Wait()
	}
	b.use += n
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.use -= n
	b.freed.Broadcast()
}

// progress is a line that says how far the work is, on a terminal alone. Not safe for concurrent use.
type progress struct {
	out         *os.File // nil: no terminal
	done, bytes int64
	shown       time.Time
	visible     bool
}

func newProgress(w any) *progress {
	p := &progress{}
	if f, ok := w.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
			p.out = f
		}
	}
	return p
}

func (p *progress) step(bytes int64, objects int, total int64) {
	p.done++
	p.bytes += bytes
	if p.out == nil || time.Since(p.shown) < 200*time.Millisecond {
		return
	}
	p.shown, p.visible = time.Now(), true
	fmt.Fprintf(p.out, "\r\x1b[K%d of %d objects, %s of %s", p.done, objects, formatBytes(p.bytes), formatBytes(total))
}

func (p *progress) clear() {
	if p.visible {
		p.visible = false
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
