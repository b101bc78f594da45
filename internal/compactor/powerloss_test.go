// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package compactor

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/internal/vfs/vfstest"
)

// TestPowerLoss lets compactors look after an archive in a directory, in processes that are killed and on machines whose power
// is cut at any operation of the disk, and checks at the end what is left.
//
// LOGBOOM_CRASH_ROUNDS is the number of disks.
func TestPowerLoss(t *testing.T) {
	disks := 12
	if text := os.Getenv("LOGBOOM_CRASH_ROUNDS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(t, err, "LOGBOOM_CRASH_ROUNDS")
		disks = n
	}
	ended := 0
	for seed := range uint64(disks) {
		rng := rand.New(rand.NewPCG(seed, 4))
		disk := vfstest.New(seed)
		boot := func() archive.Bucket {
			b, err := bucket.OpenDirectory(disk.Boot(), "file:///var/archive", "/var/archive")
			require.NoError(t, err)
			return b
		}
		r := newRig(t)
		r.other = boot()
		r.fill()
		for range 4 {
			m := disk.Boot()
			if after := 1 + rng.IntN(900); rng.IntN(2) == 0 {
				disk.CrashAfter(after)
			} else {
				disk.KillAfter(after)
			}
			b, err := bucket.OpenDirectory(m, "file:///var/archive", "/var/archive")
			if err != nil {
				ended++
				continue // the power went before it was open
			}
			if err := r.chores(t.Context(), r.compactor(b, crashConfig)); err != nil {
				ended++
			}
			_ = b.Close()
			r.now = r.now.Add(r.config().LeaseTTL)
		}
		disk.Kill()
		r.other = boot()
		r.settle(fmt.Sprint("disk ", seed))
		require.NoError(t, r.other.Close())
	}
	t.Logf("%d lives ended early", ended)
	require.Positive(t, ended)
}
