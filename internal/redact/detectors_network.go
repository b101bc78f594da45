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
		Doc:      "IPv4 addresses, with the length of a prefix",
		Triggers: []string{`[^0-9A-Za-z.\-][0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]`},
		find:     findIPv4,
		Match:    []string{"from «10.0.0.1» port", "«192.168.100.254»:80", "src=«8.8.8.8»,", "net «10.0.0.0/8» up", "GET http://«10.0.0.7»/x", "to host1/«10.0.0.5»:9866", "«10.0.0.1»."},
		Miss:     []string{"256.1.1.1", "1.2.3", "1.2.3.4.5", "v1.2.3.4", "version 1.2.3.4", "Version: 10.0.19041.1", "version=1.2.3.4", "Chrome/120.0.0.0 Safari", "ver. 1.2.3.4"},
	},
	{
		Name: "ipv6", Group: Network, rank: rankNetwork,
		Doc:      "IPv6 addresses, with zone and the length of a prefix",
		Triggers: []string{ipv6Groups, `::[0-9A-Fa-f]`, `[0-9A-Fa-f]::`, `[^0-9A-Za-z:>)\]]::`},
		find:     findIPv6,
		Match: []string{
			"from «2001:db8::1» port", "[«fe80::1ff:fe23:4567:890a»]:80", "«::1»", "«::ffff:10.0.0.1»", "net «2001:db8::/32»,", "«fe80::1%eth0»", "«2001:db8:1:2:3:4:5:6»", "on «::»", "route «::/0»",
			"«2001:db8::» up",
		},
		Miss: []string{"12:34:56", "std::vector", "a:b:c", "1:2:3:4", "12:34:56:789", "abc::def::x", "Foo::Bar", "a ::operator", "x::y"},
	},
	{
		Name: "mac", Group: Network, rank: rankNetwork,
		Doc:      "MAC addresses (EUI-48)",
		Triggers: []string{ipv6Groups, `-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}-`, `\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}`},
		find:     findMAC,
		Match:    []string{"link «00:1A:2b:3c:4d:5e» up", "«00-1A-2b-3c-4d-5e»", "port «0012.34ab.789a», vlan 3"},
		Miss:     []string{"00:1A:2b:3c:4d:5e:6f:70", "1234.5678.9012", "0012.34ab.789a.1", "x0012.34ab.789a", "00-1A-2b-3c-4d-5e-6f", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff"},
	},
}

// ipv6Groups is the middle of an IPv6 address without a gap, and of a MAC address.
const ipv6Groups = `:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]`

func findMAC(c *cursor, end int) (int, int, bool) {
	s := c.s
	var sep byte
	var start, group, n int
	switch {
	case s[end-1] == '-':
		sep, start, group, n = '-', end-12, 2, 17
	case s[end-5] == '.':
		sep, start, group, n = '.', end-14, 4, 14
	default:
		sep, start, group, n = ':', end-10, 2, 17
	}
	if start < 0 {
		return 0, 0, false
	}
	if end = start + n; end > len(s) {
		return 0, 0, false
	}
	for i := start; i < end; i++ {
		if (i-start)%(group+1) == group && s[i] != sep || (i-start)%(group+1) != group && !isHex(s[i]) {
			return 0, 0, false
		}
	}
	if !boundaryBefore(s, start) || start > 0 && s[start-1] == sep {
		return 0, 0, false
	}
	if end < len(s) && (isAlnum(s[end]) || s[end] == '_' || s[end] == sep && end+1 < len(s) && isAlnum(s[end+1])) {
		return 0, 0, false
	}
	if mac := s[start:end]; allIn(mac, func(b byte) bool { return b == '0' || b == sep }) || allIn(mac, func(b byte) bool { return b|0x20 == 'f' || b == sep }) {
		return 0, 0, false // nobody's, or everybody's
	}
	if sep == '.' && !strings.ContainsAny(s[start:end], "abcdefABCDEF") && !hasWordBefore(s, start, 24, macWords) {
		return 0, 0, false
	}
	return start, end, true
}

var macWords = []string{"mac", "hardware", "ether", "hwaddr"}

// prefixLength returns where the length of a prefix ends that follows an address, or i.
func prefixLength(s string, i, most int) int {
	k, n := i+1, 0
	for k < len(s) && k-i < 5 && isDigit(s[k]) {
		n = n*10 + int(s[k]-'0')
		k++
	}
	if i >= len(s) || s[i] != '/' || k == i+1 || n > most || k < len(s) && (isAlnum(s[k]) || s[k] == '_' || s[k] == '/' || s[k] == '.' && k+1 < len(s) && isAlnum(s[k+1])) {
		return i
	}
	return k
}

// isVersion tells whether the four numbers between start and stop are the version of something.
func isVersion(s string, start, stop int) bool {
	i := start
	if i > 1 && s[i-1] == '/' && isAlpha(s[i-2]) { // Chrome/120.0.0.0
		return strings.HasSuffix(s[i:stop], ".0.0.0")
	}
	for n := 0; n < 4 && i > 0 && strings.IndexByte(` :="'./\\`, s[i-1]) >= 0; n++ {
		i--
	}
	for _, w := range [...]string{"version", "ver", "build", "release"} {
		if i >= len(w) && strings.EqualFold(s[i-len(w):i], w) && (i == len(w) || w != "ver" || !isAlpha(s[i-len(w)-1])) {
			return true
		}
	}
	return false
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
	if a, err := netip.ParseAddr(s[start:stop]); err != nil || !a.Is4() || isVersion(s, start, stop) {
		return 0, 0, false
	}
	return start, prefixLength(s, stop, 32), true
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
	if start > 0 && (isAlnum(s[start-1]) || s[start-1] == '_') && !escapeBefore(s, start) || stop < len(s) && (isAlnum(s[stop]) || s[stop] == '_') {
		return 0, 0, false
	}
	v := s[start:stop]
	if strings.Count(v, ":") < 2 {
		return 0, 0, false
	}
	if v == "::" {
		if stop < len(s) && strings.IndexByte(" /]\"',\n", s[stop]) < 0 || start > 0 && strings.IndexByte(" [\"'=\n", s[start-1]) < 0 {
			return 0, 0, false
		}
	} else if !strings.ContainsAny(v, "0123456789") {
		return 0, 0, false
	}
	if a, err := netip.ParseAddr(v); err != nil || !a.Is6() {
		return 0, 0, false
	}
	if stop+1 < len(s) && s[stop] == '%' && isAlpha(s[stop+1]) { // a zone
		k := stop + 1
		for k < len(s) && k-stop < 17 && (isAlnum(s[k]) || s[k] == '.' || s[k] == '-' || s[k] == '_') {
			k++
		}
		for s[k-1] == '.' || s[k-1] == '-' {
			k--
		}
		stop = k
	}
	return start, prefixLength(s, stop, 128), true
}
