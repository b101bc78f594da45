// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grokprocessor

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
)

// The names under which lines carry the service they come from. Programs of syslog lines come last.
var serviceNames = []string{
	"service.name", "service", "service_name", "serviceName", "dd.service", "app", "app_name", "appname", "application",
	"process.name", "program", "syslog5424_app", "progname", "SYSLOG_IDENTIFIER",
}

const (
	serviceKey = "service.name"
	keyProcess = "process.name"
)

// isProgram reports names for the program of a syslog line, under which other lines have something else: the process of a pool, the class
// that logs.
func isProgram(name string) bool { return name == keyProcess || name == "program" }

// syslog reports the fields of a syslog line: beside the program it has the host or a priority.
func (n naming) syslog() bool {
	return slices.ContainsFunc(n, func(t target) bool {
		switch t.raw {
		case "host.name", "host.hostname", "host", "hostname", "logsource":
			return true
		}
		for _, prefix := range [...]string{"syslog", "log.syslog.", "vmware."} {
			if strings.HasPrefix(t.raw, prefix) {
				return true
			}
		}
		return false
	})
}

// isSession reports the objects of a firewall, whose service is that of the session which passes.
func isSession(object pcommon.Map) bool {
	for key := range object.All() {
		switch key {
		case "policyid", "policy_id", "dstip", "dst_ip", "dstport":
			return true
		}
	}
	return false
}

// maxServices bounds the services that one batch is split by; records of further ones stay where they are.
const maxServices = 256

// maxServiceName is the longest text that is taken for the name of a service, in bytes.
const maxServiceName = 255

// lacksService reports a resource without a service.name, or with the placeholder that SDKs put there.
func lacksService(res pcommon.Resource) bool {
	v, ok := res.Attributes().Get(serviceKey)
	if !ok || v.Type() == pcommon.ValueTypeEmpty {
		return true
	}
	return v.Type() == pcommon.ValueTypeStr && (v.Str() == "" || strings.HasPrefix(v.Str(), "unknown_service"))
}

// serviceName is text as the name of a service. ok is false if it cannot be one.
func serviceName(text string) (name string, ok bool) {
	text = strings.TrimSpace(text)
	if text == "" || text == "-" || len(text) > maxServiceName || !utf8.ValidString(text) {
		return "", false
	}
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == 0x7f || c == '{' || c == '"' { // control characters, objects
			return "", false
		}
	}
	return text, true
}

// programName is text as the name of a service if it looks like that of a program: a letter, then letters, digits and . _ - / @.
// A path may begin with a slash; what a program puts in brackets behind its name is cut. ok is false for everything else, also for words that
// stand where a program should: levels, months, zones, and for ids.
func programName(text string) (name string, ok bool) {
	name = strings.TrimSpace(text)
	if n := len(name); n > 2 && (name[n-1] == ']' || name[n-1] == ')') {
		i := strings.LastIndexAny(name, "[(")
		if i <= 0 || name[n-1] == ')' && !isLetter(name[i+1]) { // a number in parentheses is a priority
			return "", false
		}
		name = name[:i]
	}
	if name == "" || len(name) > maxServiceName || !utf8.ValidString(name) {
		return "", false
	}
	id, digits := len(name) >= 12, false
	for i, c := range name {
		switch {
		case c >= utf8.RuneSelf:
			if id = false; !unicode.IsLetter(c) {
				return "", false
			}
		case isLetter(byte(c)):
			id = id && (c|0x20) <= 'f'
		case i == 0 && c == '/' && len(name) > 1 && isLetter(name[1]):
			id = false
		case i == 0:
			return "", false
		case isDigit(byte(c)):
			digits = true
		case c == '-':
		case c == '.' || c == '_' || c == '/' || c == '@':
			id = false
		default:
			return "", false
		}
	}
	if id && digits {
		return "", false
	}
	if len(name) <= maxNoProgram {
		var lower [maxNoProgram]byte
		for i := range len(name) {
			lower[i] = name[i] | 0x20
		}
		if noPrograms[string(lower[:len(name)])] {
			return "", false
		}
	}
	return name, true
}

// noPrograms are words in lower case that stand where a program's name is expected, but are none.
var noPrograms = func() map[string]bool {
	m := map[string]bool{}
	for _, word := range strings.Fields(`trace debug info information informational notice warn warning err error severe fatal crit critical alert
		emerg emergency panic verbose fine finer finest null nil none undefined true false utc gmt
		jan feb mar apr may jun jul aug sep oct nov dec mon tue wed thu fri sat sun`) {
		m[word] = true
	}
	return m
}()

// maxNoProgram is the length of the longest of noPrograms.
const maxNoProgram = 13

// serviceNotes collects, during one batch, which record belongs to which service. The zero value is ready and costs nothing.
type serviceNotes struct {
	notes []serviceNote // in the order of the records
	names []string      // of this batch
	index map[string]int
}

type serviceNote struct{ resource, scope, record, service int }

// add notes that the record belongs to service. To be called in the order of the records, only where lacksService is true
// for the resource. A name that cannot be one (empty, too long, with control characters) is ignored.
func (n *serviceNotes) add(resource, scope, record int, service string) {
	if last := len(n.notes) - 1; last >= 0 && n.names[n.notes[last].service] == service {
		n.notes = append(n.notes, serviceNote{resource, scope, record, n.notes[last].service})
		return
	}
	if id, ok := n.id(service); ok {
		n.notes = append(n.notes, serviceNote{resource, scope, record, id})
	}
}

func (n *serviceNotes) id(service string) (id int, ok bool) {
	name, ok := serviceName(service)
	if !ok {
		return 0, false
	}
	if id, ok = n.index[name]; ok {
		return id, true
	}
	if len(n.names) == maxServices {
		return 0, false
	}
	if n.index == nil {
		n.index = map[string]int{}
	}
	name = strings.Clone(name) // not the whole line
	id = len(n.names)
	n.names = append(n.names, name)
	n.index[name] = id
	return id, true
}

// regroup moves the noted records to resources with their service.name and forgets the notes. Nothing is lost; the order
// of the records of a service stays. A resource all of whose records are of one service gets the name and stays as it is.
func (n *serviceNotes) regroup(ld plog.Logs) {
	if len(n.notes) == 0 {
		return
	}
	rls := ld.ResourceLogs()
	emptied := map[int]bool{}
	for from := 0; from < len(n.notes); {
		to := from + 1
		for to < len(n.notes) && n.notes[to].resource == n.notes[from].resource {
			to++
		}
		r := n.notes[from].resource
		if n.split(rls, rls.At(r), n.notes[from:to]) {
			emptied[r] = true
		}
		from = to
	}
	if len(emptied) > 0 {
		i := -1
		rls.RemoveIf(func(plog.ResourceLogs) bool {
			i++
			return emptied[i]
		})
	}
	n.notes, n.names = n.notes[:0], n.names[:0]
	clear(n.index)
}

// split divides one resource by the notes on it. The answer is true if nothing is left there.
func (n *serviceNotes) split(rls plog.ResourceLogsSlice, rl plog.ResourceLogs, notes []serviceNote) (empty bool) {
	one := true
	for i := range notes {
		one = one && notes[i].service == notes[0].service
	}
	if one && len(notes) == recordsOf(rl) {
		rl.Resource().Attributes().PutStr(serviceKey, n.names[notes[0].service])
		return false
	}
	s := serviceSplit{notes: n, rls: rls, from: rl, resources: map[int]*serviceResource{}}
	scope, next := -1, 0
	rl.ScopeLogs().RemoveIf(func(sl plog.ScopeLogs) bool {
		scope++
		if next == len(notes) || notes[next].scope != scope {
			return false // no note on it; an empty one stays too
		}
		record := -1
		sl.LogRecords().RemoveIf(func(lr plog.LogRecord) bool {
			record++
			if next == len(notes) || notes[next].scope != scope || notes[next].record != record {
				return false
			}
			lr.MoveTo(s.to(notes[next].service, scope, sl).AppendEmpty())
			next++
			return true
		})
		return sl.LogRecords().Len() == 0
	})
	return rl.ScopeLogs().Len() == 0
}

func recordsOf(rl plog.ResourceLogs) int {
	n := 0
	for _, sl := range rl.ScopeLogs().All() {
		n += sl.LogRecords().Len()
	}
	return n
}

// serviceSplit holds the resources that one resource is split into.
type serviceSplit struct {
	notes     *serviceNotes
	rls       plog.ResourceLogsSlice
	from      plog.ResourceLogs
	resources map[int]*serviceResource // by service
}

type serviceResource struct {
	logs    plog.ResourceLogs
	scope   int // the last of the scopes, by its place in the original
	records plog.LogRecordSlice
}

// to is where the records of a service in a scope go.
func (s *serviceSplit) to(service, scope int, sl plog.ScopeLogs) plog.LogRecordSlice {
	r := s.resources[service]
	if r == nil {
		r = &serviceResource{logs: s.rls.AppendEmpty(), scope: -1}
		s.from.Resource().CopyTo(r.logs.Resource())
		r.logs.SetSchemaUrl(s.from.SchemaUrl())
		r.logs.Resource().Attributes().PutStr(serviceKey, s.notes.names[service])
		s.resources[service] = r
	}
	if r.scope != scope {
		copied := r.logs.ScopeLogs().AppendEmpty()
		sl.Scope().CopyTo(copied.Scope())
		copied.SetSchemaUrl(sl.SchemaUrl())
		r.scope, r.records = scope, copied.LogRecords()
	}
	return r.records
}
