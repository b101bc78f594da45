// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.uber.org/zap/zapcore"

	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

// loader loads checkpoints as a receiver does that starts at a given time.
func loader(t *testing.T, cfg *Config, store *memory) func(time.Time) (*checkpoint, *rig) {
	return func(now time.Time) (*checkpoint, *rig) {
		r := newRig(t, cfg, store, consumertest.NewNop())
		id, err := r.cfg.identity("bucket")
		require.NoError(t, err)
		r.client = store
		c, err := r.load(t.Context(), id, now)
		require.NoError(t, err)
		return c, r
	}
}

// TestNightly starts replays of relative times day after day.
func TestNightly(t *testing.T) {
	const (
		renewed = "the stored replay is complete, and start and end mean another range by now: a new replay begins"
		goesOn  = "the stored replay is not complete: it goes on with its stored range; start and end mean another by now"
	)
	a := numbered(t, 1, 1)
	night := time.Date(2026, 3, 5, 0, 30, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, words := range [][2]string{{"yesterday", "today"}, {"20m", "now"}, {"48h", "1d"}, {"yesterday", "10m"}} {
		t.Run(words[0]+" "+words[1], func(t *testing.T) {
			store := &memory{}
			cfg := config(a, func(c *Config) { c.Start, c.End = words[0], words[1] })
			load := loader(t, cfg, store)
			first, _ := load(night)
			require.NotEmpty(t, store.values, "the range is kept although nothing was delivered")
			again, r := load(night.Add(day))
			require.Equal(t, first, again, "a replay that is not complete keeps its range")
			require.Equal(t, []string{goesOn}, r.lines(zapcore.InfoLevel))

			again.Position, again.Done, again.Delivered = position{Time: again.To}, true, 7
			require.NoError(t, r.save(t.Context(), again))
			same, r := load(night)
			require.Equal(t, again, same, "the same range is replayed once")
			require.Empty(t, r.lines(zapcore.InfoLevel))

			next, r := load(night.Add(day))
			require.Equal(t, []string{renewed}, r.lines(zapcore.InfoLevel))
			from, to, err := cfg.timeRange(night.Add(day))
			require.NoError(t, err)
			require.Equal(t, []int64{from, to, from, 0}, []int64{next.From, next.To, next.Position.Time, next.Delivered})
			require.False(t, next.Done)
			fields := r.logs.All()[0].ContextMap()
			require.Equal(t, time.Unix(0, from).UTC(), fields["start"])
			require.Equal(t, time.Unix(0, to).UTC(), fields["end"])
			require.Equal(t, time.Unix(0, first.From).UTC(), fields["stored_start"])
			require.Equal(t, time.Unix(0, first.To).UTC(), fields["stored_end"])

			kept, _ := load(night.Add(3 * day))
			require.Equal(t, next, kept, "the new one is stored before it delivers")
		})
	}
	for _, fixed := range [][2]string{{"2026-03-04", "2026-03-05"}, {"2026-03-04", "now"}, {"100d", "2026-03-05"}} {
		t.Run(fixed[0]+" "+fixed[1], func(t *testing.T) {
			store := &memory{}
			load := loader(t, config(a, func(c *Config) { c.Start, c.End = fixed[0], fixed[1] }), store)
			c, r := load(night)
			c.Position, c.Done = position{Time: c.To}, true
			require.NoError(t, r.save(t.Context(), c))
			again, _ := load(night.Add(day))
			require.Equal(t, c, again)
		})
	}
}

// TestRelativeRangeIsReplayedAnew starts a replay again that is complete, and one that is not.
func TestRelativeRangeIsReplayedAnew(t *testing.T) {
	a, store, to := numbered(t, 48, 1), &memory{}, &sink{}
	ages := func(c *Config) { c.Start, c.End = "876000h", "now" }
	for n := 1; n <= 2; n++ {
		newRig(t, config(a, ages), store, to).finish(t)
		require.Len(t, to.sorted(), 48*n)
	}
	store, to = &memory{}, &sink{decide: func(call int, _ plog.Logs) error {
		if call == 2 {
			return consumererror.NewPermanent(errors.New("too strange"))
		}
		return nil
	}}
	first := newRig(t, config(a, ages), store, to)
	first.finish(t)
	second := newRig(t, config(a, ages), store, to)
	second.finish(t)
	require.Equal(t, upTo(48), to.sorted())
	require.Equal(t, first.point.From, second.point.From)
	require.Equal(t, first.point.To, second.point.To)
	require.Equal(t, first.point.Began, second.point.Began)
}

// TestRangeThatIsEmptyByNow has a start relative to now that has come behind the end since the replay began.
func TestRangeThatIsEmptyByNow(t *testing.T) {
	a, store := numbered(t, 10, 1), &memory{}
	mixed := func(c *Config) { c.Start, c.End = "2400h", "2026-03-05" }
	r := newRig(t, config(a, mixed), store, consumertest.NewNop())
	id, err := r.cfg.identity(a.Bucket.Name())
	require.NoError(t, err)
	r.client = store
	began := time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)
	r.point, err = r.load(t.Context(), id, began)
	require.NoError(t, err)
	require.NoError(t, r.save(t.Context(), r.point))
	again, err := r.load(t.Context(), id, began.Add(10_000*time.Hour))
	require.NoError(t, err)
	require.Equal(t, r.point, again)
	store.values = nil
	_, err = r.load(t.Context(), id, began.Add(10_000*time.Hour))
	require.ErrorContains(t, err, "start must be before end")
	r.client = nil
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestChangedReplay(t *testing.T) {
	a, other := numbered(t, 40, 1), numbered(t, 3, 1)
	for name, change := range map[string]func(*Config){
		"selector":      func(c *Config) { c.Selector = `{service_name="cart"}` },
		"start":         func(c *Config) { c.Start = "2026-03-03" },
		"end":           func(c *Config) { c.End = "2026-03-06" },
		"tenants":       func(c *Config) { c.Tenants = []string{"x"} },
		"stream_labels": func(c *Config) { c.StreamLabels = nil },
		"bucket":        func(c *Config) { c.Bucket = other.Config },
	} {
		t.Run(name, func(t *testing.T) {
			store := &memory{}
			newRig(t, config(a), store, consumertest.NewNop()).finish(t)
			r := newRig(t, config(a, change), store, consumertest.NewNop())
			err := r.Start(t.Context(), r.host)
			require.ErrorContains(t, err, "is of another replay (changed: "+name+")")
			require.NoError(t, r.Shutdown(t.Context()))

			r = newRig(t, config(a, change, func(c *Config) { c.OnChange = OnChangeRestart }), store, consumertest.NewNop())
			r.finish(t)
			require.Contains(t, r.lines(zapcore.WarnLevel), "the checkpoint is of another replay: this one begins anew; changed: "+name)
			require.True(t, r.point.Done)

			r = newRig(t, config(a, change), store, consumertest.NewNop())
			r.finish(t) // is the replay of the checkpoint now
		})
	}
	t.Run("the same in other words", func(t *testing.T) {
		store := &memory{}
		newRig(t, config(a, func(c *Config) { c.Tenants = []string{"a", "b"} }), store, consumertest.NewNop()).finish(t)
		newRig(t, config(a, func(c *Config) {
			c.Tenants = []string{"b", "a", "b"}
			c.Start, c.Selector = "2026-03-04T01:00:00+01:00", " { } "
			c.Pace.Speed, c.Batch.MaxRecords = 1e9, 3
		}), store, consumertest.NewNop()).finish(t)
	})
}

func TestStorageTrouble(t *testing.T) {
	a := numbered(t, 10, 1)
	start := func(cfg *Config, store *memory) error {
		r := newRig(t, cfg, store, consumertest.NewNop())
		err := r.Start(t.Context(), r.host)
		require.NoError(t, r.Shutdown(t.Context()))
		return err
	}
	require.ErrorContains(t, start(config(a), &memory{getErr: errors.New("disk is gone")}), "disk is gone")
	spoilt := &memory{values: map[string][]byte{storageKey: []byte(`{"format":1`)}}
	require.ErrorContains(t, start(config(a), spoilt), "no JSON of a checkpoint")
	newer := &memory{values: map[string][]byte{storageKey: []byte(`{"format":2}`)}}
	require.ErrorContains(t, start(config(a), newer), "its format is 2, this version knows 1")
	require.NoError(t, start(config(a, func(c *Config) { c.OnChange = OnChangeRestart }), spoilt))

	r := newRig(t, config(a), nil, consumertest.NewNop())
	missing := component.MustNewID("nowhere")
	r.cfg.Storage = &missing
	require.ErrorContains(t, r.Start(t.Context(), r.host), "storage must be an extension that the service starts")
	require.NoError(t, r.Shutdown(t.Context()))

	r = newRig(t, config(a), nil, consumertest.NewNop())
	r.cfg.Storage = &missing
	r.host.extensions = map[component.ID]component.Component{missing: nil}
	require.ErrorContains(t, r.Start(t.Context(), r.host), "storage must be a storage extension")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestMissingDirectory(t *testing.T) {
	cfg := config(numbered(t, 1, 1))
	cfg.Bucket.URL = "file://" + t.TempDir() + "/typo"
	r := newRig(t, cfg, nil, consumertest.NewNop())
	require.ErrorContains(t, r.Start(t.Context(), r.host), "typo")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestCheckpointKeepsAll(t *testing.T) {
	c := newCheckpoint(identity{Bucket: "b", Selector: "s"}, math.MinInt64, math.MaxInt64, time.Now())
	c.Position = position(replay.Position{Time: math.MaxInt64, Key: math.MaxUint64, Count: math.MaxInt})
	c.Seed = math.MaxUint64
	data, err := json.Marshal(c)
	require.NoError(t, err)
	back, err := parseCheckpoint(data)
	require.NoError(t, err)
	require.Equal(t, c, back)
}

// FuzzCheckpoint reads what a storage may hold: an error, or something that the replay can use.
func FuzzCheckpoint(f *testing.F) {
	good, err := json.Marshal(newCheckpoint(identity{Bucket: "b", Selector: "s", Tenants: []string{"t"}}, 1, 9, time.Unix(5, 0)))
	require.NoError(f, err)
	f.Add(good)
	f.Add([]byte(`{"format":1,"from":5,"to":1}`))
	f.Add([]byte(`{"format":1,"position":{"count":-1}}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCheckpoint(data)
		if err != nil {
			return
		}
		if c.From > c.To || c.Position.Time < c.From || c.Position.Time > c.To || c.Position.Count < 0 || c.Format != checkpointFormat {
			t.Fatalf("%+v", c)
		}
	})
}
