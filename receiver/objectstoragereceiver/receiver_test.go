// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pipeline"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/zap/zapcore"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

// generator says what an archive holds already.
type generator struct {
	ids  []receivertest.UniqueIDAttrVal
	next atomic.Int64
}

func (g *generator) Start() { g.next.Store(0) }
func (g *generator) Stop()  {}
func (g *generator) Generate() []receivertest.UniqueIDAttrVal {
	i := g.next.Add(1) - 1
	return g.ids[i : i+1]
}

func TestConsumeContract(t *testing.T) {
	const n = 24 // the checker waits 5 seconds for them, whatever the machine
	a := archivetest.New(t)
	g := &generator{}
	all := plog.NewLogs()
	for i := range n {
		id := receivertest.UniqueIDAttrVal(fmt.Sprint("id-", i))
		g.ids = append(g.ids, id)
		ld := receivertest.CreateOneLogWithID(id)
		ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).SetTimestamp(1)
		ld.ResourceLogs().MoveAndAppendTo(all.ResourceLogs())
	}
	a.Put(t, "", all)
	cfg := config(a, func(c *Config) {
		c.Start, c.End = "1970-01-01", "now"
		c.Batch.MaxRecords = 4
		c.OnRefused = OnRefusedSkip
	})
	receivertest.CheckConsumeContract(receivertest.CheckConsumeContractParams{
		T: t, Factory: NewFactory(), Signal: pipeline.SignalLogs, Config: cfg, Generator: g, GenerateCount: n,
	})
}

func TestReplay(t *testing.T) {
	a := numbered(t, 500, 7)
	store, to := &memory{}, &sink{}
	r := newRig(t, config(a), store, to)
	r.finish(t)
	require.Equal(t, upTo(500), to.sorted())
	require.Equal(t, componentstatus.StatusOK, r.host.last())
	require.Contains(t, r.lines(zapcore.InfoLevel), "the replay is complete")
	require.Empty(t, r.lines(zapcore.WarnLevel))

	again := newRig(t, config(a), store, to)
	again.finish(t)
	require.Len(t, to.sorted(), 500, "a replay that is complete delivers nothing")
	require.Contains(t, again.lines(zapcore.InfoLevel), "this replay was completed before: there is nothing to do")
}

func TestWithoutStorageItBeginsAnew(t *testing.T) {
	a, to := numbered(t, 50, 7), &sink{}
	for range 2 {
		r := newRig(t, config(a), nil, to)
		r.finish(t)
		require.Len(t, r.lines(zapcore.WarnLevel), 1)
		require.Contains(t, r.lines(zapcore.WarnLevel)[0], "no storage")
	}
	require.Len(t, to.sorted(), 100)
}

func TestSelection(t *testing.T) {
	a := archivetest.New(t)
	a.Put(t, "acme", logs(0, 100, 1))
	a.Put(t, "zeta", logs(100, 200, 1))
	at := func(second int) string {
		return archivetest.Base.Add(time.Duration(second) * time.Second).Format(time.RFC3339)
	}
	for _, tt := range []struct {
		name string
		set  func(*Config)
		keep func(i int) bool
	}{
		{"all", func(*Config) {}, func(int) bool { return true }},
		{"range", func(c *Config) { c.Start, c.End = at(20), at(130) }, func(i int) bool { return i >= 20 && i < 130 }},
		{"empty range", func(c *Config) { c.Start, c.End = "2020-01-01", "2020-01-02" }, func(int) bool { return false }},
		{"service", func(c *Config) { c.Selector = `{service_name="edge"}` }, func(i int) bool { return i%3 == 1 }},
		{"services", func(c *Config) { c.Selector = `{service_name=~"edge|cart"}` }, func(i int) bool { return i%3 < 2 }},
		{"label", func(c *Config) { c.Selector = `{k8s_namespace_name="bank"}` }, func(int) bool { return false }},
		{"line", func(c *Config) { c.Selector = `{service_name!=""} |= "\"line\":1"` }, func(i int) bool { return fmt.Sprint(i)[0] == '1' }},
		{"not line", func(c *Config) { c.Selector = `{service_name!=""} != "true" |~ "line\":[0-4]"` }, func(i int) bool { return i%2 == 1 && fmt.Sprint(i)[0] < '5' }},
		{"metadata", func(c *Config) { c.Selector = `{service_name!=""} | user_id="u7"` }, func(i int) bool { return i%10 == 7 }},
		{"level", func(c *Config) { c.Selector = `{service_name!=""} | detected_level=~"error|fatal"` }, func(i int) bool { return i%24 >= 16 }},
		{"number", func(c *Config) { c.Selector = `{service_name!=""} | n >= 150` }, func(i int) bool { return i >= 150 }},
		{"parsed", func(c *Config) { c.Selector = `{service_name!=""} | json | line < 30 | even="true"` }, func(i int) bool { return i < 30 && i%2 == 0 }},
		{"or", func(c *Config) { c.Selector = `{service_name="cart"} | user_id="u7" or user_id="u3"` }, func(i int) bool { return i%3 == 0 && (i%10 == 7 || i%10 == 3) }},
		{"tenant", func(c *Config) { c.Tenants = []string{"zeta"} }, func(i int) bool { return i >= 100 }},
		{"tenants", func(c *Config) { c.Tenants = []string{"zeta", "acme", "none"} }, func(int) bool { return true }},
		{"no tenant", func(c *Config) { c.Tenants = []string{"none"} }, func(int) bool { return false }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			to := &sink{}
			newRig(t, config(a, tt.set), nil, to).finish(t)
			want := slices.DeleteFunc(upTo(200), func(i int) bool { return !tt.keep(i) })
			require.ElementsMatch(t, want, to.sorted())
		})
	}
}

// TestRestartAtEveryBatch shuts the receiver down behind each batch; between its lives the archive is laid out anew.
func TestRestartAtEveryBatch(t *testing.T) {
	for _, perSecond := range []int{1, 5, 1000} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			rng := rand.New(rand.NewPCG(7, uint64(perSecond)))
			a := numbered(t, 150, perSecond)
			store, to := &memory{}, &sink{}
			lives := 0
			for ; lives < 100; lives++ {
				took := make(chan struct{}, 1000)
				to.decide = func(int, plog.Logs) error {
					took <- struct{}{}
					return nil
				}
				r := newRig(t, config(a), store, to)
				require.NoError(t, r.Start(t.Context(), r.host))
				select {
				case <-took:
				case <-r.done:
				}
				require.NoError(t, r.Shutdown(t.Context()))
				if r.point.Done {
					break
				}
				a.Rewrite(t, rng, 5)
			}
			require.Equal(t, upTo(150), to.sorted())
		})
	}
}

// TestKilled kills the receiver at a batch of chance, before or after its checkpoint, and lays the archive out anew.
func TestKilled(t *testing.T) {
	errKilled := errors.New("killed")
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			rng := rand.New(rand.NewPCG(seed, 3))
			const n, size = 300, 16
			a := numbered(t, n, 1+rng.IntN(60))
			store, to := &memory{}, &sink{}
			kills := 0
			for done := false; !done; {
				ctx, kill := context.WithCancel(t.Context())
				left := 1 + rng.IntN(8)
				beforeCheckpoint := rng.IntN(2) == 0
				r := newRig(t, config(a, func(c *Config) { c.Batch.MaxRecords = size }), store, to)
				to.decide = func(int, plog.Logs) error {
					if left--; left < 0 {
						kill()
						return consumererror.NewPermanent(errKilled)
					}
					return nil
				}
				store.setErr = func(int) error {
					if left == 0 && beforeCheckpoint {
						kill() // delivered, but not noted: the process is gone
						return errKilled
					}
					return nil
				}
				require.NoError(t, r.Start(t.Context(), r.host))
				select {
				case <-r.done:
				case <-ctx.Done():
				}
				require.NoError(t, r.Shutdown(t.Context()))
				done = r.point.Done
				if !done {
					kills++
				}
				kill()
				store = store.copied()
				a.Rewrite(t, rng, 5)
			}
			got := to.sorted()
			require.Equal(t, upTo(n), slices.Compact(slices.Clone(got)), "every record is delivered")
			require.LessOrEqual(t, len(got)-n, kills*size, "a kill repeats one batch at most")
		})
	}
}

func TestRefusedForAWhile(t *testing.T) {
	for _, mutates := range []bool{false, true} {
		t.Run(fmt.Sprint("mutates ", mutates), func(t *testing.T) {
			a := numbered(t, 200, 9)
			to := &sink{mutates: mutates, decide: func(call int, _ plog.Logs) error {
				if call%3 != 0 {
					return errors.New("busy")
				}
				return nil
			}}
			r := newRig(t, config(a), &memory{}, to)
			r.finish(t)
			require.Equal(t, upTo(200), to.sorted())
			require.Equal(t, componentstatus.StatusOK, r.host.last())
			require.Contains(t, r.lines(zapcore.WarnLevel), "the pipeline refuses a batch: it is tried again until it succeeds")
		})
	}
}

func TestRefusedInPart(t *testing.T) {
	a, to := numbered(t, 64, 64), &sink{}
	to.decide = func(call int, ld plog.Logs) error {
		if call%2 == 0 {
			return nil
		}
		rest := plog.NewLogs()
		ld.CopyTo(rest)
		half := rest.LogRecordCount() / 2
		seen := 0
		rest.ResourceLogs().RemoveIf(func(rl plog.ResourceLogs) bool {
			rl.ScopeLogs().At(0).LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
				if seen++; seen <= half {
					n, _ := lr.Attributes().Get("n")
					to.taken = append(to.taken, int(n.Int()))
					return true
				}
				return false
			})
			return rl.ScopeLogs().At(0).LogRecords().Len() == 0
		})
		return consumererror.NewLogs(errors.New("some are left"), rest)
	}
	newRig(t, config(a), nil, to).finish(t)
	require.Equal(t, upTo(64), to.sorted())
}

func TestRefusedForGood(t *testing.T) {
	a := numbered(t, 160, 16)
	refuse := func(call int, _ plog.Logs) error {
		if call == 4 {
			return consumererror.NewPermanent(errors.New("too strange"))
		}
		return nil
	}
	t.Run("stop", func(t *testing.T) {
		store, to := &memory{}, &sink{decide: refuse}
		r := newRig(t, config(a), store, to)
		r.finish(t)
		require.Equal(t, componentstatus.StatusPermanentError, r.host.last())
		require.Equal(t, upTo(48), to.sorted())
		to.decide = nil
		newRig(t, config(a), store, to).finish(t)
		require.Equal(t, upTo(160), to.sorted())
	})
	t.Run("skip", func(t *testing.T) {
		to := &sink{decide: refuse}
		r := newRig(t, config(a, func(c *Config) { c.OnRefused = OnRefusedSkip }), &memory{}, to)
		r.finish(t)
		require.Equal(t, componentstatus.StatusOK, r.host.last())
		require.Equal(t, append(upTo(48), upTo(160)[64:]...), to.sorted())
		require.EqualValues(t, 16, r.point.Refused)
		require.EqualValues(t, 144, r.point.Delivered)
	})
}

func TestHoles(t *testing.T) {
	for name, spoil := range map[string]func(*testing.T, archive.Bucket, string){
		"missing": func(t *testing.T, b archive.Bucket, key string) { require.NoError(t, b.Delete(t.Context(), key)) },
		"damaged": func(t *testing.T, b archive.Bucket, key string) {
			damage(t, b, key)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := numbered(t, 400, 10) // 4 objects of 100
			spoil(t, a.Bucket, a.Objects()[2])
			store, to := &memory{}, &sink{}
			r := newRig(t, config(a), store, to)
			r.finish(t)
			require.Equal(t, componentstatus.StatusPermanentError, r.host.last())
			got := to.sorted()
			require.Equal(t, upTo(len(got)), got)
			require.GreaterOrEqual(t, len(got), 190, "what lies before the hole, but for its last second")
			require.LessOrEqual(t, len(got), 200)
			require.Equal(t, []string{"a part of the archive cannot be read: it is tried again, 4 times in all; then on_error decides"}, r.lines(zapcore.WarnLevel))

			// With the other policy, the same replay goes on.
			r = newRig(t, config(a, func(c *Config) { c.OnError = OnErrorContinue }), store, to)
			r.finish(t)
			require.Equal(t, componentstatus.StatusOK, r.host.last())
			require.Equal(t, append(upTo(200), upTo(400)[300:]...), to.sorted())
			require.EqualValues(t, 1, r.point.Holes)
			require.Len(t, r.lines(zapcore.ErrorLevel), 1)
		})
	}
}

func TestDamagedRecords(t *testing.T) {
	bad := func(i int) *replay.RecordError {
		return &replay.RecordError{Time: int64(i), Err: errors.New("its columns contradict each other")}
	}
	r := newRig(t, config(numbered(t, 1, 1)), nil, &sink{})
	r.point = newCheckpoint(identity{}, 0, 1, time.Now())
	require.ErrorContains(t, r.damaged(t.Context(), bad(1)), "on_error: continue leaves such records out")
	require.False(t, r.tolerate(bad(1)))

	r.cfg.OnError = OnErrorContinue
	for i := range maxHoles {
		require.NoError(t, r.damaged(t.Context(), bad(i)))
		require.True(t, r.tolerate(bad(i)))
	}
	require.EqualValues(t, maxHoles, r.point.Damaged)
	require.ErrorContains(t, r.damaged(t.Context(), bad(-1)), "more than 10000 parts of the archive cannot be read")
	require.NoError(t, r.Shutdown(t.Context()))
}

// damage changes a byte in the middle of an object.
func damage(t *testing.T, b archive.Bucket, key string) {
	var size int64
	for info, err := range b.List(t.Context(), key, "") {
		require.NoError(t, err)
		size = info.Size
	}
	data := make([]byte, size)
	_, err := b.ReadRange(t.Context(), key, data, 0)
	require.NoError(t, err)
	data[200] ^= 1
	require.NoError(t, b.Delete(t.Context(), key))
	require.NoError(t, b.Create(t.Context(), key, data))
}

// TestBucketAway has a bucket that cannot be reached for a long time, which is no hole, whatever the policy.
func TestBucketAway(t *testing.T) {
	a, to := numbered(t, 400, 10), &sink{}
	r := newRig(t, config(a, func(c *Config) { c.OnError = OnErrorContinue }), &memory{}, to)
	var mu sync.Mutex
	calls := 0
	r.openBucket = func(context.Context) (archive.Bucket, error) {
		return faulty{a.Bucket, func(string) error {
			mu.Lock()
			defer mu.Unlock()
			if calls++; calls > 3 && calls < 100 {
				return errors.New("no route to host")
			}
			return nil
		}}, nil
	}
	r.finish(t)
	require.Equal(t, upTo(400), to.sorted())
	require.Zero(t, r.point.Holes)
	require.Equal(t, componentstatus.StatusOK, r.host.last())
}

func TestCheckpointCannotBeWritten(t *testing.T) {
	a, to := numbered(t, 100, 10), &sink{}
	store := &memory{setErr: func(set int) error {
		if set%4 != 0 {
			return errors.New("disk is full")
		}
		return nil
	}}
	newRig(t, config(a), store, to).finish(t)
	require.Equal(t, upTo(100), to.sorted())
}

func TestMetadata(t *testing.T) {
	a := numbered(t, 3, 1)
	var got []string
	next, err := consumer.NewLogs(func(ctx context.Context, _ plog.Logs) error {
		got = client.FromContext(ctx).Metadata.Get("x-scope-orgid")
		return nil
	})
	require.NoError(t, err)
	newRig(t, config(a, func(c *Config) { c.Metadata = map[string]configopaque.String{"X-Scope-OrgID": "acme"} }), nil, next).finish(t)
	require.Equal(t, []string{"acme"}, got)
}

func TestOnEnd(t *testing.T) {
	a := numbered(t, 10, 1)
	r := newRig(t, config(a, func(c *Config) { c.OnEnd = OnEndStop }), nil, consumertest.NewNop())
	require.NoError(t, r.Start(t.Context(), r.host))
	<-r.done // the process does not end while nobody else listens to the signal
	collector := make(chan os.Signal, 3)
	signal.Notify(collector, syscall.SIGTERM)
	defer signal.Stop(collector)
	<-collector
	require.NoError(t, r.Shutdown(t.Context()))
}
