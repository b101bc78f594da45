// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Secrets that a file format has at a fixed place.
var manifestDetectors = []Detector{
	{
		Name: "kubernetes_secret", Group: Secrets, rank: rankAssigned,
		Doc:      "The data and stringData of a Kubernetes Secret manifest, YAML or JSON",
		Triggers: []string{`(?i)kind\\*["']?\s*:\s*\\*["']?secret`},
		find:     findKubernetesSecret,
		Match: []string{
			"apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  user: «YWRtaW5pc3RyYXRvcg==\n  pw: aHVudGVyMg==»\ntype: Opaque",
			"apiVersion: v1\ndata:\n\tpw: «aHVudGVyMg==»\nkind: Secret\n",
			`{"kind":"Secret","data":«{"a":"aHVudGVyMmh1bnRlcjI="}»,"type":"Opaque"}`,
			"kind: Secret\nstringData:\n  conf: |\n    «user=bob\n    word=Hx7Lq2»\n",
			`{"body":"kind: Secret\ndata:\n  a: «aHVudGVyMmh1bnRlcjI=»\nx: 1"}`,
		},
		Miss: []string{
			"kind: Secret\nmetadata:\n  name: x\n", "kind: Secret\ndata:\n  csrf: \"\"\n", "kind: ExternalSecret\ndata:\n  a: aHVudGVyMmh1bnRlcjI=",
			"kind: SecretStore\ndata:\n  a: aHVudGVyMmh1bnRlcjI=", "kind: ConfigMap\ndata:\n  a: aHVudGVyMmh1bnRlcjI=", "no kind: secret, no data: at all",
		},
	},
	{
		Name: "netrc_password", Group: Secrets, rank: rankAssigned,
		Doc:      "The password of a line of .netrc",
		Triggers: []string{`(?i)machine\s`},
		find:     findNetrc,
		Match:    []string{"machine api.example login bob password «hunter2» x", "machine a\n  login b\n  password «Hx7»\n"},
		Miss:     []string{"the machine lost its login password today", "machine a login b", "virtual machine x: password changed", "machine a login b password [REDACTED:netrc_password]"},
	},
	{
		Name: "pgpass_password", Group: Secrets, rank: rankAssigned,
		Doc:      "The password of a line of .pgpass: host:5432:database:user:password",
		Triggers: []string{`:5432:`},
		find:     findPgpass,
		Match:    []string{"db-1.internal:5432:shop:app:«hunter2»", "*:5432:*:postgres:«Hx7Lq2»\n"},
		Miss:     []string{"db:5432: connection refused", "db:5432:shop", "db:5432:shop: user: none", "10.0.0.1:5432:a:b:"},
	},
	{
		Name: "dsn_password", Group: Secrets, rank: rankAssigned,
		Doc:      "The password of a data source name of Go's MySQL driver, user:password@tcp(host)/db, and of Oracle's, user/password@//host",
		Triggers: []string{`@(tcp|unix|tcp4|tcp6)\(`, `jdbc:oracle:(thin|oci):`},
		find:     findDSN,
		Match: []string{
			"open app:«Hx7Lq2»@tcp(db:3306)/shop", `dsn="root:«p@ss»@unix(/tmp/mysql.sock)/x"`, "jdbc:oracle:thin:scott/«tiger7»@//db:1521/x",
		},
		Miss: []string{"app@tcp(db:3306)/shop", "app:***@tcp(db)/x", "a: b@tcp(c)", "jdbc:oracle:thin:@//db:1521/x"},
	},
}

func findKubernetesSecret(c *cursor, end int) (int, int, bool) {
	s := c.s
	if end < len(s) && isKeyChar(s[end]) { // SecretStore, SecretList
		return 0, 0, false
	}
	own := end - len("kind:secret")
	for own > 0 && s[own]|0x20 != 'k' {
		own--
	}
	// The data stand behind the kind or before it, in the same document.
	for _, area := range [2][2]int{{end, nextKind(s, end)}, {lastKind(s, own), own}} {
		for at := area[0]; at < area[1]; {
			k := strings.Index(s[at:area[1]], "ata")
			if k < 0 {
				break
			}
			at += k + len("ata")
			if start, stop, ok := secretData(s, at, area[1]); ok {
				return start, stop, true
			}
		}
	}
	return 0, 0, false
}

// nextKind and lastKind keep what is read for one trigger apart from what is read for the next: the time stays linear.
func nextKind(s string, i int) int {
	for ; i < len(s); i++ {
		if isKind(s, i) {
			return i
		}
	}
	return i
}

func lastKind(s string, i int) int {
	for i--; i > 0 && !isKind(s, i); i-- {
	}
	return max(0, i)
}

func isKind(s string, i int) bool {
	return s[i]|0x20 == 'k' && len(s)-i >= 4 && strings.EqualFold(s[i:i+4], "kind")
}

// secretData reads the block that data: or stringData: opens; at is behind its last letter.
func secretData(s string, at, limit int) (int, int, bool) {
	from := at
	for from > 0 && isAlpha(s[from-1]) {
		from--
	}
	if name := s[from:at]; name != "data" && name != "stringData" && name != "ndata" && name != "nstringData" { // \ndata
		return 0, 0, false
	}
	i := at
	for i < limit && (s[i] == '"' || s[i] == '\\' || s[i] == '\'') {
		i++
	}
	if i >= limit || s[i] != ':' {
		return 0, 0, false
	}
	for i++; i < limit && s[i] == ' '; i++ {
	}
	if i < limit && s[i] == '{' {
		if stop := closeContainer(s, i); stop > 0 {
			return i, stop, true
		}
		return i, limit, i+12 < limit
	}
	newline, n := "\n", 0
	if strings.HasPrefix(s[i:limit], `\n`) {
		newline = `\n`
	}
	// Lines that are indented belong to the block; the first value is where the finding begins.
	start, stop, longest := 0, 0, 0
	for strings.HasPrefix(s[i:limit], newline) || strings.HasPrefix(s[i:limit], "\r\n") {
		if s[i] == '\r' {
			i++
		}
		i += len(newline)
		line := i
		for i < limit && (s[i] == ' ' || s[i] == '\t' || newline == `\n` && strings.HasPrefix(s[i:], `\t`)) {
			i += boolInt(s[i] == '\\') + 1
		}
		next := strings.Index(s[i:limit], newline)
		if next < 0 {
			next = limit - i
		}
		text := s[i : i+next]
		if i == line && strings.TrimSpace(text) != "" {
			break
		}
		text = strings.TrimRight(text, " \r\t")
		if end := strings.IndexByte(text, '"'); newline == `\n` && end >= 0 { // the JSON string is over
			text, next = text[:end], end
		}
		value := 0
		if k := strings.Index(text, ": "); k >= 0 {
			value = k + 2
		} else if strings.HasSuffix(text, ":") || text == "" || text[0] == '#' {
			i += next
			continue
		}
		v := strings.Trim(text[value:], ` "'|>-+\`)
		if v != "" && !isPlaceholder(v) {
			if start == 0 {
				start = i + value + strings.Index(text[value:], v)
			}
			stop = i + value + strings.Index(text[value:], v) + len(v)
			longest = max(longest, len(v))
		}
		i += next
		n++
	}
	return start, stop, longest >= 10
}

// findNetrc reads machine NAME login NAME password WORD.
func findNetrc(c *cursor, end int) (int, int, bool) {
	s := c.s
	i, want := end, [...]string{"", "login", "", "password"}
	for _, w := range want {
		word, next := nextWord(s, i)
		if word == "" || w != "" && !strings.EqualFold(word, w) {
			return 0, 0, false
		}
		i = next
	}
	word, next := nextWord(s, i)
	start := next - len(word)
	return start, argumentEnd(s, start, next, ""), word != "" && !isPlaceholder(word)
}

// nextWord returns the word behind the blanks at i, and its end.
func nextWord(s string, i int) (string, int) {
	from := i
	for i < len(s) && isSpace(s[i]) && i-from < maxSeparators {
		i++
	}
	stop := i
	for stop < len(s) && !isSpace(s[stop]) && stop-i < maxLook {
		stop++
	}
	return s[i:stop], stop
}

func findPgpass(c *cursor, end int) (int, int, bool) {
	s, i := c.s, end
	for range 2 {
		from := i
		for i < len(s) && i-from < maxKeyBytes && (isKeyChar(s[i]) || s[i] == '*') {
			i++
		}
		if i == from || i >= len(s) || s[i] != ':' {
			return 0, 0, false
		}
		i++
	}
	stop := closeBare(s, i, maxLook)
	return i, argumentEnd(s, i, stop, ""), stop > i && !isPlaceholder(s[i:stop])
}

func findDSN(c *cursor, end int) (int, int, bool) {
	s := c.s
	if s[end-1] == ':' { // Oracle: user/password@
		i := end
		for i < len(s) && i-end < maxKeyBytes && isKeyChar(s[i]) {
			i++
		}
		if i == end || i >= len(s) || s[i] != '/' {
			return 0, 0, false
		}
		at := strings.IndexByte(s[i:min(len(s), i+maxUserInfo)], '@')
		return i + 1, i + at, at > 1 && !isPlaceholder(s[i+1:i+at]) && !strings.ContainsAny(s[i:i+at], " \t\n\"'")
	}
	at := strings.LastIndexByte(s[:end], '@')
	from := at
	for from > 0 && at-from < maxUserInfo/2 && !isSpace(s[from-1]) && strings.IndexByte("\"'`", s[from-1]) < 0 {
		from--
	}
	user, password, ok := strings.Cut(s[from:at], ":")
	if !ok || user == "" || password == "" || isPlaceholder(password) {
		return 0, 0, false
	}
	return at - len(password), at, true
}
