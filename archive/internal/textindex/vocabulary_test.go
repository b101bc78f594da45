// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestWords looks words up, and parts of them, in vocabularies of one to many blocks.
func TestWords(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 1000, 40_000} {
		r := rand.New(rand.NewPCG(uint64(n), 1))
		set := map[string]bool{}
		var w words
		w.start()
		groups := 20
		for range groups {
			w.startGroup()
			for range (n + groups - 1) / groups {
				word := fmt.Sprintf("%c%d", 'a'+r.IntN(26), r.IntN(10*n))
				require.Positive(t, w.add([]byte(word), true))
				set[word] = true
			}
		}
		var e encoder
		require.NoError(t, e.init())
		data, d := w.finish(nil, nil, &e)
		ix := &Index{groups: make([]indexGroup, groups)}
		dec := decoder{rest: d}
		var at int64
		for range dec.number(1000) {
			b := indexBlock{first: dec.bytes(dec.number(maxWord)), lengths: dec.u64()}
			dec.block(&b.blockEntry)
			b.at = at
			at += int64(b.blockEntry.bytes)
			ix.words = append(ix.words, b)
		}
		require.NoError(t, dec.err)
		var all []string
		for i := range ix.words {
			extent := ix.words[i].extent(blockWords)
			decoded, err := extent.Decode(data[extent.Offset : extent.Offset+extent.Bytes])
			require.NoError(t, err)
			l, err := wordsOf(decoded)
			require.NoError(t, err)
			texts := strings.Split(strings.Trim(string(l.text), "\n"), "\n")
			require.Len(t, texts, l.n)
			for j, text := range texts {
				assert.Equal(t, j, l.lookUp([]byte(text)))
				assert.Equal(t, i, ix.blockOf([]byte(text)))
				if _, found := slices.BinarySearch(texts, text+"0"); !found {
					assert.Equal(t, -1, l.lookUp([]byte(text+"0")))
				}
			}
			assert.Equal(t, -1, l.lookUp(nil))
			for _, pattern := range []string{"\na", "7\n", "12", "\nb1\n", "\n", "zz"} {
				var want, got []int
				for j, text := range texts {
					if strings.Contains("\n"+text+"\n", pattern) {
						want = append(want, j)
					}
				}
				l.find(l.text, []byte(pattern), func(word int) {
					if word < l.n && !slices.Contains(got, word) {
						got = append(got, word)
					}
				})
				assert.Equal(t, want, got, "%q", pattern)
			}
			all = append(all, texts...)
		}
		assert.True(t, slices.IsSorted(all))
		assert.Len(t, all, len(set))
	}
}
