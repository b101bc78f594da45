// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// TestPartialResultsSaySo takes a part of the archive away: every endpoint answers from the rest, and says that it does.
func TestPartialResultsSaySo(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, b archive.Bucket, objects []*archive.ObjectMeta){
		"an object is gone": func(t *testing.T, b archive.Bucket, objects []*archive.ObjectMeta) {
			require.NoError(t, b.Delete(t.Context(), objects[0].Key))
		},
		"a record of the commit log makes no sense": func(t *testing.T, b archive.Bucket, _ []*archive.ObjectMeta) {
			require.NoError(t, b.Create(t.Context(), archive.LogKey("test", 3), []byte("{}")))
		},
		"a list of objects is gone": func(t *testing.T, b archive.Bucket, _ []*archive.ObjectMeta) {
			r, err := archive.Open(t.Context(), b, archive.ReaderOptions{CountsByMinute: true})
			require.NoError(t, err)
			c, err := archive.CommitCheckpoint(t.Context(), b, r.Snapshot(), archive.CheckpointEdit{Epoch: 1, Time: base.Add(time.Hour)})
			require.NoError(t, err)
			require.NotEmpty(t, c.Manifests)
			for _, m := range c.Manifests {
				require.NoError(t, b.Delete(t.Context(), m.Key))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			url := memory("partial")
			writeArchive(t, url, 1, shopLogs(), base.Add(2*time.Minute))
			writeArchive(t, url, 2, tenantLogs("other"), base.Add(2*time.Minute))
			b, err := bucket.Open(t.Context(), bucket.Config{URL: url})
			require.NoError(t, err)
			r, err := archive.Open(t.Context(), b, archive.ReaderOptions{})
			require.NoError(t, err)
			objects, errs := r.Snapshot().Objects(t.Context(), 0, base.Add(time.Hour).UnixNano())
			require.Empty(t, errs)
			require.Len(t, objects, 2)
			whole := make([]string, len(dataEndpoints))
			h := newAPI(t, url, nil)
			for i, e := range dataEndpoints {
				_, whole[i] = ask(t, h, pathOf(e.path), e.kv...)
				require.NotContains(t, whole[i], "warnings")
			}
			damage(t, b, objects)
			for i, e := range dataEndpoints {
				if e.path == "patterns" {
					continue // there are none
				}
				// A server each: none remembers what another has read.
				code, body := ask(t, newAPI(t, url, nil), pathOf(e.path), e.kv...)
				require.Equal(t, http.StatusOK, code, "%s: %s", e.path, body)
				if strings.Contains(body, `"warnings":["partial result: `) {
					require.NotContains(t, body, `"complete":true`, "%s %q", e.path, e.kv)
					continue
				}
				if strings.Contains(body, `{"incomplete":["partial result: `) {
					continue
				}
				// What is answered from the commit log lacks nothing, if that is whole.
				require.Equal(t, "an object is gone", name, "%s %q: no warnings in %.300s", e.path, e.kv, body)
				require.Equal(t, withoutStats(t, whole[i]), withoutStats(t, body), "%s %q", e.path, e.kv)
			}
		})
	}
}
