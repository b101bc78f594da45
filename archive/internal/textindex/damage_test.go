// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample is a small index with everything in it.
func sample(t testing.TB) (groups []textGroup, data []byte, directory int64) {
	r := texts{rand.New(rand.NewPCG(8, 8))}
	for range 3 {
		var g textGroup
		for i := range 400 {
			g.bodies = append(g.bodies, fmt.Sprintf("user=u%d took %dms id=%016x %s", i%7, i, r.Uint64(), pieces[r.IntN(len(pieces))]))
		}
		for i := range 300 { // more than 255 shapes
			g.bodies = append(g.bodies, "shape "+string(rune('a'+i%26))+string(rune('a'+i/26))+" of "+string(rune('k'+i%5)))
		}
		g.values = append(g.values, "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "checkout-94skjm66-dl4cf")
		groups = append(groups, g)
	}
	data, directory = buildIndex(t, new(Builder), groups)
	return groups, data, directory
}

// questions are queries that read every part of an index.
func questions(t testing.TB) (list []*Query) {
	for _, l := range []Line{{Text: "took 7ms"}, {Text: "TOOK", Fold: true}, {Kind: Regexp, Text: `user=u\d+ .*card`}, {Text: " 4bf92f3577b34da6a3ce929d0e0e4736 "}, {Text: "shape", Not: true}} {
		q, err := Compile([]Line{l}, []Value{{Text: "00f067aa0ba902b7", Whole: true}})
		require.NoError(t, err)
		list = append(list, q)
	}
	return list
}

// ask asks all questions, and returns the first error. Answers must have the right form.
func ask(t testing.TB, ix *Index, list []*Query) error {
	for _, q := range list {
		m := ix.Match(q)
		verdicts, err := m.Groups(context.Background(), nil)
		require.Len(t, verdicts, ix.Groups())
		if err != nil {
			for _, v := range verdicts {
				require.Equal(t, Maybe, v, "with an error nothing is excluded")
			}
			return err
		}
		for g := range verdicts {
			rows, err := m.Rows(context.Background(), g)
			if err != nil {
				return err
			}
			if rows.Known {
				require.Len(t, rows.All, (ix.groups[g].rows+63)/64)
			}
		}
	}
	return ix.Verify(context.Background())
}

// TestDamage flips every byte of an index in turn.
func TestDamage(t *testing.T) {
	groups, data, directory := sample(t)
	list := questions(t)
	rows := rowsOf(groups)
	require.NoError(t, ask(t, openIndex(t, data, directory, groups), list))
	blocks := int64(len(data)) - directory
	damaged := slices.Clone(data)
	for i := range blocks {
		if testing.Short() && i%7 != 0 {
			continue
		}
		damaged[i] ^= byte(1 + i%255)
		ix, err := Open(damaged[blocks:], int64(len(data)), rows, fetchFrom(damaged))
		require.NoError(t, err)
		require.ErrorIs(t, ix.Verify(context.Background()), ErrDamaged, "byte %d", i)
		damaged[i] = data[i]
	}
	// The directory has a checksum in the commit log. Without it, damage must do no harm.
	for i := blocks; i < int64(len(data)); i++ {
		for _, x := range []byte{1, 0x80, 0xFF} {
			damaged[i] ^= x
			if ix, err := Open(damaged[blocks:], int64(len(data)), rows, fetchFrom(damaged)); err == nil {
				_ = ask(t, ix, list)
			}
			damaged[i] = data[i]
		}
	}
	for n := range directory {
		_, err := Open(data[blocks:blocks+n], blocks+n, rows, fetchFrom(data))
		require.Error(t, err)
	}
	_, err := Open(data[blocks:], int64(len(data))+1, rows, fetchFrom(data))
	require.ErrorIs(t, err, ErrDamaged)
	_, err = Open(data[blocks:], int64(len(data)), rows[1:], fetchFrom(data))
	require.ErrorIs(t, err, ErrDamaged)
}

func TestFetchFails(t *testing.T) {
	groups, data, directory := sample(t)
	refused := errors.New("refused")
	for n := range 20 {
		calls := 0
		ix, err := Open(data[int64(len(data))-directory:], int64(len(data)), rowsOf(groups), func(ctx context.Context, e []Extent) ([][]byte, error) {
			if calls++; calls > n {
				return nil, refused
			}
			return fetchFrom(data)(ctx, e)
		})
		require.NoError(t, err)
		require.ErrorIs(t, ask(t, ix, questions(t)), refused)
	}
}

// FuzzOpen reads what may be a directory, with checksums that are always right.
func FuzzOpen(f *testing.F) {
	groups, data, directory := sample(f)
	rows := rowsOf(groups)
	list := questions(f)
	f.Add(data[int64(len(data))-directory:], uint32(len(data)))
	f.Fuzz(func(t *testing.T, dir []byte, size uint32) {
		ix, err := Open(dir, int64(size), rows, fetchFrom(data))
		if err != nil {
			return
		}
		_ = ask(t, ix, list)
	})
}

// FuzzBlocks decodes what may be blocks.
func FuzzBlocks(f *testing.F) {
	groups, data, directory := sample(f)
	ix := openIndex(f, data, directory, groups)
	for _, e := range []Extent{ix.words[0].extent(blockWords), ix.shapes[0].extent(blockShapes), ix.placed.extent(blockPlaced)} {
		raw, err := decompress(data[e.Offset:e.Offset+e.Bytes], e.raw)
		require.NoError(f, err)
		f.Add(raw)
	}
	e := ix.rowsExtent(0)
	f.Add(data[e.Offset : e.Offset+e.Bytes])
	q := questions(f)[2]
	f.Fuzz(func(_ *testing.T, raw []byte) {
		for _, f := range []func([]byte) ([]byte, error){decodeWords, func(b []byte) ([]byte, error) { return b, nil }} {
			b, err := f(raw)
			if err != nil {
				continue
			}
			if l, err := wordsOf(b); err == nil && l.n < 1<<20 {
				hits := make([]bool, l.n)
				l.find(l.text, []byte("a"), func(word int) {
					if word < l.n {
						hits[word] = true
					}
				})
				_ = l.groups(hits, newGroupSet(70), 70)
			}
		}
		words, err := parsePlaced(raw)
		if err != nil {
			words = nil
		}
		for _, n := range []int{1, 300} {
			v := newShapeVerdicts(&Index{count: n}, q)
			for i := range v.want {
				v.want[i] = true
			}
			e := q.evaluator()
			defer q.release(e)
			if words != nil {
				e.use(words)
			}
			_ = v.block(e, raw, n, 0)
			_, _ = decodeRows(raw, 500, n, 1000)
		}
	})
}
