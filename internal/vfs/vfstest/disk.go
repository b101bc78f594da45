// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Package vfstest has a disk in memory whose power can be cut, to prove that a program keeps what it promised.
//
//	disk := vfstest.New(seed)
//	run(disk.Boot())       // until disk.Crash(), or the operation that disk.CrashAfter chose
//	check(disk.Boot())     // sees what survived
//
// What survives a power cut, decided by the seed:
//   - of a file, what was in it at its last successful Sync; each write and truncation since by itself: all of
//     it, nothing, a prefix that ends at any byte, or some of its sectors, and the file's size extended over
//     what was lost, with zeros there or what was once written to some file;
//   - of a directory, the names it had at its last SyncDir; each creation, link, rename and removal since by
//     itself, a rename within a directory as a whole, one between directories as a link and a removal.
//
// Faults can be injected: a full disk (a write that does not fit is cut short), errors on reads, writes, syncs
// and changes of names. A Sync that fails writes some of what it should and forgets about the rest, as Linux
// does: the next one succeeds without having written it. A SyncDir that fails leaves its changes to the next.
//
// Not modelled: what was synced goes bad, syncs that lie, permissions, symbolic links, memory maps.
package vfstest // import "github.com/logboom/logboom/internal/vfs/vfstest"

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/logboom/logboom/internal/vfs"
)

// ErrPowerOff is what every call returns after a power cut, or after the program was killed.
var ErrPowerOff = errors.New("power is off")

const (
	sector = 512
	// fileCost is what a file takes beside its bytes, so that a full disk has no room for an empty one.
	fileCost = sector
)

// Faults are the probabilities of an input/output error, for each kind of call by itself.
type Faults struct {
	Read, Write, Sync, Name float64
}

// Counts is what has happened to a disk.
type Counts struct {
	// Operations that change something, or sync.
	Operations int
	// Crashes are the power cuts, Kills the ends of the program without one.
	Crashes, Kills int
	// Kept, Torn and Lost are changes that were not synced when the power was cut.
	Kept, Torn, Lost int
	// Errors are the injected ones, Full the writes and creations without room.
	Errors, Full int
}

// Disk is a disk and the memory of the machine it is in. It is safe for concurrent use. With one goroutine
// using it everything is decided by the seed.
type Disk struct {
	mu       sync.Mutex
	rng      *rand.Rand
	root     *node
	machine  *machine // that is running, or nil
	crashIn  int      // operations until the end, 0 never
	kill     bool     // which is not a power cut
	crashed  chan struct{}
	faults   Faults
	capacity int64
	used     int64
	counts   Counts
	written  []byte // to files, lately
}

// New returns an empty disk.
func New(seed uint64) *Disk {
	return &Disk{rng: rand.New(rand.NewPCG(seed, 0x6c6f67)), root: newDirectory(), crashed: make(chan struct{})}
}

// Boot returns the file system of a machine with this disk; the one before is killed.
func (d *Disk) Boot() vfs.FS {
	d.Kill()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.machine = &machine{disk: d, locks: map[*node]bool{}}
	d.crashed = make(chan struct{})
	return d.machine
}

// Kill ends the program without a power cut: nothing is lost, but the file system and its files cannot be
// used any more, and its locks are free.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.machine != nil {
		d.killed()
	}
}

func (d *Disk) killed() {
	d.counts.Kills++
	d.off()
	d.used = 0
	d.recount(d.root, map[*node]bool{})
}

// Crash cuts the power, if it is on.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crash()
}

// CrashAfter cuts the power during the n-th operation from now; 0 takes that back.
func (d *Disk) CrashAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crashIn, d.kill = n, false
}

// KillAfter ends the program as Kill does, during the n-th operation from now; 0 takes that back.
func (d *Disk) KillAfter(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crashIn, d.kill = n, true
}

// Crashed is closed when the machine that was booted last ends, one way or the other.
func (d *Disk) Crashed() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.crashed
}

// SetFaults injects errors from now on.
func (d *Disk) SetFaults(f Faults) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.faults = f
}

// SetCapacity bounds the bytes on the disk; 0 is without bound.
func (d *Disk) SetCapacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Used is the bytes on the disk.
func (d *Disk) Used() int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.used
}

// Counts tells what has happened.
func (d *Disk) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}

func (d *Disk) off() {
	d.machine = nil
	d.crashIn = 0
	close(d.crashed)
}

// crash leaves on the disk what survives. d.mu is held.
func (d *Disk) crash() {
	if d.machine == nil {
		return
	}
	d.counts.Crashes++
	d.off()
	// With one probability for all the extremes come up, too: all lost, and only one lost.
	keep := []float64{0, 0.1, 0.5, 0.9, 1}[d.rng.IntN(5)]
	d.used = 0
	d.settle(d.root, keep, map[*node]bool{})
}

// recount adds up what is used when no file is open.
func (d *Disk) recount(n *node, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	n.opens = 0
	if !n.directory {
		d.used += n.cost()
	}
	for _, child := range n.names {
		d.recount(child, seen)
	}
}

// settle decides about a node and those below it.
func (d *Disk) settle(n *node, keep float64, seen map[*node]bool) {
	if seen[n] {
		return
	}
	seen[n] = true
	n.opens = 0
	if !n.directory {
		for _, c := range n.writes {
			d.reach(n, c, keep)
		}
		n.writes = nil
		n.cache = slices.Clone(n.disk)
		d.used += n.cost()
		return
	}
	for _, c := range n.changes {
		if d.rng.Float64() < keep {
			c.apply(n.diskNames)
			d.counts.Kept++
		} else {
			d.counts.Lost++
		}
	}
	n.changes = nil
	n.names = maps.Clone(n.diskNames)
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		child := n.names[name]
		if !seen[child] {
			child.links = 0
		}
		child.links++
		d.settle(child, keep, seen)
	}
}

// reach brings to the disk what survives of a write.
func (d *Disk) reach(n *node, c write, keep float64) {
	dice := d.rng.Float64()
	switch {
	case dice < keep*0.8 || keep == 1:
		c.apply(&n.disk)
		d.counts.Kept++
		return
	case keep == 0 || dice > 0.5+keep/2 || len(c.data) == 0:
		d.counts.Lost++
		return
	}
	d.counts.Torn++
	before, end := int64(len(n.disk)), c.at+int64(len(c.data))
	if size := c.at + d.rng.Int64N(end-c.at+1); d.rng.IntN(2) == 0 && size > before {
		write{truncate: true, at: size}.apply(&n.disk)
		if d.rng.IntN(3) == 0 && len(d.written) > 0 {
			lost := n.disk[max(before, c.at):]
			copy(lost, d.written[d.rng.IntN(len(d.written))/sector*sector:])
		}
	}
	switch d.rng.IntN(5) {
	case 0: // the size alone
		return
	case 1, 2: // a prefix
		c.data = c.data[:d.rng.IntN(len(c.data))]
		c.apply(&n.disk)
		return
	}
	for at := c.at; at < end; {
		next := min(at/sector*sector+sector, end)
		if d.rng.IntN(2) == 0 {
			write{at: at, data: c.data[at-c.at : next-c.at]}.apply(&n.disk)
		}
		at = next
	}
}

// remember keeps something of what was written to files.
func (d *Disk) remember(b []byte) {
	const enough = 64 << 10
	if d.written = append(d.written, b...); len(d.written) > 2*enough {
		d.written = slices.Clone(d.written[len(d.written)-enough:])
	}
}

// node is a file or a directory, in memory as programs see it and on the disk as a power cut leaves it.
type node struct {
	directory bool
	modified  time.Time
	links     int
	opens     int

	cache, disk []byte
	writes      []write // since the last sync

	names, diskNames map[string]*node
	changes          []change // since the last sync
}

func newDirectory() *node {
	return &node{directory: true, names: map[string]*node{}, diskNames: map[string]*node{}, modified: time.Now()}
}

func (n *node) cost() int64 { return fileCost + int64(len(n.cache)) }

// write is a write to a file, or a truncation.
type write struct {
	at       int64
	data     []byte
	truncate bool
}

func (c write) apply(b *[]byte) {
	size := c.at
	if !c.truncate {
		size += int64(len(c.data))
	}
	if n := int64(len(*b)); n < size {
		*b = append(*b, make([]byte, size-n)...)
	}
	if c.truncate {
		clear((*b)[size:]) // the memory is used again
		*b = (*b)[:size]
	} else {
		copy((*b)[c.at:], c.data)
	}
}

// change is one of the names in a directory: of a node, one goes or one comes or both.
type change struct {
	node        *node
	remove, add string
}

func (c change) apply(names map[string]*node) {
	if c.remove != "" && names[c.remove] == c.node {
		delete(names, c.remove)
	}
	if c.add != "" {
		names[c.add] = c.node
	}
}
