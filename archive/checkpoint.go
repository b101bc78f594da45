// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	checkpointPrefix = logPrefix + "_checkpoint/"
	manifestPrefix   = logPrefix + "_manifest/"
	leasePrefix      = logPrefix + "_lease/"

	// maxStoredBytes and maxTextBytes bound what a reader takes for a checkpoint or a manifest, compressed and not.
	maxStoredBytes = 64 << 20
	maxTextBytes   = 256 << 20

	// maxMarks bounds what a position remembers of write-ahead logs, maxClaimMarks of claims, and maxHistory what a
	// checkpoint remembers of those before it.
	maxMarks      = 1024
	maxClaimMarks = 1024
	maxHistory    = 4096
)

// Checkpoint sums up the commit log: the live set is what its manifests list, and what commits behind its positions make
// live. It is the object _log/_checkpoint/<number>, created once and never changed.
type Checkpoint struct {
	Format int `json:"format"`
	// Number is one more than that of the checkpoint that this one was made from; the first is 1.
	Number uint64 `json:"number"`
	// Epoch is that of the lease under which it was made; it never decreases.
	Epoch uint64 `json:"epoch"`
	// Nonce is random, so that whoever makes it can tell it from another of the same number.
	Nonce string `json:"nonce"`
	// Time is its maker's clock, in nanoseconds since the Unix epoch.
	Time int64 `json:"time"`
	// Grace is how long, in nanoseconds, what is not live any more stays readable.
	Grace int64 `json:"grace"`
	// Positions say by writer which log records are in the manifests.
	Positions map[string]*Position `json:"positions"`
	// Manifests list the live objects.
	Manifests []ManifestRef `json:"manifests"`
	// Removed are objects and manifests that are not live any more and still there.
	Removed []Removal `json:"removed"`
	// History are the checkpoints before this one, oldest first, back to one that is older than the grace.
	History []CheckpointRef `json:"history"`
	// Note are lines of its maker's, for whoever comes after it.
	Note []string `json:"note,omitempty"`
}

// CheckpointRef names a checkpoint.
type CheckpointRef struct {
	Number uint64 `json:"number"`
	Nonce  string `json:"nonce"`
	Time   int64  `json:"time"`
}

// Position is how far the log of a writer is in a checkpoint, and what must be known of the records up to there.
type Position struct {
	// Sequence is the last log record that is in it, with all before.
	Sequence uint64 `json:"sequence"`
	// Epoch is the highest of these records, EpochTo the highest wal.to of that epoch.
	Epoch   uint64 `json:"epoch"`
	EpochTo uint64 `json:"epoch_to,omitempty"`
	// WAL says which entries of which write-ahead logs are committed, in the order of the commits.
	WAL []WALMark `json:"wal,omitempty"`
	// Claims are the records of claims that are kept, in order.
	Claims []ClaimMark `json:"claims,omitempty"`
}

// WALMark is a run of entries, both ends included, of the write-ahead log with that id, committed under the claim of
// that nonce; "" where that is not known any more.
type WALMark struct {
	ID       string `json:"id"`
	Nonce    string `json:"nonce,omitempty"`
	From     uint64 `json:"from"`
	To       uint64 `json:"to"`
	Volatile bool   `json:"volatile,omitempty"`
}

// ClaimMark is the log record of a claim, and the time of the first checkpoint that has it.
type ClaimMark struct {
	Sequence uint64 `json:"sequence"`
	Time     int64  `json:"time"`
}

// ManifestRef describes a manifest: an object that lists live objects of one day.
type ManifestRef struct {
	Key    string `json:"key"`
	SHA256 string `json:"sha256"` // lowercase hex
	Bytes  int64  `json:"bytes"`
	// Day is the date in the keys of the objects, "" where there is none.
	Day       string `json:"day"`
	Displaced bool   `json:"displaced,omitempty"`
	// MinTime and MaxTime bound the event times of the objects.
	MinTime int64 `json:"min_time"`
	MaxTime int64 `json:"max_time"`
	// Objects, Rows and ObjectBytes are sums over the objects.
	Objects     int64 `json:"objects"`
	Rows        int64 `json:"rows"`
	ObjectBytes int64 `json:"object_bytes"`
}

// Removal is an object or a manifest that is not live any more.
type Removal struct {
	Key string `json:"key"`
	// At is when it was removed, in nanoseconds since the Unix epoch.
	At    int64 `json:"at"`
	Bytes int64 `json:"bytes"`
}

// CheckpointKey is the key of a checkpoint.
func CheckpointKey(number uint64) string { return fmt.Sprintf("%s%020d", checkpointPrefix, number) }

func parseCheckpointKey(key string) (number uint64, ok bool) {
	rest, ok := strings.CutPrefix(key, checkpointPrefix)
	if !ok {
		return 0, false
	}
	return parseNumber(rest)
}

// parseNumber reads 20 decimal digits.
func parseNumber(digits string) (n uint64, ok bool) {
	if len(digits) != 20 {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' || n > (1<<63)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, true
}

// Marshal returns the bytes of the object.
func (c *Checkpoint) Marshal() ([]byte, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode checkpoint: %w", err)
	}
	if len(text) > maxTextBytes {
		return nil, fmt.Errorf("encode checkpoint: %d bytes, %d are allowed", len(text), maxTextBytes)
	}
	return deflate(append(text, '\n')), nil
}

// ParseCheckpoint reads the checkpoint that was found under key and checks that it makes sense there. Fields that it does
// not know are ignored; a newer format is an error.
func ParseCheckpoint(key string, b []byte) (*Checkpoint, error) {
	fail := func(err error) (*Checkpoint, error) { return nil, fmt.Errorf("parse checkpoint %q: %w", key, err) }
	number, ok := parseCheckpointKey(key)
	if !ok {
		return fail(errors.New("not the key of a checkpoint"))
	}
	text, err := inflate(b, maxTextBytes)
	if err != nil {
		return fail(err)
	}
	c := &Checkpoint{}
	err = eachMember(text, func(name string, d *json.Decoder) error {
		switch name {
		case "format":
			return d.Decode(&c.Format)
		case "number":
			return d.Decode(&c.Number)
		case "epoch":
			return d.Decode(&c.Epoch)
		case "nonce":
			return d.Decode(&c.Nonce)
		case "time":
			return d.Decode(&c.Time)
		case "grace":
			return d.Decode(&c.Grace)
		case "positions":
			return decodePositions(d, c)
		case "manifests":
			return decodeList(d, &c.Manifests, (*ManifestRef).check)
		case "removed":
			return decodeList(d, &c.Removed, (*Removal).check)
		case "history":
			return decodeList(d, &c.History, func(r *CheckpointRef) error { return r.check(number) })
		case "note":
			return decodeList(d, &c.Note, func(*string) error { return nil })
		}
		var skipped json.RawMessage
		return d.Decode(&skipped)
	})
	if err == nil {
		err = c.check(number)
	}
	if err != nil {
		return fail(err)
	}
	return c, nil
}

func (c *Checkpoint) check(number uint64) error {
	switch {
	case c.Format != FormatVersion:
		return fmt.Errorf("format %d is not known to this version, which reads %d", c.Format, FormatVersion)
	case c.Number != number || number == 0:
		return errors.New("it says that it belongs under another key")
	case c.Grace < 0:
		return fmt.Errorf("grace is %d", c.Grace)
	}
	if c.Positions == nil {
		c.Positions = map[string]*Position{}
	}
	live := make(map[string]bool, len(c.Manifests))
	for i := range c.Manifests {
		key := c.Manifests[i].Key
		if live[key] {
			return fmt.Errorf("manifest %q is listed twice", key)
		}
		if n, _ := manifestNumber(key); n > number {
			return fmt.Errorf("manifest %q is of a later checkpoint", key)
		}
		live[key] = true
	}
	for i := range c.Removed {
		if live[c.Removed[i].Key] {
			return fmt.Errorf("manifest %q is listed and removed", c.Removed[i].Key)
		}
	}
	return nil
}

func (p *Position) check() error {
	if p.Sequence == 0 || len(p.WAL) > maxMarks || len(p.Claims) > maxClaimMarks {
		return fmt.Errorf("sequence %d with %d marks and %d claims", p.Sequence, len(p.WAL), len(p.Claims))
	}
	for _, m := range p.WAL {
		if m.From > m.To {
			return fmt.Errorf("entries %d to %d", m.From, m.To)
		}
	}
	return nil
}

func (m *ManifestRef) check() error {
	switch {
	case !strings.HasPrefix(m.Key, manifestPrefix) || strings.Contains(m.Key[len(manifestPrefix):], "/"):
		return fmt.Errorf("manifest key %q is not below %s", m.Key, manifestPrefix)
	case m.Bytes <= 0 || m.Bytes > maxStoredBytes:
		return fmt.Errorf("manifest %q: %d bytes", m.Key, m.Bytes)
	case m.Objects <= 0 || m.Rows < m.Objects || m.ObjectBytes < m.Objects:
		return fmt.Errorf("manifest %q: %d rows and %d bytes in %d objects", m.Key, m.Rows, m.ObjectBytes, m.Objects)
	case m.MinTime > m.MaxTime:
		return fmt.Errorf("manifest %q: min_time is after max_time", m.Key)
	}
	if _, ok := manifestNumber(m.Key); !ok {
		return fmt.Errorf("manifest key %q has no number", m.Key)
	}
	return nil
}

// check makes sure that nothing is deleted that a checkpoint has no say over.
func (r *Removal) check() error {
	if !isDataKey(r.Key) && !strings.HasPrefix(r.Key, manifestPrefix) || r.Bytes < 0 {
		return fmt.Errorf("removed key %q", r.Key)
	}
	return nil
}

func (r *CheckpointRef) check(number uint64) error {
	if r.Number == 0 || r.Number >= number {
		return fmt.Errorf("history of %d", r.Number)
	}
	return nil
}

// decodePositions reads the map of positions, entry by entry, so that what makes no sense ends it early.
func decodePositions(d *json.Decoder, c *Checkpoint) error {
	c.Positions = map[string]*Position{}
	if t, err := d.Token(); err != nil || t == nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("positions are no object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		writer, _ := t.(string)
		p := &Position{}
		if err := d.Decode(p); err != nil {
			return err
		}
		if !writerPattern.MatchString(writer) {
			return fmt.Errorf("position of %q, which is no writer", writer)
		}
		if err := p.check(); err != nil {
			return fmt.Errorf("position of %q: %w", writer, err)
		}
		c.Positions[writer] = p
	}
	_, err := d.Token()
	return err
}

// eachMember calls visit with the name of each member of the object in text; visit decodes its value.
func eachMember(text []byte, visit func(name string, d *json.Decoder) error) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if t, err := d.Token(); err != nil {
		return err
	} else if t != json.Delim('{') {
		return errors.New("it is no JSON object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		if err := visit(name, d); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// decodeList reads an array and checks each element before the next one is read.
func decodeList[T any](d *json.Decoder, list *[]T, check func(*T) error) error {
	*list = nil
	if t, err := d.Token(); err != nil || t == nil {
		return err
	} else if t != json.Delim('[') {
		return errors.New("a list is no array")
	}
	for d.More() {
		var one T
		if err := d.Decode(&one); err != nil {
			return err
		}
		if err := check(&one); err != nil {
			return err
		}
		*list = append(*list, one)
	}
	_, err := d.Token()
	return err
}

// position is that of a writer; both may be missing.
func (c *Checkpoint) position(writer string) Position {
	if c == nil || c.Positions[writer] == nil {
		return Position{}
	}
	return *c.Positions[writer]
}

// absorb takes note of the next record of the log, which a checkpoint of that time has.
func (p *Position) absorb(r *LogRecord, at int64) {
	p.Sequence = r.Sequence
	if r.Epoch > p.Epoch {
		p.Epoch, p.EpochTo = r.Epoch, 0
		// What was in the memory of a process that has a successor does not come again.
		p.WAL = slices.DeleteFunc(slices.Clone(p.WAL), func(m WALMark) bool { return m.Volatile })
	}
	if r.Kind == KindClaim {
		p.Claims = append(slices.Clip(p.Claims), ClaimMark{r.Sequence, at})
		p.Claims = p.Claims[max(0, len(p.Claims)-maxClaimMarks):]
	}
	if r.WAL == nil {
		return
	}
	if r.Epoch == p.Epoch {
		p.EpochTo = max(p.EpochTo, r.WAL.To)
	}
	p.WAL = appendMark(p.WAL, WALMark{ID: r.WAL.ID, Nonce: r.Nonce, From: r.WAL.From, To: r.WAL.To, Volatile: r.WAL.Volatile})
}

// appendMark returns marks, which it leaves as they are, with one more.
func appendMark(marks []WALMark, m WALMark) []WALMark {
	marks = slices.Clone(marks)
	for i := len(marks) - 1; i >= 0; i-- {
		last := &marks[i]
		if last.ID != m.ID {
			continue
		}
		if last.Nonce == m.Nonce && last.To+1 == m.From {
			last.To = m.To
			return marks
		}
		break
	}
	marks = append(marks, m)
	if len(marks) <= maxMarks {
		return marks
	}
	// The oldest two of one log become one, of nobody in particular; logs that have none to spare are forgotten.
	runs := make(map[string]int, len(marks))
	for i := range marks {
		runs[marks[i].ID]++
	}
	for i := range marks {
		for j := i + 1; runs[marks[i].ID] > 1 && j < len(marks); j++ {
			if marks[i].ID == marks[j].ID {
				marks[j].Nonce, marks[j].From, marks[j].To = "", min(marks[i].From, marks[j].From), max(marks[i].To, marks[j].To)
				return slices.Delete(marks, i, i+1)
			}
		}
	}
	return marks[1:]
}
