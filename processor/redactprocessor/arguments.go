// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redactprocessor

import (
	"strings"
	"unsafe"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/logboom/logboom/internal/redact"
)

// A list may be the arguments of a command, such as process.command_args:
//
//	["psql", "--password", "…"]     an option whose name says what the next argument is
//	["curl", "-u", "bob:…"]         an option of a command that a detector knows
//	["mysql", "-p…", "shop"]
const (
	// maxLine is how much of the arguments before is read with one; when there is more, what the line began with is kept.
	maxLine = 1024
	// keptLine is enough for the command.
	keptLine = 64
	// maxArgument is the length of an argument from which a mark stands for it in the line.
	maxArgument = 128
)

// arguments is what is known where the next argument stands.
type arguments struct {
	on     bool // the list has an option
	behind bool // an option stands before
	hides  bool // and its name is sensitive
}

// hasOption tells whether an element of a list looks like an option.
func hasOption(s pcommon.Slice) bool {
	for _, e := range s.All() {
		if e.Type() == pcommon.ValueTypeStr && isOption(e.Str()) {
			return true
		}
	}
	return false
}

// isOption: a dash or two, and a letter.
func isOption(s string) bool {
	if len(s) < 2 || s[0] != '-' {
		return false
	}
	if s = s[1:]; s[0] == '-' {
		s = s[1:]
	}
	return s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
}

// argument masks an element of a list of arguments, and tells whether it is to be removed. An option and what stands behind
// one are never: what follows would not be in step.
func (w *walker) argument(e pcommon.Value, args *arguments, depth int) (drop bool) {
	text := e.Str()
	option := isOption(text)
	switch {
	case args.hides && !strings.HasPrefix(text, "-") && !isPath(text):
		w.hide(e, depth)
		text = "x"
	case option || args.behind:
		out, of := w.sc.Behind(unsafe.String(unsafe.SliceData(w.line), len(w.line)), text)
		if w.note(of); of&redact.Changed != 0 {
			text = out
			if !w.dryRun {
				e.SetStr(out)
			}
		}
	default:
		drop = w.value(e, depth)&redact.DropsAttribute != 0 && !w.dryRun
	}
	args.behind, args.hides = option, option && w.isSensitiveOption(text)
	if len(text) > maxArgument || option && isDenied(text) {
		text = "x"
	}
	if len(w.line)+len(text) >= maxLine {
		w.line = append(w.line[:keptLine], ' ')
	}
	w.line = append(append(w.line, text...), ' ')
	return drop
}

// isSensitiveOption tells whether what follows an option is to be hidden.
func (w *walker) isSensitiveOption(option string) bool {
	name := strings.TrimLeft(option, "-")
	for i := range len(name) {
		c := name[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c >= 0x80 || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return !isDenied(option) && w.sc.SensitiveKey(name)
}

// isDenied tells whether an option says that nothing follows: --no-password, --ask-password, --skip-token.
func isDenied(option string) bool {
	first, _, more := strings.Cut(strings.TrimLeft(option, "-"), "-")
	return more && (first == "no" || first == "ask" || first == "skip")
}

// isPath: what looks like a path is read as any other argument behind its option.
func isPath(s string) bool {
	return strings.HasPrefix(s, "/") || strings.HasPrefix(s, "./") || strings.HasPrefix(s, "../") || strings.HasPrefix(s, "~/")
}
