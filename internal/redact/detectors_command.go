// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "strings"

// Secrets among the words of a command or a statement.
var commandDetectors = []Detector{
	{
		Name: "basic_credentials", Group: Secrets, rank: rankAssigned,
		Doc:      "User and password behind curl's -u or --user",
		Triggers: []string{`curl\s`},
		find:     findCurlUser,
		Match: []string{
			"curl -k -X GET -u «elastic:Tr33h0use$9» https://localhost:9200", `curl -s --user '«api:r7ToY17bVo!g»' \`,
			"curl -u«bob:Hx7Lq2Pz9» https://x", `curl https://x -u "«q9Zr7J9AYXB4BUBvhS:»"`, "curl -u «bob:'Hx7 Lq2Pz'» https://x", "curl \\\n\t-u «bob:Hx7Lq2Pz9» x", `curl --user="«:Hx7Lq2Pz9»"`,
		},
		Miss: []string{
			"curl -u $USER:$PASSWORD https://x", "curl https://x -u user", "curl --user-agent x:y1 https://z", `curl --user "xxx:yyy"`,
			"curl --user user:password https://x", "curl -u \"{{ .user }}:{{ .pass }}\" x",
		},
	},
	{
		Name: "command_password", Group: Secrets, rank: rankAssigned,
		Doc:      "The password among the arguments of mysql, sshpass, redis-cli, docker login, openssl, smbclient and the like",
		Triggers: []string{`(?i)(mysql(dump|admin|import)?|mariadb(-dump)?|sshpass|redis-cli|docker\s+login|mongo(sh|dump|restore)?|ldap(search|modify|add|delete)|sqlcmd|smbclient|plink|net\s+use)\s`, `-pass(in|out)?\s+(pass|env):`},
		find:     findCommandPassword,
		Match: []string{
			"exec: mysql -uroot -p«Hx7Lq2» shop", "mysqldump -h db -u app -p'«Hx7 Lq2»' shop > x.sql", "sshpass -p «hunter2» ssh bob@host",
			"redis-cli -h cache -a «hunter2» ping", "docker login -u bob -p «Hx7Lq2Pz» registry.example", "openssl pkcs12 -passin pass:«hunter2» -in x",
			"ldapsearch -D cn=admin -w «hunter2» -b dc=x", "smbclient -U 'bob%«hunter2»' //srv/share",
		},
		Miss: []string{
			"mysql -u root -p shop", "mysql -p$PW shop", "docker login -p", "redis-cli -p 6379 ping", "mysql -P3306", "mysqld started with pid 7",
			"mysql server -port", "sshpass -p ${PW} x", "openssl -passin env:PW",
		},
	},
	{
		Name: "sql_password", Group: Secrets, rank: rankAssigned,
		Doc:      "Passwords in SQL: IDENTIFIED BY, PASSWORD '…', PASSWORD(…), and the columns of an INSERT whose names say so",
		Triggers: []string{`(?i)identified\s`, `(?i)password(\s+|\()["'\\]`, `(?i)values?\s*\(`},
		find:     findSQL,
		Match: []string{
			"CREATE USER 'a'@'%' IDENTIFIED BY '«Hx7Lq2»';", "ALTER USER a IDENTIFIED WITH mysql_native_password BY '«it''s»' x",
			"ALTER ROLE app WITH LOGIN ENCRYPTED PASSWORD '«hunter2»'", "SET PASSWORD FOR bob = PASSWORD('«hunter2»')",
			"INSERT INTO users (id, name, password, age) VALUES (1, 'bob', '«hunter2»', 7)", "IDENTIFIED BY PASSWORD '«*94BDCEBE19083CE2»'",
			`{"q":"insert into users(name,passwd) values ('bob', '«hunter2»')"}`,
			"INSERT INTO users (name, password) VALUES ('bob', '«a'), ('eve', 'b»')",
		},
		Miss: []string{
			"caused by 'timeout'", "ORDER BY \"name\"", "INSERT INTO t (a, b) VALUES ('password', 2)", "invalid password \"\"", "IDENTIFIED BY ?",
			"INSERT INTO users (name, password) VALUES (?, ?)", "INSERT INTO users (name, password) VALUES ($1, $2)", "values('x')", "IDENTIFIED BY '[REDACTED:sql_password]'",
			"the field 'password' 'is' empty", "identified by 7 users", "not identified",
		},
	},
}

// nextCurl is where the next command begins, -1 if none does.
func nextCurl(s string) int {
	const name = "curl"
	for i := 0; ; i += len(name) {
		k := strings.Index(s[i:], name)
		if k < 0 {
			return -1
		}
		if i += k; i+len(name) < len(s) && isSpace(s[i+len(name)]) {
			return i
		}
	}
}

// findCurlUser looks for the option within the 2 KiB behind the command, also on the lines that follow, but no further than the
// next command: that one has a trigger of its own.
func findCurlUser(c *cursor, end int) (int, int, bool) {
	s := c.s[:min(len(c.s), end+maxCommand)]
	if next := nextCurl(s[end:]); next >= 0 {
		s = s[:end+next]
	}
	for i, n := end-1, 0; i+3 < len(s) && n < maxOptions; n++ {
		k := strings.Index(s[i:], "-u")
		if k < 0 {
			return 0, 0, false
		}
		from := i + k
		if i = from + 2; from > 0 && s[from-1] == '-' {
			from--
		}
		if from == 0 || !isSpace(s[from-1]) && !escapeBefore(s, from) { // also behind \t in JSON
			continue
		}
		at := i
		if s[from+1] == '-' { // --user
			if !strings.HasPrefix(s[from:], "--user") || from+6 >= len(s) || s[from+6] != '=' && !isSpace(s[from+6]) {
				continue
			}
			at = from + 6 + boolInt(s[from+6] == '=')
		}
		start, quote := openArgument(c.s, at)
		stop := closeArgument(c.s, start, quote, maxLook)
		if start < stop && isUserAndPassword(c.s[start:stop]) {
			return start, argumentEnd(c.s, start, stop, quote), true
		}
	}
	return 0, 0, false
}

// isUserAndPassword tells whether an argument is user:password, :password or, with a key in the user's place, user: .
func isUserAndPassword(v string) bool {
	user, password, ok := strings.Cut(v, ":")
	user, password = strings.Trim(user, `'"\`), strings.Trim(password, `'"\`)
	low := strings.ToLower(password)
	if !ok || isPlaceholder(v) || strings.HasPrefix(password, "//") || len(user)+len(password) < 6 {
		return false
	}
	if password == "" {
		h := shapeOf(user)
		return len(user) >= 12 && h.digits > 0 && h.lowers+h.uppers > 0 && !isVariable(user)
	}
	switch low {
	case "password", "passwd", "pass", "pwd", "changeme", "changeit", "test", "token", "yyy":
		return false
	}
	return !isVariable(user) && !isVariable(low) && !isPlaceholder(low) && (user == "" || user[0] != '-')
}

// isVariable: $PASSWORD, ${x}, {{ .x }}, <password>, [password].
func isVariable(v string) bool { return v != "" && strings.IndexByte("$<{[", v[0]) >= 0 }

const (
	maxCommand = 2048 // how far an option may stand behind its command
	maxOptions = 8    // how many that look like it are tried
)

// openArgument is openValue for a word of a command line: only blanks are skipped.
func openArgument(s string, i int) (int, string) {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
		i++
	}
	if i < len(s) && strings.IndexByte("\"'`\\", s[i]) >= 0 {
		return openValue(s, i)
	}
	return i, ""
}

func closeArgument(s string, start int, quote string, limit int) int {
	if quote != "" {
		return closeQuoted(s, start, quote, limit)
	}
	stop := start
	for stop < len(s) && stop-start < limit && !isSpace(s[stop]) {
		if strings.IndexByte("\"'`;|&", s[stop]) >= 0 {
			part := quotedPart(s[:min(len(s), start+limit)], start, stop)
			if part == 0 {
				break
			}
			stop += part
			continue
		}
		if s[stop] == '\\' && stop+1 < len(s) && isEscapeLetter(s[stop+1]) {
			break
		}
		stop++
	}
	return stop
}

// quotedPart returns the length of the quoted part of an argument that begins at i, behind a colon: bob:'pass word'.
func quotedPart(s string, start, i int) int {
	if i == start || s[i-1] != ':' || s[i] != '"' && s[i] != '\'' {
		return 0
	}
	part, rest, ok := strings.Cut(s[i+1:], s[i:i+1])
	if !ok || part == "" || strings.IndexByte(part, '\n') >= 0 || rest != "" && !isSpace(rest[0]) && strings.IndexByte("\"'`;|&)\\", rest[0]) < 0 {
		return 0
	}
	return len(part) + 2
}

func argumentEnd(s string, start, stop int, quote string) int {
	return trueEnd(s, start, stop, func(limit int) int { return closeArgument(s, start, quote, limit) })
}

// commandOptions says behind which option a command has its password; glued, without a blank.
var commandOptions = []struct {
	command, option string
	glued           bool
}{
	{"mysql", " -p", true},
	{"mariadb", " -p", true},
	{"sshpass", " -p", true},
	{"sshpass", " -p", false},
	{"redis", " -a", false},
	{"docker", " -p", false},
	{"mongo", " -p", false},
	{"ldap", " -w", false},
	{"sqlcmd", " -P", false},
	{"sqlcmd", " -P", true},
	{"plink", " -pw", false},
	{"smbclient", " -U", false},
}

func findCommandPassword(c *cursor, end int) (int, int, bool) {
	s := c.s
	if s[end-1] == ':' { // -passin pass:
		if s[end-4:end-1] == "env" {
			return 0, 0, false
		}
		stop := closeArgument(s, end, "", maxLook)
		return end, argumentEnd(s, end, stop, ""), stop > end && !isPlaceholder(s[end:stop]) && s[end] != '$'
	}
	from := end - 1
	for from > 0 && end-from < 24 && (isAlnum(s[from-1]) || s[from-1] == '-') {
		from--
	}
	command := strings.ToLower(s[from : end-1])
	rest := s[end-1 : min(len(s), end+maxCommand)]
	if command == "login" {
		command = "docker"
	}
	for _, o := range commandOptions {
		if !strings.HasPrefix(command, o.command) {
			continue
		}
		for at, n := 0, 0; n < maxOptions; n++ {
			k := strings.Index(rest[at:], o.option)
			if k < 0 || strings.IndexByte(rest[:at+k], '\n') >= 0 {
				break
			}
			at += k + len(o.option)
			i := at + end - 1
			if i >= len(s) || o.glued == isSpace(s[i]) {
				continue
			}
			start, quote := openArgument(s, i)
			stop := closeArgument(s, start, quote, maxLook)
			if o.option == " -U" {
				k := strings.IndexByte(s[start:stop], '%')
				if k < 0 {
					continue
				}
				start += k + 1
			}
			if start < stop && strings.IndexByte("-$<{", s[start]) < 0 && !isPlaceholder(s[start:stop]) && (o.option != " -p" || s[start:stop] != "ort" && !strings.HasPrefix(s[start:stop], "assword") && !strings.HasPrefix(s[start:stop], "ort=")) {
				return start, argumentEnd(s, start, stop, quote), true
			}
		}
	}
	return 0, 0, false
}
