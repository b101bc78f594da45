// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/compactor"
	"github.com/logboom/logboom/internal/wal"
)

// hub is an extension that reads one archive, with a reader of its own that nothing refreshes.
type hub struct {
	component.Component
	t        testing.TB
	identity string
	reader   *archive.Reader

	mu      sync.Mutex
	sources map[int]archive.FreshSource
	next    int
}

func newHub(t testing.TB, cfg *Config) *hub {
	ctx := context.Background()
	b, err := bucket.Open(ctx, cfg.Bucket)
	require.NoError(t, err)
	identity, err := bucket.Identity(cfg.Bucket)
	require.NoError(t, err)
	reader, err := archive.Open(ctx, b, archive.ReaderOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { b.Close() })
	return &hub{t: t, identity: identity, reader: reader, sources: map[int]archive.FreshSource{}}
}

func (h *hub) AttachFresh(identity string, source archive.FreshSource) func() {
	if identity != h.identity {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.next
	h.next++
	h.sources[n] = source
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.sources, n)
	}
}

// found counts the bodies that a query finds; partial is why it may not be all.
func (h *hub) found() (bodies map[string]int, partial []error) {
	h.mu.Lock()
	var sources []archive.FreshSource
	for _, s := range h.sources {
		sources = append(sources, s)
	}
	h.mu.Unlock()
	s, release := h.reader.SnapshotWithFresh(context.Background(), sources...)
	defer release()
	bodies = map[string]int{}
	stats, err := s.Scan(context.Background(), archive.All(), func(r *archive.Record) error {
		bodies[strings.Clone(r.Body)]++
		return nil
	})
	assert.NoError(h.t, err)
	return bodies, stats.Errors
}

// requireFound checks that a query finds these once, and none twice.
func (h *hub) requireFound(want map[string]bool) {
	h.t.Helper()
	got, partial := h.found()
	assert.Empty(h.t, partial)
	for body := range want {
		if got[body] != 1 {
			assert.Failf(h.t, "not found once", "%s was found %d times", body, got[body])
		}
	}
	for body, n := range got {
		if n != 1 {
			assert.Failf(h.t, "found twice", "%s was found %d times", body, n)
		}
	}
}

// hubHost has hubs for extensions.
type hubHost struct {
	*statusHost
	hubs []*hub
}

func (h *hubHost) GetExtensions() map[component.ID]component.Component {
	all := map[component.ID]component.Component{}
	for i, hub := range h.hubs {
		all[component.MustNewIDWithName("hub", fmt.Sprint(i))] = hub
	}
	return all
}

// startWith starts the rig's exporter beside hubs.
func (r *rig) startWith(hubs ...*hub) {
	r.t.Helper()
	require.NoError(r.t, r.start(context.Background(), &hubHost{r.host, hubs}))
}

func bodiesOf(ld plog.Logs, to map[string]bool) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, lr := range sl.LogRecords().All() {
				to[lr.Body().Str()] = true
			}
		}
	}
}

// TestFreshIsFoundOnceAcknowledged: what was sent is found at once, although no flush is due; and after the flush from the
// archive, by a reader that was not refreshed.
func TestFreshIsFoundOnceAcknowledged(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"in memory":   func(*Config) {},
		"on disk":     func(c *Config) { c.Flush.MaxMemoryMiB = 0 }, // nothing stays in memory
		"with tenant": func(c *Config) { c.Tenant.ResourceAttribute, c.Tenant.Default = "service.name", "none" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Flush.Interval = time.Hour
			change(cfg)
			h := newHub(t, cfg)
			other := newHub(t, testConfig(t)) // another archive
			r := newRig(t, cfg)
			r.startWith(h, other)
			assert.Empty(t, other.sources)
			want := map[string]bool{}
			for i := range 5 {
				ld := newLogs(10*i, 3)
				bodiesOf(ld, want)
				r.send(ld)
				h.requireFound(want)
			}
			assert.Empty(t, archived(t, cfg))
			h.requireFound(want) // times of segments on disk are known now
			r.held.Rotate(0)
			r.eventually("committed_records", "", 15)
			h.requireFound(want)
			r.stop()
			assert.Empty(t, h.sources)
			got, _ := h.found()
			assert.Len(t, got, 15)
		})
	}
}

// TestFreshAtEveryCall: at every call to the bucket, before it and after it, when it seems to fail and when its answer is
// lost, a query finds what was acknowledged once; also a reader that knows of a commit before the exporter does.
func TestFreshAtEveryCall(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"memory": func(*Config) {},
		"disk":   func(c *Config) { c.Flush.MaxMemoryMiB = 0 },
		"bucket": func(c *Config) { c.Acknowledge, c.WAL.Directory = AcknowledgeBucket, "" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Flush.Interval = time.Millisecond
			change(cfg)
			old, eager := newHub(t, cfg), newHub(t, cfg)
			var mu sync.Mutex
			acked := map[string]bool{}
			look := func() {
				mu.Lock()
				want := maps.Clone(acked)
				mu.Unlock()
				assert.NoError(t, eager.reader.Refresh(context.Background()))
				eager.requireFound(want)
				old.requireFound(want)
			}
			r := newRig(t, cfg)
			r.startWith(old, eager)
			calls := map[string]int{}
			r.bucket.set(func(key string, do func() error) error {
				mu.Lock()
				calls[key]++
				n := calls[key]
				mu.Unlock()
				look()
				if n == 1 {
					return errFault // not carried out
				}
				err := do()
				look()
				if n == 2 && err == nil {
					return errFault // carried out, and the answer is lost
				}
				return err
			})
			for i := range 12 {
				ld := newLogs(4*i, 4)
				r.send(ld)
				mu.Lock()
				bodiesOf(ld, acked)
				mu.Unlock()
				look()
			}
			r.stop()
			requireOnce(t, cfg, 48)
		})
	}
}

// TestFreshWhileAllGoesOn: senders, flushes, commits, checkpoints, merges and queries at the same time, with two exporters of one
// archive.
func TestFreshWhileAllGoesOn(t *testing.T) {
	const senders, each = 3, 40
	for _, acknowledge := range []string{AcknowledgeWAL, AcknowledgeBucket} {
		t.Run(acknowledge, func(t *testing.T) {
			cfg := testConfig(t)
			cfg.Flush.Interval = 2 * time.Millisecond
			two := *cfg
			two.Writer, two.WAL.Directory = "v", t.TempDir()
			two.Flush.MaxMemoryMiB = 0
			if acknowledge == AcknowledgeBucket {
				cfg.Acknowledge, two.Acknowledge = acknowledge, acknowledge
				cfg.WAL.Directory, two.WAL.Directory = "", ""
				two.Flush.MaxMemoryMiB = 1
			}
			h := newHub(t, cfg)
			rigs := []*rig{newRig(t, cfg), newRig(t, &two)}
			var mu sync.Mutex
			acked := map[string]bool{}
			var sending sync.WaitGroup
			for i, r := range rigs {
				r.startWith(h)
				for sender := range senders {
					sending.Go(func() {
						for n := range each {
							ld := newLogs(((i*senders+sender)*each+n)*10, 1+n%7)
							if !assert.NoError(t, r.consume(context.Background(), ld)) {
								return
							}
							mu.Lock()
							bodiesOf(ld, acked)
							mu.Unlock()
						}
					})
				}
			}
			assert.Len(t, h.sources, 2)
			b, err := bucket.Open(context.Background(), cfg.Bucket)
			require.NoError(t, err)
			defer b.Close()
			merging := compactor.DefaultConfig()
			merging.Now = func() time.Time { return time.Now().Add(48 * time.Hour) } // when every hour is over
			engine, err := compactor.New(b, merging)
			require.NoError(t, err)
			stop := make(chan struct{})
			var compacting sync.WaitGroup
			compacting.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					if _, err := engine.Compact(context.Background()); !assert.NoError(t, err) {
						return
					}
				}
			})
			var asking sync.WaitGroup
			for range 2 {
				asking.Go(func() {
					for range 60 {
						mu.Lock()
						want := maps.Clone(acked)
						mu.Unlock()
						h.requireFound(want)
					}
				})
			}
			sending.Wait()
			asking.Wait()
			close(stop)
			compacting.Wait()
			assert.NotNil(t, engine.Reader().Snapshot().Checkpoint())
			h.requireFound(acked)
			for _, r := range rigs {
				r.stop()
			}
			require.NoError(t, h.reader.Refresh(context.Background()))
			got, partial := h.found()
			assert.Empty(t, partial)
			assert.Len(t, slices.Collect(maps.Keys(got)), len(acked))
		})
	}
}

// TestFreshAfterARestart: what an earlier process left in the write-ahead log is found, whether its commit is known,
// came late, or cannot be looked for.
func TestFreshAfterARestart(t *testing.T) {
	for _, kind := range []string{"lost", "unanswered", "late"} {
		t.Run(kind, func(t *testing.T) {
			cfg := testConfig(t)
			h := newHub(t, cfg)
			first := newRig(t, cfg)
			var late []func() error
			crash := make(chan struct{}, 1)
			first.startWith(h)
			first.bucket.set(func(key string, do func() error) error {
				if !strings.HasPrefix(key, "_log/") {
					return do()
				}
				switch kind {
				case "unanswered":
					_ = do()
				case "late":
					late = append(late[:0], do)
				}
				select {
				case crash <- struct{}{}:
				default:
				}
				return errFault
			})
			want := map[string]bool{}
			ld := newLogs(0, 5)
			bodiesOf(ld, want)
			first.send(ld)
			h.requireFound(want)
			<-crash
			h.requireFound(want)
			first.crash()

			second := newRig(t, cfg)
			away := true
			var mu sync.Mutex
			second.bucket.set(func(_ string, do func() error) error {
				mu.Lock()
				defer mu.Unlock()
				if away {
					return errFault
				}
				return do()
			})
			elsewhere := *cfg
			elsewhere.Bucket.URL = "s3://elsewhere" // not local: waited for
			second.cfg = &elsewhere
			var err error
			h.identity, err = bucket.Identity(elsewhere.Bucket)
			require.NoError(t, err)
			second.startWith(h)
			h.requireFound(want) // the archive's log was not read by the exporter
			for _, do := range late {
				require.NoError(t, do())
			}
			h.requireFound(want)
			ld = newLogs(5, 2)
			bodiesOf(ld, want)
			second.send(ld)
			h.requireFound(want)
			mu.Lock()
			away = false
			mu.Unlock()
			require.EventuallyWithT(t, func(c *assert.CollectT) { assert.Len(c, archived(t, cfg), 7) }, time.Minute, time.Millisecond)
			h.requireFound(want)
			second.stop()
			requireOnce(t, cfg, 7)
		})
	}
}

// TestFreshPoison: a batch that cannot be read back is said, and the others are found.
func TestFreshPoison(t *testing.T) {
	cfg := testConfig(t)
	cfg.Flush.Interval = time.Hour
	cfg.Flush.MaxMemoryMiB = 0
	h := newHub(t, cfg)
	r := newRig(t, cfg)
	r.startWith(h)
	r.send(newLogs(0, 2))
	require.NoError(t, r.wal.Append(make([]byte, 100), wal.Info{Weight: 100, Records: 1, Since: time.Now()}, nil, 0)) // no payload
	r.send(newLogs(10, 2))
	got, partial := h.found()
	assert.Len(t, got, 4)
	require.Len(t, partial, 1)
	assert.ErrorContains(t, partial[0], "decode entry 2")
	r.stop()
	h.mu.Lock()
	defer h.mu.Unlock()
	assert.Empty(t, h.sources)
	_, err := (&r.fresh).Fresh(context.Background())
	require.Error(t, err)
	assert.True(t, errors.Is(err, errStopped))
}
