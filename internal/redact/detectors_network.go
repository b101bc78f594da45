// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"net/netip"
	"strings"
)

// Network addresses. Off by default: access logs without addresses are of little use.
var networkDetectors = []Detector{
	{
		Name: "ipv4", Group: Network, rank: rankNetwork,
		Doc:      "IPv4 addresses",
		Triggers: []string{`[^0-9A-Za-z.\-][0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]`},
		find:     findIPv4,
		Match:    []string{"from «10.0.0.1» port", "«192.168.100.254»:80", "src=«8.8.8.8»,"},
		Miss:     []string{"256.1.1.1", "1.2.3", "1.2.3.4.5", "v1.2.3.4"},
	},
	{
		Name: "ipv6", Group: Network, rank: rankNetwork,
		Doc:      "IPv6 addresses",
		Triggers: []string{`[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]`, `::[0-9A-Fa-f]{1,4}`},
		find:     findIPv6,
		Match:    []string{"from «2001:db8::1» port", "[«fe80::1ff:fe23:4567:890a»]:80", "«::1»"},
		Miss:     []string{"12:34:56", "std::vector", "a:b:c"},
	},
	{
		Name: "mac", Group: Network, rank: rankNetwork,
		Doc:      "MAC addresses (EUI-48)",
		Triggers: []string{`[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}`, `[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}`},
		find: func(c *cursor, end int) (int, int, bool) {
			s, start := c.s, end-17
			ok := boundaryBefore(s, start) && (end == len(s) || !isAlnum(s[end]) && s[end] != s[start+2])
			if start > 0 && s[start-1] == s[start+2] {
				ok = false
			}
			return start, end, ok
		},
		Match: []string{"link «00:1A:2b:3c:4d:5e» up", "«00-1A-2b-3c-4d-5e»"},
		Miss:  []string{"00:1A:2b:3c:4d:5e:6f:70"},
	},
}

func findIPv4(c *cursor, end int) (int, int, bool) {
	s, stop := c.s, end
	for stop < len(s) && stop-end < 3 && isDigit(s[stop]) {
		stop++
	}
	start := end - 1
	for start > 0 && end-start < 16 && (isDigit(s[start-1]) || s[start-1] == '.') {
		start--
	}
	if stop < len(s) && (isAlnum(s[stop]) || s[stop] == '_' || (s[stop] == '.' || s[stop] == '-') && stop+1 < len(s) && isDigit(s[stop+1])) {
		return 0, 0, false
	}
	a, err := netip.ParseAddr(s[start:stop])
	return start, stop, err == nil && a.Is4()
}

func findIPv6(c *cursor, end int) (int, int, bool) {
	s, start, stop := c.s, end, end
	in := func(b byte) bool { return isHex(b) || b == ':' || b == '.' }
	for start > 0 && end-start < 46 && in(s[start-1]) {
		start--
	}
	for stop < len(s) && stop-start < 46 && in(s[stop]) {
		stop++
	}
	for stop > start && (s[stop-1] == '.' || s[stop-1] == ':' && !(stop-start >= 2 && s[stop-2] == ':')) {
		stop--
	}
	if start > 0 && isAlnum(s[start-1]) || stop < len(s) && isAlnum(s[stop]) {
		return 0, 0, false
	}
	v := s[start:stop]
	if strings.Count(v, ":") < 2 || !strings.ContainsAny(v, "0123456789") {
		return 0, 0, false
	}
	a, err := netip.ParseAddr(v)
	return start, stop, err == nil && a.Is6()
}
