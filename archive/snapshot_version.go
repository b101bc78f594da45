// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sort"
)

// TimeRange is Start <= t < End, in nanoseconds since the Unix epoch. An End of math.MaxInt64 is no end.
type TimeRange struct{ Start, End int64 }

// Version tells what a query over a time range answers from.
type Version struct {
	// Live is the same for two snapshots of an archive, if the same objects that may hold records of the range are live. Objects
	// are never changed: then committed records are the same, too.
	Live [16]byte
	// Whole says that nothing else has a part in the answer: no records of the range that are not committed yet, and no part of
	// the commit log that could not be read. Only then an answer may be used again for the same Live.
	Whole bool
}

// Versions returns the version of each range, whose tenants are those of the snapshot. It looks at the metadata of objects
// alone, which may have to be fetched.
func (s *Snapshot) Versions(ctx context.Context, ranges []TimeRange) ([]Version, error) {
	versions := make([]Version, len(ranges))
	if len(ranges) == 0 {
		return versions, nil
	}
	all := ranges[0]
	for _, r := range ranges {
		all = TimeRange{min(all.Start, r.Start), max(all.End, r.End)}
	}
	objects, errs := s.Objects(ctx, all.Start, all.End)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	sums := make([][2]uint64, len(objects))
	last := make([]int64, len(objects)) // the newest time of the object and all before it
	for i, o := range objects {
		sums[i] = identity(o)
		last[i] = o.MaxTime
		if i > 0 {
			last[i] = max(last[i], last[i-1])
		}
	}
	for i, r := range ranges {
		var sum [2]uint64
		from := sort.Search(len(objects), func(i int) bool { return last[i] >= r.Start })
		for j := from; j < len(objects) && (objects[j].MinTime < r.End || r.End == math.MaxInt64); j++ {
			if objects[j].MaxTime < r.Start {
				continue
			}
			var carry uint64
			sum[0], carry = bits.Add64(sum[0], sums[j][0], 0)
			sum[1], _ = bits.Add64(sum[1], sums[j][1], carry)
		}
		v := &versions[i]
		binary.LittleEndian.PutUint64(v.Live[:8], sum[0])
		binary.LittleEndian.PutUint64(v.Live[8:], sum[1])
		v.Whole = len(errs) == 0 && !slices.ContainsFunc(s.fresh, func(u *freshUnit) bool {
			return u.maxTime >= r.Start && (u.minTime < r.End || r.End == math.MaxInt64)
		})
	}
	return versions, nil
}

// identity is a number of 128 bits that no other object has. Their sum tells sets of objects apart, in whatever order.
func identity(o *ObjectMeta) [2]uint64 {
	h := sha256.New()
	h.Write([]byte(o.Key))
	h.Write([]byte(o.SHA256))
	sum := h.Sum(nil)
	return [2]uint64{binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])}
}
