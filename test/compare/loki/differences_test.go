// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package loki

import "regexp"

// difference is one that is meant: a query that looks so may be answered in another way.
type difference struct{ query, reason string }

// differences are those that are meant; docs/logql.md tells them to users.
var differences = []difference{
	{`\w ?[=!]~ ?"(\(\?i\))?(\w*\.\*|\.\*\w*(\.\*)?|)"`, "a regular expression of a label filter matches the whole value; Loki finds x.* anywhere in it, and takes an empty one for any"},
	{`\d[KMGT]i`, "Loki's query frontend rounds 1KiB to 1.0kB"},
	{`\(\?i\)ſ`, "Loki folds ASCII letters only in some places"},
	{`ip\("::1"\)`, "Loki overlooks an address of three letters at the end of a line"},
	{`or ip\(|ip\("[^"]*"\) or`, "Loki compares the text of an ip() in a chain of alternatives"},
	{`ip\(""\)`, "Loki refuses an empty range when the query runs; ours marks every line with an error"},
	{`label_format __error_details__|__error_details__ ?!=|\.__error_details__|label_format .*=__error_details__`, "the words of error details are each program's own"},
	{`by \([^)]*__error__`, "Loki counts lines with errors when they are grouped by their error"},
	{`ip\(.*\| \w+ ?[<>!=]+ ?-?\d`, "Loki tests some filters of numbers already where the label is parsed, and then lets lines with an error pass ip()"},
	{`rate_counter`, "Loki 3.7 does not extrapolate to the ends of the window; later versions do, and so do we"},
	{`label_replace\(.*"service_name", "all"`, "label_replace that makes several series one is a mistake, as in PromQL"},
	{`logfmt (\w+)="\w+", \w+="\w+"`, "a label that is extracted twice, or two labels of one key"},
	{`(json|logfmt) a, a="b"|json a="a", a="b"`, "a label that is extracted twice"},
	{`sum without \(.*(json|logfmt|label_format)`, "where lines have a label that is empty and others have none, Loki answers with two series of the same labels"},
	{`0x10`, "Loki takes a hexadecimal integer for 0"},
	{`drop .*\| (json|logfmt)`, "Loki does not extract a label again that was extracted and dropped"},
}

// syntaxDifferences are those of what is a query at all.
var syntaxDifferences = []difference{
	{`0x10`, "Loki takes a hexadecimal integer for 0"},
	{`logfmt (\w+ ?= ?)?x ?= ?"a\\"b"`, "a quotation mark in a key of logfmt"},
	{`\bor ""|"" or\b`, "empty alternatives are left out of the canonical text"},
	{`1e400|\be[0-9]{3}`, "Loki takes a filter's number that is too large for infinity"},
	{`\bvariants\b`, "an experiment of Loki that it has given up"},
	{`\bof\b`, "a word of that experiment"},
}

var compiled = map[string]*regexp.Regexp{}

func init() {
	for _, list := range [][]difference{differences, syntaxDifferences} {
		for _, d := range list {
			compiled[d.query] = regexp.MustCompile(d.query)
		}
	}
}

func matches(list []difference, text string) bool {
	for _, d := range list {
		if compiled[d.query].MatchString(text) {
			return true
		}
	}
	return false
}

// isMeant reports whether a query may be answered in another way.
func isMeant(text string) bool { return matches(differences, text) }

// isMeantSyntax reports whether a query may be read in another way.
func isMeantSyntax(text string) bool { return matches(syntaxDifferences, text) }
