// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

// Builder makes the index of one object after the other, and keeps its memory. For each: Start; for each row group
// StartGroup, Body for every row in the order of the file, Value for everything else, EndGroup; at last Finish. It is for
// one goroutine.
type Builder struct{}

// Start begins an object, whatever became of the one before.
func (b *Builder) Start() {}

// StartGroup begins a row group.
func (b *Builder) StartGroup() {}

// Body adds the body of the next row.
func (b *Builder) Body(body []byte) {}

// Value adds another text of the row group: a value of an attribute, an id. Once is enough for each distinct one.
func (b *Builder) Value(v []byte) {}

// EndGroup ends the row group.
func (b *Builder) EndGroup() {}

// Finish appends the index, the directory last, and returns how long that is.
func (b *Builder) Finish(dst []byte) (_ []byte, directory int64, err error) { return dst, 0, nil }
