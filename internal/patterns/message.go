// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package patterns

import "strings"

// Names under which structured lines have their message, and why something failed.
var (
	messageKeys = []string{"msg", "message", "Message", "MESSAGE", "@m", "@mt", "short_message", "text", "log", "event"}
	reasonKeys  = []string{"error", "err", "reason"}
)

// Message returns what people read of the template of a structured line (JSON or logfmt), empty for others: its message, and behind it the reason
// that it gives, if that is more than something that varies.
func Message(template string) string {
	message := ""
	for _, key := range messageKeys {
		if message = valueOf(template, key); message != "" {
			break
		}
	}
	if message == "" {
		return ""
	}
	for _, key := range reasonKeys {
		if reason := valueOf(template, key); reason != "" && reason != message && strings.Trim(strings.ReplaceAll(reason, Wild, ""), " .,:") != "" {
			message += ": " + reason
		}
	}
	return message
}

// valueOf is a quoted value in a template.
func valueOf(template, key string) string {
	for _, start := range []string{`"` + key + `":"`, key + `="`} {
		at := strings.Index(template, start)
		if at < 0 || at > 0 && start[0] != '"' && template[at-1] != ' ' {
			continue
		}
		text := template[at+len(start):]
		for i := 0; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return strings.ReplaceAll(text[:i], `\"`, `"`)
			}
		}
		return text
	}
	return ""
}
