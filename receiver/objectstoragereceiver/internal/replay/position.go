// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/logboom/logboom/archive"
)

// Position is a place between two records. Behind it lie the records of later times, and those of its Time whose key is
// greater than Key, or is Key and is not among the first Count of these.
type Position struct {
	Time  int64  // nanoseconds since the Unix epoch
	Key   uint64 // see keyer
	Count int    // records of this time and key that lie before; they are alike
}

// behind is the position behind all records of a time.
func behind(t int64) Position {
	if t == math.MaxInt64 {
		return Position{Time: t, Key: math.MaxUint64, Count: math.MaxInt}
	}
	return Position{Time: t + 1}
}

// inside reports whether some records of the position's own time lie before it.
func (p Position) inside() bool { return p.Key != 0 || p.Count != 0 }

// keyer makes keys: hashes of what tells records of one time apart. The seed is random, so that nobody can make records of
// equal keys; of those, if they differ, a restart between them could take one twice and the other not at all.
type keyer struct {
	hash xxhash.Digest
	seed uint64
	buf  []byte
}

func (k *keyer) key(tenant string, r *archive.Record) uint64 {
	k.buf = r.AppendIdentity(append(append(k.buf[:0], tenant...), 0))
	k.hash.ResetWithSeed(k.seed)
	_, _ = k.hash.Write(k.buf)
	return k.hash.Sum64()
}
