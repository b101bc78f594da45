// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package query

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

// offered are the records a second that ingest is offered; 0 is as many as it takes.
var offered = []float64{20_000, 0}

// TestLoad lets many ask at a time, all kinds of queries in turns, while the same process takes and writes records, and
// compares what it takes with what it takes alone.
func TestLoad(t *testing.T) {
	d, archive, small := prepare(t)
	span := *flagLoad
	if small {
		span = time.Second
	}
	dir := filepath.Join(harness.TempDir(t), "archive") // what is ingested does not stay
	if err := os.CopyFS(dir, os.DirFS(archive)); err != nil {
		t.Fatal(err)
	}
	mix := mixed(d)
	for _, rate := range offered {
		lb := harness.Start(t, harness.Config{Name: "both", YAML: `
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: {url: 'file://` + dir + `'}, query: {result_cache_mib: 0` + *flagQuery + `}}}
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}}
exporters: {object_storage: {writer: bench, bucket: {url: 'file://` + dir + `'}, wal: {directory: '{{dir "wal"}}'}}}
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
		in := newIngest(t, lb, rate)
		in.run(span / 4) // warm
		alone := in.run(span)
		asked := make(chan *asking)
		ctx, cancel := context.WithTimeout(context.Background(), span)
		go func() { asked <- ask(ctx, "http://"+lb.Addr("query"), mix) }()
		beside := in.run(span)
		a := <-asked
		cancel()
		_, peak := harness.Resident(t, lb.PID())
		what := "as many records as it takes"
		if rate > 0 {
			what = fmt.Sprintf("%.0f records/s", rate)
		}
		fmt.Printf("\n%d at a time, mixed, ingest offered %s: %s\n", *flagClients, what, a)
		fmt.Printf("ingest alone %.0f records/s, beside the queries %.0f (%.0f %%); peak resident memory %d MiB\n", alone, beside, 100*beside/alone, peak>>20)
		if n := len(a.errs); n > 0 {
			t.Errorf("%d queries were not answered, the first: %v", n, a.errs[0])
		}
		if least := slices.Min(a.done); least == 0 && !small {
			t.Errorf("a client got no answer in %v", span)
		}
		lb.Terminate()
	}
}

// mixed are queries of all kinds; some look at what was just ingested.
func mixed(d *facts) []func() (string, url.Values) {
	var mix []func() (string, url.Values)
	for _, q := range queries(d) {
		mix = append(mix, func() (string, url.Values) { return q.path, q.params })
	}
	recent := func(path, q string, more ...string) {
		mix = append(mix, func() (string, url.Values) {
			now := time.Now()
			v := url.Values{"query": {q}, "start": {strconv.FormatInt(now.Add(-time.Minute).UnixNano(), 10)}, "end": {strconv.FormatInt(now.UnixNano(), 10)}}
			for i := 0; i < len(more); i += 2 {
				v.Set(more[i], more[i+1])
			}
			return path, v
		})
	}
	recent("/loki/api/v1/query_range", `{service_name=~".+"}`, "limit", "100")
	recent("/loki/api/v1/query_range", `sum by (service_name) (rate({service_name=~".+"}[10s]))`, "step", "5s")
	recent("/loki/api/v1/query_range", `{service_name="`+jsonService+`"} | json | http_status_code >= 500`, "limit", "20")
	return mix
}

// asking is what many clients got.
type asking struct {
	took []time.Duration
	done []int // by client
	errs []error
	span time.Duration
}

func (a *asking) String() string {
	slices.Sort(a.took)
	if len(a.took) == 0 {
		return "no answers"
	}
	at := func(part float64) string { return rig.Milliseconds(a.took[int(part*float64(len(a.took)-1))]) }
	return fmt.Sprintf("%.1f answers/s, %d to %d a client; median %s ms, 95 %% within %s ms, the longest %s ms", float64(len(a.took))/a.span.Seconds(),
		slices.Min(a.done), slices.Max(a.done), at(0.5), at(0.95), at(1))
}

// ask lets the clients ask one query after the other, each beginning elsewhere, until ctx ends. What is not answered by then does
// not count.
func ask(ctx context.Context, base string, mix []func() (string, url.Values)) *asking {
	a := &asking{done: make([]int, *flagClients)}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *flagClients}}
	defer client.CloseIdleConnections()
	began := time.Now()
	var mu sync.Mutex
	var wg sync.WaitGroup
	for c := range a.done {
		wg.Go(func() {
			for i := c; ctx.Err() == nil; i++ {
				path, params := mix[i%len(mix)]()
				sent := time.Now()
				err := get(ctx, client, base+path+"?"+params.Encode())
				took := time.Since(sent)
				if ctx.Err() != nil {
					return
				}
				mu.Lock()
				if err == nil {
					a.took, a.done[c] = append(a.took, took), a.done[c]+1
				} else {
					a.errs = append(a.errs, fmt.Errorf("%s: %w", params.Get("query"), err))
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	a.span = time.Since(began)
	return a
}

func get(ctx context.Context, client *http.Client, u string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.200s", resp.Status, text)
	}
	return err
}

// ingest sends requests of 2,048 records over four connections.
type ingest struct {
	t       testing.TB
	lb      *harness.Logboom
	clients []*harness.OTLP
	rate    float64
	// requests are made beforehand, so that the client takes little of the machine; they are of the time when they were made.
	requests [][]byte
}

const ingestRecords = 2048

func newIngest(t testing.TB, lb *harness.Logboom, rate float64) *ingest {
	in := &ingest{t: t, lb: lb, rate: rate}
	for range 4 {
		in.clients = append(in.clients, harness.DialOTLP(t, lb.Addr("otlp")))
	}
	for n := range int64(100) {
		in.requests = append(in.requests, request(n))
	}
	return in
}

// request makes records of now.
func request(n int64) []byte {
	ld := plog.NewLogs()
	now := time.Now()
	for s, service := range []string{"edge", jsonService, "cart", "auth"} {
		rl := ld.ResourceLogs().AppendEmpty()
		rl.Resource().Attributes().PutStr("service.name", service)
		list := rl.ScopeLogs().AppendEmpty().LogRecords()
		for i := range ingestRecords / 4 {
			r := list.AppendEmpty()
			r.SetTimestamp(pcommon.NewTimestampFromTime(now.Add(time.Duration(i))))
			r.SetSeverityNumber(plog.SeverityNumberInfo)
			id := fmt.Sprintf("%016x", uint64(now.UnixNano())^uint64(n)<<48^uint64(s)<<40^uint64(i)) //nolint:gosec // a number of its own
			r.Attributes().PutStr("request_id", id)
			r.Body().SetStr(`{"level":"INFO","message":"request completed","request_id":"` + id + `","http":{"method":"GET","status_code":` +
				strconv.Itoa(200+i%4*100) + `,"duration_ms":` + strconv.Itoa(i) + `}}`)
		}
	}
	b, _ := (&plog.ProtoMarshaler{}).MarshalLogs(ld) // what was just made can be encoded
	return b
}

// run sends for so long and returns the records a second that were acknowledged.
func (in *ingest) run(span time.Duration) float64 {
	var sent, numbers atomic.Int64
	pace := &harness.Pace{PerSecond: in.rate}
	began := time.Now()
	var wg sync.WaitGroup
	for _, client := range in.clients {
		wg.Go(func() {
			for time.Since(began) < span {
				if in.rate > 0 {
					pace.Take(ingestRecords)
				}
				b := in.requests[numbers.Add(1)%int64(len(in.requests))]
				if err := client.SendEncoded(context.Background(), b); err == nil { // a refusal is what ingest loses
					sent.Add(ingestRecords)
				}
			}
		})
	}
	wg.Wait()
	return float64(sent.Load()) / time.Since(began).Seconds()
}
