// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/vfs/vfstest"
)

// TestDirectoryPowerLoss: several writers create the same and other objects, in processes that are killed and
// machines whose power is cut at any operation. An object is whole or absent, keeps the content of its one
// creator, and is there for good once its creation succeeded or was refused because it exists.
func TestDirectoryPowerLoss(t *testing.T) {
	histories := uint64(300)
	if testing.Short() {
		histories = 50
	}
	for seed := range histories {
		directoryHistory(t, seed)
	}
}

func directoryHistory(t testing.TB, seed uint64) {
	ctx := context.Background()
	rng := rand.New(rand.NewPCG(seed, 3))
	disk := vfstest.New(seed)
	var mu sync.Mutex
	type known struct {
		writer string // empty: any
		life   int
	}
	content := map[string]known{} // of objects that must be there
	body := func(writer string) []byte { return []byte(writer + strings.Repeat("x", 3000) + writer) }
	whole := func(b []byte) bool {
		writer, rest, ok := bytes.Cut(b, []byte("x"))
		return ok && bytes.Equal(append(append(writer, 'x'), rest...), body(string(writer)))
	}
	for life := range 6 {
		m := disk.Boot()
		ended := disk.Crashed()
		disk.SetCapacity(0)
		disk.SetFaults(vfstest.Faults{})
		switch rng.IntN(3) {
		case 0:
			disk.SetFaults(vfstest.Faults{Write: 0.05, Sync: 0.05, Name: 0.05})
		case 1:
			disk.SetCapacity(disk.Used() + rng.Int64N(30_000))
		}
		if rng.IntN(3) == 0 {
			disk.KillAfter(1 + rng.IntN(100))
		} else {
			disk.CrashAfter(1 + rng.IntN(100))
		}
		var wg sync.WaitGroup
		for w := range 3 {
			keys := make([]string, 8)
			for i := range keys {
				keys[i] = fmt.Sprintf("date=%d/hour=%d/%d", rng.IntN(2), rng.IntN(3), rng.IntN(5))
			}
			wg.Go(func() {
				b, err := OpenDirectory(m, "file:///data/archive", "/data/archive")
				for i := 0; err != nil && i < 30; i++ {
					b, err = OpenDirectory(m, "file:///data/archive", "/data/archive")
				}
				if err != nil {
					return
				}
				for i, key := range keys {
					writer := fmt.Sprintf("%d/%d/%d.", life, w, i)
					err := b.Create(ctx, key, body(writer))
					mu.Lock()
					before, there := content[key]
					switch {
					case err == nil:
						if there && (before.writer != "" || before.life < life) {
							t.Errorf("seed %d: %s was created twice", seed, key)
						}
						content[key] = known{writer, life}
					case errors.Is(err, archive.ErrExists) && !there:
						content[key] = known{"", life}
					}
					mu.Unlock()
					select {
					case <-ended:
						return
					default:
					}
				}
			})
		}
		wg.Wait()
		if rng.IntN(2) == 0 {
			disk.Crash()
		}
	}
	disk.Crash()
	disk.SetCapacity(0)
	disk.SetFaults(vfstest.Faults{})
	b, err := OpenDirectory(disk.Boot(), "file:///data/archive", "/data/archive")
	require.NoError(t, err)
	for info, err := range b.List(ctx, "", "") {
		require.NoError(t, err)
		r, err := b.Get(ctx, info.Key)
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		if !whole(got) {
			t.Errorf("seed %d: %s is not whole", seed, info.Key)
		}
		if writer := content[info.Key].writer; writer != "" && !bytes.Equal(got, body(writer)) {
			t.Errorf("seed %d: %s is another's", seed, info.Key)
		}
		delete(content, info.Key)
	}
	for key := range content {
		t.Errorf("seed %d: %s is lost", seed, key)
	}
}
