// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package bucket

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

// How patient the clients are. A creation is tried once, because its callers try again themselves, with pauses and
// without an end, and know how to tell their own earlier success from somebody else's: a client that repeats it underneath
// would only multiply the load on a server in trouble. Reads have no such callers, so the clients repeat them a few times.
const (
	readAttempts = 3
	dialTimeout  = 10 * time.Second
	idlePerHost  = 64 // connections kept for parallel reads
)

// Pauses between the attempts of a read.
var (
	firstPause   = 200 * time.Millisecond
	longestPause = 2 * time.Second
)

// tune applies the settings above to the transport of a client, which it makes patient, but not for ever: a server that
// hangs must not hold a caller.
func tune(t *http.Transport, roots *x509.CertPool) *patient {
	t.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	t.MaxIdleConns = 2 * idlePerHost
	t.MaxIdleConnsPerHost = idlePerHost
	t.TLSHandshakeTimeout = dialTimeout
	if roots != nil {
		if t.TLSClientConfig == nil {
			t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		t.TLSClientConfig.RootCAs = roots
	}
	return &patient{patience: usual, base: t}
}

// newTransport returns a transport of the bucket's own, so that closing the bucket can close its connections.
func newTransport(roots *x509.CertPool) *patient {
	return tune(http.DefaultTransport.(*http.Transport).Clone(), roots)
}

// authorities returns the system's certificate authorities and those of ca_file; nil without one.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read ca_file: %w", &os.PathError{Op: "parse", Path: file, Err: errors.New("no PEM certificate in it")})
	}
	return pool, nil
}
