// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

const (
	// maxManifestObjects and maxManifestText bound what goes into one manifest: those of a day are split when there is more.
	maxManifestObjects = 4096
	maxManifestText    = 8 << 20
	// maxManifestBytes bounds what a reader takes for one, decompressed.
	maxManifestBytes = 64 << 20
)

// manifestGroup is what the objects of a manifest have in common.
type manifestGroup struct {
	day       string
	displaced bool
}

var datePattern = regexp.MustCompile(`/date=(\d{4}-\d{2}-\d{2})/`)

// dayOf is the date in an object's key, "" when there is none.
func dayOf(key string) string {
	if m := datePattern.FindStringSubmatch(key); m != nil {
		return m[1]
	}
	return ""
}

func groupOf(o *ObjectMeta) manifestGroup { return manifestGroup{dayOf(o.Key), o.Displaced} }

func (m *ManifestRef) group() manifestGroup { return manifestGroup{m.Day, m.Displaced} }

// overlaps reports whether objects of the manifest may hold records of start <= Timestamp < end.
func (m *ManifestRef) overlaps(start, end int64) bool {
	return m.MaxTime >= start && (m.MinTime < end || end == math.MaxInt64)
}

// manifestNumber is the number of the checkpoint that a manifest was made for.
func manifestNumber(key string) (n uint64, ok bool) {
	rest, found := strings.CutPrefix(key, manifestPrefix)
	if !found || len(rest) < 20 {
		return 0, false
	}
	return parseNumber(rest[:20])
}

// newManifest makes a manifest of objects of a group for the checkpoint of that number. It sorts them.
func newManifest(number uint64, g manifestGroup, objects []*ObjectMeta) (ref ManifestRef, body []byte, err error) {
	sortObjects(objects)
	ref = ManifestRef{Day: g.day, Displaced: g.displaced, MinTime: math.MaxInt64, MaxTime: math.MinInt64, Objects: int64(len(objects))}
	for _, o := range objects {
		ref.MinTime, ref.MaxTime = min(ref.MinTime, o.MinTime), max(ref.MaxTime, o.MaxTime)
		ref.Rows += o.Rows
		ref.ObjectBytes += o.Bytes
	}
	text, err := json.Marshal(struct {
		Format  int           `json:"format"`
		Objects []*ObjectMeta `json:"objects"`
	}{FormatVersion, objects})
	if err != nil {
		return ref, nil, fmt.Errorf("encode manifest: %w", err)
	}
	body = deflate(append(text, '\n'))
	if len(text) >= maxManifestBytes || len(body) > maxStoredBytes {
		return ref, nil, fmt.Errorf("encode manifest: %d bytes", len(text))
	}
	sum := sha256.Sum256(body)
	ref.SHA256, ref.Bytes = hex.EncodeToString(sum[:]), int64(len(body))
	name := cmp.Or(g.day, "none")
	if g.displaced {
		name += "-displaced"
	}
	ref.Key = fmt.Sprintf("%s%020d-%s-%s", manifestPrefix, number, name, ref.SHA256[:16])
	return ref, body, nil
}

// parseManifest reads a manifest and checks that it is the one that ref describes.
func parseManifest(ref *ManifestRef, b []byte) ([]*ObjectMeta, error) {
	fail := func(err error) ([]*ObjectMeta, error) { return nil, fmt.Errorf("parse manifest %q: %w", ref.Key, err) }
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != ref.SHA256 {
		return fail(fmt.Errorf("content hash is %x, want %s", sum, ref.SHA256))
	}
	objects, err := decodeManifest(b)
	if err != nil {
		return fail(err)
	}
	have := ManifestRef{MinTime: math.MaxInt64, MaxTime: math.MinInt64}
	for i, o := range objects {
		if i > 0 && compareObjects(objects[i-1], o) > 0 {
			return fail(errors.New("objects are not in order"))
		}
		have.MinTime, have.MaxTime = min(have.MinTime, o.MinTime), max(have.MaxTime, o.MaxTime)
	}
	if int64(len(objects)) != ref.Objects || have.MinTime < ref.MinTime || have.MaxTime > ref.MaxTime {
		return fail(errors.New("its objects are not those that the checkpoint describes"))
	}
	return objects, nil
}

// decodeManifest is parseManifest behind the hash.
func decodeManifest(b []byte) ([]*ObjectMeta, error) {
	text, err := inflate(b, maxManifestBytes)
	if err != nil {
		return nil, err
	}
	format := 0
	var objects []*ObjectMeta
	services := map[string]string{}
	err = eachMember(text, func(name string, d *json.Decoder) error {
		switch name {
		case "format":
			return d.Decode(&format)
		case "objects":
			return decodeList(d, &objects, func(o **ObjectMeta) error {
				if *o == nil {
					return errors.New("an object is null")
				}
				if (*o).Counts != nil {
					share((*o).Counts.Services, services)
				}
				return (*o).check()
			})
		}
		var skipped json.RawMessage
		return d.Decode(&skipped)
	})
	if err == nil && format != FormatVersion {
		err = fmt.Errorf("format %d is not known to this version, which reads %d", format, FormatVersion)
	}
	return objects, err
}

// share makes equal strings one.
func share(list []string, known map[string]string) {
	for i, s := range list {
		if same, ok := known[s]; ok {
			list[i] = same
		} else {
			known[s] = s
		}
	}
}

// sortObjects puts objects into the order of MinTime, then Key.
func sortObjects(objects []*ObjectMeta) {
	if !slices.IsSortedFunc(objects, compareObjects) {
		slices.SortFunc(objects, compareObjects)
	}
}

func compareObjects(a, b *ObjectMeta) int {
	if c := cmp.Compare(a.MinTime, b.MinTime); c != 0 {
		return c
	}
	return strings.Compare(a.Key, b.Key)
}

// isDataKey reports whether a key can be that of a data object.
func isDataKey(key string) bool { return strings.HasPrefix(key, dataPrefix) && path.Clean(key) == key }

var textEncoder = sync.OnceValue(func() *zstd.Encoder {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err) // its options are constants
	}
	return e
})

var textDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxTextBytes), zstd.WithDecoderLowmem(true))
	if err != nil {
		panic(err)
	}
	return d
})

func deflate(text []byte) []byte { return textEncoder().EncodeAll(text, nil) }

// inflate decompresses what says that it is up to limit bytes.
func inflate(b []byte, limit int) ([]byte, error) {
	var h zstd.Header
	if err := h.Decode(b); err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	if h.HasFCS && h.FrameContentSize > uint64(limit) {
		return nil, fmt.Errorf("decompress: %d bytes, %d are allowed", h.FrameContentSize, limit)
	}
	text, err := textDecoder().DecodeAll(b, nil)
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return text, nil
}
