// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/logboom/logboom/archive"
)

// auditPrefix is where what was deleted is written down: _audit/<checkpoint>.jsonl, one object for each checkpoint that
// takes records out of the live set, one line for each object that they were in.
const auditPrefix = "_audit/"

// deletion is a line of the audit: records that are not live any more.
type deletion struct {
	Action string `json:"action"` // retention, size, erase, missing
	Key    string `json:"key"`    // of the object that they were in
	Tenant string `json:"tenant,omitempty"`
	// Rows and Bytes are what went; where only a part of the object did, Bytes are what the archive shrank by.
	Rows  int64 `json:"rows"`
	Bytes int64 `json:"bytes"`
	// Whole says that the whole object went.
	Whole   bool  `json:"whole"`
	MinTime int64 `json:"min_time"` // of the object
	MaxTime int64 `json:"max_time"`
	// Why is the rule, or the fields of the predicate, without their values.
	Why string `json:"why"`
}

func (d *deletion) attrs(checkpoint uint64) []any {
	return []any{
		"action", d.Action, "object", d.Key, "tenant", d.Tenant, "rows", d.Rows, "bytes", d.Bytes, "whole", d.Whole,
		"why", d.Why, "checkpoint", checkpoint,
	}
}

// notesOf returns the lines of the draft's audit. They are part of the checkpoint, so that whoever leads next can write them
// down when this process dies between the two.
func notesOf(d *draft) ([]string, error) {
	var notes []string
	for i := range d.deleted {
		b, err := json.Marshal(struct {
			Time       int64  `json:"time"`
			Checkpoint uint64 `json:"checkpoint"`
			*deletion
		}{d.edit.Time.UnixNano(), d.number(), &d.deleted[i]})
		if err != nil {
			return nil, fmt.Errorf("encode audit: %w", err)
		}
		notes = append(notes, string(b))
	}
	return notes, nil
}

// settleAudit writes down what a checkpoint says of deletions, unless that was done.
func (c *Compactor) settleAudit(ctx context.Context, made *archive.Checkpoint) error {
	if made == nil || len(made.Note) == 0 {
		return nil
	}
	key := fmt.Sprintf("%s%020d.jsonl", auditPrefix, made.Number)
	err := c.bucket.Create(ctx, key, []byte(strings.Join(made.Note, "\n")+"\n"))
	if err != nil && !errors.Is(err, archive.ErrExists) {
		return fmt.Errorf("write audit %q: %w", key, err)
	}
	return nil
}
