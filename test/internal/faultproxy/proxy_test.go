// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package faultproxy

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// client signs requests to the proxy as the SDK does.
type client struct {
	t     *testing.T
	s3    *harness.S3
	proxy *Proxy
}

func start(t *testing.T) *client {
	s3 := harness.StartS3(t)
	return &client{t, s3, Start(t, Options{
		Target: s3.Endpoint, Seed: 1, SilenceFor: 300 * time.Millisecond, SlowFor: 100 * time.Millisecond, LateBy: 300 * time.Millisecond,
	})}
}

// do returns the status, 0 when no whole answer came.
func (c *client) do(ctx context.Context, method, key string, body []byte) (int, []byte) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, c.proxy.URL+"/"+c.s3.Bucket+"/"+key, bytes.NewReader(body))
	require.NoError(c.t, err)
	if method == http.MethodPut {
		req.Header.Set("If-None-Match", "*")
	}
	sum := sha256.Sum256(body)
	hash := hex.EncodeToString(sum[:])
	req.Header.Set("X-Amz-Content-Sha256", hash)
	require.NoError(c.t, v4.NewSigner().SignHTTP(ctx, aws.Credentials{AccessKeyID: c.s3.AccessKeyID, SecretAccessKey: c.s3.SecretAccessKey},
		req, hash, "s3", c.s3.Region, time.Now()))
	resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, got
	}
	return resp.StatusCode, got
}

// stored returns what the server holds; nil when nothing.
func (c *client) stored(key string) []byte {
	b, err := os.ReadFile(filepath.Join(c.s3.Data, key))
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(c.t, err)
	return b
}

// force makes the next request of a test meet one kind of fault, and every other none.
func (c *client) force(k Kind) {
	c.proxy.mu.Lock()
	defer c.proxy.mu.Unlock()
	c.proxy.rate = 1
	c.proxy.forPut = deck{kinds: []Kind{k}}
	c.proxy.forRead = deck{kinds: []Kind{k}}
}

func TestFaultsOfWrites(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := context.Background()
	body := bytes.Repeat([]byte("logs "), 20_000)
	for _, tc := range []struct {
		kind   Kind
		status []int
		stored bool // when the client is told
		later  bool // in the end
	}{
		{Error500, []int{500}, false, false},
		{SlowDown, []int{503}, false, false},
		{Conflict, []int{409}, false, false},
		{LostAnswer, []int{0}, true, true},
		{Silence, []int{0}, true, true},
		{CutBody, []int{0}, false, false},
		{Slow, []int{200}, true, true},
		{Twice, []int{200, 412}, true, true},
	} {
		key := strings.ReplaceAll("key-"+tc.kind.String(), " ", "-")
		c.force(tc.kind)
		status, _ := c.do(ctx, http.MethodPut, key, body)
		assert.Contains(t, tc.status, status, "%s", tc.kind)
		if tc.kind == CutBody {
			time.Sleep(300 * time.Millisecond) // the server would have stored it by now
		}
		assert.Equal(t, tc.stored, bytes.Equal(c.stored(key), body), "%s: stored", tc.kind)
		if !tc.stored {
			assert.Nil(t, c.stored(key), "%s: no half object", tc.kind)
		}
		assert.Equal(t, 1, c.proxy.Count(tc.kind), "%s", tc.kind)

		// Whatever happened, the store is as it was: the first creation wins.
		c.proxy.Set(0)
		status, _ = c.do(ctx, http.MethodPut, key, []byte("another"))
		if tc.later {
			assert.Equal(t, 412, status, "%s: create-if-absent of what is there", tc.kind)
			assert.True(t, bytes.Equal(body, c.stored(key)))
		} else {
			assert.Equal(t, 200, status, "%s: create-if-absent of what is not there", tc.kind)
		}
	}
	// Both answers to a write that comes twice reach clients.
	answers := map[int]int{}
	c.force(Twice)
	for i := range 20 {
		status, _ := c.do(ctx, http.MethodPut, "twice/"+string(rune('a'+i)), body)
		answers[status]++
	}
	assert.NotZero(t, answers[200])
	assert.NotZero(t, answers[412])
	assert.Len(t, answers, 2)
}

func TestFaultsOfReads(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := context.Background()
	body := bytes.Repeat([]byte("logs "), 20_000)
	status, _ := c.do(ctx, http.MethodPut, "key", body)
	require.Equal(t, 200, status)
	status, got := c.do(ctx, http.MethodGet, "key", nil)
	require.Equal(t, 200, status)
	require.True(t, bytes.Equal(body, got))
	for kind, want := range map[Kind]int{Error500: 500, SlowDown: 503, CutAnswer: 0, Slow: 200} {
		c.force(kind)
		status, got := c.do(ctx, http.MethodGet, "key", nil)
		assert.Equal(t, want, status, "%s", kind)
		if kind == CutAnswer {
			assert.NotEmpty(t, got)
			assert.Less(t, len(got), len(body))
		}
	}
}

func TestForce(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.proxy.Force(func(r *Request) bool { return r.Method == http.MethodGet }, Error500, 2)
	status, _ := c.do(context.Background(), http.MethodPut, "key", nil)
	require.Equal(t, 200, status)
	for _, want := range []int{500, 500, 200} {
		status, _ = c.do(context.Background(), http.MethodGet, "key", nil)
		require.Equal(t, want, status)
	}
	require.Equal(t, 2, c.proxy.Count(Error500))
}

func TestLate(t *testing.T) {
	t.Parallel()
	c := start(t)
	ctx := context.Background()
	c.force(Late)
	status, _ := c.do(ctx, http.MethodPut, "late", []byte("late"))
	require.Zero(t, status)
	c.proxy.Settle()
	require.Equal(t, "late", string(c.stored("late")))

	// An overtaken write lands behind one that was sent after it.
	c.proxy.Set(0)
	c.proxy.opts.SlowFor = time.Minute // it waits no longer than for the other
	c.proxy.Force(func(*Request) bool { return true }, Overtaken, 1)
	first := make(chan int)
	go func() {
		status, _ := c.do(ctx, http.MethodPut, "race", []byte("first"))
		first <- status
	}()
	harness.Eventually(t, time.Minute, func() error {
		c.proxy.mu.Lock()
		defer c.proxy.mu.Unlock()
		if len(c.proxy.forced) > 0 {
			return errors.New("the first has not arrived")
		}
		return nil
	})
	time.Sleep(30 * time.Millisecond)
	status, _ = c.do(ctx, http.MethodPut, "race", []byte("second"))
	require.Equal(t, 200, status)
	require.Equal(t, 412, <-first)
	require.Equal(t, "second", string(c.stored("race")))
	require.Equal(t, 1, c.proxy.Count(Overtaken))
}

func TestCatch(t *testing.T) {
	t.Parallel()
	c := start(t)
	catch := c.proxy.Catch((*Request).Conditional)
	ctx, die := context.WithCancel(context.Background())
	done := make(chan int)
	go func() {
		status, _ := c.do(ctx, http.MethodPut, "caught", []byte("of the dead"))
		done <- status
	}()
	<-catch.Held()
	require.False(t, catch.GiveUp())
	die()
	require.Zero(t, <-done)
	require.Nil(t, c.stored("caught"))
	require.Equal(t, 200, catch.Land())
	require.Equal(t, "of the dead", string(c.stored("caught")))
	require.Equal(t, "caught", filepath.Base(catch.Request().Path))

	// Another one finds the key taken, and nothing else is kept.
	catch = c.proxy.Catch(func(r *Request) bool { return filepath.Base(r.Path) == "other" })
	status, _ := c.do(context.Background(), http.MethodPut, "not-caught", nil)
	require.Equal(t, 200, status)
	go c.do(context.Background(), http.MethodPut, "other", []byte("too late"))
	<-catch.Held()
	status, _ = c.do(context.Background(), http.MethodPut, "other", []byte("in time"))
	require.Equal(t, 200, status)
	require.Equal(t, 412, catch.Land())
	require.True(t, c.proxy.Catch((*Request).Write).GiveUp())
}

func TestAway(t *testing.T) {
	t.Parallel()
	c := start(t)
	for mode, want := range map[AwayMode]int{AwayCut: 0, AwaySilent: 0, AwayBusy: 503, Here: 200} {
		c.proxy.Away(mode)
		status, _ := c.do(context.Background(), http.MethodPut, "away", nil)
		require.Equal(t, want, status)
		c.proxy.Away(Here)
		require.NoError(t, os.RemoveAll(filepath.Join(c.s3.Data, "away")))
	}
	require.Equal(t, 3, c.proxy.Count(Gone))
}
