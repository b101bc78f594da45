// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// snapshotVersion changes with the format.
const snapshotVersion = 1

// Errors of Restore.
var (
	ErrVersion = errors.New("baselines of another version")
	ErrCorrupt = errors.New("baselines are corrupt")
)

// AppendSnapshot appends what was learned about the keys:
//
//	version byte, uvarint keys, then for each: uvarint length and bytes of its name | float32 bytes a second | float32 records a
//	second | float32 seconds learned from                                                     (little endian)
func (e *Engine) AppendSnapshot(dst []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	n := 0
	for _, k := range e.list {
		if k.baseline.seconds > 0 {
			n++
		}
	}
	dst = binary.AppendUvarint(append(dst, snapshotVersion), uint64(n+len(e.restored))) //nolint:gosec // not negative
	put := func(name string, b baseline) {
		dst = append(binary.AppendUvarint(dst, uint64(len(name))), name...)
		for _, v := range [...]float32{b.bytes, b.records, b.seconds} {
			dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
		}
	}
	for _, k := range e.list {
		if k.baseline.seconds > 0 {
			put(k.name, k.baseline)
		}
	}
	for name, b := range e.restored { // not seen since
		put(name, b)
	}
	return dst
}

// Restore takes what AppendSnapshot wrote, before the first Offer. After an error nothing was taken.
func (e *Engine) Restore(data []byte) error {
	if len(data) == 0 || data[0] != snapshotVersion {
		return fmt.Errorf("%w", ErrVersion)
	}
	keys, n := binary.Uvarint(data[1:])
	if n <= 0 {
		return ErrCorrupt
	}
	data = data[1+n:]
	restored := map[string]baseline{}
	for range keys {
		length, n := binary.Uvarint(data)
		if n <= 0 || length > MaxNameBytes || uint64(len(data)-n) < length+12 {
			return ErrCorrupt
		}
		name := string(data[n : n+int(length)])
		data = data[n+int(length):]
		var v [3]float32
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
			if !(v[i] >= 0 && v[i] < math.MaxFloat32) {
				return ErrCorrupt
			}
		}
		data = data[12:]
		if len(restored) < e.cfg.MaxKeys {
			restored[name] = baseline{v[0], v[1], v[2]}
		}
	}
	if len(data) != 0 {
		return ErrCorrupt
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.restored = restored
	return nil
}
