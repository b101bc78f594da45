// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package page

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

var (
	flagRecords     = flag.Int("records", 0, "records in the archive; 0: a small run that only checks that everything can be measured")
	flagRepetitions = flag.Int("repetitions", 7, "how often each view is opened, and how many words are searched for")
	flagData        = flag.String("data", "", "where the stream is kept (default: the user's cache directory)")
	flagKeep        = flag.String("keep", "", "where the archive is kept between runs (default: nowhere)")
	flagPage        = flag.String("page", "", "the address of a page that is served already; no archive is made then")
)

const smallRecords = 20_000

// TestPage prints the table. Times are no part of what is checked.
func TestPage(t *testing.T) {
	browser := harness.Chromium(t)
	records, repetitions := *flagRecords, *flagRepetitions
	small := records == 0
	if small {
		records, repetitions = smallRecords, 2
	}
	address := *flagPage
	if address == "" {
		s := rig.LoadStream(t, records, *flagData, small)
		top := *flagKeep
		if top == "" || small {
			top = harness.TempDir(t)
		}
		archive := filepath.Join(top, "archive")
		if !rig.Exists(archive) {
			require.NoError(t, os.MkdirAll(archive, 0o750))
			rig.Load(t, s, archive, "")
			written := 0
			require.NoError(t, s.Frames(func(f rig.Frame) error { written += f.Records; return nil }))
			rig.Compact(t, archive, written, "")
		}
		fmt.Println(s.Name)
		server := rig.NewServed(t, "{url: 'file://"+archive+"'}", "")
		require.NoError(t, server.Start())
		defer server.Stop()
		address = "http://" + server.LB.Addr("query") + "/"
	}
	fmt.Printf("%s; load average %s\n", rig.Machine(), rig.LoadAverage())
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "measure.mjs")
	cmd.Env = append(os.Environ(), "LOGBOOM_PAGE="+address, "LOGBOOM_CHROMIUM="+browser, "REPETITIONS="+strconv.Itoa(repetitions))
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = os.Stdout, os.Stderr, 10*time.Second
	require.NoError(t, cmd.Run())
}
