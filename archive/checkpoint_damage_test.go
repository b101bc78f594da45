// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func validCheckpoint() *Checkpoint {
	return &Checkpoint{
		Format: 1, Number: 7, Epoch: 3, Nonce: "n", Time: 10, Grace: 5,
		Positions: map[string]*Position{"w": {
			Sequence: 9, Epoch: 2, EpochTo: 12, WAL: []WALMark{{ID: "wal", Nonce: "x", From: 1, To: 12}}, Claims: []ClaimMark{{1, 3}},
		}},
		Manifests: []ManifestRef{{
			Key: manifestPrefix + "00000000000000000006-2026-11-23-0123456789abcdef", SHA256: strings.Repeat("0", 64), Bytes: 100,
			Day: "2026-11-23", MinTime: 1, MaxTime: 2, Objects: 1, Rows: 2, ObjectBytes: 3,
		}},
		Removed: []Removal{{Key: "logs/date=2026-11-23/hour=01/a.parquet", At: 9, Bytes: 100}},
		History: []CheckpointRef{{6, "m", 4}},
		Note:    []string{"text"},
	}
}

func TestCheckpointReadBackEqualsCheckpointWritten(t *testing.T) {
	c := validCheckpoint()
	body, err := c.Marshal()
	require.NoError(t, err)
	back, err := ParseCheckpoint(CheckpointKey(7), body)
	require.NoError(t, err)
	assert.Equal(t, c, back)

	text, err := inflate(body, maxTextBytes)
	require.NoError(t, err)
	more := deflate(append([]byte(`{"of a later version":[{"a":[1,2,{}]}],`), text[1:]...))
	back, err = ParseCheckpoint(CheckpointKey(7), more)
	require.NoError(t, err)
	assert.Equal(t, c, back)
}

func TestCheckpointsThatMakeNoSense(t *testing.T) {
	for want, change := range map[string]func(c *Checkpoint){
		"format 2 is not known":               func(c *Checkpoint) { c.Format = 2 },
		"belongs under another key":           func(c *Checkpoint) { c.Number = 8 },
		"grace is -1":                         func(c *Checkpoint) { c.Grace = -1 },
		"position of \"../w\"":                func(c *Checkpoint) { c.Positions["../w"] = c.Positions["w"] },
		"sequence 0":                          func(c *Checkpoint) { c.Positions["w"].Sequence = 0 },
		"entries 5 to 4":                      func(c *Checkpoint) { c.Positions["w"].WAL[0] = WALMark{From: 5, To: 4} },
		"is listed twice":                     func(c *Checkpoint) { c.Manifests = append(c.Manifests, c.Manifests[0]) },
		"of a later checkpoint":               func(c *Checkpoint) { c.Manifests[0].Key = manifestPrefix + "00000000000000000008-x" },
		"has no number":                       func(c *Checkpoint) { c.Manifests[0].Key = manifestPrefix + "x" },
		"not below _log/_manifest/":           func(c *Checkpoint) { c.Manifests[0].Key = "logs/x" },
		"-1 bytes":                            func(c *Checkpoint) { c.Manifests[0].Bytes = -1 },
		"in 0 objects":                        func(c *Checkpoint) { c.Manifests[0].Objects = 0 },
		"min_time is after max_time":          func(c *Checkpoint) { c.Manifests[0].MinTime = 3 },
		"listed and removed":                  func(c *Checkpoint) { c.Removed[0].Key = c.Manifests[0].Key },
		"removed key \"_log/w/000":            func(c *Checkpoint) { c.Removed[0].Key = LogKey("w", 1) },
		"removed key \"_log/_checkpoint/0000": func(c *Checkpoint) { c.Removed[0].Key = CheckpointKey(1) },
		"removed key \"logs/../":              func(c *Checkpoint) { c.Removed[0].Key = "logs/../x" },
		"history of 7":                        func(c *Checkpoint) { c.History[0].Number = 7 },
	} {
		c := validCheckpoint()
		change(c)
		body, err := c.Marshal()
		require.NoError(t, err)
		_, err = ParseCheckpoint(CheckpointKey(7), body)
		require.ErrorContains(t, err, want)
	}
	_, err := ParseCheckpoint("_log/w/00000000000000000007", nil)
	require.ErrorContains(t, err, "not the key")
	for _, text := range []string{"", "null", "[]", "{", `{"positions":[]}`, `{"manifests":{}}`, `{"removed":[{}]}`, `{"positions":{"w":null}}`, `{"positions":null}`, `{"manifests":[null]}`} {
		_, err := ParseCheckpoint(CheckpointKey(7), deflate([]byte(text)))
		require.Error(t, err, text)
	}
}

// testManifest is a manifest of two objects.
func testManifest(t testing.TB) (ManifestRef, []byte, []*ObjectMeta) {
	var objects []*ObjectMeta
	for i := range 2 {
		o := testObject(t, i+1)
		o.Meta.Key = fmt.Sprintf("logs/date=2026-11-23/hour=01/w-1-%d-%d-0123456789abcdef.parquet", i, i)
		objects = append(objects, &o.Meta)
	}
	ref, body, err := newManifest(6, manifestGroup{day: "2026-11-23"}, objects)
	require.NoError(t, err)
	return ref, body, objects
}

func TestManifestReadBackEqualsManifestWritten(t *testing.T) {
	ref, body, objects := testManifest(t)
	back, err := parseManifest(&ref, body)
	require.NoError(t, err)
	assert.Equal(t, objects, back)

	wrong := ref
	wrong.Objects++
	_, err = parseManifest(&wrong, body)
	require.ErrorContains(t, err, "not those that the checkpoint describes")
	wrong = ref
	wrong.MaxTime--
	_, err = parseManifest(&wrong, body)
	require.ErrorContains(t, err, "not those that the checkpoint describes")
	_, err = parseManifest(&ref, body[:len(body)-1])
	require.ErrorContains(t, err, "content hash")
	for _, text := range []string{`{"format":2,"objects":[]}`, `{"format":1,"objects":[null]}`, `{"format":1,"objects":[{}]}`, `{"objects":[]}`} {
		_, err := decodeManifest(deflate([]byte(text)))
		require.Error(t, err, text)
	}
}

// TestMarksAreBounded: what a position remembers of write-ahead logs has a bound, and loses the least.
func TestMarksAreBounded(t *testing.T) {
	var p Position
	n := uint64(0)
	commit := func(id, nonce string, from, to, epoch uint64, volatile bool) {
		n++
		p.absorb(&LogRecord{Kind: KindCommit, Sequence: n, Epoch: epoch, Nonce: nonce, WAL: &WALRange{ID: id, From: from, To: to, Volatile: volatile}}, 0)
	}
	commit("a", "1", 1, 5, 1, false)
	commit("a", "1", 6, 9, 1, false)
	assert.Equal(t, []WALMark{{"a", "1", 1, 9, false}}, p.WAL)
	commit("a", "2", 10, 11, 2, false)
	assert.Len(t, p.WAL, 2)
	commit("memory", "2", 1, 1, 2, true)
	assert.Len(t, p.WAL, 3)
	assert.EqualValues(t, 11, p.EpochTo)
	commit("a", "3", 12, 12, 3, false)
	assert.Len(t, p.WAL, 3, "what was in memory is gone with its process")
	assert.EqualValues(t, 12, p.EpochTo)
	for i := range uint64(maxMarks + 10) {
		commit("a", fmt.Sprint("n", i), 13+i, 13+i, 3, false)
		require.LessOrEqual(t, len(p.WAL), maxMarks)
	}
	assert.Equal(t, WALMark{"a", "", 1, 23, false}, p.WAL[0])
	commit("b", "x", 1, 1, 3, false)
	for i := range maxMarks + 10 {
		commit(fmt.Sprint("log ", i), "x", 1, 1, 3, false)
		require.LessOrEqual(t, len(p.WAL), maxMarks)
	}
	assert.False(t, slices.ContainsFunc(p.WAL, func(m WALMark) bool { return m.ID == "b" }))
	for i := range uint64(maxClaimMarks + 10) {
		p.absorb(&LogRecord{Kind: KindClaim, Sequence: n + i, Epoch: 4 + i}, 0)
	}
	assert.Len(t, p.Claims, maxClaimMarks)
	c := validCheckpoint()
	c.Positions["w"] = &p
	body, err := c.Marshal()
	require.NoError(t, err)
	_, err = ParseCheckpoint(CheckpointKey(7), body)
	require.NoError(t, err)
}

func FuzzParseCheckpoint(f *testing.F) {
	text, err := json.Marshal(validCheckpoint())
	require.NoError(f, err)
	f.Add(text, true)
	f.Add(text[:len(text)/2], true)
	f.Add([]byte(`{"format":1,"number":7,"positions":{"w":{"sequence":1}},"manifests":[],"removed":null,"history":[{}]}`), true)
	f.Add(deflate(text), false)
	f.Fuzz(func(t *testing.T, b []byte, packed bool) {
		if packed {
			b = deflate(b)
		}
		c, err := ParseCheckpoint(CheckpointKey(7), b)
		if err != nil {
			return
		}
		again, err := c.Marshal()
		require.NoError(t, err)
		back, err := ParseCheckpoint(CheckpointKey(7), again)
		require.NoError(t, err)
		require.Equal(t, len(c.Manifests)+len(c.Removed)+len(c.Positions), len(back.Manifests)+len(back.Removed)+len(back.Positions))
		for i := range c.Removed {
			require.True(t, isDataKey(c.Removed[i].Key) || strings.HasPrefix(c.Removed[i].Key, manifestPrefix))
		}
	})
}

func FuzzDecodeManifest(f *testing.F) {
	_, body, _ := testManifest(f)
	text, err := inflate(body, maxTextBytes)
	require.NoError(f, err)
	f.Add(text, true)
	f.Add(body, false)
	f.Add([]byte(`{"format":1,"objects":[{"key":"logs/x","rows":1,"bytes":2,"tail_bytes":1}]}`), true)
	f.Fuzz(func(t *testing.T, b []byte, packed bool) {
		if packed {
			b = deflate(b)
		}
		objects, err := decodeManifest(b)
		if err != nil {
			return
		}
		for _, o := range objects {
			require.NoError(t, o.check())
			require.Positive(t, o.memory())
		}
	})
}

func FuzzParseLease(f *testing.F) {
	f.Add([]byte(`{"format":1,"term":3,"epoch":2,"holder":"h","nonce":"n","time":1,"ttl":60000000000}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := parseLease(leaseKey(3), b)
		if err == nil {
			require.LessOrEqual(t, l.Epoch, l.Term)
		}
	})
}
