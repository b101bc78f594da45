// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
)

// tailMessage is what a client of a tail gets.
type tailMessage struct {
	Streams []struct {
		Stream map[string]string `json:"stream"`
		Values [][]any           `json:"values"`
	} `json:"streams"`
	Dropped []struct {
		Labels    map[string]string `json:"labels"`
		Timestamp string            `json:"timestamp"`
	} `json:"dropped_entries"`
	EncodingFlags []string `json:"encodingFlags"`
}

// tailClient reads a tail in the background.
type tailClient struct {
	conn *websocket.Conn

	mu       sync.Mutex
	lines    []string
	messages []tailMessage
	err      error
	done     chan struct{}
}

func dialTail(t *testing.T, a *archiveQuery, header http.Header, kv ...string) *websocket.Conn {
	t.Helper()
	conn, resp, err := dialTailError(t, a, header, kv...)
	require.NoError(t, err)
	require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode)
	return conn
}

func dialTailError(t *testing.T, a *archiveQuery, header http.Header, kv ...string) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	v := url.Values{}
	for i := 0; i+1 < len(kv); i += 2 {
		v.Add(kv[i], kv[i+1])
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+a.cfg.NetAddr.Endpoint+"/loki/api/v1/tail?"+v.Encode(), header)
	if resp != nil {
		t.Cleanup(func() { _ = resp.Body.Close() })
	}
	return conn, resp, err
}

func tailOf(t *testing.T, conn *websocket.Conn) *tailClient {
	c := &tailClient{conn: conn, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for {
			_, text, err := conn.ReadMessage()
			c.mu.Lock()
			if err != nil {
				c.err = err
				c.mu.Unlock()
				return
			}
			var m tailMessage
			if err := json.Unmarshal(text, &m); err != nil {
				c.err = err
			}
			c.messages = append(c.messages, m)
			for _, s := range m.Streams {
				for _, v := range s.Values {
					c.lines = append(c.lines, v[1].(string))
				}
			}
			c.mu.Unlock()
		}
	}()
	t.Cleanup(c.close)
	return c
}

func (c *tailClient) close() {
	_ = c.conn.Close()
	<-c.done
}

func (c *tailClient) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.lines)
}

// wait waits until the client has so many lines.
func (c *tailClient) wait(t *testing.T, n int) []string {
	t.Helper()
	require.Eventually(t, func() bool { return len(c.got()) >= n }, time.Minute, time.Millisecond, "%d lines", n)
	return c.got()
}

// live is a writer of the archive of a server: it holds records, and commits them.
type live struct {
	t      *testing.T
	a      *archiveQuery
	bucket archive.Bucket
	log    *archive.LogWriter

	mu       sync.Mutex
	first    uint64
	held     []*archive.Batch
	sequence uint64
	lost     bool // the objects do not come to the bucket
}

func (l *live) Fresh(context.Context) (*archive.Fresh, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &archive.Fresh{Writer: "w", WAL: "wal", Sequence: l.sequence}
	for i, b := range l.held {
		n := l.first + uint64(i)
		f.Parts = append(f.Parts, archive.FreshPart{First: n, Last: n, Batch: b})
	}
	return f, nil
}

// accept holds a line of each text.
func (l *live) accept(service string, at time.Time, texts ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = append(slices.Clip(l.held), archive.NewBatch(serviceLogs(service, at, texts...), at, archive.BatchOptions{}))
}

func serviceLogs(service string, at time.Time, texts ...string) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", service)
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i, text := range texts {
		lr := records.AppendEmpty()
		lr.SetTimestamp(pcommon.NewTimestampFromTime(at.Add(time.Duration(i) * time.Millisecond)))
		lr.Body().SetStr(text)
	}
	return ld
}

// flush commits everything that is held, and more that nobody could see before.
func (l *live) flush(more ...plog.Logs) {
	l.mu.Lock()
	defer l.mu.Unlock()
	enc := archive.NewEncoder(archive.EncoderOptions{})
	for _, b := range l.held {
		enc.AppendBatch(b)
	}
	for _, ld := range more {
		enc.Append(ld, time.Now())
	}
	to := l.first + uint64(len(l.held)+len(more)) - 1
	var objects []archive.ObjectMeta
	require.NoError(l.t, enc.Encode(archive.ObjectName{Writer: "w", Epoch: l.log.Epoch(), From: l.first, To: to}, func(o archive.Object) error {
		objects = append(objects, o.Meta)
		if l.lost {
			return nil
		}
		return l.bucket.Create(l.t.Context(), o.Meta.Key, o.Body)
	}))
	require.NoError(l.t, l.log.Commit(l.t.Context(), l.first, to, objects))
	l.sequence, l.first, l.held = l.log.LastSequence(), to+1, nil
}

// liveServer is a server whose writer is in the same process.
func liveServer(t *testing.T, change func(*archiveQuery)) (*archiveQuery, *live) {
	a := startServer(t, func(a *archiveQuery) {
		a.tailTimes.look = time.Millisecond
		a.cfg.RefreshInterval = 10 * time.Millisecond
		if change != nil {
			change(a)
		}
	})
	t.Cleanup(func() { require.NoError(t, a.Shutdown(context.Background())) })
	b, err := bucket.Open(t.Context(), a.cfg.Bucket)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, b.Close()) })
	l := &live{t: t, a: a, bucket: b, first: 1}
	l.log, err = archive.NewLogWriter(b, "w", "wal", 0)
	require.NoError(t, err)
	require.NoError(t, l.log.Claim(t.Context()))
	l.sequence = l.log.LastSequence()
	own, err := bucket.Identity(a.cfg.Bucket)
	require.NoError(t, err)
	require.NotNil(t, a.AttachFresh(own, l))
	require.Eventually(t, func() bool { return a.reader.Load() != nil }, time.Minute, time.Millisecond)
	return a, l
}

const shopTail = `{service_name="shop"} |= "line" != "not this"`

// TestTail: a client gets the newest lines that are there, then every line once: when it is accepted, and what is first seen
// in a commit with others that were sent before, and what another process writes, whatever its time.
func TestTail(t *testing.T) {
	a, l := liveServer(t, nil)
	now := time.Now()
	writeArchive(t, a.cfg.Bucket.URL, 1, serviceLogs("shop", now.Add(-2*time.Minute), "line 0"), now)
	values := "/loki/api/v1/label/service_name/values"
	require.Eventually(t, func() bool { // a new writer is found by a listing
		_, body := ask(t, a.handler(), values)
		return strings.Contains(body, "shop")
	}, time.Minute, time.Millisecond)
	l.accept("shop", now.Add(-time.Minute), "line 1", "line 2", "not this line")
	l.flush()
	l.accept("shop", now.Add(-30*time.Second), "line 3")
	c := tailOf(t, dialTail(t, a, nil, "query", shopTail, "limit", "2"))
	require.Equal(t, []string{"line 2", "line 3"}, c.wait(t, 2))

	l.accept("shop", now, "line 4", "not this line either", "line 5")
	require.Equal(t, []string{"line 4", "line 5"}, c.wait(t, 4)[2:])
	l.accept("other", now, "line of another")
	// line 6 is accepted and flushed before anybody looks.
	l.flush(serviceLogs("shop", now.Add(time.Second), "line 6"))
	require.Equal(t, "line 6", c.wait(t, 5)[4])
	l.accept("shop", now, "line 7")
	c.wait(t, 6)
	l.flush()
	// Another process, whose lines are late, but not too late.
	writeArchive(t, a.cfg.Bucket.URL, 2, serviceLogs("shop", now.Add(-50*time.Minute), "line 8"), now)
	c.wait(t, 7)
	writeArchive(t, a.cfg.Bucket.URL, 3, serviceLogs("shop", now.Add(-2*time.Hour), "line that is older than an hour"), now)
	l.accept("shop", now, "line 9")
	c.wait(t, 8)
	writeArchive(t, a.cfg.Bucket.URL, 4, serviceLogs("shop", now, "line 10"), now)
	c.wait(t, 9)
	assert.Equal(t, []string{"line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 8", "line 9", "line 10"}, c.got())
	for _, m := range c.messages {
		assert.Empty(t, m.Dropped)
	}
}

// TestTailDoesNotGoBack: of the lines that were there it sends the newest, as many as were asked for, and none of the others
// when they are committed together with new ones.
func TestTailDoesNotGoBack(t *testing.T) {
	a, l := liveServer(t, nil)
	now := time.Now()
	const query = shopTail + ` | logfmt`
	l.accept("shop", now.Add(-time.Minute), "line=1", "line=2", "line=3")
	plain := tailOf(t, dialTail(t, a, nil, "query", query, "limit", "1"))
	sorted := tailOf(t, dialTail(t, a, http.Header{"X-Loki-Response-Encoding-Flags": {"categorize-labels"}}, "query", query, "limit", "1"))
	plain.wait(t, 1)
	sorted.wait(t, 1)
	l.flush(serviceLogs("shop", now, "line=4"))
	l.accept("shop", now, "line=5")
	for _, c := range []*tailClient{plain, sorted} {
		require.Eventually(t, func() bool { return slices.Contains(c.got(), "line=5") }, time.Minute, time.Millisecond)
		assert.Equal(t, []string{"line=3", "line=4", "line=5"}, c.got())
	}
}

// TestTailLabels: labels are as those of a query.
func TestTailLabels(t *testing.T) {
	a, l := liveServer(t, nil)
	now := time.Now()
	l.accept("shop", now, `{"level":"x"}`, `{"level":"y"}`)
	plain := tailOf(t, dialTail(t, a, nil, "query", `{service_name="shop"} | json`))
	sorted := tailOf(t, dialTail(t, a, http.Header{"X-Loki-Response-Encoding-Flags": {"categorize-labels"}}, "query", `{service_name="shop"} | json`))
	plain.wait(t, 2)
	sorted.wait(t, 2)
	ns := fmt.Sprint(now.UnixNano())
	assert.Equal(t, map[string]string{"service_name": "shop", "level": "x", "detected_level": "unknown"}, plain.messages[0].Streams[0].Stream)
	assert.Equal(t, [][]any{{ns, `{"level":"x"}`}}, plain.messages[0].Streams[0].Values)
	assert.Len(t, plain.messages[0].Streams, 2)
	assert.Empty(t, plain.messages[0].EncodingFlags)
	require.Len(t, sorted.messages[0].Streams, 1)
	assert.Equal(t, map[string]string{"service_name": "shop"}, sorted.messages[0].Streams[0].Stream)
	assert.Equal(t, []any{ns, `{"level":"x"}`, map[string]any{
		"parsed": map[string]any{"level": "x"}, "structuredMetadata": map[string]any{"detected_level": "unknown"},
	}}, sorted.messages[0].Streams[0].Values[0])
	assert.Equal(t, []string{"categorize-labels"}, sorted.messages[0].EncodingFlags)
}

// TestTailDelay: with delay_for, lines that come out of order go out in order.
func TestTailDelay(t *testing.T) {
	now := time.Now()
	tl := &tailing{req: &tailRequest{delay: 2 * time.Second}}
	entry := func(at int64) []tailEntry { return []tailEntry{{time: at}} }
	tl.wait(entry(5), now)
	tl.wait(entry(3), now.Add(time.Second))
	tl.wait(entry(4), now.Add(5*time.Second))
	times := func(list []tailEntry) (out []int64) {
		for _, e := range list {
			out = append(out, e.time)
		}
		return out
	}
	assert.Empty(t, tl.due(now.Add(time.Second)))
	assert.Equal(t, []int64{3, 5}, times(tl.due(now.Add(3*time.Second))))
	assert.Equal(t, []int64{4}, times(tl.due(now.Add(7*time.Second))))
	assert.Zero(t, tl.bytes)
	var many []tailEntry
	for i := range 3 * maxTailLines {
		many = append(many, entry(int64(i))...)
	}
	tl.wait(many, now)
	assert.Len(t, tl.waiting, 2*maxTailLines)
	assert.Len(t, tl.dropped, maxTailDropped)
	assert.EqualValues(t, 3*maxTailLines-1, tl.waiting[2*maxTailLines-1].time)

	a, l := liveServer(t, nil)
	l.accept("shop", now, "line")
	tailOf(t, dialTail(t, a, nil, "query", shopTail, "delay_for", "0.1")).wait(t, 1)
}

// TestTailOfManyLines: of more than a client can get at a time, it gets the newest, and learns of others.
func TestTailOfManyLines(t *testing.T) {
	a, l := liveServer(t, nil)
	l.accept("shop", time.Now(), "line before")
	c := tailOf(t, dialTail(t, a, nil, "query", shopTail))
	c.wait(t, 1)
	texts := make([]string, maxTailLines+2000)
	for i := range texts {
		texts[i] = fmt.Sprintf("line %d", i)
	}
	l.accept("shop", time.Now(), texts...)
	assert.Equal(t, texts[2000:], c.wait(t, 1+maxTailLines)[1:])
	dropped := c.messages[1].Dropped
	require.Len(t, dropped, maxTailDropped)
	assert.Equal(t, "shop", dropped[0].Labels["service_name"])
	assert.Len(t, dropped[0].Timestamp, 19)
}

// TestTailOfTenants: a tail sees the lines of its tenants alone, and each tenant has its own number of tails.
func TestTailOfTenants(t *testing.T) {
	a, l := liveServer(t, func(a *archiveQuery) {
		a.cfg.Tenants.Enabled = true
		a.cfg.Tail.MaxConcurrent = 2
	})
	tenant := func(name string) http.Header { return http.Header{tenantHeader: {name}} }
	_, resp, err := dialTailError(t, a, nil, "query", shopTail)
	require.Error(t, err)
	require.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	accept := func(tenant, text string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		b := archive.NewBatch(serviceLogs("shop", time.Now(), text), time.Now(), archive.BatchOptions{Tenant: tenant})
		l.held = append(slices.Clip(l.held), b)
	}
	accept("a", "line 1 of a")
	accept("b", "line 1 of b")
	one := tailOf(t, dialTail(t, a, tenant("a"), "query", shopTail))
	two := tailOf(t, dialTail(t, a, tenant("b"), "query", shopTail))
	both := tailOf(t, dialTail(t, a, tenant("a|b"), "query", shopTail))
	_, resp, err = dialTailError(t, a, tenant("a"), "query", shopTail)
	require.Error(t, err)
	require.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	both.wait(t, 2)
	accept("a", "line 2 of a")
	accept("b", "line 2 of b")
	both.wait(t, 4)
	l.flush()
	accept("b", "line 3 of b")
	accept("a", "line 3 of a")
	assert.ElementsMatch(t, []string{"line 1 of a", "line 2 of a", "line 3 of a"}, one.wait(t, 3))
	assert.ElementsMatch(t, []string{"line 1 of b", "line 2 of b", "line 3 of b"}, two.wait(t, 3))
	assert.Len(t, both.wait(t, 6), 6)
}

func TestSentLines(t *testing.T) {
	var m sentLines
	entry := func(i int) tailEntry { return tailEntry{time: int64(i), line: "x"} }
	m.remember([]tailEntry{entry(1), entry(1), entry(2)})
	m.rotate()
	m.remember([]tailEntry{entry(3)})
	assert.Equal(t, []tailEntry{entry(1), entry(4)}, m.without([]tailEntry{entry(1), entry(1), entry(1), entry(2), entry(3), entry(4)}))
	assert.Zero(t, m.lines)
	many := make([]tailEntry, maxSentLines)
	for i := range many {
		many[i] = entry(i)
	}
	m.remember(many)
	require.True(t, m.complete())
	m.remember([]tailEntry{entry(-1)})
	require.False(t, m.complete())
	assert.Zero(t, m.lines)
	m.rotate()
	require.False(t, m.complete())
	m.rotate()
	require.True(t, m.complete())
	for range 100 {
		m.rotate()
	}
	assert.LessOrEqual(t, len(m.commits), maxSentCommits)
}
