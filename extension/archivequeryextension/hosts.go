// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archivequeryextension

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// maxShownHost is how much of a refused Host header the answer repeats.
const maxShownHost = 100

// privateSuffixes end names that nobody can register in the public DNS (RFC 6761, 6762, 8375 and ICANN's .internal,
// and what home routers use).
var privateSuffixes = []string{".localhost", ".local", ".internal", ".home.arpa", ".test", ".lan", ".localdomain"}

// guardHosts refuses requests whose Host is a public name that was not allowed. It is for servers on a loopback
// address without auth: there a page of any web site could have its own name resolve to 127.0.0.1 (DNS rebinding)
// and read all logs with the browser of whoever visits it. What Grafana and logcli use on one machine always
// passes: addresses, localhost, names without a dot, and private ones such as host.docker.internal.
func guardHosts(allowed []string, next http.Handler) http.Handler {
	set := map[string]bool{}
	for _, h := range allowed {
		set[hostName(h)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if name := hostName(r.Host); !set[name] && isPublicName(name) {
			http.Error(w, fmt.Sprintf("host %q is not known here: add it to allowed_hosts", name[:min(len(name), maxShownHost)]), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName is a Host header without its port, in lower case.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

func isPublicName(name string) bool {
	if !strings.Contains(name, ".") {
		return false
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return false
	}
	for _, s := range privateSuffixes {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	return true
}
