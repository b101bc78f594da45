// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/logboom/logboom/internal/grok"
)

// form is how a captured text becomes the value of an attribute.
type form uint8

const (
	formField   form = iota // as the field's own type says (grok.Field.Convert)
	formText                // the text, whatever type the field has
	formInt                 // int64; a text that is no whole number stays a text and is counted
	formList                // a list that holds the text
	formLower               // the text in lower case (lowerCase)
	formAddress             // split by splitAddress into the attribute and a port beside it; what cannot be split stays whole
	formURL                 // split by splitURL into url.path and url.query; what cannot be split stays whole under urlKey
)

// target is where the captures of one slot of a pattern go.
type target struct {
	raw   string // the field's own name, parts joined by dots
	key   string // the attribute
	spare string // the attribute if another capture of the match has taken key; empty: both become a list
	form  form
}

// naming holds the targets of a pattern's captures by grok.Field.Slot.
type naming []target

// convention is the attribute that OpenTelemetry has for a field.
type convention struct {
	field string
	key   string
	form  form
}

// conventionList are the fields of the Elastic Common Schema, as far as log lines have them, that OpenTelemetry's semantic conventions
// spell differently or give a type. Those that both spell alike are here only for their type. Sources: the attribute registry of
// the semantic conventions 1.37 and the alignment of both that the Elastic Common Schema publishes.
var conventionList = []convention{
	{"http.request.body.bytes", "http.request.body.size", formInt},
	{"http.request.bytes", "http.request.size", formInt},
	{"http.response.body.bytes", "http.response.body.size", formInt},
	{"http.response.bytes", "http.response.size", formInt},
	{"http.response.status_code", "http.response.status_code", formInt},
	{"http.request.referrer", "http.request.header.referer", formText}, // a line has one; contrib's encodings write a text too
	{"http.version", "network.protocol.version", formText},
	{"url.original", "url.original", formURL},
	{"url.port", "url.port", formInt},

	{"network.protocol", "network.protocol.name", formLower},
	{"network.transport", "network.transport", formLower},
	{"network.type", "network.type", formLower},
	{"client.ip", "client.address", formText},
	{"client.port", "client.port", formInt},
	{"server.ip", "server.address", formText},
	{"server.port", "server.port", formInt},
	{"source.ip", "source.address", formText},
	{"source.port", "source.port", formInt},
	{"destination.ip", "destination.address", formText},
	{"destination.port", "destination.port", formInt},

	{"host.hostname", "host.name", formText},
	{"process.pid", "process.pid", formInt},
	{"process.executable", "process.executable.path", formText},
	{"process.thread.id", "thread.id", formInt},
	{"process.thread.name", "thread.name", formText},
	{"java.log.origin.thread.name", "thread.name", formText},
	{"log.origin.file.name", "code.file.path", formText},
	{"log.origin.file.line", "code.line.number", formInt},
	{"log.origin.function", "code.function.name", formText},
	{"error.type", "exception.type", formText},
	{"error.message", "exception.message", formText},
	{"error.stack_trace", "exception.stacktrace", formText},
	{"rule.name", "security_rule.name", formText},
	{"file.size", "file.size", formInt},
	{"service.environment", "deployment.environment.name", formText},
	{"service.node.name", "service.instance.id", formText},
	{"container.image.tag", "container.image.tags", formList},
	{"container.runtime", "container.runtime.name", formText},

	{"aws.s3access.bucket", "aws.s3.bucket", formText},
	{"aws.s3access.key", "aws.s3.key", formText},
	{"aws.s3access.request_id", "aws.request_id", formText},
	{"aws.s3access.host_id", "aws.extended_request_id", formText},
	{"mongodb.database", "db.namespace", formText},
	{"mongodb.collection", "db.collection.name", formText},
	{"mongodb.profile.op", "db.operation.name", formText},
	{"mongodb.query.original", "db.query.text", formText},
	{"redis.database.id", "db.namespace", formText},
	{"redis.command.name", "db.operation.name", formText},
}

var conventionOf = func() map[string]convention {
	m := make(map[string]convention, len(conventionList))
	for _, c := range conventionList {
		m[c.field] = c
	}
	return m
}()

// newNaming gives the fields of one pattern their attributes: as they are named, or, with conventions, by OpenTelemetry's
// semantic conventions where a mapping exists.
func newNaming(fields []*grok.Field, conventions bool) naming {
	n := naming{}
	has := map[string]bool{}
	request := false
	for _, f := range fields {
		if f.Slot < 0 {
			continue
		}
		for len(n) <= f.Slot {
			n = append(n, target{})
		}
		key := f.Key()
		n[f.Slot] = target{raw: key, key: key}
		has[key] = true
		request = request || ofRequest(key)
	}
	if !conventions {
		return n
	}
	for i := range n {
		c, ok := conventionOf[n[i].raw]
		if !ok {
			c = convention{field: n[i].raw, key: n[i].raw}
		}
		t := &n[i]
		t.key, t.form = c.key, c.form
		switch {
		case c.form == formURL && (has["url.path"] || has["url.full"]):
			t.form = formText // the pattern takes it apart itself
		case request:
			t.key = endpoint(c.key)
		}
		// A name and an address of the same peer, or one of the two: see spare.
		if side, ok := strings.CutSuffix(t.raw, ".ip"); ok && has[side+".address"] {
			t.spare = t.raw
			if t.key == "client.address" {
				t.spare = "network.peer.address"
			}
		}
		if t.raw == "host.hostname" && has["host.name"] {
			t.key = t.raw
		}
	}
	for i := range n {
		port := portOf(n[i].key)
		if port != "" && n[i].form <= formText && n[i].spare == "" && !slices.ContainsFunc(n, func(t target) bool { return t.key == port }) {
			n[i].form = formAddress
		}
	}
	return n
}

// portOf is the attribute for the port of the end of a connection whose address is under key; empty for all other attributes.
func portOf(key string) string {
	switch key {
	case "client.address":
		return "client.port"
	case "server.address":
		return "server.port"
	case "source.address":
		return "source.port"
	case "destination.address":
		return "destination.port"
	case "network.peer.address":
		return "network.peer.port"
	}
	return ""
}

// ofRequest reports fields that only lines about requests have: those of HTTP, and of servers that are asked by clients.
func ofRequest(key string) bool {
	for _, prefix := range [...]string{"http.", "url.", "user_agent.", "apache.", "nginx.", "haproxy."} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// endpoint names the two ends of a connection by what they are in a request: the source is the client, the destination the
// server. Only address and port have such names.
func endpoint(key string) string {
	switch key {
	case "source.address":
		return "client.address"
	case "source.port":
		return "client.port"
	case "destination.address":
		return "server.address"
	case "destination.port":
		return "server.port"
	}
	return key
}

// splitURL splits the target of a request into path and query (without the ?). ok is false where it does not begin with a path.
func splitURL(s string) (path, query string, ok bool) {
	if s == "" || s[0] != '/' {
		return "", "", false
	}
	if i := strings.IndexByte(s, '?'); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", true
}

// mayHavePort is false for most of what splitAddress cannot split.
func mayHavePort(s string) bool {
	return strings.IndexByte(s, ':') >= 0 || s != "" && s[len(s)-1] == ')'
}

// splitAddress splits an IP address and a port: 192.0.2.1:80, [2001:db8::1]:80, and PostgreSQL's 192.0.2.1(80). ok is false for
// all other texts.
func splitAddress(s string) (host string, port int64, ok bool) {
	if len(s) < len("0.0.0.0:0") || s[0] != '[' && !isDigit(s[0]) {
		return "", 0, false
	}
	separator, digits := byte(':'), s
	if s[len(s)-1] == ')' {
		separator, digits = '(', s[:len(s)-1]
	}
	i := strings.LastIndexByte(digits, separator)
	if i < 0 {
		return "", 0, false
	}
	digits = digits[i+1:]
	host = s[:i]
	if v6 := strings.TrimPrefix(host, "["); len(v6) < len(host) {
		if host, ok = strings.CutSuffix(v6, "]"); !ok {
			return "", 0, false
		}
	} else if strings.IndexByte(host, ':') >= 0 {
		return "", 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return "", 0, false
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return "", 0, false
	}
	return host, int64(n), true
}

// urlKey is the attribute for a URL that splitURL leaves whole: url.full with a scheme, else (*, host:port) url.original.
func urlKey(s string) string {
	if i := strings.Index(s, "://"); i > 0 && isScheme(s[:i]) {
		return "url.full"
	}
	return "url.original"
}

func isScheme(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return isLetter(s[0])
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// lowerCase is strings.ToLower, without a new text for the names that occur all the time.
func lowerCase(s string) string {
	switch s {
	case "TCP":
		return "tcp"
	case "UDP":
		return "udp"
	case "ICMP":
		return "icmp"
	case "HTTP":
		return "http"
	case "HTTPS":
		return "https"
	}
	return strings.ToLower(s)
}

// slotRef is a capture, or several whose texts are joined by a blank, that a field of the record may be filled from.
type slotRef struct {
	name  string // the name it was found under
	slots []int
	zoned bool // the last of them is a time zone
}

// slots finds the captures of a pattern that have one of the names, most telling first. Names are compared with the
// fields' own and with those of the attributes. A name with blanks is several captures.
func (n fieldNames) slots(targets naming) []slotRef {
	var out []slotRef
	for _, name := range n {
		if !strings.Contains(name, " ") {
			for slot := range targets {
				if targets.is(slot, name) && !(isServiceName(name) && targets.watches()) {
					out = append(out, slotRef{name: name, slots: []int{slot}})
				}
			}
			continue
		}
		ref := slotRef{name: name}
		parts := strings.Fields(name)
		for _, part := range parts {
			if i := slices.IndexFunc(targets, func(t target) bool { return t.raw == part || t.key == part }); i >= 0 {
				ref.slots = append(ref.slots, i)
			}
		}
		if len(ref.slots) == len(parts) && len(parts) > 0 {
			out = append(out, ref)
		}
	}
	return out
}

func (n naming) is(slot int, name string) bool {
	return n[slot].raw != "" && (n[slot].raw == name || n[slot].key == name)
}

// watches reports patterns whose field for a service means one that is watched or passes by, not the one that wrote the line:
// Nagios's states, and sessions in the logs of firewalls.
func (n naming) watches() bool {
	return slices.ContainsFunc(n, func(t target) bool {
		return strings.HasPrefix(t.raw, "nagios.") || t.raw == "policy_id" || t.raw == "policy-name"
	})
}

func isServiceName(name string) bool { return name == "service.name" || name == "service" }
