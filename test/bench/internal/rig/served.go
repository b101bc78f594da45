// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// Served is the shipped binary with archive_query.
type Served struct {
	Archive string // directory of what it reads, if it is one
	LB      *harness.Logboom
	t       testing.TB
	client  *http.Client
}

// NewServed takes the bucket's block of the configuration, and further settings.
func NewServed(t testing.TB, bucket, more string) *Served {
	return &Served{t: t, client: &http.Client{Timeout: 5 * time.Minute}, LB: harness.Prepare(t, harness.Config{Name: "query", YAML: `
extensions: {archive_query: {endpoint: '{{addr "query"}}', bucket: ` + bucket + more + `}}
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}'}}}}
exporters: {nop: }
service: {extensions: [archive_query], pipelines: {logs: {receivers: [otlp], exporters: [nop]}}}`})}
}

// Start starts the process and waits until it can be asked.
func (s *Served) Start() error {
	s.LB.Restart()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		_, _, err := s.Get("/ready", nil)
		if err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// Stop ends it.
func (s *Served) Stop() {
	s.client.CloseIdleConnections()
	if s.LB.Running() {
		s.LB.Kill() // it only reads
	}
}

// Memory is the resident memory at its peak.
func (s *Served) Memory() int64 {
	_, peak := harness.Resident(s.t, s.LB.PID())
	return peak
}

// PID is that of the process.
func (s *Served) PID() int { return s.LB.PID() }

// Get asks an endpoint and reads its answer whole.
func (s *Served) Get(path string, params url.Values) (body []byte, took time.Duration, err error) {
	return Get(s.client, "http://"+s.LB.Addr("query")+path+"?"+params.Encode())
}

// Get reads an answer whole.
func Get(client *http.Client, u string) (body []byte, took time.Duration, err error) {
	began := time.Now()
	resp, err := client.Get(u) //nolint:noctx // the client has a time-out
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	took = time.Since(began)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, body)
	}
	return body, took, err
}
