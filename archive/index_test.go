// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// indexedObject is an object of several row groups in a bucket.
func indexedObject(t *testing.T, opts EncoderOptions) (mapBucket, Object) {
	t.Helper()
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	enc := NewEncoder(opts)
	enc.Append(shopLogs(rand.New(rand.NewPCG(1, 1)), rowGroupRows+2000, start), start)
	bucket := mapBucket{}
	var object Object
	require.NoError(t, enc.Encode(ObjectName{Writer: "w"}, func(o Object) error {
		object = o
		bucket[o.Meta.Key] = o.Body
		return nil
	}))
	return bucket, object
}

func TestIndexInObject(t *testing.T) {
	bucket, o := indexedObject(t, EncoderOptions{})
	index := o.Meta.Index
	require.NotNil(t, index)
	assert.Equal(t, o.Meta.Bytes, index.Offset+index.Bytes+o.Meta.TailBytes)
	require.NoError(t, VerifyObject(context.Background(), bucket, &o.Meta))

	bucket, bare := indexedObject(t, EncoderOptions{NoIndex: true})
	assert.Nil(t, bare.Meta.Index)
	assert.Equal(t, o.Meta.Bytes-index.Bytes, bare.Meta.Bytes, "nothing else changes")
	require.NoError(t, VerifyObject(context.Background(), bucket, &bare.Meta))
}

// TestVerifyFindsWhatIsWrongWithAnIndex damages the index, and makes the hash of the object that of the damaged one.
func TestVerifyFindsWhatIsWrongWithAnIndex(t *testing.T) {
	bucket, o := indexedObject(t, EncoderOptions{})
	for i := range 20 {
		body := slices.Clone(o.Body)
		body[o.Meta.Index.Offset+int64(i)*(o.Meta.Index.Bytes-1)/19] ^= 0x10
		meta := o.Meta
		sum := sha256.Sum256(body)
		meta.SHA256 = hex.EncodeToString(sum[:])
		bucket[meta.Key] = body
		err := VerifyObject(context.Background(), bucket, &meta)
		var at *ObjectError
		require.ErrorAs(t, err, &at, "byte %d", i)
		assert.Equal(t, meta.Index.Offset, at.Offset)
	}
}

// TestVerifyComparesIndexAndRows gives an object the index of another, whole and with right checksums.
func TestVerifyComparesIndexAndRows(t *testing.T) {
	start := time.Date(2026, 11, 23, 1, 0, 0, 0, time.UTC)
	var objects [2]Object
	for i := range objects {
		enc := NewEncoder(EncoderOptions{})
		ld := testLogs(2000)
		for _, lr := range ld.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().All() {
			lr.Body().SetStr([]string{"one body", "another one"}[i])
		}
		enc.Append(ld, start)
		require.NoError(t, enc.Encode(ObjectName{Writer: "w"}, func(o Object) error {
			objects[i] = o
			return nil
		}))
	}
	o, other := objects[0], objects[1]
	index, wrong := o.Meta.Index, other.Meta.Index
	body := slices.Concat(o.Body[:index.Offset], other.Body[wrong.Offset:wrong.Offset+wrong.Bytes], o.Body[index.Offset+index.Bytes:])
	meta := o.Meta
	meta.Index = &IndexMeta{Offset: index.Offset, Bytes: wrong.Bytes, DirectoryBytes: wrong.DirectoryBytes, DirectorySum: wrong.DirectorySum}
	meta.Bytes = int64(len(body))
	sum := sha256.Sum256(body)
	meta.SHA256 = hex.EncodeToString(sum[:])
	require.ErrorContains(t, VerifyObject(context.Background(), mapBucket{meta.Key: body}, &meta), "index does not find a row of row group 0")
}
