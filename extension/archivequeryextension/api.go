// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/extension/archivequeryextension/web"
	"github.com/logboom/logboom/internal/archivesource"
	"github.com/logboom/logboom/internal/querycache"
	"github.com/logboom/logboom/logql"
)

const (
	outcomeKey  = attribute.Key("outcome")
	endpointKey = attribute.Key("endpoint")

	// The outcomes of a request, as metadata.yaml lists them.
	outcomeOK         = "ok"
	outcomePartial    = "partial"
	outcomeBadRequest = "bad_request"
	outcomeLimit      = "limit"
	outcomeTimeout    = "timeout"
	outcomeCanceled   = "canceled"
	outcomeError      = "error"

	// statusClientClosedRequest is what nobody reads: the client went away.
	statusClientClosedRequest = 499

	// minGzipBytes is the smallest answer that is worth compressing.
	minGzipBytes = 1024
	// maxWarnings bounds the warnings of an answer.
	maxWarnings = 10
	// maxRequests bounds the requests under way, those included that wait for a turn: each holds its parameters.
	maxRequests = 1000
)

func withAttributes(kv ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(kv...)
}

// errUnavailable says that the archive could not be read even once.
var errUnavailable = errors.New("the archive cannot be read yet")

// errBusy says that too many requests are under way.
var errBusy = errors.New("too many requests are under way: try again later")

// public are the endpoints that anybody may ask, whatever tenant; unlogged are those that tell nothing of the records.
var (
	public   = map[string]bool{"ready": true, "buildinfo": true}
	unlogged = map[string]bool{"ready": true, "buildinfo": true, "drilldown_limits": true, "format_query": true, "rules": true}
)

// call is one request on its way.
type call struct {
	a       *archiveQuery
	ctx     context.Context
	r       *http.Request
	p       *params
	source  *archivesource.Source // nil until the call has its turn
	view    *archive.Snapshot     // what the call answers from
	done    func()                // releases it
	start   time.Time
	queued  time.Duration
	leave   func()            // ends its turn, or the tail that it is; nil: it had none
	tenants []string          // whose records it may see; nil: everybody's
	limit   limits            // of its tenants
	cached  querycache.Stats  // of its result
	read    archive.ScanStats // of a tail, which has many sources
	missing []error           // what the answer lacks beside what could not be read
}

// answer is what an endpoint returns: a value that becomes JSON, JSON as it is, or text.
type answer struct {
	json any
	body []byte
	text string
	// contentType is for text, and for what is no JSON.
	contentType string
}

type endpoint func(c *call) (answer, error)

// handler routes the API; everything else is the page's.
func (a *archiveQuery) handler() http.Handler {
	mux := http.NewServeMux()
	route := func(path, name string, f endpoint) {
		h := a.endpoint(name, f)
		mux.Handle("GET "+path, h)
		mux.Handle("POST "+path, h)
		mux.HandleFunc(path, a.otherMethod)
	}
	const api = "/loki/api/v1/"
	route(api+"query", "query", (*call).query)
	route(api+"query_range", "query_range", (*call).queryRange)
	route(api+"labels", "labels", (*call).labels)
	route(api+"label", "labels", (*call).labels)
	route(api+"label/{name}/values", "label_values", (*call).labelValues)
	route(api+"series", "series", (*call).series)
	route(api+"index/stats", "index_stats", (*call).indexStats)
	route(api+"index/volume", "index_volume", (*call).volume)
	route(api+"index/volume_range", "index_volume_range", (*call).volumeRange)
	route(api+"detected_labels", "detected_labels", (*call).detectedLabels)
	route(api+"detected_fields", "detected_fields", (*call).detectedFields)
	route(api+"detected_field/{name}/values", "detected_field_values", (*call).detectedFieldValues)
	mux.Handle("GET "+api+"tail", a.tail())
	mux.HandleFunc(api+"tail", a.otherMethod)
	route(api+"patterns", "patterns", (*call).patterns)
	route(api+"format_query", "format_query", (*call).formatQuery)
	route(api+"drilldown-limits", "drilldown_limits", (*call).drilldownLimits)
	route(api+"status/buildinfo", "buildinfo", (*call).buildInfo)
	route(api+"rules", "rules", (*call).noRules)
	route("/prometheus/api/v1/rules", "rules", (*call).noPrometheusRules)
	route("/prometheus/api/v1/alerts", "rules", (*call).noPrometheusAlerts)
	route("/ready", "ready", (*call).ready)
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc("/metrics", a.otherMethod)
	const own = "/logboom/api/v1/"
	route(own+"histogram", "histogram", (*call).histogram)
	route(own+"patterns", "template_patterns", (*call).templatePatterns)
	route(own+"culprit", "culprit", (*call).culprit)
	route(own+"trail", "trail", (*call).trail)
	route(own+"fields", "field_values", (*call).fieldValues)
	mux.Handle("GET "+own+"export", a.export())
	mux.Handle("POST "+own+"export", a.export())
	mux.HandleFunc(own+"export", a.otherMethod)
	route(own+"overview", "overview", (*call).overview)
	notFound := func(w http.ResponseWriter, r *http.Request) {
		a.write(w, r, http.StatusNotFound, failure(http.StatusNotFound, "not found: Logboom does not have "+r.URL.Path))
	}
	mux.HandleFunc("/loki/", notFound)
	mux.HandleFunc("/logboom/", notFound)
	mux.HandleFunc("/prometheus/", notFound)
	mux.HandleFunc("/api/prom/", notFound)
	mux.Handle("/", web.Handler())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("X-Frame-Options", "DENY")
		w.Header().Set("Referrer-Policy", "no-referrer")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		mux.ServeHTTP(w, r)
	})
}

func (a *archiveQuery) endpoint(name string, f endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), a.cfg.Query.Timeout)
		defer cancel()
		c := &call{a: a, ctx: ctx, r: r, start: start}
		// The turn ends when the answer is sent: until then the answer is memory that the query holds.
		defer c.release()
		ans, err := c.run(w, name, f)
		status, outcome := http.StatusOK, outcomeOK
		if err != nil {
			status, outcome = a.classify(r, err)
			text := err.Error()
			if status == http.StatusGatewayTimeout {
				text = "query timed out after " + a.cfg.Query.Timeout.String() + ": narrow its selector or its time range"
			}
			if status >= 500 && status != http.StatusGatewayTimeout && !errors.Is(err, errUnavailable) {
				a.set.Logger.Error("query failed", zap.String("endpoint", name), zap.Error(err))
			}
			ans = failed(status, text, err)
		} else if len(c.warnings()) > 0 {
			outcome = outcomePartial
		}
		if !unlogged[name] { // before the answer: what was given is on record
			c.report(name, outcome, status)
		}
		a.write(w, r, status, ans)
		a.account(r.Context(), name, c, outcome, start)
	})
}

func (a *archiveQuery) account(ctx context.Context, name string, c *call, outcome string, start time.Time) {
	ctx = context.WithoutCancel(ctx)
	ep := endpointKey.String(name)
	a.telemetry.ExtensionArchiveQueryRequests.Add(ctx, 1, withAttributes(ep, outcomeKey.String(outcome)))
	a.telemetry.ExtensionArchiveQueryDuration.Record(ctx, time.Since(start).Seconds(), withAttributes(ep))
	found := attribute.Key("found")
	if n := c.cached.Requested; n > 0 {
		a.telemetry.ExtensionArchiveQueryResultBlocks.Add(ctx, int64(c.cached.Found), withAttributes(found.Bool(true)))
		a.telemetry.ExtensionArchiveQueryResultBlocks.Add(ctx, int64(n-c.cached.Found), withAttributes(found.Bool(false)))
	}
	if c.source != nil {
		stats := c.source.Stats()
		a.telemetry.ExtensionArchiveQueryScannedRecords.Add(ctx, stats.RowsScanned)
		a.telemetry.ExtensionArchiveQueryReadSize.Add(ctx, stats.BytesRead)
	}
}

// run reads the parameters, waits for a turn and answers.
func (c *call) run(w http.ResponseWriter, name string, f endpoint) (answer, error) {
	defer c.a.requests.Add(-1)
	if c.a.requests.Add(1) > maxRequests {
		return answer{}, errBusy
	}
	var err error
	if c.p, err = readParams(w, c.r, c.start, c.a.formTimeout); err != nil {
		return answer{}, err
	}
	if !public[name] {
		if err := c.identify(); err != nil {
			return answer{}, err
		}
	}
	return f(c)
}

// turn waits until queries of these tenants, nil being everybody, may read the archive; leave ends that.
func (a *archiveQuery) turn(ctx context.Context, tenants []string) (leave func(), waited time.Duration, err error) {
	return a.queue.enter(ctx, tenants, a.limitsOf(tenants))
}

// acquire waits for a turn to read the archive, which lasts to the end of the call.
func (c *call) acquire() error {
	r := c.a.reader.Load()
	if r == nil {
		return errUnavailable
	}
	var err error
	if c.leave, c.queued, err = c.a.turn(c.ctx, c.tenants); err != nil {
		return err
	}
	s, err := c.snapshot()
	if err != nil {
		return err
	}
	// The snapshot is of the call's tenants already.
	c.source = archivesource.New(s, c.a.mapper, archivesource.Options{MaxBytes: c.limit.readBytes, Unweighted: !c.a.cfg.Query.Weighted})
	return nil
}

func (c *call) release() {
	if c.done != nil {
		c.done()
	}
	if c.leave != nil {
		c.leave()
	}
}

// snapshot returns the one that the call answers from, the same each time: what of its tenants is committed, and what of them the
// writers of this process hold.
func (c *call) snapshot() (*archive.Snapshot, error) {
	if c.view != nil {
		return c.view, nil
	}
	r := c.a.reader.Load()
	if r == nil {
		return nil, errUnavailable
	}
	c.view, c.done = r.SnapshotWithFresh(c.ctx, c.a.fresh.list()...)
	if c.a.cfg.Tenants.Enabled {
		c.view = c.view.ForTenants(c.tenants...)
	}
	return c.view, nil
}

// classify gives an error its status and its outcome.
func (a *archiveQuery) classify(r *http.Request, err error) (int, string) {
	var bad *badRequest
	var limit *logql.LimitError
	var tooLong *rangeError
	switch {
	case errors.Is(err, errNoTenant):
		return http.StatusUnauthorized, outcomeBadRequest
	case errors.As(err, &limit), errors.As(err, &tooLong):
		return http.StatusBadRequest, outcomeLimit
	case errors.Is(err, errBusy):
		return http.StatusTooManyRequests, outcomeLimit
	case errors.As(err, &bad), logql.IsUserError(err):
		return http.StatusBadRequest, outcomeBadRequest
	case r.Context().Err() != nil:
		return statusClientClosedRequest, outcomeCanceled
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout, outcomeTimeout
	case errors.Is(err, errUnavailable):
		return http.StatusServiceUnavailable, outcomeError
	}
	return http.StatusInternalServerError, outcomeError
}

// warnings says what could not be read, without duplicates: of the commit log, whose every part may concern the answer, and of the
// objects.
func (c *call) warnings() []string {
	var errs []error
	if c.view != nil {
		errs = slices.Clip(c.view.Errors())
	}
	if c.source != nil {
		stats := c.source.Stats()
		errs = append(errs, stats.Errors...)
	}
	errs = append(errs, c.missing...)
	var out []string
	seen := map[string]bool{}
	for _, err := range errs {
		text := "partial result: " + err.Error()
		if !seen[text] {
			seen[text] = true
			if out = append(out, text); len(out) == maxWarnings {
				break
			}
		}
	}
	return out
}

// whole reports whether nothing is missing so far because it could not be read.
func (c *call) whole() bool { return len(c.warnings()) == 0 }

// write sends an answer, compressed if the client likes.
func (a *archiveQuery) write(w http.ResponseWriter, r *http.Request, status int, ans answer) {
	var body []byte
	h := w.Header()
	switch {
	case ans.json != nil:
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(ans.json); err != nil {
			a.set.Logger.Error("encode answer", zap.Error(err))
			http.Error(w, "encode answer", http.StatusInternalServerError)
			return
		}
		body = buf.Bytes()
		h.Set("Content-Type", "application/json; charset=utf-8")
	case ans.body != nil:
		body = ans.body
		h.Set("Content-Type", cmp.Or(ans.contentType, "application/json; charset=utf-8"))
	default:
		body = []byte(ans.text)
		h.Set("Content-Type", cmp.Or(ans.contentType, "text/plain; charset=utf-8"))
	}
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept, Accept-Encoding")
	if len(body) >= minGzipBytes && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		zw := gzip.NewWriter(w)
		_, _ = zw.Write(body) // the client went away: nobody is left to tell
		_ = zw.Close()
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
