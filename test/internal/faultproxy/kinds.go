// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// Kind is a kind of fault.
type Kind int

// The kinds. A write is a PUT or a POST; what is carried out is carried out by the server, whole.
const (
	// Error500 answers 500 InternalError; the server is not asked.
	Error500 Kind = iota
	// SlowDown answers 503 SlowDown; the server is not asked.
	SlowDown
	// Conflict answers 409 ConditionalRequestConflict to a conditional write; the server is not asked.
	Conflict
	// LostAnswer cuts the connection in place of the answer to a write that was carried out.
	LostAnswer
	// Silence never answers a write that was carried out; the connection is cut after [Options.SilenceFor].
	Silence
	// CutBody cuts both connections when half of a write's body has gone to the server.
	CutBody
	// CutAnswer cuts the connection in the middle of the answer to a read.
	CutAnswer
	// Slow carries a request out after a pause of up to [Options.SlowFor].
	Slow
	// Twice delivers a write twice at the same time; the client gets the answer to either.
	Twice
	// Late keeps a write and carries it out up to [Options.LateBy] later, whether or not its sender lives. The sender
	// is cut off, or waits in silence.
	Late
	// Overtaken keeps a write until another write, which came later, has been carried out.
	Overtaken
	// Caught is a write kept by [Proxy.Catch].
	Caught
	// Gone is a request that came while the store was away, see [Proxy.Away].
	Gone

	kinds = iota
)

var kindNames = [kinds]string{
	"500", "503", "409", "answer lost", "silence", "body cut", "answer cut", "slow", "twice", "late", "overtaken", "caught", "gone",
}

func (k Kind) String() string {
	if k < 0 || int(k) >= kinds {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, kinds)
	for i := range all {
		all[i] = Kind(i)
	}
	return all
}

var (
	writeFaults = []Kind{Error500, SlowDown, Conflict, LostAnswer, Silence, CutBody, Slow, Twice, Late, Overtaken}
	readFaults  = []Kind{Error500, SlowDown, CutAnswer, Slow}
)

// deck deals the kinds of a list in random order, each once before any comes again.
type deck struct {
	kinds []Kind
	rest  []Kind
}

func (d *deck) deal(rng *rand.Rand) Kind {
	if len(d.rest) == 0 {
		d.rest = slices.Clone(d.kinds)
		rng.Shuffle(len(d.rest), func(i, j int) { d.rest[i], d.rest[j] = d.rest[j], d.rest[i] })
	}
	k := d.rest[0]
	d.rest = d.rest[1:]
	return k
}
