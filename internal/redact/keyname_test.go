// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestClassifyKey(t *testing.T) {
	for class, names := range map[keyClass][]string{
		keyPassword: {
			"password", "Password", "PASSWORD", "user.password", "dbPassword", "PGPASSWORD", "db_password_1", "passwd", "mysql_pwd", "passphrase", "userPassphrase",
			"passwordHash", "password_value", "passwordString", "ssn", "socialSecurityNumber", "cvv", "cvv2", "credit_card_number", "cardNumber",
			"passwort", "db-passwort", "kennwort", "contraseña", "CONTRASEÑA", "Contraseña", "mot_de_passe", "motDePasse", "senha", "hasło", "пароль", "Пароль", "ПАРОЛЬ",
			"db_пароль", "wachtwoord", "lösenord", "salasana", "heslo", "密码", "パスワード", "비밀번호", "storePass", "ssh_pass2word_passwd",
		},
		keySecret: {
			"secret", "client_secret", "clientSecret", "CLIENT-SECRET", "token", "access_token", "accessToken", "x-auth-token", "apikey", "api_key", "api.key", "X-Api-Key",
			"secretKey", "AWS_SECRET_ACCESS_KEY", "private_key", "privateKey", "encryption-key", "credentials", "jwt", "bearer", "authorization", "proxy-authorization",
			"cookie", "set-cookie", "Set-Cookie", "authtoken", "token2", "GITHUB_TOKEN_PROD", "refreshToken", "secrets", "otp", "subscription-key",
		},
		keyWeak: {"key", "auth", "sig", "signature", "X-Amz-Signature", "session_id", "sid", "pass"},
		keyPlain: {
			"", "user", "keyboard", "monkey", "token_type", "tokens", "max_tokens", "next_page_token", "nextPageToken", "publicKey", "public_key", "primary-key",
			"foreignKey", "cache_key", "partition.key", "idempotency-key", "csrf_token", "X-CSRF-Token", "xsrfToken", "password_changed_at", "passwordPolicy",
			"secretName", "secret_arn", "key_id", "keyId", "author", "authority", "compass", "bypass", "hash", "commit_hash", "session", "io.jsonwebtoken", "tokenizer",
			"db.connection_string", "enduser.id", "http.request.header.accept", "cookie_consent", "private", "密", "é",
		},
	} {
		for _, name := range names {
			assert.Equal(t, class, classifyKey(lastSegmentOf(name)), name)
		}
	}
}

// lastSegmentOf leaves names that have their meaning from a dotted pair, such as api.key, whole.
func lastSegmentOf(name string) string {
	if name == "api.key" || name == "partition.key" || name == "io.jsonwebtoken" {
		return name
	}
	return lastSegment(name)
}

func TestSensitiveAttributeKeys(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for key, want := range map[string]bool{
		"http.request.header.authorization": true, "http.response.header.set-cookie": true, "http.request.header.x-api-key": true,
		"http.request.header.x_api_key": true, "rpc.grpc.request.metadata.authorization": true, "app.user.password": true, "passwort": true,
		"http.request.header.content-type": false, "url.query": false, "db.connection_string": false, "enduser.id": false, "gen_ai.usage.input_tokens": false,
		"k8s.secret.name": false, "messaging.kafka.message.key": false, "session.id": false, "thread.name": false,
	} {
		assert.Equal(t, want, sc.SensitiveKey(key), key)
	}
}

func TestClassifyKeyDoesNotAllocate(t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for _, name := range []string{"http.request.header.Authorization", "someVeryLongName.with_many-partsAndWords", "пароль", "password_value"} {
			classifyKey(name)
		}
	}))
}

func BenchmarkClassifyKey(b *testing.B) {
	for b.Loop() {
		classifyKey("http.request.method")
		classifyKey("sessionId")
	}
}

func TestNameInAKey(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	value := "c0v8qgiad3ib" + "6ml9wx2k"
	for _, key := range []string{"finnhub", "app.Finnhub_conf", "finnhub-2"} {
		_, _, info := sc.Key(key)
		got, effect := sc.Value(info, value)
		assert.Equal(t, "[REDACTED:finnhub_access_token]", got, key)
		assert.Equal(t, Changed, effect)
		again, _ := sc.Value(info, got)
		assert.Equal(t, got, again)
		for _, plain := range []string{"up", "c0v8", value + value, "http://finnhub.example/x"} {
			got, _ = sc.Value(info, plain)
			assert.Equal(t, plain, got, key)
		}
	}
	for _, tc := range [][3]string{
		{"customer", value, value},
		{"nhs_number", "9434765919", "[REDACTED:uk_nhs_number]"},
		{"nhs_number", "9434765918", "9434765918"},
		{"order_number", "9434765919", "9434765919"},
		{"contact.phone", "030/1234567", "[REDACTED:phone]"},
	} {
		_, _, info := sc.Key(tc[0])
		got, _ := sc.Value(info, tc[1])
		assert.Equal(t, tc[2], got, tc[0])
	}
}

func TestIncludedNamesInTexts(t *testing.T) {
	sc := engine(t, func(o *Options) { o.Keys.Include = []string{"employee_id", "Personalausweisnr", "größe"} }).NewScanner()
	for in, want := range map[string]string{
		"employee_id=E4711x next":               "employee_id=[REDACTED:sensitive_key] next",
		`{"user":{"employee-id":"anna"},"n":1}`: `{"user":{"employee-id":"[REDACTED:sensitive_key]"},"n":1}`,
		`{"employeeId":4711}`:                   `{"employeeId":"[REDACTED:sensitive_key]"}`,
		"/x?EmployeeID=47&page=2":               "/x?EmployeeID=[REDACTED:sensitive_key]&page=2",
		"größe=8":                               "größe=[REDACTED:sensitive_key]",
		"employees=12 identity=3":               "employees=12 identity=3",
	} {
		got, _ := sc.Text(in)
		assert.Equal(t, want, got)
		again, _ := sc.Text(got)
		assert.Equal(t, got, again)
	}
}

func TestContainersUnderWeakNames(t *testing.T) {
	sc := engine(t, nil).NewScanner()
	for _, in := range []string{`{"a":1,"auth":{"method":"ldap","user":"x"}}`, `{"errors":{"password":["is too short"]}}`} {
		got, _ := sc.Text(in)
		assert.Equal(t, in, got)
	}
}
