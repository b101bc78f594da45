// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package grok

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// maker makes lines as programs write them. Every part varies: an engine that is good at one line only would show.
type maker struct {
	*rand.Rand
	at time.Time
}

func newMaker(seed uint64) *maker {
	return &maker{Rand: rand.New(rand.NewPCG(seed, 5)), at: time.Date(2026, 1, 14, 21, 3, 4, 0, time.UTC)}
}

func (m *maker) oneOf(list ...string) string { return list[m.IntN(len(list))] }

func (m *maker) words(from string) string {
	list := strings.Fields(from)
	return list[m.IntN(len(list))]
}

// time returns the next time in a Go layout.
func (m *maker) time(layout string) string {
	m.at = m.at.Add(time.Duration(m.ExpFloat64() * 3e9))
	return m.at.Format(layout)
}

func (m *maker) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "0123456789abcdef"[m.IntN(16)]
	}
	return string(b)
}

func (m *maker) word() string {
	return m.words(`order payment checkout customer session cache worker queue index shard replica leader token request response
		batch upload stock price cart user login report invoice shipment retry batch node block stream buffer lock`)
}

func (m *maker) ip() string {
	switch m.IntN(12) {
	case 0:
		return fmt.Sprintf("2001:db8:%x:%x::%x", m.IntN(65536), m.IntN(65536), m.IntN(65536))
	case 1:
		return fmt.Sprintf("fe80::%x:%x:%x:%x", m.IntN(65536), m.IntN(65536), m.IntN(65536), m.IntN(65536))
	}
	return m.ip4()
}

func (m *maker) ip4() string {
	return m.oneOf("192.0.2.", "198.51.100.", "203.0.113.", "10.0.7.", "172.16.44.") + fmt.Sprint(m.IntN(256))
}

func (m *maker) host() string {
	return m.words("web api node cache gw mail db ns static") + m.oneOf("", "-", "0") + fmt.Sprint(m.IntN(40)) +
		m.oneOf(".example.com", ".shop.example.org", ".eu-west.example.net", ".internal", "")
}

func (m *maker) address() string {
	if m.IntN(6) == 0 {
		return m.host()
	}
	return m.ip()
}

func (m *maker) user() string {
	return m.words("- - - - - - frank mary.jones svc-deploy alice_b root")
}

func (m *maker) path() string {
	p := ""
	for range 1 + m.IntN(4) {
		p += "/" + m.oneOf(m.word(), m.word()+"s", fmt.Sprint(m.IntN(100_000)), "v1", "api", m.hex(8), "a%20b", "~"+m.word())
	}
	p += m.oneOf("", "", "", ".html", ".png", ".js", "/")
	for i := range m.IntN(3) {
		p += []string{"?", "&"}[min(i, 1)] + m.word() + "=" + m.oneOf(fmt.Sprint(m.IntN(1000)), m.word(), "a+b", "%C3%BC", "")
	}
	return p
}

func (m *maker) agent() string {
	major := 90 + m.IntN(60)
	return m.oneOf(
		fmt.Sprintf("Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Firefox/%d.0", major, major),
		fmt.Sprintf("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36", major, m.IntN(9000), m.IntN(200)),
		fmt.Sprintf("Mozilla/5.0 (iPhone; CPU iPhone OS %d_%d like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/%d.0 Mobile/15E148 Safari/604.1", 12+m.IntN(6), m.IntN(6), 12+m.IntN(6)),
		fmt.Sprintf("curl/8.%d.%d", m.IntN(12), m.IntN(3)), "Go-http-client/2.0", "-", "kube-probe/1.31", "examplebot/2.1 (+https://www.example.com/bot.html)",
	)
}

func (m *maker) method() string {
	return m.words("GET GET GET GET GET POST POST PUT DELETE HEAD OPTIONS")
}

func (m *maker) status() string {
	return m.words("200 200 200 200 200 204 301 304 400 403 404 499 500 503")
}

func (m *maker) size() string {
	if m.IntN(12) == 0 {
		return "-"
	}
	return fmt.Sprint(int(m.ExpFloat64() * 20_000))
}

func (m *maker) referrer() string {
	return m.oneOf("-", "-", "https://www.example.com/", "https://www.example.com"+m.path(), "http://search.example.org/?q="+m.word())
}

func (m *maker) request() string {
	return m.method() + " " + m.path() + " HTTP/" + m.words("1.1 1.1 1.1 2.0 1.0")
}

func (m *maker) common() string {
	return fmt.Sprintf(`%s - %s [%s] "%s" %s %s`, m.address(), m.user(), m.time("02/Jan/2006:15:04:05 -0700"), m.request(), m.status(), m.size())
}

func (m *maker) combined() string {
	return fmt.Sprintf(`%s "%s" "%s"`, m.common(), m.referrer(), m.agent())
}

func (m *maker) class() string {
	return m.words("com.example org.example.shop net.example.store.internal") + "." + m.word() + "." +
		m.words("OrderService PaymentClient SessionCache$Entry StockController RetryPolicy HttpServer BlockWriter")
}

func (m *maker) thread() string {
	return m.oneOf("main", fmt.Sprintf("http-nio-8080-exec-%d", m.IntN(200)), fmt.Sprintf("pool-%d-thread-%d", m.IntN(9), m.IntN(64)), "scheduling-1", "qtp"+m.hex(8))
}

func (m *maker) level() string { return m.words("INFO INFO INFO INFO DEBUG WARN ERROR") }

// text is what a person reads in a line.
func (m *maker) text() string {
	var b strings.Builder
	for i := range 2 + m.IntN(10) {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch m.IntN(9) {
		case 0:
			fmt.Fprintf(&b, "%s=%d", m.word(), m.IntN(10_000))
		case 1:
			fmt.Fprintf(&b, "%d", m.IntN(100_000))
		case 2:
			b.WriteString(m.oneOf(m.ip4(), m.path(), `"`+m.word()+`"`, "["+m.word()+"]", "took 12.5ms", "café"))
		default:
			b.WriteString(m.word())
		}
	}
	return b.String()
}

func (m *maker) number(below int) string { return fmt.Sprint(m.IntN(below)) }

// stranger is a line that none of the well-known formats describes, though many begin as one does.
func (m *maker) stranger() string {
	return m.oneOf("", "  ", "\tat ", "* ", "worker "+m.number(100)+" ", "(", m.number(1000)+" ", "Connection of "+m.ip4()+" ", "{{", "["+m.word()+" ",
		"done, ", "Jan is ", "2026 ", "INFORMATIVE ", "<none> ", "---- ") + m.word() + " " + m.text()
}

// linesOf returns n lines, the same in every run.
func linesOf(n int, line func(*maker) string) []string {
	m, out := newMaker(uint64(n)), make([]string, n) //nolint:gosec // n is not negative
	for i := range out {
		out[i] = line(m)
	}
	return out
}
