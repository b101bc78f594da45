// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"github.com/logboom/logboom/internal/grok"
)

// Finding is a stretch of a text that a detector recognised, as offsets in bytes.
type Finding struct {
	Detector string `json:"detector"`
	Start    int    `json:"start"`
	End      int    `json:"end"`
}

type finding struct {
	start, end int
	det        uint16
}

// Limit is the reason why a value was not read to its end.
type Limit string

// The limits of a record.
const (
	LimitBytes   Limit = "max_record_bytes"
	LimitSteps   Limit = "max_record_steps"
	LimitDepth   Limit = "max_depth"
	LimitFailure Limit = "failure" // a matcher panicked: a bug, but none that lets a text through
)

// unscannedMargin is how far before the place where reading stopped the masking begins: a finding may have begun there.
const unscannedMargin = 8 << 10

// maxPasses bounds how often a masked text is scanned again. Almost always the second pass finds nothing.
const maxPasses = 6

// Scanner reads and masks texts. It keeps its buffers between calls and is not safe for concurrent use.
type Scanner struct {
	e     *Engine
	bytes int
	steps int
	limit Limit

	cur      cursor
	pre      prefilter
	found    []finding
	tagged   []finding       // those whose action leaves them
	tags     map[uint16]bool // detectors with such a finding since Reset
	state    []detState      // per detector
	reading  uint32          // counts the texts; what state holds for another text is void
	regions  []region        // where rules of the form regex are to be looked for
	captures []grok.Capture
	joined   []byte // a key and its value
	plain    []byte // what base64 stood for
	decode   int
	keys     keyCache
	view     view
	outs     [2][]byte
	counts   []int64
	limits   map[Limit]int64
}

// detState is what a scanner knows of a detector while it reads a text.
type detState struct {
	reading uint32
	region  int32 // its last region, from 1
	done    int   // how far its last finding reached
}

// of returns the state of a detector in the present text.
func (sc *Scanner) of(det uint16) *detState {
	d := &sc.state[det]
	if d.reading != sc.reading {
		*d = detState{reading: sc.reading}
	}
	return d
}

// cursor is what a find function sees: the text, and the scanner's engine.
type cursor struct {
	s string
	e *Engine
}

// NewScanner returns a scanner with the engine's whole budget.
func (e *Engine) NewScanner() *Scanner {
	sc := &Scanner{e: e, state: make([]detState, len(e.dets)), counts: make([]int64, len(e.dets)), limits: map[Limit]int64{}, tags: map[uint16]bool{}}
	sc.Reset()
	return sc
}

// Reset begins a new record: its budget is whole again. Counts go on.
func (sc *Scanner) Reset() {
	sc.bytes, sc.steps = sc.e.maxBytes, sc.e.maxSteps
	clear(sc.tags)
}

// Counts calls yield for every detector and limit that was met since the last call of Counts, and forgets them.
func (sc *Scanner) Counts(findings func(detector string, action Action, n int64), limits func(Limit, int64)) {
	for i, n := range sc.counts {
		if n > 0 {
			findings(sc.e.dets[i].name, sc.e.dets[i].action, n)
			sc.counts[i] = 0
		}
	}
	for l, n := range sc.limits {
		limits(l, n)
		delete(sc.limits, l)
	}
}

// Text returns the text with every finding replaced, and what the findings ask for: 0 without any. A clean text is returned
// as it is, without an allocation.
func (sc *Scanner) Text(s string) (string, Effect) {
	if len(s) < minText && sc.skipsShort() {
		return s, 0
	}
	if !sc.scan(s) {
		return s, 0
	}
	return sc.apply(s)
}

// apply rewrites s by what scan has found, and counts it.
func (sc *Scanner) apply(s string) (out string, effect Effect) {
	for _, f := range sc.tagged {
		sc.tags[f.det] = true
		sc.counts[f.det]++
		effect |= Tagged
	}
	if len(sc.found) == 0 {
		return s, effect
	}
	out = sc.settle(s)
	for _, f := range sc.found {
		sc.counts[f.det]++
		effect |= sc.e.dets[f.det].effect()
	}
	return out, effect
}

func (d *compiled) effect() Effect {
	switch d.action {
	case DropAttribute:
		return Changed | DropsAttribute
	case DropRecord:
		return Changed | DropsRecord
	case Tag:
		return Tagged
	}
	return Changed
}

// Tags returns the names of the detectors whose findings stayed in the texts since Reset, in order.
func (sc *Scanner) Tags() []string {
	var names []string
	for det := range sc.tags {
		names = append(names, sc.e.dets[det].name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// skipsShort tells whether short texts and numbers need no look: no detector of the user's own might find them, and the record's
// budget is not used up.
func (sc *Scanner) skipsShort() bool { return !sc.e.short && sc.bytes > 0 }

// minText is the length below which no detector finds anything.
const minText = 5

// Find returns the findings of the text in order; only those whose action is Tag may overlap others.
func (sc *Scanner) Find(s string) []Finding {
	_, out := sc.FindAndMask(s)
	return out
}

// FindAndMask returns the masked text and the findings in s.
func (sc *Scanner) FindAndMask(s string) (string, []Finding) {
	if !sc.scan(s) {
		return s, nil
	}
	found := slices.Clone(sc.tagged)
	masked, _ := sc.apply(s)
	found = append(found, sc.found...)
	slices.SortFunc(found, func(a, b finding) int { return cmp.Or(a.start-b.start, a.end-b.end) })
	out := make([]Finding, len(found))
	for i, f := range found {
		out[i] = Finding{Detector: sc.e.dets[f.det].name, Start: f.start, End: f.end}
	}
	return masked, out
}

// settle rewrites s by the findings, and again with what a further scan of the result finds, until that is nothing.
// The findings of later scans are carried back to s, so that sc.found ends up complete.
func (sc *Scanner) settle(s string) (masked string) {
	defer func() {
		if r := recover(); r != nil {
			// As in scan: the message goes nowhere, and neither does the text.
			sc.limits[LimitFailure]++
			sc.found = append(sc.found[:0], finding{0, len(s), sc.e.unscanned})
			masked = sc.maskOf(sc.e.unscanned, s)
		}
	}()
	found := append([]finding(nil), sc.found...)
	for pass := 0; ; pass++ {
		out := sc.rewrite(s, found)
		bytes, steps := sc.bytes, sc.steps
		sc.bytes, sc.steps = len(out), sc.e.maxSteps // a second look costs no budget
		more := pass < maxPasses && sc.scan(out) && len(sc.found) > 0
		sc.bytes, sc.steps = bytes, steps
		if !more {
			if pass == maxPasses {
				found = []finding{{0, len(s), found[0].det}}
				out = sc.maskOf(found[0].det, s)
			}
			sc.found = append(sc.found[:0], found...)
			return out
		}
		grown := sc.carryBack(s, found, sc.found)
		if len(grown) == len(found) && equalFindings(grown, found) {
			// Only masks were found again; nothing new can come of it.
			sc.found = append(sc.found[:0], found...)
			return out
		}
		found = grown
	}
}

func equalFindings(a, b []finding) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// scan fills sc.found with the findings of s, merged and in order, and tells whether there are any.
func (sc *Scanner) scan(s string) (any bool) {
	defer func() {
		if r := recover(); r != nil {
			// The message of the panic may quote the text: it goes nowhere.
			sc.limits[LimitFailure]++
			sc.found = append(sc.found[:0], finding{0, len(s), sc.e.unscanned})
			any = true
		}
	}()
	sc.found = sc.found[:0]
	sc.decode = 0
	sc.limit = ""
	text := s
	if len(text) > sc.bytes {
		text = text[:max(sc.bytes, 0)]
		sc.count(LimitBytes)
	}
	sc.bytes -= len(text)
	stop := sc.read(text)
	if plusForBlank(text) {
		sc.decode |= decodePlus
	}
	// What comes before the place where the steps ended is read in its other forms too: without steps, the first hit masks.
	if sc.decode != 0 || stop < len(text) {
		sc.readDecoded(text[:stop])
	}
	if stop >= base64Run {
		sc.readBase64(text[:stop])
	}
	if stop < len(s) {
		sc.count(LimitSteps)
		sc.found = append(sc.found, finding{runeStart(s, max(0, stop-unscannedMargin)), len(s), sc.e.unscanned})
	}
	sc.tagged = sc.tagged[:0]
	sc.dropMasked(s)
	if len(sc.found) == 0 {
		return false
	}
	sc.found = slices.DeleteFunc(sc.found, func(f finding) bool {
		stays := sc.e.dets[f.det].action == Tag
		if stays {
			sc.tagged = append(sc.tagged, f)
		}
		return stays
	})
	sc.merge(s)
	return len(sc.found) > 0 || len(sc.tagged) > 0
}

// count counts a limit, once for each text.
func (sc *Scanner) count(l Limit) {
	if sc.limit == "" {
		sc.limit = l
		sc.limits[l]++
	}
}

// read runs the automaton over s and the matchers at its hits. It returns how far it came.
func (sc *Scanner) read(s string) int {
	sc.cur = cursor{s: s, e: sc.e}
	sc.nextReading()
	for _, l := range sc.e.words {
		sc.readWords(l, s)
	}
	a := sc.e.auto
	state := a.start
	for base := 0; base < len(s); base += prefilterBlock {
		state = sc.pre.block(a, s[base:min(len(s), base+prefilterBlock)], base, state)
		for _, h := range sc.pre.hits {
			for _, t := range a.ends[(h.state-a.accept)/a.width] {
				if sc.steps--; sc.steps < 0 {
					sc.steps = 0
					return min(h.end-1, sc.dropRegions(sc.regions))
				}
				sc.candidate(s, sc.e.triggers[t], h.end)
			}
		}
	}
	for _, det := range sc.e.always {
		sc.regions = append(sc.regions, region{det, 0, len(s)})
	}
	return sc.readRegions(s)
}

// nextReading voids what is known of the detectors.
func (sc *Scanner) nextReading() {
	if sc.reading++; sc.reading == 0 {
		clear(sc.state)
		sc.reading = 1
	}
}

// findCost is what a find function costs of the budget: it looks at a bounded window only.
const findCost = 32

func (sc *Scanner) candidate(s string, t trigger, end int) {
	d := &sc.e.dets[t.det]
	state := sc.of(t.det)
	if end <= state.done {
		return
	}
	switch {
	case d.decode != 0:
		sc.decode |= d.decode
	case d.rule != nil:
		sc.ruleHit(s, t, end)
	default:
		sc.steps -= findCost
		if start, stop, ok := d.find(&sc.cur, end); ok && start < stop {
			state.done = stop
			sc.add(s, start, stop, t.det)
		}
	}
}

func (sc *Scanner) add(s string, start, stop int, det uint16) {
	if len(sc.e.allow) > 0 && sc.e.allow[s[start:stop]] {
		return
	}
	sc.found = append(sc.found, finding{start, stop, det})
}

// merge sorts the findings, widens them to whole characters and escapes, and joins those that overlap: the joined
// finding covers all of them and bears the name of the highest rank.
func (sc *Scanner) merge(s string) {
	f := sc.found
	for i := range f {
		f[i].start, f[i].end = runeStart(s, f[i].start), runeEnd(s, f[i].end)
		if n := backslashesBefore(s, f[i].start); n%2 == 1 && f[i].start < len(s) && isEscapeLetter(s[f[i].start]) {
			f[i].start-- // never leave half an escape behind
		}
	}
	slices.SortFunc(f, func(a, b finding) int {
		return cmp.Or(a.start-b.start, b.end-a.end, int(a.det)-int(b.det))
	})
	out := f[:0]
	for _, x := range f {
		if n := len(out); n > 0 && x.start < out[n-1].end {
			last := &out[n-1]
			if a, b := sc.e.dets[x.det].rank, sc.e.dets[last.det].rank; a > b || a == b && x.end-x.start > last.end-last.start {
				last.det = x.det
			}
			last.end = max(last.end, x.end)
			continue
		}
		out = append(out, x)
	}
	sc.found = out
}

func isEscapeLetter(c byte) bool { return strings.IndexByte(`nrtbfu"/\`, c) >= 0 }

// Hide masks a whole value because of the key it stands under, unless it is empty or stands for nothing itself.
func (sc *Scanner) Hide(s string) (string, Effect) {
	if isPlaceholder(s) || sc.e.isOwnMask(s) || sc.e.allow[s] {
		return s, 0
	}
	det := sc.e.keyDetector
	sc.counts[det]++
	effect := sc.e.dets[det].effect()
	if effect == Tagged {
		sc.tags[det] = true
		return s, effect
	}
	return sc.maskOf(det, s), effect
}

// TooDeep counts a value that is nested too deeply to be read, and returns what stands in its place.
func (sc *Scanner) TooDeep() string {
	sc.limits[LimitDepth]++
	sc.counts[sc.e.unscanned]++
	return sc.maskOf(sc.e.unscanned, "")
}

// Number is Text for an integer. Of the built-in detectors none finds one of less than 13 digits.
func (sc *Scanner) Number(n int64) (string, Effect) {
	if n < 1e12 && sc.skipsShort() {
		return "", 0
	}
	sc.outs[1] = strconv.AppendInt(sc.outs[1][:0], n, 10)
	out, effect := sc.Text(unsafe.String(&sc.outs[1][0], len(sc.outs[1]))) // lives until the next call
	return strings.Clone(out), effect
}

// Replacement is what stands in the place of text that the detector found.
func (sc *Scanner) Replacement(detector, text string) string {
	for i := range sc.e.dets {
		if sc.e.dets[i].name == detector {
			return sc.maskOf(uint16(i), text)
		}
	}
	return sc.maskOf(sc.e.unscanned, text)
}
