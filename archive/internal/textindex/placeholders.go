// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"maps"
	"slices"
	"unicode"
	"unicode/utf8"
)

// step is the classes of runes that may come next in a placeholder.
type step struct {
	classes []int
	many    bool // one or more of them
}

func (a *automaton) placeholders() {
	at := func(place byte) byte { return place - placeDigits }
	in := func(ranges ...rune) (list []int) {
		for c, r := range a.reps {
			for i := 0; i < len(ranges); i += 2 {
				if r >= ranges[i] && r <= ranges[i+1] {
					list = append(list, c)
				}
			}
		}
		return list
	}
	a.places[at(placeDigits)] = []step{{in('0', '9'), true}}
	a.places[at(placeHex)] = []step{{in('0', '9', 'a', 'f'), true}}
	a.places[at(placeUpperHex)] = []step{{in('0', '9', 'A', 'F'), true}}
	a.places[at(placeConsonants)] = []step{{in('0', '9', 'b', 'd', 'f', 'h', 'j', 'n', 'p', 't', 'v', 'x', 'z', 'z'), true}}
	a.places[at(placeASCII)] = []step{{in('0', '9', 'a', 'z', 'A', 'Z'), true}}
	a.places[at(placeAny)] = []step{{in('0', '9', 'a', 'z', 'A', 'Z', utf8.RuneSelf, unicode.MaxRune), true}}
	hex, dash := step{in('0', '9', 'a', 'f', 'A', 'F'), false}, step{in('-', '-'), false}
	var uuid []step
	for i := range uuidBytes {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			uuid = append(uuid, dash)
		} else {
			uuid = append(uuid, hex)
		}
	}
	a.places[at(placeUUID)] = uuid
}

// maxWork bounds how many steps an expression takes over the words of placeholders, in one index. Behind it, anything can
// stand there.
const maxWork = 2 << 20

// use says what stands behind placeholders, and forgets what stood there.
func (a *automaton) use(words *wordsOfPlaces) {
	if a.words == words {
		return
	}
	a.words, a.work, a.trailed = words, 0, 0
	for i := range a.sets {
		clear(a.sets[i].place[places-listedPlaces:])
	}
}

// wordSet returns the states behind any of the words.
func (a *automaton) wordSet(states []int32, words [][]byte) []int32 {
	seen := map[int32]bool{}
	for _, from := range states {
		for _, word := range words {
			s := from
			for i := 0; i < len(word) && s != matched; {
				var class int
				if word[i] < utf8.RuneSelf {
					class = int(a.ascii[word[i]])
					i++
				} else {
					r, n := utf8.DecodeRune(word[i:])
					class = a.class(r)
					i += n
				}
				s = a.next(s, class)
			}
			seen[s] = true
			if a.failed {
				break
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// placeSet returns the set behind a placeholder: that of the states that any of its texts leads to.
func (a *automaton) placeSet(set int32, place int) int32 {
	states := a.sets[set].states
	steps := a.places[place]
	if listed := place - (places - listedPlaces); listed >= 0 && a.words != nil && a.words[listed] != nil {
		size := 0
		for _, w := range a.words[listed] {
			size += len(w)
		}
		if size *= len(states); a.work+size <= maxWork {
			a.work += size
			states, steps = a.wordSet(states, a.words[listed]), nil
		}
	}
	for _, step := range steps {
		var reached []int32
		seen := map[int32]bool{}
		for todo := states; len(todo) > 0 && !a.failed; {
			var fresh []int32
			for _, s := range todo {
				for _, class := range step.classes {
					if n := a.next(s, class); !seen[n] {
						seen[n] = true
						fresh = append(fresh, n)
					}
				}
			}
			reached = append(reached, fresh...)
			if !step.many {
				break
			}
			todo = fresh
		}
		states = reached
	}
	n := a.set(slices.Clone(states))
	a.sets[set].place[place] = n + 1
	return n
}
