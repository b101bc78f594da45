// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/harness"
)

const (
	perRequest  = 50
	maxRequests = 100 // per client, so that all records of a client fit into one answer of the query API
)

// load is a number of clients that send OTLP requests as fast as they are taken. Each client is a service of its own and each
// record a text of its own, so that afterwards the archive can be compared with what was acknowledged, record by record.
type load struct {
	clients []*client
	stop    context.CancelFunc
	wg      sync.WaitGroup
}

type client struct {
	service string
	acked   map[string]bool
	unsure  map[string]bool // sent, but not acknowledged: may be in the archive or not
}

// startLoad starts n clients. With persist, a request is repeated, with the same record uids, until it is taken.
func startLoad(t *testing.T, addr string, n int, persist bool) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	for i := range n {
		c := &client{service: fmt.Sprintf("client-%d", i), acked: map[string]bool{}, unsure: map[string]bool{}}
		l.clients = append(l.clients, c)
		conn := harness.DialOTLP(t, addr)
		l.wg.Go(func() { c.run(ctx, conn, persist) })
	}
	t.Cleanup(func() { l.end() })
	return l
}

func (c *client) run(ctx context.Context, conn *harness.OTLP, persist bool) {
	for req := 0; req < maxRequests && ctx.Err() == nil; req++ {
		bodies := make([]string, perRequest)
		for i := range bodies {
			bodies[i] = fmt.Sprintf("%s request %03d record %02d", c.service, req, i)
		}
		ld := harness.Logs(c.service, bodies...)
		stampUIDs(ld)
		err := conn.Send(context.Background(), ld)
		for persist && err != nil {
			time.Sleep(20 * time.Millisecond)
			err = conn.Send(context.Background(), ld)
		}
		for _, b := range bodies {
			if err == nil {
				c.acked[b] = true
			} else {
				c.unsure[b] = true
			}
		}
		if err != nil {
			time.Sleep(20 * time.Millisecond)
		} else {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

func stampUIDs(ld plog.Logs) {
	for _, rl := range ld.ResourceLogs().All() {
		for _, sl := range rl.ScopeLogs().All() {
			for _, r := range sl.LogRecords().All() {
				r.Attributes().PutStr("log.record.uid", uuid.Must(uuid.NewV7()).String())
			}
		}
	}
}

// end stops the clients after the request they are at.
func (l *load) end() {
	l.stop()
	l.wg.Wait()
}

func (l *load) acked() int {
	n := 0
	for _, c := range l.clients {
		n += len(c.acked)
	}
	return n
}

// verify compares the archive with what was acknowledged: each acknowledged record once, no record that was not sent.
func (l *load) verify(t *testing.T, loki *harness.Loki) {
	t.Helper()
	require.NotZero(t, l.acked(), "records acknowledged")
	for _, c := range l.clients {
		query := fmt.Sprintf(`{service_name=%q}`, c.service)
		now := time.Now()
		var missing, doubled, unknown int
		harness.Eventually(t, time.Minute, func() error {
			missing, doubled, unknown = 0, 0, 0
			entries, err := loki.Range(query, now.Add(-time.Hour), now.Add(time.Hour), 5000)
			if err != nil {
				return err
			}
			got := map[string]int{}
			for _, e := range entries {
				got[e.Line]++
				if !c.acked[e.Line] && !c.unsure[e.Line] {
					unknown++
				}
				if got[e.Line] == 2 {
					doubled++
				}
			}
			for body := range c.acked {
				if got[body] == 0 {
					missing++
				}
			}
			if missing > 0 {
				return fmt.Errorf("%s: %d of %d acknowledged records are not in the archive", c.service, missing, len(c.acked))
			}
			return nil
		})
		require.Zero(t, doubled, "%s: records that are in the answer twice", c.service)
		require.Zero(t, unknown, "%s: records that nobody sent", c.service)
	}
}
