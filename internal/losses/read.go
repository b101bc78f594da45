// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package losses

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	// maxBody bounds what is read of one source, in bytes.
	maxBody = 8 << 20
	// timeout bounds the time that a source has.
	timeout = 3 * time.Second
	// keep is how long an answer is used again: many may look at once.
	keep = time.Second
)

// SourceStatus says whether a source could be read.
type SourceStatus struct {
	URL       string `json:"url"`
	Reachable bool   `json:"reachable"`
	Error     string `json:"error,omitempty"`
	// UptimeMS is how long the process runs whose metrics these are, 0: it does not tell. Its sums are since then.
	UptimeMS int64 `json:"uptime_ms,omitempty"`
}

// Reader asks sources, when somebody wants to know. It is safe for concurrent use.
type Reader struct {
	urls   []string
	client *http.Client

	mu      sync.Mutex
	read    time.Time
	losses  []Loss
	sources []SourceStatus
}

// NewReader makes a reader of these addresses, which must be valid.
func NewReader(urls []string) *Reader {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // questions are rare
	transport.Proxy = nil
	return &Reader{urls: urls, client: &http.Client{
		Transport: transport, Timeout: timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// ValidateURL reports an address that cannot be asked, or that should not be shown: without credentials in it.
func ValidateURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("must be a URL such as http://localhost:8888/metrics")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return fmt.Errorf("must be a URL of http or https such as http://localhost:8888/metrics, got %q", text)
	case u.User != nil:
		return errors.New("must not have credentials: it is shown to everybody who may ask")
	case u.Fragment != "":
		return fmt.Errorf("must not have a fragment, got %q", text)
	}
	return nil
}

// Read asks all sources at a time and returns what they tell, what matters most first, and how each of them answered.
func (r *Reader) Read(ctx context.Context) ([]Loss, []SourceStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.losses != nil && time.Since(r.read) < keep {
		return slices.Clone(r.losses), slices.Clone(r.sources)
	}
	lists := make([][]Loss, len(r.urls))
	sources := make([]SourceStatus, len(r.urls))
	var wg sync.WaitGroup
	for i, address := range r.urls {
		wg.Go(func() { lists[i], sources[i] = r.ask(ctx, address) })
	}
	wg.Wait()
	all := []Loss{}
	for _, list := range lists {
		all = append(all, list...)
	}
	slices.SortFunc(all, compare)
	if ctx.Err() == nil {
		r.losses, r.sources, r.read = all, sources, time.Now()
	}
	return slices.Clone(all), slices.Clone(sources)
}

func (r *Reader) ask(ctx context.Context, address string) ([]Loss, SourceStatus) {
	status := SourceStatus{URL: address}
	list, seconds, err := r.get(ctx, address)
	if err != nil {
		status.Error = plain(err)
		return nil, status
	}
	for i := range list {
		list[i].URL = address
	}
	status.Reachable = true
	if seconds > 0 && seconds < 1e9 {
		status.UptimeMS = int64(seconds * 1e3)
	}
	return list, status
}

func (r *Reader) get(ctx context.Context, address string) ([]Loss, float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Accept", "text/plain;version=0.0.4")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, 0, fmt.Errorf("answered with status %d", resp.StatusCode)
	}
	body := &io.LimitedReader{R: resp.Body, N: maxBody + 1}
	list, seconds, err := parse(body)
	if body.N <= 0 {
		return nil, 0, fmt.Errorf("answered with more than %d MiB", maxBody>>20)
	}
	return list, seconds, err
}

// plain is an error without the address, which stands beside it.
func plain(err error) string {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		if e.Timeout() {
			return "did not answer in time"
		}
		err = e.Err
	}
	return err.Error()
}
