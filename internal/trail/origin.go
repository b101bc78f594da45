// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package trail

import "strings"

const (
	// maxHeadline is how much of a record's text is searched for the names of services: a stack trace names many things.
	maxHeadline = 2 << 10
	// minServiceName is the shortest name that is looked for in a text: of shorter ones too many words are part.
	minServiceName = 3
	// maxErrors is how many errors are looked at, and maxFailing the names of how many services are looked for in them: the records of a common
	// word, which are no request, may have errors of hundreds.
	maxErrors, maxFailing = 2000, 100
)

// origin finds the error that the others follow from. A service that fails because another one did says so: "payment answered 503". So
// an error that names another service which has errors is a consequence, and the origin is the first error of a service that others name,
// and that names no other. Where nobody names anybody, it is the first error.
func origin(records []Record, order []int) int {
	found := originOf(records, order, func(r *Record) bool { return r.Error && !r.Failed })
	if found < 0 { // an access log says that there was an error, but none of them is the origin where others are
		found = originOf(records, order, func(r *Record) bool { return r.Error || r.Failed })
	}
	return found
}

func originOf(records []Record, order []int, isError func(*Record) bool) int {
	var failing []string
	var names [][]string // of each of them
	looked := 0
	for _, i := range order {
		r := &records[i]
		if !isError(r) {
			continue
		}
		if looked++; looked > maxErrors {
			break
		}
		if len(failing) < maxFailing && !contains(failing, r.Service) {
			failing, names = append(failing, r.Service), append(names, namesOf(r.Service))
		}
	}
	if len(failing) == 0 {
		return -1
	}
	looked = 0
	first, firstFree, firstNamed := -1, -1, -1
	named := map[string]bool{}
	free := map[int]bool{} // errors that name no other failing service
	for at, i := range order {
		r := &records[i]
		if !isError(r) {
			continue
		}
		if looked++; looked > maxErrors {
			break
		}
		if first < 0 {
			first = at
		}
		isFree := true
		head := headline(r.Text)
		for k, service := range failing {
			if service != r.Service && hasAny(head, names[k]) {
				named[service], isFree = true, false
			}
		}
		if isFree {
			free[at] = true
			if firstFree < 0 {
				firstFree = at
			}
		}
	}
	for at, i := range order {
		if free[at] && named[records[i].Service] {
			firstNamed = at
			break
		}
	}
	switch {
	case firstNamed >= 0:
		return firstNamed
	case firstFree >= 0:
		return firstFree
	}
	return first // they name each other
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// suffixes end the names of services and are mostly left out when people speak of them.
var suffixes = []string{"-service", "_service", "-svc", "_svc", "-api", "-server"}

// Names reports whether the first line of a text names a service: as a word, not as a part of one or of a qualified name.
func Names(text, service string) bool { return hasAny(headline(text), namesOf(service)) }

// headline is what of a text is looked at, in lower case.
func headline(text string) string {
	head, _, _ := strings.Cut(text[:min(len(text), maxHeadline)], "\n")
	return strings.ToLower(head)
}

// namesOf are the names that a service may be called by, in lower case.
func namesOf(service string) []string {
	service = strings.ToLower(service)
	names := []string{service}
	for _, suffix := range suffixes {
		if short, ok := strings.CutSuffix(service, suffix); ok {
			names = append(names, short)
		}
	}
	return names
}

func hasAny(text string, words []string) bool {
	for _, word := range words {
		if hasWord(text, word) {
			return true
		}
	}
	return false
}

func hasWord(text, word string) bool {
	if len(word) < minServiceName {
		return false
	}
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			return false
		}
		i += from
		before := i == 0 || !isNameByte(text[i-1]) && text[i-1] != '.'
		end := i + len(word)
		after := end == len(text) || !isNameByte(text[end])
		if before && after {
			return true
		}
		from = i + 1
	}
}

func isNameByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-' || c >= 0x80
}
