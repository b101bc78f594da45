// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import "slices"

var assignmentDetectors = slices.Concat(nameDetectors, manifestDetectors)

// Values that are secret because of the name they stand behind, in whatever way it is written: form dumps, query
// parameters, logfmt, JSON (also inside a JSON string), YAML, XML, code, connection strings, header dumps.
// keyname.go says which names, assignment.go how the value is found.
var nameDetectors = []Detector{
	{
		Name: "password", Group: Secrets, rank: rankAssigned,
		Doc: "A value behind a name that ends in password, passwd, pwd, passphrase, ssn, cvv and the like",
		Triggers: []string{
			`(?i)(passw(or)?[dt]s?|passwd|pwd|pw|passphrase|passcode|passw(or)?d[_.-]?hash|(store|key|user|db|ssh)[_.-]?pass|ssn|cvv2?|cvc|security_?number|card_?number|credit_?card` +
				`|kennwort|contrasena|mot_?de_?passe|senha|wachtwoord|[^\x00-\x7F][auo]?)` + assignTail,
			`(?i)-(passw(or)?d|passwd|pwd|passphrase|(store|key|user|db)?pass)\s`,
		},
		find: func(c *cursor, end int) (int, int, bool) { return findAssignment(c, end, keyPassword) },
		Match: []string{
			"form: username=admin password=«JfE4*2W6djFy6M1» remember=true",
			"login?user=bob&password=«hunter2»&next=/",
			`{"user":"bob","password":"«correct horse»","n":1}`,
			`msg="{\"password\":\"«s3cret\\\"x»\"}"`,
			"Server=db;Password=«Zx9!pq»;Database=app",
			"db.password: «hunter2»",
			"<dbPassword>«hunter2»</dbPassword>",
			"PGPASSWORD=«a» psql",
			"ssn=«078051120»",
			"DB_PASS=«Sommer2026!» USER_PASS='«Xk93jdLs02mQ»'", "dbPass: «Xk93jdLs02mQ»",
		},
		Miss: []string{
			"Failed password for root from 10.0.0.1", "password=[REDACTED] x", "password=********", "password: required",
			"password=", `{"password":""}`, `{"password":null}`, "password=${DB_PASSWORD}", "password_changed_at=2026-01-01", "password=[REDACTED:password] ok",
			`{"errors":{"password":["is too short","can not be that one"]}}`, `password := os.Getenv("DB_PASSWORD")`,
		},
	},
	{
		Name: "secret_assignment", Group: Secrets, rank: rankAssigned,
		Doc:      "A value that looks random behind a name that ends in secret, token, api_key, credential and the like",
		Triggers: []string{`(?i)(secret|token|key|credentials?|creds|jwt|auth|sig|signature|pass|sid|session_?id|secret_?id)` + assignTail, `(?i)-(token|secret|(api|access|secret|private|auth)-?key|credentials?)\s`},
		find:     func(c *cursor, end int) (int, int, bool) { return findAssignment(c, end, keySecret) },
		Match: []string{
			`{"api_key": "«8gaq4vxf87gi6orqut9y43x014»"}`,
			"GET /x?access_token=«Zr7J9AYXB4BUBvhS»&page=2",
			`clientSecret := "«h58oQgSuxmwo2G7tKJZODASbkMihJj»"`,
			"AccountName=x;AccountKey=«bWF5YmUgYSBrZXkgYnV0IG5vdCBvbmU5OTk3»;EndpointSuffix=y",
			`System.setProperty("X_TOKEN", "«8gaq4vxf87gi6orqut9y43x014»")`,
			`<apiToken>«8gaq4vxf87gi6orqut9y43x014»</apiToken>`,
		},
		Miss: []string{
			"token=expired", "next_page_token=abcdefgh12345678", "key=user", "cache_key=2f1c7d4b9a8e6f50aa11", "primary key: id_12345678901234567",
			"secret: see vault", `{"token_type":"bearer"}`, "max_tokens=4096", "api_key=${API_KEY}", "token=<redacted>", "idempotency_key=0b5c8f2e9d114c7ab2f0",
			"Cache restored from key: Linux-node-9f86d081884c7d659a2feaa0c55ad0159f86d081884c7d659a2feaa0c55ad015",
		},
	},
	{
		Name: "authorization", Group: Secrets, rank: rankAssigned,
		Doc:      "Credentials behind an Authorization header or a bare Bearer",
		Triggers: []string{`(?i)authorization\\*["']?\s*[:=,]`, `(?i)bearer\s`},
		find:     findAuthorization,
		Match: []string{
			"Authorization: Bearer «mF_9.B5f-4.1JqM» ok",
			"Authorization: Basic «QWxhZGRpbjpvcGVuIHNlc2FtZQ==»",
			`{"authorization":["Bearer «mF_9.B5f-4.1JqM»"]}`,
			`"Authorization": "«9f86d081884c7d659a2feaa0c55ad015»"`,
			"sent bearer «mF_9.B5f-4.1JqMq8Zr» upstream",
		},
		Miss: []string{"Authorization: failed", "bearer token is missing", "authorization: required", "Authorization: Bearer [REDACTED:jwt]", "Authorization: Bearer ${TOKEN}"},
	},
	{
		Name: "cookie", Group: Secrets, rank: rankAssigned,
		Doc:      "Everything behind a Cookie or Set-Cookie header",
		Triggers: []string{`(?i)cookie2?\\*["']?\s*[:=,]`},
		find:     findCookie,
		Match: []string{
			"Cookie: «sid=31d4d96e407aad42; lang=en»\nHost: x",
			`{"set-cookie":"«sid=31d4d96e407aad42; Path=/»","a":1}`,
		},
		Miss: []string{"cookie: none", "cookie=true", "Set-Cookie: [REDACTED:cookie]", "cookie: present"},
	},
	{
		Name: "url_password", Group: Secrets, rank: rankAssigned,
		Doc:      "The password in the user information of a URL",
		Triggers: []string{"//[^ \t\r\n/\"'<>`]"},
		find:     findURLPassword,
		Match: []string{
			"postgres://svc_app:«CIQji2yiX1#_b9»@db-1.internal:5432/app",
			"redis://:«p@ss»@cache:6379", "https://u:«ab/cd+ef=»@host/x",
			"postgres://app:«p@ss/w0rd»@db/x", "amqp://app:«p@a/b@c/d»@mq.internal:5672/%2f", "url=//bob:«Hx7Lq2Pz»@db.internal/x", "//bob:«Hx7Lq2Pz»@db",
			"http://bob:«Hx7Lq2Pz»@host.example/a@b", "http://bob:«Hx7Lq2Pz»@host:8080/a@b", "http://bob:«Hx7Lq2Pz»@npm/x?mail=a@b", "http://bob:«Hx7Lq2Pz»@npm/@acme/x@1.2.3",
			"a://b:«Hx7Lq2Pz»@db/x,c://d:«Mx3Vb8Kd»@db/x",
		},
		Miss: []string{
			"http://host:8080/a@b", "https://example.com/x?mail=a@example", "postgres://app:[REDACTED:url_password]@db", "http://user@host/", "http://u:***@h/",
			"//go:embed rules/*.toml", "// see bob:x at a@b", "/var//tmp:a@b", "@rules//pkg:all@main", "//pkg/sub:all@main", "git clone https://github.com/a/b@v1:x",
		},
	},
}

// assignTail is what may stand between a name and its value's sign of assignment; it ends with that sign.
const assignTail = "[0-9]{0,2}\\\\*[\"'`]{0,2}\\]?\\s*([_.-]?(string|value)\\s*)?([=:>,]|[?.]=|\\?:)"
