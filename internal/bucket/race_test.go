// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/logboom/logboom/archive"
)

// racerVariable makes the test binary a racer, a process that creates objects, instead of running tests.
const racerVariable = "LOGBOOM_TEST_RACER"

// TestMain runs the tests, or a racer. Idle connections of an HTTP client outlive a bucket for a moment.
func TestMain(m *testing.M) {
	if job := os.Getenv(racerVariable); job != "" {
		if err := runRacer(job, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	firstPause, longestPause = 10*time.Millisecond, 50*time.Millisecond
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop"))
}

// racerJob is what a racer does: for every number that it reads it creates the object of that number, with a body of its own.
type racerJob struct {
	URL, Endpoint string
	ID, Size      int
}

// racerResult is what a racer says about one number.
type racerResult struct {
	Won       bool
	Ambiguous int // answers that say neither
	Err       string
}

func racerKey(number int) string { return fmt.Sprintf("raced/%04d", number) }

func racerBody(id, number, size int) []byte {
	one := fmt.Appendf(nil, "racer %d object %d ", id, number)
	return bytes.Repeat(one, size/len(one)+1)[:size]
}

// runRacer opens the bucket, says so, and races until its input ends.
func runRacer(text string, in io.Reader, out io.Writer) error {
	var job racerJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	cfg := Config{URL: job.URL, Endpoint: job.Endpoint}
	switch {
	case strings.HasPrefix(job.URL, "s3:"):
		cfg.PathStyle, cfg.AccessKeyID, cfg.SecretAccessKey = true, "user", "password"
	case strings.HasPrefix(job.URL, "azblob:"):
		cfg.AccountName, cfg.AccountKey = "devstoreaccount1", azuriteKey
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	b, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer b.Close()
	answers := json.NewEncoder(out)
	if err := answers.Encode(racerResult{}); err != nil {
		return err
	}
	for numbers := json.NewDecoder(in); ; {
		var number int
		if err := numbers.Decode(&number); err != nil {
			return nil //nolint:nilerr // the test is over
		}
		won, ambiguous, err := createOnce(ctx, b, racerKey(number), racerBody(job.ID, number, job.Size))
		result := racerResult{Won: won, Ambiguous: ambiguous}
		if err != nil {
			result.Err = err.Error()
		}
		if err := answers.Encode(result); err != nil {
			return err
		}
	}
}

// createOnce does what a writer of the archive does: it repeats what is ambiguous, and looks whose object is there.
func createOnce(ctx context.Context, b archive.Bucket, key string, body []byte) (won bool, ambiguous int, err error) {
	for ; ; ambiguous++ {
		err := b.Create(ctx, key, body)
		switch {
		case err == nil:
			return true, ambiguous, nil
		case errors.Is(err, archive.ErrExists) && ambiguous == 0 && len(body) <= earlyAnswer:
			return false, 0, nil
		case errors.Is(err, archive.ErrExists):
			r, err := b.Get(ctx, key)
			if err != nil {
				return false, 0, err
			}
			defer r.Close()
			there, err := io.ReadAll(r)
			return bytes.Equal(there, body), ambiguous, err
		case Permanent(err) || ambiguous > 20 || ctx.Err() != nil:
			return false, ambiguous, err
		}
	}
}

// race lets several processes create the same keys at the same moment: each key has exactly one winner, whose object it is.
func race(t *testing.T, cfg Config, keys, size int) {
	const racers = 4
	type racer struct {
		numbers *json.Encoder
		results *json.Decoder
	}
	all := make([]racer, racers)
	answer := func(id int) (r racerResult) {
		require.NoError(t, all[id].results.Decode(&r), "racer %d", id)
		require.Empty(t, r.Err, "racer %d", id)
		return r
	}
	for id := range all {
		job, err := json.Marshal(racerJob{URL: cfg.URL, Endpoint: cfg.Endpoint, ID: id, Size: size})
		require.NoError(t, err)
		cmd := exec.CommandContext(context.Background(), os.Args[0])
		cmd.Env = append(os.Environ(), racerVariable+"="+string(job))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		t.Cleanup(func() {
			_ = in.Close()
			assert.NoError(t, cmd.Wait())
		})
		all[id] = racer{json.NewEncoder(in), json.NewDecoder(out)}
	}
	for id := range all {
		answer(id) // it is ready
	}
	b, err := Open(t.Context(), cfg)
	require.NoError(t, err)
	defer b.Close()
	wins := make([]int, racers)
	ambiguous := 0
	for number := range keys {
		for i := range all { // another one hears of it first each time
			require.NoError(t, all[(number+i)%racers].numbers.Encode(number))
		}
		var winners []int
		for id := range all {
			r := answer(id)
			ambiguous += r.Ambiguous
			if r.Won {
				winners = append(winners, id)
			}
		}
		require.Len(t, winners, 1, "winners of %s: %v", racerKey(number), winners)
		wins[winners[0]]++
		r, err := b.Get(t.Context(), racerKey(number))
		require.NoError(t, err)
		got, err := io.ReadAll(r)
		require.NoError(t, err)
		require.NoError(t, r.Close())
		require.True(t, bytes.Equal(racerBody(winners[0], number, size), got), "%s is not its winner's", racerKey(number))
	}
	t.Logf("%d keys of %d bytes, wins by process %v, %d ambiguous answers", keys, size, wins, ambiguous)
}
