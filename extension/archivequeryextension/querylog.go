// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"go.opentelemetry.io/collector/client"
	"go.uber.org/zap"

	"github.com/logboom/logboom/internal/redact"
	"github.com/logboom/logboom/logql"
)

const (
	// maxLoggedQuery is how much of a query is written down, in bytes, and maxLoggedUser of the name of a user.
	maxLoggedQuery, maxLoggedUser = 8 << 10, 256
	// complainEvery is how often a log that cannot be written is complained of.
	complainEvery = time.Minute
	// endpointTail is the name of the endpoint of live tails.
	endpointTail = "tail"
)

// unscannable stands in the place of a query whose secrets could not be looked for.
const unscannable = "[REDACTED:" + redact.UnscannedDetector + "]"

// queryEvent is a line of the query log: who asked what, when, how much was read for it and how it ended. It has nothing of
// the log records.
type queryEvent struct {
	Time     time.Time `json:"time"` // of the request
	Slow     bool      `json:"slow"`
	Tenant   string    `json:"tenant,omitempty"`
	User     string    `json:"user,omitempty"` // as the authenticator knows it
	Address  string    `json:"address"`
	Endpoint string    `json:"endpoint"`
	Query    string    `json:"query,omitempty"` // canonical, without secrets
	Start    string    `json:"start,omitempty"` // as the client wrote it
	End      string    `json:"end,omitempty"`
	Outcome  string    `json:"outcome"`
	Status   int       `json:"status"`
	Seconds  float64   `json:"seconds"` // until the answer was there, the next included
	Queued   float64   `json:"queued_seconds"`
	Objects  int       `json:"objects_read"`
	Records  int64     `json:"records_scanned"`
	Read     int64     `json:"bytes_read"`    // of the archive, from the bucket or a cache
	Fetched  int64     `json:"bytes_fetched"` // from the bucket
	Requests int64     `json:"bucket_requests"`
}

// queryLog writes events.
type queryLog struct {
	cfg    *QueryLogConfig
	logger *zap.Logger
	failed func(context.Context) // counts what could not be written

	file *rotatingFile // nil: the logger

	mu         sync.Mutex
	scanner    func() (*redact.Scanner, error)
	complained time.Time
}

func newQueryLog(cfg *QueryLogConfig, logger *zap.Logger, failed func(context.Context)) *queryLog {
	return &queryLog{cfg: cfg, logger: logger, failed: failed, scanner: sync.OnceValues(newScanner)}
}

// newScanner takes a while and some memory: it is made for the first query that is written down.
func newScanner() (*redact.Scanner, error) {
	o := redact.DefaultOptions()
	o.MaxRecordBytes = 2 * maxFormBytes
	e, err := redact.New(o)
	if err != nil {
		return nil, err
	}
	return e.NewScanner(), nil
}

func (l *queryLog) open() error {
	if l.cfg.Audit { // now, and not when the first client waits for it
		if _, err := l.scanner(); err != nil {
			return fmt.Errorf("open query log: make the detectors of secrets: %w", err)
		}
	}
	if l.cfg.File == "" {
		return nil
	}
	file, err := openRotating(l.cfg.File, int64(l.cfg.MaxFileMiB)<<20, l.cfg.MaxFiles)
	if err != nil {
		return fmt.Errorf("open query log: %w", err)
	}
	l.file = file
	return nil
}

func (l *queryLog) close() error {
	if l.file == nil {
		return nil
	}
	return l.file.close()
}

// isSlow reports whether a request that took so long is to be written down for that.
func (l *queryLog) isSlow(took time.Duration) bool {
	return l.cfg.SlowThreshold > 0 && took >= l.cfg.SlowThreshold
}

// redact returns a text without secrets and personal data, and not too long. It looks at the whole of it before it cuts: half
// of a secret would not be known as one.
func (l *queryLog) redact(text string, most int) string {
	if text == "" {
		return ""
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	scanner, err := l.scanner()
	if err != nil {
		return unscannable
	}
	scanner.Reset()
	text, _ = scanner.Text(strings.ToValidUTF8(text, "\uFFFD"))
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + "…"
}

// write writes an event down.
func (l *queryLog) write(ctx context.Context, e *queryEvent) {
	if l.file == nil {
		message := "query"
		if e.Slow {
			message = "slow query"
		}
		l.logger.Info(message, e.fields()...)
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		err = l.file.write(append(line, '\n'))
	}
	if err == nil {
		return
	}
	l.failed(context.WithoutCancel(ctx))
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.complained) >= complainEvery {
		l.complained = now
		l.logger.Error("query log cannot be written: what was asked is not on record", zap.String("file", l.cfg.File), zap.Error(err))
	}
}

func (e *queryEvent) fields() []zap.Field {
	fields := []zap.Field{
		zap.Time("time", e.Time), zap.String("endpoint", e.Endpoint), zap.String("outcome", e.Outcome), zap.Int("status", e.Status),
		zap.Float64("seconds", e.Seconds), zap.Float64("queued_seconds", e.Queued), zap.String("address", e.Address),
		zap.Int("objects_read", e.Objects), zap.Int64("records_scanned", e.Records),
		zap.Int64("bytes_read", e.Read), zap.Int64("bytes_fetched", e.Fetched), zap.Int64("bucket_requests", e.Requests),
	}
	for _, f := range [][2]string{{"tenant", e.Tenant}, {"user", e.User}, {"query", e.Query}, {"start", e.Start}, {"end", e.End}} {
		if f[1] != "" {
			fields = append(fields, zap.String(f[0], f[1]))
		}
	}
	return fields
}

// report writes the call down, if that is wanted.
func (c *call) report(endpoint, outcome string, status int) {
	took := time.Since(c.start)
	slow := endpoint != endpointTail && c.a.log.isSlow(took) // a tail lasts as long as its client likes
	if !slow && !c.a.log.cfg.Audit {
		return
	}
	read := c.read
	if c.source != nil {
		read = c.source.Stats()
	}
	e := &queryEvent{
		Time: c.start.UTC(), Slow: slow,
		Tenant: strings.Join(c.tenants, "|"), User: userOf(c.r.Context()), Address: c.r.RemoteAddr, Endpoint: endpoint,
		Outcome: outcome, Status: status, Seconds: took.Seconds(), Queued: c.queued.Seconds(),
		Objects: read.ObjectsRead, Records: read.RowsScanned, Read: read.BytesUsed, Fetched: read.BytesRead, Requests: read.Requests,
	}
	if c.p != nil {
		e.Query = c.a.log.redact(c.asked(), maxLoggedQuery)
		e.Start, e.End = c.loggedTime("start", "time"), c.loggedTime("end")
	}
	c.a.log.write(c.r.Context(), e)
}

// asked is what the client asks for, in canonical form where it can be understood.
func (c *call) asked() string {
	var parts []string
	for _, name := range []string{"query", "match[]", "match"} {
		for _, text := range c.p.values[name] {
			if e, err := logql.Parse(text); err == nil {
				text = e.String()
			}
			if text != "" {
				parts = append(parts, text)
			}
		}
	}
	for _, name := range []string{"id", "bad"} { // of the own API
		if text := c.p.get(name); text != "" {
			parts = append(parts, name+": "+text)
		}
	}
	if name := c.r.PathValue("name"); name != "" {
		parts = append(parts, "name: "+name)
	}
	return strings.Join(parts, "; ")
}

// loggedTime is the first of the parameters that is there, if it is a time.
func (c *call) loggedTime(names ...string) string {
	for _, name := range names {
		if s := c.p.get(name); s != "" {
			t, err := parseTime(s)
			if err != nil {
				return ""
			}
			return t.UTC().Format(time.RFC3339Nano)
		}
	}
	return ""
}

// userOf is the name that the authenticator has found for a request; never the credentials.
func userOf(ctx context.Context) string {
	auth := client.FromContext(ctx).Auth
	if auth == nil {
		return ""
	}
	for _, name := range []string{"subject", "username", "email"} {
		if s, ok := auth.GetAttribute(name).(string); ok && s != "" {
			if len(s) > maxLoggedUser {
				s = s[:maxLoggedUser]
			}
			return strings.ToValidUTF8(s, "")
		}
	}
	return ""
}
