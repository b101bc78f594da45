// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package redact

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// realLines are the clean lines of the corpora, in their order; nil without LOGBOOM_CORPORA.
func realLines(t *testing.T, most int) []string {
	t.Helper()
	dir := os.Getenv("LOGBOOM_CORPORA")
	if dir == "" {
		return nil
	}
	list, err := os.Open(filepath.Join(dir, "redaction", "clean_lines.jsonl"))
	require.NoError(t, err)
	defer list.Close()
	files := map[string][]string{}
	var out []string
	for in := bufio.NewScanner(list); in.Scan(); {
		var place struct {
			File string `json:"file"`
			Line int    `json:"line"`
		}
		require.NoError(t, json.Unmarshal(in.Bytes(), &place))
		if files[place.File] == nil {
			text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(place.File)))
			require.NoError(t, err)
			files[place.File] = strings.Split(string(text), "\n")
		}
		out = append(out, strings.TrimSuffix(files[place.File][place.Line-1], "\r"))
	}
	if step := len(out) / most; step > 1 { // some of every system
		for i := range most {
			out[i] = out[i*step]
		}
		out = out[:most]
	}
	return out
}

// maker makes lines as programs write them; every part varies. They hold no secret, and no personal datum but addresses.
type maker struct {
	*rand.Rand
	at time.Time
}

func newMaker(seed uint64) *maker {
	return &maker{Rand: rand.New(rand.NewPCG(seed, 7)), at: time.Date(2026, 1, 14, 21, 3, 4, 0, time.UTC)}
}

func (m *maker) words(from string) string {
	list := strings.Fields(from)
	return list[m.IntN(len(list))]
}

func (m *maker) time(layout string) string {
	m.at = m.at.Add(time.Duration(m.ExpFloat64() * 3e9))
	return m.at.Format(layout)
}

func (m *maker) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[m.IntN(len(alphabet))]
	}
	return string(b)
}

func (m *maker) hex(n int) string { return m.of("0123456789abcdef", n) }

func (m *maker) uuid() string {
	return m.hex(8) + "-" + m.hex(4) + "-4" + m.hex(3) + "-a" + m.hex(3) + "-" + m.hex(12)
}

func (m *maker) ip() string {
	return m.words("192.0.2. 198.51.100. 203.0.113. 10.0.7. 172.16.44.") + fmt.Sprint(m.IntN(256))
}

func (m *maker) word() string {
	return m.words(`order payment checkout customer session cache worker queue index shard replica leader tokenizer request response
		batch upload stock price cart user login report invoice shipment retry block node stream buffer lock key password-reset author`)
}

// text is what a person reads in a line.
func (m *maker) text() string {
	var b strings.Builder
	for i := range 3 + m.IntN(9) {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch m.IntN(10) {
		case 0:
			fmt.Fprintf(&b, "%s=%d", m.word(), m.IntN(10_000))
		case 1:
			fmt.Fprintf(&b, "%d", m.IntN(1_000_000))
		case 2:
			fmt.Fprintf(&b, "/srv/%s/%s.log", m.word(), m.word())
		case 3:
			b.WriteString(m.words("took:12.5ms [done] (again) café id:77 2.4.1 v1.31 #4711 0x7f3a"))
		default:
			b.WriteString(m.word())
		}
	}
	return b.String()
}

func (m *maker) level() string { return m.words("INFO INFO INFO DEBUG WARN ERROR") }

// line is one of eight kinds.
func (m *maker) line() string {
	switch m.IntN(8) {
	case 0:
		return fmt.Sprintf(`%s - - [%s] "%s /%s/%d?page=%d HTTP/1.1" %s %d "https://shop.example/%s" "Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0"`,
			m.ip(), m.time("02/Jan/2006:15:04:05 -0700"), m.words("GET GET POST"), m.word(), m.IntN(100_000), m.IntN(9), m.words("200 200 204 304 404 500"), m.IntN(90_000), m.word(), 120, 120+m.IntN(20))
	case 1:
		return fmt.Sprintf(`{"timestamp":"%s","level":"%s","service":"%s","message":"%s","request_id":"%s","trace_id":"%s","duration_ms":%d}`,
			m.time("2006-01-02T15:04:05.000Z"), m.level(), m.word(), m.text(), m.uuid(), m.hex(32), m.IntN(3000))
	case 2:
		return fmt.Sprintf(`ts=%s level=%s svc=%s caller=%s.go:%d msg="%s" request_id=%s`, m.time("2006-01-02T15:04:05.000000Z"), strings.ToLower(m.level()), m.word(), m.word(), m.IntN(900), m.text(), m.uuid())
	case 3:
		return fmt.Sprintf("%s %-5s [http-nio-8080-exec-%d] com.example.%s.OrderService: %s", m.time("2006-01-02 15:04:05,000"), m.level(), m.IntN(90), m.word(), m.text())
	case 4:
		return fmt.Sprintf("<134>%s %s-%d %s[%d]: %s", m.time(time.Stamp), m.word(), m.IntN(30), m.word(), m.IntN(32768), m.text())
	case 5:
		return fmt.Sprintf("%s web%d sshd[%d]: Failed password for invalid user %s from %s port %d ssh2", m.time(time.Stamp), m.IntN(9), m.IntN(32768), m.word(), m.ip(), 1024+m.IntN(60_000))
	case 6:
		return fmt.Sprintf("\tat com.example.%s.%sService.place(%sService.java:%d) ~[shop-2.4.1.jar:2.4.1]", m.word(), m.word(), m.word(), m.IntN(900))
	}
	return fmt.Sprintf("%s %d %s storage.BlockReader: block blk_%d verified in %d ms", m.time("060102 150405"), m.IntN(3000), m.level(), m.Int64N(1e16), m.IntN(400))
}

func madeLines(n int) []string {
	m, out := newMaker(1), make([]string, n)
	for i := range out {
		out[i] = m.line()
	}
	return out
}

const (
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	letters = upper + "abcdefghijklmnopqrstuvwxyz"
	digits  = "0123456789"
)

// secret makes one up: the text it stands in, and what must not be left of it.
func (m *maker) secret() (text, value string) {
	prefix := ""
	switch m.IntN(6) {
	case 0:
		prefix, value = "aws key ", "AK"+"IA"+m.of(upper+"234567", 16)
	case 1:
		prefix, value = "cloned with ", "gh"+"p_"+m.of(letters+digits, 36)
	case 2:
		prefix, value = "password=", m.of(letters+digits, 14)
	case 3:
		prefix, value = "Authorization: Bearer ", m.of(letters+digits, 40)
	case 4:
		part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
		value = part(`{"alg":"HS256","typ":"JWT"}`) + "." + part(fmt.Sprintf(`{"sub":"%d","name":"%s"}`, m.IntN(1e9), m.word())) + "." + m.of(letters+digits, 43)
	default:
		prefix, value = "api_key=", "sk"+"_live_"+m.of(letters+digits, 24)
	}
	return prefix + value, value
}

// dirty plants a secret and an e-mail address at a blank of some lines. It returns the lines and the planted values.
func dirty(clean []string, rate float64) (lines, planted []string) {
	m := newMaker(2)
	lines = append(lines, clean...)
	for _, i := range m.Perm(len(lines))[:max(1, int(rate*float64(len(lines))))] {
		text, value := m.secret()
		mail := m.words("mary jo.ann frank ops-42 a.b.c") + m.of(digits, 3) + "@" + m.words("example.com shop.example.org mail.example.net")
		at := strings.LastIndexByte(lines[i], ' ') + 1
		lines[i] = lines[i][:at] + text + " sent by " + mail + " " + lines[i][at:]
		planted = append(planted, value, mail)
	}
	return lines, planted
}
