// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package rig

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/logboom/logboom/test/harness"
)

// Ingested says what loading the archive took.
type Ingested struct {
	Wall time.Duration
	CPU  time.Duration
}

// Load sends the stream to the shipped binary's object_storage exporter, which writes the archive into dir; more is of its settings, as `, key: value`.
func Load(t testing.TB, s *Stream, dir, more string) Ingested {
	t.Helper()
	// The generator's records are of January 2026: max_age lets them lie in the hour of their own time.
	lb := harness.Start(t, harness.Config{Name: "writer", YAML: `
receivers: {otlp: {protocols: {grpc: {endpoint: '{{addr "otlp"}}', max_recv_msg_size_mib: 64}}}}
exporters: {object_storage: {writer: bench, bucket: {url: 'file://` + dir + `'}, wal: {directory: '{{dir "wal"}}'}, event_time: {max_age: 87600h}` + more + `}}
service: {pipelines: {logs: {receivers: [otlp], exporters: [object_storage]}}}`})
	began := time.Now()
	requests := make(chan []byte, 4)
	var wg sync.WaitGroup
	for range 4 {
		client := harness.DialOTLP(t, lb.Addr("otlp"))
		wg.Go(func() {
			for request := range requests {
				for attempt := 0; ; attempt++ {
					err := client.SendEncoded(context.Background(), request)
					if err == nil {
						break
					}
					if attempt > 1000 {
						t.Errorf("send: %v", err)
						break
					}
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	if err := s.Requests(func(request []byte) error {
		requests <- request
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	close(requests)
	wg.Wait()
	lb.Terminate() // flushes what is left
	return Ingested{time.Since(began), lb.CPU()}
}

// Requests calls f with requests of 8,192 records.
func (s *Stream) Requests(f func([]byte) error) error {
	var request []byte
	n := 0
	err := s.Frames(func(fr Frame) error {
		request = append(request, fr.OTLP...)
		if n++; n%16 != 0 {
			return nil
		}
		full := request
		request = make([]byte, 0, len(full)+len(full)/8)
		return f(full)
	})
	if err == nil && len(request) > 0 {
		err = f(request)
	}
	return err
}
