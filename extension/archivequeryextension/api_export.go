// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"go.uber.org/zap"

	"github.com/logboom/logboom/logql"
)

const (
	// exportChunk is how much of an export is written at a time.
	exportChunk = 64 << 10
	// exportPatience is how long the client may take for a chunk.
	exportPatience = 30 * time.Second
	// exportFlush is how long records wait for others, so that a slow export is seen to go on.
	exportFlush = 2 * time.Second

	endpointExport = "export"
)

// errExportClient says that the client does not take what it gets.
var errExportClient = errors.New("the client does not take its records")

// exports counts those that run.
type exports struct {
	mu   sync.Mutex
	open map[string]int // by tenant; one of several is an export of each
	all  int
}

// begin makes room for one of some tenants, nil being everybody, until end is called.
func (s *exports) begin(tenants []string, most, mostOfAll int) (end func(), err error) {
	if len(tenants) == 0 {
		tenants = []string{""}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all >= mostOfAll {
		return nil, &tooManyExports{s.all, 0}
	}
	for _, tenant := range tenants {
		if s.open[tenant] >= most {
			return nil, &tooManyExports{s.open[tenant], most}
		}
	}
	if s.open == nil {
		s.open = map[string]int{}
	}
	s.all++
	for _, tenant := range tenants {
		s.open[tenant]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.all--
		for _, tenant := range tenants {
			if s.open[tenant]--; s.open[tenant] == 0 {
				delete(s.open, tenant)
			}
		}
	}, nil
}

// tooManyExports refuses one; a most of 0 is that of all tenants.
type tooManyExports struct{ open, most int }

func (e *tooManyExports) Error() string {
	if e.most == 0 {
		return "too many exports run: try again later"
	}
	return fmt.Sprintf("%d exports run, export::max_concurrent is %d: wait for one to end", e.open, e.most)
}

func (*tooManyExports) Is(target error) bool { return target == errBusy }

// exportRequest is what a client wants to have as a file.
type exportRequest struct {
	expr    *logql.LogExpr
	params  logql.Params
	format  string
	columns []string
	name    string
}

func (c *call) exportRequest() (*exportRequest, error) {
	e, err := logql.Parse(c.p.get("query"))
	if err != nil {
		return nil, err
	}
	log, ok := e.(*logql.LogExpr)
	if !ok {
		return nil, badRequestf("only log queries can be exported, got a metric query")
	}
	start, end, err := c.bounds(time.Hour)
	if err != nil {
		return nil, err
	}
	x := &exportRequest{expr: log, format: c.p.get("format"), params: logql.Params{Start: start.UnixNano(), End: end.UnixNano()}}
	switch x.format {
	case "":
		x.format = formatNDJSON
	case formatNDJSON, formatCSV, formatText:
	default:
		return nil, badRequestf("invalid format %q: expecting %s, %s or %s", x.format, formatNDJSON, formatCSV, formatText)
	}
	if c.p.get("direction") != "" { // the oldest first, if it does not say
		if x.params.Descending, err = c.p.backward(); err != nil {
			return nil, err
		}
	}
	if s := c.p.get("limit"); s != "" {
		if x.params.Limit, err = strconv.Atoi(s); err != nil || x.params.Limit < 0 {
			return nil, badRequestf("limit must be a number of records, or 0 for all, got %q", s)
		}
	}
	if x.columns, err = c.exportColumns(x.format); err != nil {
		return nil, err
	}
	const stamp = "20060102T150405Z"
	extension := map[string]string{formatNDJSON: "ndjson", formatCSV: "csv", formatText: "log"}[x.format]
	x.name = "logboom-" + start.UTC().Format(stamp) + "-" + end.UTC().Format(stamp) + "." + extension
	return x, nil
}

func (c *call) exportColumns(format string) ([]string, error) {
	list := c.p.get("columns")
	if list == "" {
		return defaultColumns(), nil
	}
	if format != formatCSV {
		return nil, badRequestf("columns are of the format %s, got %s", formatCSV, format)
	}
	names := strings.Split(list, ",")
	for i, name := range names {
		if names[i] = strings.TrimSpace(name); names[i] == "" || slices.Contains(names[:i], names[i]) {
			return nil, badRequestf("columns must be different names with commas between them, got %q", list)
		}
	}
	if len(names) > maxExportColumns {
		return nil, badRequestf("columns must be at most %d, got %d", maxExportColumns, len(names))
	}
	return names, nil
}

// export is the endpoint: a file of all records of a query, which is written while they are read.
func (a *archiveQuery) export() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), a.cfg.Export.Timeout)
		defer cancel()
		c := &call{a: a, ctx: ctx, r: r, start: start}
		defer c.release()
		out := &exportWriter{w: w, r: r, patience: exportPatience}
		err := c.export(w, out)
		status, outcome := http.StatusOK, outcomeOK
		switch {
		case errors.Is(err, errExportClient):
			outcome = outcomeCanceled
		case err != nil:
			status, outcome = a.classify(r, err)
		case len(c.warnings()) > 0:
			outcome = outcomePartial
		}
		c.report(endpointExport, outcome, status)
		a.account(r.Context(), endpointExport, c, outcome, start)
		if outcome == outcomeError && !errors.Is(err, errUnavailable) {
			a.set.Logger.Error("export failed", zap.Error(err))
		}
		switch {
		case err == nil:
		case !out.begun:
			a.write(w, r, status, failed(status, c.exportError(err), err))
		default:
			panic(http.ErrAbortHandler) // the client must not take it for a whole file
		}
	})
}

// exportError is what the client is told.
func (c *call) exportError(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "export timed out after " + c.a.cfg.Export.Timeout.String() + ": narrow its selector or its time range"
	}
	return err.Error()
}

// export writes the file. An error after the first byte is one that the end of the file speaks of.
func (c *call) export(w http.ResponseWriter, out *exportWriter) error {
	defer c.a.requests.Add(-1)
	if c.a.requests.Add(1) > maxRequests {
		return errBusy
	}
	var err error
	if c.p, err = readParams(w, c.r, c.start, c.a.formTimeout); err != nil {
		return err
	}
	if err := c.identify(); err != nil {
		return err
	}
	x, err := c.exportRequest()
	if err != nil {
		return err
	}
	out.name, out.format = x.name, x.format
	if c.r.Method == http.MethodHead {
		return out.close()
	}
	end, err := c.a.exports.begin(c.tenants, c.a.cfg.Export.MaxConcurrent, max(c.a.cfg.Query.MaxConcurrent/2, 1))
	if err != nil {
		return err
	}
	defer end()
	if err := c.acquire(); err != nil {
		return err
	}
	enc := newExportEncoder(x.format, x.columns)
	records, flushed := int64(0), time.Now()
	_, err = logql.EachEntry(c.ctx, c.source, x.expr, x.params, func(stream logql.Labels, e *logql.StreamEntry) error {
		enc.record(stream, e)
		records++
		late := records%64 == 0 && time.Since(flushed) >= exportFlush
		if enc.pending() < exportChunk && !late {
			return nil
		}
		flushed = time.Now()
		return out.write(enc.take(), late)
	})
	if errors.Is(err, errExportClient) {
		return err
	}
	if err != nil && !out.begun {
		return err // nothing was given: it can be said as such
	}
	reasons := c.warnings()
	if err != nil {
		reasons = append([]string{c.exportError(err)}, reasons...)
	}
	if len(reasons) > 0 {
		enc.incomplete(records, reasons)
	}
	failure := out.write(enc.take(), err != nil)
	if err == nil && failure == nil {
		failure = out.close()
	}
	return errors.Join(err, failure)
}

// exportWriter writes the answer of an export, compressed if the client likes. Its header is written with the first bytes.
type exportWriter struct {
	w            http.ResponseWriter
	r            *http.Request
	name, format string
	patience     time.Duration

	begun bool
	to    io.Writer
	zip   *gzip.Writer
}

func (x *exportWriter) begin() {
	x.begun = true
	h := x.w.Header()
	h.Set("Content-Type", map[string]string{
		formatNDJSON: "application/x-ndjson", formatCSV: "text/csv; charset=utf-8; header=present", formatText: "text/plain; charset=utf-8",
	}[x.format])
	h.Set("Content-Disposition", `attachment; filename="`+x.name+`"`)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Connection", "close") // its deadlines are its own
	x.to = x.w
	if strings.Contains(x.r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		x.zip, _ = gzip.NewWriterLevel(x.w, gzip.BestSpeed)
		x.to = x.zip
	}
	x.w.WriteHeader(http.StatusOK)
}

// write writes a chunk; flush sends what was written at once.
func (x *exportWriter) write(b []byte, flush bool) error {
	if !x.begun {
		x.begin()
	}
	rc := http.NewResponseController(x.w)
	_ = rc.SetWriteDeadline(time.Now().Add(x.patience)) // not possible in tests without a connection
	_, err := x.to.Write(b)
	if err == nil && flush {
		if x.zip != nil {
			err = x.zip.Flush()
		}
		if flushErr := rc.Flush(); err == nil && !errors.Is(flushErr, http.ErrNotSupported) {
			err = flushErr
		}
	}
	if err != nil {
		return errExportClient
	}
	return nil
}

// close ends a whole file.
func (x *exportWriter) close() error {
	if err := x.write(nil, false); err != nil {
		return err
	}
	if x.zip != nil && x.r.Method != http.MethodHead {
		if err := x.zip.Close(); err != nil {
			return errExportClient
		}
	}
	return nil
}
