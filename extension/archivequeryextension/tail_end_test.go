// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/logql"
)

// TestTailLimits: a tail looks back no further than queries may, and each tenant has its number of tails, whomever it asks with.
func TestTailLimits(t *testing.T) {
	a, l := liveServer(t, func(a *archiveQuery) {
		a.cfg.Tenants.Enabled = true
		a.cfg.Tail.MaxConcurrent = 1
		a.cfg.Query.MaxRange = 10 * time.Minute
	})
	tenant := func(name string) http.Header { return http.Header{tenantHeader: {name}} }
	refused := func(status int, name string, kv ...string) {
		t.Helper()
		conn, resp, err := dialTailError(t, a, tenant(name), append(kv, "query", shopTail)...)
		if err == nil {
			_ = conn.Close()
		}
		require.Error(t, err)
		require.Equal(t, status, resp.StatusCode)
	}
	refused(http.StatusBadRequest, "a", "start", fmt.Sprint(time.Now().Add(-time.Hour).UnixNano()))
	now := time.Now()
	for _, at := range []time.Duration{-30 * time.Minute, -time.Minute} {
		b := archive.NewBatch(serviceLogs("shop", now.Add(at), "line of "+at.String()), now, archive.BatchOptions{Tenant: "b"})
		l.mu.Lock()
		l.held = append(slices.Clip(l.held), b)
		l.mu.Unlock()
	}
	both := tailOf(t, dialTail(t, a, tenant("a|b"), "query", shopTail))
	refused(http.StatusTooManyRequests, "b")
	refused(http.StatusTooManyRequests, "b|c")
	require.Equal(t, []string{"line of -1m0s"}, both.wait(t, 1))
	a.tails.mu.Lock()
	require.Equal(t, map[string]int{"a": 1, "b": 1}, a.tails.open)
	a.tails.all = maxTails
	a.tails.mu.Unlock()
	refused(http.StatusTooManyRequests, "d")
}

// TestTailSaysWhatItLacks: a tail goes on behind what cannot be read, and it is on record.
func TestTailSaysWhatItLacks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queries.jsonl")
	logger, logs := observer.New(zap.WarnLevel)
	a, l := liveServer(t, func(a *archiveQuery) {
		a.cfg.QueryLog.Audit, a.cfg.QueryLog.File = true, path
		a.set.Logger = zap.New(logger)
	})
	c := tailOf(t, dialTail(t, a, nil, "query", shopTail))
	l.accept("shop", time.Now(), "line 1")
	c.wait(t, 1)
	l.lost = true
	l.flush(serviceLogs("shop", time.Now(), "line 2"))
	l.accept("shop", time.Now(), "line 3")
	require.Equal(t, []string{"line 1", "line 3"}, c.wait(t, 2))
	require.NoError(t, a.Shutdown(context.Background()))
	list := events(t, path)
	require.Len(t, list, 1)
	assert.Equal(t, outcomePartial, list[0].Outcome)
	require.Equal(t, 1, logs.FilterMessageSnippet("tail").Len())
}

// TestTailHoldsItsBytes: labels that lines do not share are memory, too.
func TestTailHoldsItsBytes(t *testing.T) {
	tail := tailing{req: &tailRequest{}}
	for i := range 100 {
		tail.wait([]tailEntry{{time: int64(i), labels: logql.Labels{{Name: "a", Value: fmt.Sprint(i) + strings.Repeat("x", 1<<20)}}}}, time.Now())
	}
	assert.Less(t, len(tail.waiting), 2*maxTailBytes>>20)
	assert.Len(t, tail.dropped, 100-len(tail.waiting))
	assert.Len(t, tail.due(time.Now()), 100-len(tail.dropped))
	assert.Zero(t, tail.bytes)
}

func TestTailMistakes(t *testing.T) {
	a, _ := liveServer(t, nil)
	for _, tt := range []struct {
		kv   []string
		want string
	}{
		{[]string{"query", `{a=`}, "parse error"},
		{[]string{"query", `rate({a="b"}[1m])`}, "only log queries can be tailed"},
		{nil, "parse error"},
		{[]string{"query", `{a="b"}`, "delay_for", "6"}, "delay_for must be a number of seconds from 0 to 5"},
		{[]string{"query", `{a="b"}`, "delay_for", "NaN"}, "delay_for"},
		{[]string{"query", `{a="b"}`, "limit", "5001"}, "max entries limit"},
		{[]string{"query", `{a="b"}`, "start", "x"}, "start: cannot parse"},
	} {
		_, resp, err := dialTailError(t, a, nil, tt.kv...)
		require.Error(t, err)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		var e errorEnvelope
		require.NoError(t, json.NewDecoder(resp.Body).Decode(&e))
		assert.Equal(t, "error", e.Status)
		assert.Contains(t, e.Message, tt.want)
	}
	status, body := ask(t, a.handler(), "/loki/api/v1/tail", "query", `{a="b"}`)
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, body, "websocket")
	_, resp, err := dialTailError(t, a, http.Header{"Origin": {"https://evil.example"}}, "query", `{a="b"}`)
	require.Error(t, err)
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	_ = dialTail(t, a, http.Header{"Origin": {"http://" + a.cfg.NetAddr.Endpoint}}, "query", `{a="b"}`).Close()
}

// TestTailEnds: by the client, and by a shutdown. No more than max_concurrent.
func TestTailEnds(t *testing.T) {
	a, _ := liveServer(t, func(a *archiveQuery) {
		a.cfg.Tail.MaxConcurrent = 2
		a.tailTimes.close = time.Minute
	})
	one := dialTail(t, a, nil, "query", shopTail)
	two := tailOf(t, dialTail(t, a, nil, "query", shopTail))
	_, resp, err := dialTailError(t, a, nil, "query", shopTail)
	require.Error(t, err)
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	require.NoError(t, one.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(time.Minute)))
	_, _, err = one.ReadMessage()
	require.True(t, websocket.IsCloseError(err, websocket.CloseNormalClosure), "%v", err)
	require.NoError(t, one.Close())
	var third *websocket.Conn
	require.Eventually(t, func() bool {
		third, _, err = dialTailError(t, a, nil, "query", shopTail)
		return err == nil
	}, time.Minute, time.Millisecond)
	defer third.Close()
	require.NoError(t, a.Shutdown(context.Background()))
	<-two.done
	require.True(t, websocket.IsCloseError(two.err, websocket.CloseGoingAway), "%v", two.err)
}

// TestShutdownWithSlowTail shuts down while a client does not take what it is sent.
func TestShutdownWithSlowTail(t *testing.T) {
	a, l := liveServer(t, func(a *archiveQuery) {
		a.tailTimes.close = 10 * time.Millisecond
		a.tailTimes.write = time.Hour
	})
	never := dialTail(t, a, nil, "query", shopTail)
	defer never.Close()
	reads := tailOf(t, dialTail(t, a, nil, "query", shopTail))
	long := strings.Repeat("line ", 100_000)
	for i := range 20 {
		l.accept("shop", time.Now(), fmt.Sprint(i, long))
	}
	reads.wait(t, 20) // and the other is as far as its connection lets it be, or will not come further
	require.NoError(t, a.Shutdown(context.Background()))
}

func TestTailDuration(t *testing.T) {
	a, _ := liveServer(t, func(a *archiveQuery) { a.cfg.Tail.MaxDuration = 20 * time.Millisecond })
	c := tailOf(t, dialTail(t, a, nil, "query", shopTail))
	<-c.done
	assert.True(t, websocket.IsCloseError(c.err, websocket.CloseGoingAway), "%v", c.err)
	assert.Contains(t, c.err.Error(), "tail::max_duration (20ms) is over")
}

func TestTailPings(t *testing.T) {
	a, _ := liveServer(t, func(a *archiveQuery) { a.tailTimes.ping = time.Millisecond })
	conn := dialTail(t, a, nil, "query", shopTail)
	pinged := make(chan struct{})
	once := sync.OnceFunc(func() { close(pinged) })
	conn.SetPingHandler(func(string) error {
		once()
		return nil
	})
	tailOf(t, conn)
	select {
	case <-pinged:
	case <-time.After(time.Minute):
		t.Fatal("no ping")
	}
}

// TestTailOfSilentClient: one that does not answer pings has gone.
func TestTailOfSilentClient(t *testing.T) {
	a, _ := liveServer(t, func(a *archiveQuery) { a.tailTimes.pong = 10 * time.Millisecond })
	conn := dialTail(t, a, nil, "query", shopTail)
	defer conn.Close()
	require.Eventually(t, func() bool {
		a.tails.mu.Lock()
		defer a.tails.mu.Unlock()
		return len(a.tails.open) == 0
	}, time.Minute, time.Millisecond)
}
