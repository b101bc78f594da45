// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
	"github.com/logboom/logboom/test/internal/faultproxy"
)

const (
	writer = "crash"
	prefix = "team/archive"

	startWithin = 2 * time.Minute
)

// rig is one archive, the processes that write to it, those who send to them, and what goes wrong.
type rig struct {
	t    testing.TB
	seed uint64
	rng  *rand.Rand
	dir  string

	s3    *harness.S3       // nil: the archive is in a local directory
	proxy *faultproxy.Proxy // nil likewise
	disk  *disk             // under the write-ahead log, and under a local archive; nil where none can be mounted
	hooks hooks

	main, second *harness.Logboom
	producer     *producer
	tenancy      bool
	settings     settings
	began        time.Time
	report       report
}

// settings are what changes from start to start.
type settings struct {
	interval    time.Duration
	rawMiB      int
	uploads     int
	walMiB      int
	memoryMiB   int
	acknowledge string
	shutdown    time.Duration
}

func (s settings) String() string {
	return fmt.Sprintf("interval %s, max_raw_mib %d, parallel_uploads %d, max_memory_mib %d, max_size_mib %d, acknowledge %s",
		s.interval, s.rawMiB, s.uploads, s.memoryMiB, s.walMiB, s.acknowledge)
}

// quick flushes all the time.
var quick = settings{interval: 100 * time.Millisecond, rawMiB: 1, uploads: 4, walMiB: 64, memoryMiB: 64, acknowledge: "wal", shutdown: 2 * time.Second}

func newRig(t testing.TB, seed uint64, kind string) *rig {
	t.Helper()
	r := &rig{
		t: t, seed: seed, rng: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // repeatable
		dir: harness.TempDir(t), began: time.Now(), tenancy: kind == "s3",
	}
	r.report.init()
	r.disk = newDisk(t, filepath.Join(r.dir, "disk"))
	if kind == "s3" {
		r.s3 = harness.StartS3(t)
		r.proxy = faultproxy.Start(t, faultproxy.Options{
			Target: r.s3.Endpoint, Seed: seed, SilenceFor: 1500 * time.Millisecond, SlowFor: 500 * time.Millisecond, LateBy: 4 * time.Second,
			Before: r.hooks.before, After: r.hooks.after,
		})
	}
	r.settings = quick
	r.main = r.process("main")
	r.second = r.process("second")
	r.producer = startProducer(t, seed, r.place(r.main))
	return r
}

// process prepares a process; nothing is started.
func (r *rig) process(name string) *harness.Logboom {
	r.t.Helper()
	return harness.Prepare(r.t, harness.Config{Name: name, Dir: r.dir, YAML: r.yaml(name)})
}

func (r *rig) place(lb *harness.Logboom) *place {
	return &place{grpc: lb.Addr("grpc"), http: lb.Addr("http")}
}

func (r *rig) walDir(name string) string { return filepath.Join(r.disk.dir, "wal-"+name) }

// archiveURL is the archive's, for tools.
func (r *rig) archiveURL() string {
	if r.s3 != nil {
		return "s3://" + r.s3.Bucket + "/" + prefix
	}
	return "file://" + r.archiveDir()
}

// archiveDir is where the files of the archive lie, also those behind the S3 server.
func (r *rig) archiveDir() string {
	if r.s3 != nil {
		return filepath.Join(r.s3.Data, filepath.FromSlash(prefix))
	}
	return filepath.Join(r.disk.dir, "archive")
}

func (r *rig) yaml(name string) string {
	bucket := fmt.Sprintf("{url: 'file://%s'}", r.archiveDir())
	if r.s3 != nil {
		bucket = strings.ReplaceAll(r.s3.BucketYAML(prefix), r.s3.Endpoint, r.proxy.URL)
	}
	s, more := r.settings, ""
	if r.tenancy {
		more = fmt.Sprintf("\n    tenant: {resource_attribute: %s}", tenantAttribute)
	}
	wal := fmt.Sprintf("{directory: '%s', max_size_mib: %d}", r.walDir(name), s.walMiB)
	if s.acknowledge == "bucket" {
		wal = "{}" // what an earlier process left in the log waits for one that has it
	}
	flush := fmt.Sprintf("interval: %s, max_raw_mib: %d, shutdown_timeout: %s", s.interval, s.rawMiB, s.shutdown)
	more = "\n    acknowledge: " + s.acknowledge + more
	flush += fmt.Sprintf(", parallel_uploads: %d, max_memory_mib: %d", s.uploads, s.memoryMiB)
	return fmt.Sprintf(`
receivers:
  otlp: {protocols: {grpc: {endpoint: '{{addr "grpc"}}', max_recv_msg_size_mib: 16}, http: {endpoint: '{{addr "http"}}'}}}
exporters:
  object_storage:
    bucket: %s
    writer: %s
    wal: %s
    flush: {%s}
    retry_on_failure: {initial_interval: 20ms, max_interval: 300ms}%s
extensions:
  healthcheckv2:
    use_v2: true
    component_health: {include_permanent_errors: true, include_recoverable_errors: true, recovery_duration: 1ms}
    http: {endpoint: '{{addr "health"}}', status: {enabled: true, path: /health}, config: {enabled: false}}
service:
  telemetry: {logs: {disable_stacktrace: true}}
  extensions: [healthcheckv2]
  pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}
`, bucket, writer, wal, flush, more)
}

// randomSettings chooses how the next process works.
func (r *rig) randomSettings() settings {
	s := settings{
		interval: pick(r.rng, 50*time.Millisecond, 100*time.Millisecond, 200*time.Millisecond, 500*time.Millisecond, time.Second, 3*time.Second),
		rawMiB:   pick(r.rng, 1, 1, 1, 2, 8),
		uploads:  pick(r.rng, 1, 2, 4, 4, 8),
		walMiB:   pick(r.rng, 16, 64, 256), memoryMiB: pick(r.rng, 3, 16, 192), acknowledge: "wal", shutdown: pick(r.rng, 0, 300*time.Millisecond, 2*time.Second),
	}
	if r.rng.IntN(5) == 0 {
		s.acknowledge = "bucket"
		s.interval = min(s.interval, time.Second)
	}
	return s
}

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// upTo returns a random part of d.
func (r *rig) upTo(d time.Duration) time.Duration { return time.Duration(r.rng.Int64N(int64(d) + 1)) }

// between sleeps for a random time.
func (r *rig) between(lo, hi time.Duration) { time.Sleep(lo + r.upTo(hi-lo)) }

// launch starts a process and does not wait.
func (r *rig) launch(lb *harness.Logboom, s settings) {
	r.t.Helper()
	r.settings = s
	lb.Configure(r.yaml(lb.Name()))
	r.producer.sure.Store(s.acknowledge == "wal")
	lb.Launch()
	r.report.starts++
}

// start starts a process and waits until it is ready.
func (r *rig) start(lb *harness.Logboom, s settings) {
	r.t.Helper()
	r.launch(lb, s)
	r.ready(lb)
}

func (r *rig) ready(lb *harness.Logboom) {
	r.t.Helper()
	if !r.readyUnless(lb) {
		r.t.Fatalf("%s ended at its start:\n%s", lb.Name(), tail(lb.Log()))
	}
}

// readyUnless waits until a process is ready, false: it ended before.
func (r *rig) readyUnless(lb *harness.Logboom) bool {
	r.t.Helper()
	for deadline := time.Now().Add(startWithin); ; time.Sleep(3 * time.Millisecond) {
		switch {
		case lb.Ready():
			return true
		case !lb.Running():
			return lb.Ready()
		case time.Now().After(deadline):
			lb.Signal(syscall.SIGQUIT)
			time.Sleep(time.Second)
			r.t.Fatalf("%s is not ready after %s:\n%s", lb.Name(), startWithin, tail(lb.Log()))
		}
	}
}

func tail(log string) string {
	const most = 6000
	if len(log) > most {
		log = "…" + log[len(log)-most:]
	}
	return log
}

// kill ends a process with SIGKILL.
func (r *rig) kill(lb *harness.Logboom) {
	r.t.Helper()
	if !lb.Running() {
		r.t.Fatalf("%s ended by itself:\n%s", lb.Name(), tail(lb.Log()))
	}
	lb.Kill()
	r.report.kills++
	r.noPanic(lb)
}

// terminate ends a process with SIGTERM.
func (r *rig) terminate(lb *harness.Logboom) {
	r.t.Helper()
	lb.Terminate()
	r.report.terms++
	r.noPanic(lb)
}

func (r *rig) noPanic(lb *harness.Logboom) {
	r.t.Helper()
	if log := lb.Log(); strings.Contains(log, "panic:") || strings.Contains(log, "DATA RACE") {
		r.t.Fatalf("%s panicked:\n%s", lb.Name(), tail(log))
	}
}

const metricPrefix = "otelcol_exporter_object_storage_"

// account reads the exporter's metrics.
func (r *rig) account(lb *harness.Logboom) (map[string]float64, error) {
	held, err := lb.Metric(metricPrefix + "held_records")
	got := map[string]float64{"held": held}
	for _, name := range []string{"accepted", "recovered", "committed", "dropped"} {
		got[name], _ = lb.Metric(metricPrefix + name + "_records_total") // one that has never counted is not there
	}
	return got, err
}

// settle makes the senders wait until everything is committed, and checks the account.
func (r *rig) settle(lb *harness.Logboom) {
	r.t.Helper()
	broken := r.producer.silence()
	defer broken()
	r.drained(lb)
	got, err := r.account(lb)
	if err != nil {
		r.t.Fatalf("read metrics of %s: %v", lb.Name(), err)
	}
	r.report.accounts++
	r.report.accounted += int(got["committed"])
	if got["accepted"]+got["recovered"] != got["committed"]+got["dropped"]+got["held"] || got["dropped"] != 0 {
		r.t.Errorf("round %d: account of %s: accepted + recovered must be committed + dropped + held, and nothing dropped: %v", r.report.rounds, lb.Name(), got)
	}
}

// drained waits until a process holds nothing.
func (r *rig) drained(lb *harness.Logboom) {
	r.t.Helper()
	harness.Eventually(r.t, 2*time.Minute, func() error {
		if !lb.Running() {
			r.t.Fatalf("%s ended by itself:\n%s", lb.Name(), tail(lb.Log()))
		}
		held, err := lb.Metric(metricPrefix + "held_records")
		if err != nil {
			return err
		}
		if held != 0 {
			return fmt.Errorf("%s still holds %.0f records", lb.Name(), held)
		}
		return nil
	})
}

// calm takes all faults away.
func (r *rig) calm() {
	if r.proxy != nil {
		r.proxy.Away(faultproxy.Here)
		r.proxy.Set(0)
	}
}

// hooks are things to do once, when a request passes the proxy.
type hooks struct {
	mu   sync.Mutex
	list []*hook
	// always is called before every request, nil: nothing. It is set before anything is started.
	always func(*faultproxy.Request, *http.Request)
}

type hook struct {
	after bool
	match func(*faultproxy.Request) bool
	do    func()
}

func (h *hooks) add(after bool, match func(*faultproxy.Request) bool, do func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, &hook{after, match, do})
}

func (h *hooks) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = nil
}

func (h *hooks) run(after bool, req *faultproxy.Request) {
	h.mu.Lock()
	var due []*hook
	rest := h.list[:0]
	for _, k := range h.list {
		if k.after == after && k.match(req) {
			due = append(due, k)
		} else {
			rest = append(rest, k)
		}
	}
	h.list = rest
	h.mu.Unlock()
	for _, k := range due {
		k.do()
	}
}

func (h *hooks) before(req *faultproxy.Request, out *http.Request) {
	if h.always != nil {
		h.always(req, out)
	}
	h.run(false, req)
}

func (h *hooks) after(req *faultproxy.Request, status int) {
	if status/100 == 2 {
		h.run(true, req)
	}
}

// Kinds of requests.

func isLog(req *faultproxy.Request) bool { return strings.Contains(req.Path, "/_log/"+writer+"/") }

func isLogRead(req *faultproxy.Request) bool { return req.Method == http.MethodGet && isLog(req) }

func logKind(req *faultproxy.Request) string {
	if !req.Write() || !isLog(req) {
		return ""
	}
	var record struct {
		Kind string `json:"kind"`
	}
	_ = json.NewDecoder(bytes.NewReader(req.Body)).Decode(&record)
	return record.Kind
}

func isClaim(req *faultproxy.Request) bool  { return logKind(req) == "claim" }
func isCommit(req *faultproxy.Request) bool { return logKind(req) == "commit" }

func isData(req *faultproxy.Request) bool {
	return req.Write() && strings.HasSuffix(req.Path, ".parquet")
}

// wait waits for a channel, false: not within that time.
func wait(ctx context.Context, ch <-chan struct{}, within time.Duration) bool {
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-ch:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}
