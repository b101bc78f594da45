// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Each line holds its secrets between « and »; what must be gone is what stands there, and the rest must stay.
func TestAssignedSecrets(t *testing.T) {
	sc := engine(t, func(o *Options) { o.Groups = map[Group]bool{Secrets: true} }).NewScanner()
	for _, line := range []string{
		// Connection strings.
		"Data Source=db;Initial Catalog=x;User ID=sa;Password=«Hx7;Lq»;Encrypt=true",
		"Driver={ODBC Driver 18};Server=db;Uid=app;Pwd=«Hx7Lq2Pz»;",
		"jdbc:mysql://db:3306/shop?user=app&password=«Hx7Lq2Pz»&useSSL=true",
		"jdbc:postgresql://app:«Hx7Lq2Pz»@db/shop",
		"host=db port=5432 user=app password=«Hx7Lq2Pz» dbname=shop sslmode=require",
		"redis://default:«Hx7Lq2Pz»@cache:6379/0", "amqp://guest:«Hx7Lq2Pz»@mq:5672/vhost", "mongodb+srv://u:«Hx7Lq2Pz»@c0.example/db",
		"DefaultEndpointsProtocol=https;AccountName=x;AccountKey=«bWF5YmUgYSBrZXkgYnV0IG5vdCBvbmU5OTk3MDAwMDExMTE=»;EndpointSuffix=y",
		// URLs.
		"GET /cb?state=1&access_token=«q9Zr7J9AYXB4BUBvhS»&x=2 HTTP/1.1",
		"https://x.blob.example/c/a?sv=2022-11-02&se=2026-01-01&sig=«Zr7J9AYXB4BUBvhSq1w8e7r6t5%2Bab%3D»",
		"https://b.s3.example/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=«3b1fd0ab4e7c2d91a6f05e8b7c4d3a2f1e0b9c8d7a6f5e4d3c2b1a0f9e8d7c6b»",
		"GET /v1?apikey=«q9Zr7J9AYXB4» 200",
		// Header dumps.
		"map[Accept:[*/*] Authorization:[Bearer «q9Zr7J9AYXB4BUBvhS»] X-Api-Key:[«q9Zr7J9AYXB4BUBvhS»]]",
		"{'Authorization': 'Bearer «q9Zr7J9AYXB4BUBvhS»', 'Accept': '*/*'}",
		"{Authorization=Bearer «q9Zr7J9AYXB4BUBvhS», Accept=*/*}",
		`{ authorization: 'Bearer «q9Zr7J9AYXB4BUBvhS»', host: 'x' }`,
		"X-Auth-Token: «q9Zr7J9AYXB4BUBvhS»\nHost: x", "Proxy-Authorization: Basic «dXNlcjpIeDdMcTJQeg==»",
		`'x-api-key', '«q9Zr7J9AYXB4BUBvhS»'`, `curl -H "X-Api-Key: «q9Zr7J9AYXB4BUBvhS»" https://x`,
		`"authorization","Bearer «q9Zr7J9AYXB4BUBvhS»"`, `["cookie","«sid=q9Zr7J9AYX»"]`,
		"Cookie: «sid=q9Zr7J9AYX; theme=dark»\r\nHost: x", "set-cookie=[«sid=q9Zr7J9AYX»]",
		// Code and configuration.
		`password: "«correct horse»"`, `spring.datasource.password=«Hx7Lq2Pz»`, `db_password = "«Hx7Lq2Pz»"`, "$config['db']['password'] = '«Hx7Lq2Pz»';",
		`user[password]=«Hx7Lq2Pz»&user[name]=bob`, `:password=>"«Hx7Lq2Pz»", :id=>7`, `password = """«Hx7Lq2Pz»"""`, "export DB_PASSWORD='«Hx7 Lq2»'",
		"PGPASSWORD=«Hx7Lq2Pz» psql -h db", "clientSecret := \"«h58oQgSuxmwo2G7tKJZODASbkMihJj»\"", "token_value=«q9Zr7J9AYXB4BUBvhS»", "mySecretString=«q9Zr7J9AYXB4BUBvhS»",
		`User(name=bob, password=«Hx7Lq2Pz», age=7)`, `Login { user: "bob", password: "«Hx7Lq2Pz»" }`,
		// XML.
		`<add key="ClearTextPassword" value="«Hx7Lq2Pz»" />`, `<input type="hidden" name="password" value="«Hx7Lq2Pz»">`, `<property name="password">«Hx7Lq2Pz»</property>`,
		`<wsse:Password>«Hx7Lq2Pz»</wsse:Password>`, `<user password="«Hx7Lq2Pz»" name="bob"/>`,
		"db:\n  user: app\n  password: «hunter»\n  port: 1", "user=bob pass=«Hx7Lq2»", "smtp.pass=«Hx7Lq2Pz»", "?user=bob&pass=«hunter»&x=1", `{"user":"bob","pass":"«hunterx»"}`,
		"map[Authorization:[Basic «dXNlcjpIeDdMcTJQeg==»] Host:[x]]", "{Authorization=[Basic «dXNlcjpIeDdMcTJQeg==»], Host=[x]}", "//registry.example/:_authToken=«q9Zr7J9AYXB4BUBvhS»",
		// Options.
		"run: app --db-password «Hx7Lq2Pz» --verbose", "app --password=«Hx7Lq2Pz»", "keytool -storepass «changeit» -list", "app --api-key «q9Zr7J9AYXB4BUBvhS»",
		`["--password", "«Hx7Lq2Pz»"]`, `deploy --token '«q9Zr7J9AYXB4BUBvhS»'`,
		// SQL and CSV.
		"UPDATE users SET password='«Hx7Lq2Pz»' WHERE id=7", "EXEC('x password=''«Hx7Lq2Pz»'' y')", `1,"{""password"":""«Hx7Lq2Pz»"",""n"":1}"`,
		// Pairs.
		`{"name":"DB_PASSWORD","value":"«Hx7Lq2Pz»"}`, `{"key":"apiKey","value":"«q9Zr7J9AYXB4BUBvhS»"}`,
		// Other languages.
		"Passwort=«Hx7Lq2Pz» ok", "contraseña: «Hx7Lq2Pz»", `{"пароль":"«Hx7Lq2Pz»"}`, "hasło=«Hx7Lq2Pz»", "密码：x 密码=«Hx7Lq2Pz»", "mot_de_passe=«Hx7Lq2Pz»", "senha=«Hx7Lq2Pz»",
		// JSON in JSON in JSON.
		`{"a":"{\"b\":\"{\\\"password\\\":\\\"«Hx7Lq2Pz»\\\"}\"}"}`,
		`body=%7B%22password%22%3A%22«Hx7Lq2Pz»%22%7D`,
	} {
		text := strings.NewReplacer("«", "", "»", "").Replace(line)
		sc.Reset()
		got, effect := sc.Text(text)
		assert.NotZero(t, effect, "nothing found in %q", text)
		rest := got
		for _, part := range strings.Split(line, "«")[1:] {
			secret, _, _ := strings.Cut(part, "»")
			assert.NotContains(t, got, secret, "of %q", text)
		}
		// What stands before the first secret and behind the last one is as it was.
		before, _, _ := strings.Cut(line, "«")
		after := line[strings.LastIndex(line, "»")+len("»"):]
		assert.True(t, strings.HasPrefix(rest, before), "%q became %q", text, got)
		assert.True(t, strings.HasSuffix(rest, after), "%q became %q", text, got)
		again, effect := sc.Text(got)
		assert.Zero(t, effect, "a second pass changes %q to %q", got, again)
		if json.Valid([]byte(text)) {
			assert.True(t, json.Valid([]byte(got)), got)
		}
	}
}

// Under a sensitive name in JSON whatever stands there goes, and JSON stays JSON.
func TestSensitiveNamesInJSON(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for in, want := range map[string]string{
		`{"password":12345,"n":1}`:                             `{"password":"[REDACTED:password]","n":1}`,
		`{"password":["a1","b"],"n":1}`:                        `{"password":"[REDACTED:password]","n":1}`,
		`{"password": {"old":"a1","new":"b}2"} }`:              `{"password": "[REDACTED:password]" }`,
		`{"api_key":"abcd"}`:                                   `{"api_key":"[REDACTED:secret_assignment]"}`,
		`{"token":12345678}`:                                   `{"token":"[REDACTED:secret_assignment]"}`,
		`{"credentials":{"user":"a","x":1}}`:                   `{"credentials":"[REDACTED:secret_assignment]"}`,
		`{"password":null,"token":"","secret":false}`:          `{"password":null,"token":"","secret":false}`,
		`{"password":[],"token":{},"token_type":"bearer"}`:     `{"password":[],"token":{},"token_type":"bearer"}`,
		`{"m":"{\"password\":[\"x1\",\"y]\"],\"n\":1}"}`:       `{"m":"{\"password\":\"[REDACTED:password]\",\"n\":1}"}`,
		`{"password":"a\"b\\"}`:                                `{"password":"[REDACTED:password]"}`,
		`{"columns":["id","password","email"]}`:                `{"columns":["id","password","email"]}`,
		`{"usage":{"token":512,"max_tokens":4096}}`:            `{"usage":{"token":512,"max_tokens":4096}}`,
		`got {"password": {"a": 1}} back`:                      `got {"password": "[REDACTED:password]"} back`,
		`[{"secret":"q9Zr"},{"secret":"Lx8P"}]`:                `[{"secret":"[REDACTED:secret_assignment]"},{"secret":"[REDACTED:secret_assignment]"}]`,
		`{"user_session":"[REDACTED:password]","password":""}`: `{"user_session":"[REDACTED:password]","password":""}`,
	} {
		sc.Reset()
		got, _ := sc.Text(in)
		assert.Equal(t, want, got)
		again, effect := sc.Text(got)
		assert.Zero(t, effect, again)
	}
}

// Lines as real systems write them, with the words of secrets and without one.
func TestLinesWithoutSecrets(t *testing.T) {
	sc := engine(t, func(o *Options) { o.Groups = map[Group]bool{Secrets: true} }).NewScanner()
	for _, line := range []string{
		"sshd[4711]: Failed password for invalid user oracle from 203.0.113.9 port 41022 ssh2",
		"sshd[4711]: Accepted publickey for git from 203.0.113.9 port 50022 ssh2: RSA SHA256:q9Zr7J9AYXB4BUBvhSq9Zr7J9AYXB4BUBvhSabcdefg",
		"sshd[12]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root",
		"su(pam_unix)[2100]: session opened for user app by (uid=0)", "sudo: pam_unix(sudo:auth): conversation failed",
		"kerberos: authentication failed: Password incorrect", "login: password: required", "Password: for user bob", "password combination.\n\nR5: Regulatory--21",
		"ftpd: getpeername (ftpd): token=none", "check pass; user unknown", "pass=1 fail=0 skip=3", "spf=pass dkim=pass", `{"pass":12,"fail":0}`, "pass=true", "pass=second", "Password: mismatch", "token=unauthorized", "secret=notconfigured", `api_key="your_api_key_123"`, "access_token=example-token-1234", "test pass: suite_two", "PASS: 12, FAIL: 0", "tests pass: 120 in 3.4s",
		"ActivityManager: START u0 {act=android.intent.action.MAIN token=android.os.BinderProxy@4b1d3d7}", "PowerManagerService: acquire lock=233570404, flags=0x1, tag=\"View Lock\", name=com.example",
		"WindowManager: addWindow token=Token{f2a8c1 ActivityRecord{2b7d u0 com.example/.Main t761}}", "InputMethod: windowToken=android.view.ViewRootImpl$W@1a2b3c4d",
		"BaseInputConnection: key: KeyEvent { action=ACTION_DOWN, keyCode=KEYCODE_BACK, scanCode=0 }", "kernel: keyboard: can't emulate rawmode for keycode 240",
		"CBS    SQM: Failed to start upload with file pattern: C:\\x, flags: 0x2 [HRESULT = 0x80004005 - E_FAIL]", "CSI 00000001 cookie:0x1d3c5b2a9e4f7081 Package_1_for_KB2506928~31bf3856ad364e35~amd64~~6.1.1.1",
		"INFO dfs.DataNode$PacketResponder: PacketResponder 1 for block blk_38865049064139660 terminating", "BlockTokenSecretManager: block keys updated, serialNo=1284910",
		"storage.BlockManager: Found block rdd_42_20 locally", "SecurityManager: authentication disabled; ui acls disabled; users with view permissions: Set(yarn, app)",
		"ZooKeeper: Session 0x14f05578bd80001 for server null, unexpected error, closing socket connection", "NIOServerCxn: Established session 0x14ed93111f2000a with negotiated timeout 10000",
		"nova.api.openstack.wsgi: HTTP exception thrown: No instances found for any event", "keystone: token: expired for project 4f2c1b7d9e8a", "req-3ea4052c-895d-4b64-9e2d-04d64c4d94ab tenant key: None",
		"instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d] Creating image key_name=default", "session_id=12 auth=none key=user", "next_page_token=abcdefgh12345678", "primaryKey=QvsXRYsKZDpwibKYA1Ss=X8WBboc1f",
		"proxifier: chrome.exe - proxy.example.com:5070 open through proxy proxy.example.com:5070 HTTPS", "kernel: secret key registered for module", "The secret of good logs: brevity",
		"Step_LSC|30002312|calculateCaloriesWithCache totalCalories=126775", "com.apple.cts: tccd: access token: not found", "authd: Authentication-Results: spf=pass dkim=pass key=2048",
		"ciod: LOGIN chdir(/home/app/run) failed: No such file or directory", "rts: kernel terminated for reason 1004 key: 0x0000001f", "lustre mount FAILED : bglio55 : point /p/gb1",
		"unix.hw state_change.unavailable 1077804742 1 Component State Change: Component \"SCSI-WWID:01000010:6005-08b4-0001-00c6-0006-3000-003d-0000\" is in the unavailable state",
		"csrf-token=Mj2qykJO5rELyHgezQ69nzUX0i3OH67V7+V4eUrLfpuyOuxmiW9rhROG/Whikle15syazJOkrjJa3U2AbhIvUw==", "X-CSRF-Token: q9Zr7J9AYXB4BUBvhS", "max_tokens=4096 prompt_tokens=812",
		"unexpected token: identifier_name_42", "parse error: unexpected token '}' at 12:8", "idempotency_key=0b5c8f2e9d114c7ab2f0", "cache key: user:profile:v2:8871", "SRCREV = \"43fc912ef59a83054ea7f6706df4d53a7dea4d80\"",
		"API_KEY_NAME = \"MY-SERVICE-API-KEY\"", "secretName: db-credentials-v2", "keyVaultToStoreSecrets: cmp2-qat-1208358310", "maven - io.jsonwebtoken:jjwt-jackson-0.11.2", "token: Token.NAME_2 at line 3",
		"gss_accept_sec_context: key table entry not found", "use the --password option to set one", "--token is required", "the password \"must\" be set", "signature: valid, key id 3AA5C34371567BD2",
		"password changed for app", "passwd: password updated successfully", "password_changed_at=2026-01-01", "password=${DB_PASSWORD}", "password: <redacted>", "pwd=/home/app", "cwd=/srv pwd=/srv",
		"Auth: connected, method=PLAIN, rip=203.0.113.9, secured, session=<3hnZ1w>", "cipher key: AES-256-GCM, 256 bit", "ssl: session key: none", "hash=3b1fd0ab4e7c2d91a6f05e8b", "commit hash: 3b1fd0ab4e7c2d91a6f05e8b7c4d3a2f1e0b9c8d",
	} {
		sc.Reset()
		for _, f := range sc.Find(line) {
			t.Errorf("%s: %q in %q", f.Detector, line[f.Start:f.End], line)
		}
	}
}

// FuzzAssignments asks of any text around the words of assignments: no panic, a second pass finds nothing, JSON stays JSON.
func FuzzAssignments(f *testing.F) {
	for _, s := range []string{
		`{"password":["a",{"b":"c"}],"token":1}`, `password=`, `"password":"\\\\\"`, "key:key:key:", `password='''x`, `name="password" value="x`, "insert into t(password) values('a','b'),(1",
		"mysql -p'x", "kind: Secret\ndata:\n  a: aHVudGVyMmh1bnRlcjI=\n", "kind: Secret data: {", "machine a login b password c", "x:5432:a:b:c", "a:b@tcp(", "IDENTIFIED BY 'x''y", "--password x",
		`{"a":"{\"password\":[\"x\"]}"}`, "密码=x", `user[password]=x`, "password,x", `("password","x1")`, "Cookie: a=b", "set-cookie=[a=b]", `{"name":"password","value":"x"}`, "<password>x", "://a:b@c", "Authorization: Digest x",
	} {
		f.Add(s)
	}
	e := engine(f, func(o *Options) { o.Groups = map[Group]bool{Secrets: true} })
	f.Fuzz(func(t *testing.T, s string) {
		sc := e.NewScanner()
		got, _ := sc.Text(s)
		sc.Counts(func(string, Action, int64) {}, func(l Limit, _ int64) {
			if l == LimitFailure {
				t.Errorf("a matcher panicked on %q", s)
			}
		})
		if json.Valid([]byte(s)) && !json.Valid([]byte(got)) {
			t.Errorf("%q is JSON, and its masked form is none: %q", s, got)
		}
		sc.Reset()
		if again, effect := sc.Text(got); effect != 0 {
			t.Errorf("%q became %q, and then %q", s, got, again)
		}
	})
}

// Repeated beginnings of assignments: 256 KiB of each would take minutes if the time grew with the square of the length.
func TestHostileAssignments(t *testing.T) {
	if testing.Short() {
		t.Skip("reads tens of megabytes")
	}
	sc := engine(t, func(o *Options) { o.Groups = map[Group]bool{Secrets: true} }).NewScanner()
	for _, unit := range []string{
		"password=", "key:", "key:key=", `"password":"`, `\\\\\\\\"`, `{"password":[`, "values(", "(password)values('", "(a,password)values(?),(", "kind: Secret\n", "Kind: Secret\n", " KIND: secret\n data:\n", `{"kind":"Secret","data":{`, "kind: Secret\ndata:\n", "machine a login b password ",
		"identified by ", "mysql -p ", "curl -u ", "--password ", "a:5432:b:c:", "@tcp(", "://a:", "Cookie: ", `"token",`, "<password>", "password=''", "密", "密=", `"password" value="`,
	} {
		text := strings.Repeat(unit, 1<<18/len(unit))
		sc.Reset()
		got, _ := sc.Text(text)
		sc.Counts(func(string, Action, int64) {}, func(l Limit, _ int64) {
			assert.NotEqual(t, LimitFailure, l, unit) // a step limit may be met, a panic not
		})
		sc.Reset()
		again, effect := sc.Text(got)
		assert.Zero(t, effect, "%q: a second pass changes the text to one of %d bytes from %d", unit, len(again), len(got))
	}
}

func TestAmpersandInAValue(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for in, want := range map[string]string{
		"password=tr0ub4dor&3":                   "password=[REDACTED:password]",
		"password=tr0ub4dor&3 next":              "password=[REDACTED:password] next",
		"/x?password=tr0ub4dor3&page=2":          "/x?password=[REDACTED:password]&page=2",
		"/x?a=1&password=tr0ub4dor3&filter[x]=2": "/x?a=1&password=[REDACTED:password]&filter[x]=2",
		"password=tr0ub4dor3&":                   "password=[REDACTED:password]&",
		"password=tr0ub4dor3&amp;page=2":         "password=[REDACTED:password]&amp;page=2",
	} {
		got, _ := sc.Text(in)
		assert.Equal(t, want, got)
	}
}
