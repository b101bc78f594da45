// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/extension/xextension/storage"
	"go.uber.org/zap"

	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/replay"
)

const (
	// storageKey is where the storage holds the checkpoint.
	storageKey = "checkpoint"
	// checkpointFormat is the version of its form.
	checkpointFormat = 1
	// maxCheckpointBytes is more than any checkpoint takes, whose longest part is the configuration's.
	maxCheckpointBytes = 1 << 20
)

// identity tells replays apart.
type identity struct {
	Bucket       string   `json:"bucket"`
	Start        string   `json:"start"`
	End          string   `json:"end"`
	Selector     string   `json:"selector"`
	Tenants      []string `json:"tenants,omitempty"`
	StreamLabels []string `json:"stream_labels,omitempty"`
}

// differences names the settings in which two identities differ.
func (i *identity) differences(other *identity) []string {
	var keys []string
	a, b := reflect.ValueOf(i).Elem(), reflect.ValueOf(other).Elem()
	for f := range a.NumField() {
		x, y := a.Field(f), b.Field(f)
		if x.Kind() == reflect.Slice && x.Len() == 0 && y.Len() == 0 {
			continue
		}
		if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			name, _, _ := strings.Cut(a.Type().Field(f).Tag.Get("json"), ",")
			keys = append(keys, name)
		}
	}
	return keys
}

// checkpoint is how far a replay is. What lies before its position was delivered, or counted as left out.
type checkpoint struct {
	Format   int      `json:"format"`
	Identity identity `json:"replay"`
	// From and To are the range in nanoseconds since the Unix epoch, as it was when the replay began.
	From int64 `json:"from"`
	To   int64 `json:"to"`
	// Seed orders records of equal time.
	Seed     uint64   `json:"seed"`
	Position position `json:"position"`
	Done     bool     `json:"done"`
	// Began is when the replay began, the rest are totals since then.
	Began     time.Time `json:"began"`
	Delivered int64     `json:"delivered"`
	Bytes     int64     `json:"bytes"`
	Refused   int64     `json:"refused"`
	Damaged   int64     `json:"damaged"`
	Holes     int64     `json:"holes"`
}

type position struct {
	Time  int64  `json:"time"`
	Key   uint64 `json:"key,omitempty"`
	Count int    `json:"count,omitempty"`
}

func newCheckpoint(id identity, from, to int64, now time.Time) *checkpoint {
	return &checkpoint{
		Format: checkpointFormat, Identity: id, From: from, To: to, Seed: rand.Uint64(),
		Position: position{Time: from}, Began: now.UTC(),
	}
}

func (c *checkpoint) position() replay.Position { return replay.Position(c.Position) }

func parseCheckpoint(data []byte) (*checkpoint, error) {
	if len(data) > maxCheckpointBytes {
		return nil, fmt.Errorf("it has %d bytes", len(data))
	}
	var c checkpoint
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&c); err != nil {
		return nil, errors.New("it is no JSON of a checkpoint")
	}
	switch {
	case c.Format != checkpointFormat:
		return nil, fmt.Errorf("its format is %d, this version knows %d", c.Format, checkpointFormat)
	case c.From > c.To, c.Position.Time < c.From, c.Position.Time > c.To, c.Position.Count < 0:
		return nil, errors.New("its position lies outside of its range")
	case min(c.Delivered, c.Bytes, c.Refused, c.Damaged, c.Holes) < 0:
		return nil, errors.New("its totals are negative")
	}
	return &c, nil
}

// openStorage returns a client of the storage extension that the configuration names.
func openStorage(ctx context.Context, host component.Host, extension, receiver component.ID) (storage.Client, error) {
	ext, ok := host.GetExtensions()[extension]
	if !ok {
		return nil, fmt.Errorf("storage must be an extension that the service starts, got %q", extension)
	}
	provider, ok := ext.(storage.Extension)
	if !ok {
		return nil, fmt.Errorf("storage must be a storage extension such as file_storage, got %q", extension)
	}
	client, err := provider.GetClient(ctx, component.KindReceiver, receiver, "")
	if err != nil {
		return nil, fmt.Errorf("open storage %q: %w", extension, err)
	}
	return client, nil
}

// load reads the checkpoint, or makes a new one. A replay that is complete, and whose times are both relative, is followed by
// one of the range that they mean by now.
func (r *replayReceiver) load(ctx context.Context, id identity, now time.Time) (*checkpoint, error) {
	begin := func() (*checkpoint, error) {
		from, to, err := r.cfg.timeRange(now)
		if err == nil && from >= to {
			err = fmt.Errorf("start must be before end, got %q and %q", r.cfg.Start, r.cfg.End)
		}
		if err != nil {
			return nil, err
		}
		c := newCheckpoint(id, from, to, now)
		if r.client == nil || !r.cfg.relativeRange() {
			return c, nil
		}
		// Its range is kept from now on: at a later start the same text may mean another.
		return c, r.save(ctx, c)
	}
	if r.client == nil {
		return begin()
	}
	data, err := r.client.Get(ctx, storageKey)
	if err != nil {
		return nil, fmt.Errorf("read %s from storage %q: %w", storageKey, r.cfg.Storage, err)
	}
	if len(data) == 0 {
		return begin()
	}
	old, err := parseCheckpoint(data)
	if err != nil {
		if r.cfg.OnChange == OnChangeRestart {
			r.logger.Warn("the checkpoint cannot be read: the replay begins anew: " + err.Error())
			return begin()
		}
		return nil, fmt.Errorf("parse %s of storage %q: %w: set on_change: restart to begin anew", storageKey, r.cfg.Storage, err)
	}
	keys := old.Identity.differences(&id)
	if len(keys) == 0 {
		from, to, err := r.cfg.timeRange(now)
		if err != nil {
			return nil, err
		}
		if !r.cfg.relativeRange() || from >= to || (from == old.From && to == old.To) {
			return old, nil
		}
		ranges := []zap.Field{
			zap.Time("start", time.Unix(0, from).UTC()), zap.Time("end", time.Unix(0, to).UTC()),
			zap.Time("stored_start", time.Unix(0, old.From).UTC()), zap.Time("stored_end", time.Unix(0, old.To).UTC()),
		}
		if !old.Done {
			r.logger.Info("the stored replay is not complete: it goes on with its stored range; start and end mean another by now", ranges...)
			return old, nil
		}
		r.logger.Info("the stored replay is complete, and start and end mean another range by now: a new replay begins", ranges...)
		return begin()
	}
	changed := strings.Join(keys, ", ")
	if r.cfg.OnChange == OnChangeRestart {
		r.logger.Warn("the checkpoint is of another replay: this one begins anew; changed: " + changed)
		return begin()
	}
	return nil, fmt.Errorf("the checkpoint in storage %q is of another replay (changed: %s): give the receiver another name "+
		"(object_storage/name), or set on_change: restart to begin anew", r.cfg.Storage, changed)
}

func (r *replayReceiver) save(ctx context.Context, c *checkpoint) error {
	if r.client == nil {
		return nil
	}
	data, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if err := r.client.Set(ctx, storageKey, data); err != nil {
		return fmt.Errorf("write %s to storage %q: %w", storageKey, r.cfg.Storage, err)
	}
	return nil
}
