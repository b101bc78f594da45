// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package search

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/collector/config/configopaque"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/bucket"
	"github.com/logboom/logboom/test/bench/internal/rig"
	"github.com/logboom/logboom/test/harness"
)

// roundTrip is what a request to the bucket takes longer than on this machine.
const roundTrip = 20 * time.Millisecond

// slowBucket is a proxy before an S3 server that delays and counts requests.
type slowBucket struct {
	url                 string
	lists, gets, others atomic.Int64
	bytes               atomic.Int64
}

func newSlowBucket(t testing.TB, target string) *slowBucket {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	s := &slowBucket{}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	proxy := &httputil.ReverseProxy{
		Transport: transport,
		// The host stays the client's, which has signed it.
		Rewrite: func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = u.Scheme, u.Host },
		ModifyResponse: func(r *http.Response) error {
			s.bytes.Add(max(0, r.ContentLength))
			return nil
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			s.others.Add(1)
		case r.URL.Query().Has("list-type"):
			s.lists.Add(1)
		default:
			s.gets.Add(1)
		}
		if *flagStats {
			fmt.Printf("  %s %s?%s %s\n", r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Range"))
		}
		time.Sleep(roundTrip)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *slowBucket) reset() {
	for _, n := range []*atomic.Int64{&s.lists, &s.gets, &s.others, &s.bytes} {
		n.Store(0)
	}
}

func (s *slowBucket) requests() int64 { return s.lists.Load() + s.gets.Load() + s.others.Load() }

func (s *slowBucket) String() string {
	return fmt.Sprintf("%d requests (%d LIST, %d GET, %d others), %.2f MB", s.requests(), s.lists.Load(), s.gets.Load(), s.others.Load(), float64(s.bytes.Load())/1e6)
}

// TestCold asks for one request id as the first that a process does, on an S3 server 20 ms away.
func TestCold(t *testing.T) {
	records := *flagRecords
	if records == 0 {
		records, *flagOwnData = smallRecords, true
	}
	s := rig.LoadStream(t, records, *flagCache, *flagOwnData)
	n, err := choose(s)
	if err != nil {
		t.Fatal(err)
	}
	list := queries(n)
	i := slices.IndexFunc(list, func(q *query) bool { return q.contains == n.request })
	want, err := reference(s, list[i:i+1])
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(harness.TempDir(t), "archive")
	if *flagKeep != "" {
		dir = filepath.Join(*flagKeep, "archive")
	}
	loadArchive(t, s, n, dir)
	s3 := harness.StartS3(t)
	if err := os.CopyFS(filepath.Join(s3.Data, "cold"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	slow := newSlowBucket(t, s3.Endpoint)
	config := bucket.Config{
		URL: "s3://" + s3.Bucket + "/cold", Endpoint: slow.url, Region: s3.Region, PathStyle: true,
		AccessKeyID: s3.AccessKeyID, SecretAccessKey: configopaque.String(s3.SecretAccessKey),
	}
	fmt.Printf("\nThe first query of a process, one request id, on an S3 server %v away (%d requests or fewer and %v are the bar):\n", roundTrip, coldRequests, coldTime)
	for range 3 {
		coldLibrary(t, slow, config, list[i], want[0])
	}
	coldBinary(t, slow, s3, list[i], want[0])
}

// The project's bar.
const (
	coldRequests = 10
	coldTime     = 300 * time.Millisecond
)

func coldLibrary(t *testing.T, slow *slowBucket, config bucket.Config, q *query, want answer) {
	t.Helper()
	ctx := context.Background()
	slow.reset()
	began := time.Now()
	b, err := bucket.Open(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	r, err := archive.Open(ctx, b, archive.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	opened, openRequests := time.Since(began), slow.requests()
	var first time.Duration
	var firstRequests int64
	found := 0
	stats, err := r.Snapshot().Scan(ctx, q.request(), func(*archive.Record) error {
		if found++; found == 1 {
			first, firstRequests = time.Since(began), slow.requests()
		}
		return nil
	})
	if err != nil || stats.Partial() || found != want.count {
		t.Errorf("found %d, want %d: %v %v", found, want.count, err, stats.Errors)
	}
	fmt.Printf("- Go reader: opened after %.0f ms and %d requests, first record after %.0f ms and %d requests, all %d after %.0f ms and %s\n",
		ms(opened), openRequests, ms(first), firstRequests, found, ms(time.Since(began)), slow)
	if *flagStats {
		fmt.Println(stats)
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func coldBinary(t *testing.T, slow *slowBucket, s3 *harness.S3, q *query, want answer) {
	t.Helper()
	s := served{rig.NewServed(t, fmt.Sprintf("{url: 's3://%s/cold', endpoint: '%s', region: %s, path_style: true, access_key_id: %s, secret_access_key: %s}",
		s3.Bucket, slow.url, s3.Region, s3.AccessKeyID, s3.SecretAccessKey), ", refresh_interval: 1h")}
	slow.reset()
	if err := s.start(); err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	opened := slow.requests()
	got, took, err := s.ask(q)
	if err != nil || !got.equal(want) {
		t.Errorf("the answer is %+v, want %+v: %v", got, want, err)
	}
	fmt.Printf("- shipped binary: ready after %d requests; the first query's whole answer took %.0f ms; %s together\n", opened, ms(took), slow)
}
