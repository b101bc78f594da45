// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// ports moves the quickstart to free ports and leaves the machine's own logs alone.
const ports = `
extensions:
  archive_query: {endpoint: {{addr "page"}}}
receivers:
  otlp:
    protocols:
      grpc: {endpoint: {{addr "grpc"}}}
      http: {endpoint: {{addr "http"}}}
  tcplog/syslog: {listen_address: {{addr "syslog"}}}
  udplog/syslog: {listen_address: {{addr "syslog"}}}
  fluentforward: {endpoint: {{addr "fluent"}}}
  filelog/varlog: {include: ['{{dir "varlog"}}/*']}
exporters:
  object_storage: {flush: {interval: 200ms}}
service:
  telemetry: {metrics: {readers: [], level: none}}
`

const (
	hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>`
	bidi    = "report\u202egnp.exe"
)

// shop starts the quickstart as it is shipped, with known lines in the logs of the demo shop, and returns
// it and the address of its page.
func shop(t *testing.T) (*harness.Logboom, string) {
	t.Helper()
	dir := harness.TempDir(t)
	demo := filepath.Join(dir, "data", "demo")
	require.NoError(t, os.MkdirAll(demo, 0o750))
	now := time.Now().UTC()
	stamp := func(ago time.Duration) string { return now.Add(-ago).Format("2006-01-02 15:04:05,000") }
	write := func(service string, lines ...string) {
		require.NoError(t, os.WriteFile(filepath.Join(demo, service+".log"), []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	}

	var checkout []string
	for i := 60; i > 0; i-- {
		ago := time.Minute + time.Duration(i)*5*time.Second
		checkout = append(checkout, stamp(ago)+" INFO  [main] shop.checkout.OrderController - order received number="+fmt.Sprint(i)+" request_id=req-00000000000a")
		if i%20 == 0 {
			checkout = append(checkout, stamp(ago)+" ERROR [main] shop.checkout.PaymentClient - payment timeout after 3000 ms request_id=req-00000000000b\n"+
				"shop.checkout.PaymentTimeoutException: no answer\n\tat shop.checkout.PaymentClient.charge(PaymentClient.java:81)")
		}
	}
	write("checkout", checkout...)
	write("inventory",
		stamp(40*time.Second)+" WARNING inventory.stock: "+hostile+" request_id=req-00000000000c",
		stamp(30*time.Second)+" INFO inventory.stock: opened "+bidi+" \x1b[31mred\x1b[0m request_id=req-00000000000d")
	write("edge", fmt.Sprintf(`198.51.100.7 - - [%s] "POST /checkout HTTP/1.1" 504 180 "-" "ShopApp/4.2" request_id=req-00000000000b took=3.012`,
		now.Add(-100*time.Second).Format("02/Jan/2006:15:04:05 -0700")))
	write("auth", fmt.Sprintf(`ts=%s level=debug msg="sign-in form received" request_id=req-00000000000e email=elif.demir@example.net password=kite.lantern.77`,
		now.Add(-20*time.Second).Format(time.RFC3339Nano)))
	write("payment", fmt.Sprintf(`{"time":%q,"level":"info","msg":"charge accepted","request_id":"req-00000000000a","amount":12.5}`,
		now.Add(-10*time.Second).Format(time.RFC3339Nano)))

	lb := harness.Start(t, harness.Config{
		Name: "quickstart", Dir: dir, Files: []string{"examples/quickstart/config.yaml"}, YAML: ports,
		Args: []string{"--feature-gates=stanza.synchronousLogEmitter"},
	})
	return lb, "http://" + lb.Addr("page") + "/"
}

const written = 60 + 3 + 2 + 1 + 1 + 1 // records of shop

func TestPage(t *testing.T) {
	p := open(t)
	lb, address := shop(t)
	calm := func() {
		t.Helper()
		assert.Empty(t, p.takeErrors(), "nothing on the console")
	}

	t.Run("first look", func(t *testing.T) {
		p.t = t
		p.goTo(address)
		p.until(fmt.Sprintf("document.querySelectorAll('#lines li').length === %d", written)) // live: nobody reloads
		assert.Equal(t, fmt.Sprintf("%d lines", written), p.text("#chart-title"))
		assert.Greater(t, len(p.texts("#plot rect")), 20, "bars over five minutes")
		assert.Contains(t, p.text("#legend"), "error")
		assert.Equal(t, `{service_name=~".+"}`, p.text("#logql"))
		newest := p.text("#lines li")
		assert.Contains(t, newest, "payment")
		assert.Contains(t, newest, "charge accepted")
		p.dark(false)
		p.screenshot("first-look-light")
		p.dark(true)
		p.screenshot("first-look-dark")
		calm()
	})

	t.Run("plain words", func(t *testing.T) {
		p.t = t
		p.search("timeout")
		assert.Equal(t, `{service_name=~".+"} |= "timeout"`, p.text("#logql"))
		p.until("document.querySelectorAll('#lines li').length === 3")
		assert.Equal(t, "timeout", p.text("#lines mark"))
		calm()
	})

	t.Run("fields of a line", func(t *testing.T) {
		p.t = t
		p.dark(false)
		assert.Contains(t, p.text("#lines li .more"), "+2 lines", "a stack trace is folded")
		p.click("#lines li .head")
		p.until("document.querySelector('.detail')")
		assert.Contains(t, p.text(".whole"), "PaymentClient.java:81")
		fields := p.text(".detail table")
		for _, want := range []string{"service_name", "checkout", "detected_level", "error", "request_id", "req-00000000000b"} {
			assert.Contains(t, fields, want)
		}
		p.screenshot("fields-light")
		p.dark(true)
		p.screenshot("fields-dark")
		calm()
	})

	t.Run("a request through all services", func(t *testing.T) {
		p.t = t
		p.do(chromedp.Evaluate(`[...document.querySelectorAll('.detail button')].find((b) => b.innerText === 'all services').click()`, nil))
		p.until("location.search.includes('request_id')")
		p.settled()
		p.until("document.querySelectorAll('#lines li').length === 4")
		assert.Contains(t, p.texts(".service"), "edge")
		assert.Contains(t, p.texts(".service"), "checkout")
		calm()
	})

	t.Run("filters", func(t *testing.T) {
		p.t = t
		p.goTo(address)
		p.until("document.querySelector('#service option[value=\"inventory\"]')")
		choose := func(id, value string) {
			p.do(chromedp.Evaluate(fmt.Sprintf(`(() => { const s = document.getElementById(%q); s.value = %q; s.dispatchEvent(new Event('change')); })()`, id, value), nil))
			p.settled()
		}
		choose("service", "checkout")
		p.until("document.querySelectorAll('#lines li').length === 63")
		choose("level", "error")
		p.until("document.querySelectorAll('#lines li').length === 3")
		assert.Equal(t, `{service_name="checkout"} | detected_level="error"`, p.text("#logql"))
		choose("level", "")
		choose("service", "")
		assert.Equal(t, `{service_name=~".+"}`, p.text("#logql"))
		p.do(chromedp.NavigateBack())
		p.until(`document.getElementById('logql').textContent === '{service_name="checkout"}'`)
		p.until("document.querySelectorAll('#lines li').length === 63")
		calm()
	})

	t.Run("hostile lines stay text", func(t *testing.T) {
		p.t = t
		p.search(`{service_name="inventory"}`)
		p.until("document.querySelectorAll('#lines li').length === 2")
		all := strings.Join(p.texts("#lines li .body"), "\n")
		assert.Contains(t, all, "<img src=x onerror=")
		assert.Contains(t, all, "⟨U+202E⟩", "a reversal of writing is shown, not obeyed")
		assert.NotContains(t, all, "\x1b")
		p.do(chromedp.Evaluate(`document.querySelectorAll('.toggle').forEach((b) => b.click())`, nil))
		assert.False(t, p.is("document.querySelector('#lines img, #lines script')"))
		assert.NotEqual(t, "broken", p.text("title"))
		assert.True(t, p.is("document.title.includes('Logboom')"))
		calm()
	})

	t.Run("secrets are masked", func(t *testing.T) {
		p.t = t
		p.search(`{service_name="auth"}`)
		p.until("document.querySelectorAll('#lines li').length === 1")
		p.click(".toggle")
		shown := p.text("#lines")
		assert.Contains(t, shown, "sign-in form received")
		assert.NotContains(t, shown, "kite.lantern.77")
		assert.NotContains(t, shown, "elif.demir@")
		calm()
	})

	t.Run("numbers", func(t *testing.T) {
		p.t = t
		p.search(`sum by (service_name) (count_over_time({service_name=~".+"}[1m]))`)
		p.until("document.querySelectorAll('#legend li').length === 5")
		assert.Contains(t, p.text("#chart-title"), "5 series")
		p.screenshot("numbers-dark")
		calm()
	})

	t.Run("mistakes and emptiness", func(t *testing.T) {
		p.t = t
		p.search(`{service_name=}`)
		p.until("document.querySelector('#notice.error')")
		assert.Contains(t, p.text("#notice"), "The query cannot be read")
		assert.Contains(t, p.text("#notice"), "LogQL begins with a selector")
		assert.Empty(t, p.texts("#lines li"))
		p.dark(false)
		p.screenshot("mistake-light")
		for _, e := range p.takeErrors() { // the browser itself reports the status
			assert.Contains(t, e, "400 (Bad Request)")
		}

		p.search("nobody-ever-wrote-this")
		p.until("document.querySelector('#notice.empty')")
		assert.Contains(t, p.text("#notice"), "Nothing matches: the last 15 minutes")
		p.screenshot("empty-light")
		p.do(chromedp.Evaluate(`[...document.querySelectorAll('#notice button')].at(-1).click()`, nil))
		p.until(fmt.Sprintf("document.querySelectorAll('#lines li').length === %d", written))
		calm()
	})

	t.Run("the address is the state", func(t *testing.T) {
		p.t = t
		from, to := time.Now().Add(-10*time.Minute), time.Now().Add(time.Minute)
		values := url.Values{"q": {"order"}, "from": {from.UTC().Format(time.RFC3339)}, "to": {fmt.Sprint(to.UnixMilli())}}
		p.goTo(address + "?" + values.Encode())
		p.until("document.querySelectorAll('#lines li').length === 60")
		assert.True(t, p.is("document.getElementById('range').value === 'absolute' && document.getElementById('live').disabled"))
		p.goTo(address + "?live=0&from=now-1h")
		assert.True(t, p.is("document.getElementById('range').value === '1h' && document.getElementById('live').ariaPressed === 'false'"))
		calm()
	})

	t.Run("narrow", func(t *testing.T) {
		p.t = t
		p.do(chromedp.EmulateViewport(420, 800))
		p.goTo(address + "?live=0&q=timeout")
		assert.True(t, p.is("document.documentElement.scrollWidth <= 420"), "nothing sticks out")
		p.screenshot("narrow-light")
		calm()
	})

	t.Run("away and back", func(t *testing.T) {
		p.t = t
		p.goTo(address + "?q=timeout")
		lb.Terminate()
		p.until("document.querySelector('#notice.error')")
		assert.Contains(t, p.text("#notice"), "Logboom does not answer")
		assert.Len(t, p.texts("#lines li"), 3, "what was there stays readable")
		lb.Restart()
		p.until("document.querySelector('#notice').hidden") // by itself
		assert.Len(t, p.texts("#lines li"), 3)
		for _, e := range p.takeErrors() {
			assert.Contains(t, e, "net::ERR_")
		}
	})

	assert.Empty(t, p.foreign(address), "no request leaves the server of the page")
}

// TestFirstPaint measures what a first visit loads, the answer of the first search included.
func TestFirstPaint(t *testing.T) {
	p := open(t)
	_, address := shop(t)
	p.goTo(address + "?live=0")
	p.mu.Lock()
	defer p.mu.Unlock()
	t.Logf("first paint: %d requests, %.1f kB", len(p.requests), float64(p.received)/1000)
	assert.Less(t, p.received, int64(200_000))
}

// TestQueryText is about the small edits of LogQL, in the browser that has to do them.
func TestQueryText(t *testing.T) {
	p := open(t)
	_, address := shop(t)
	p.goTo(address)
	check := func(call, want string) {
		t.Helper()
		var got string
		p.do(chromedp.Evaluate("import('./static/query.js').then((q) => String(q."+call+"))", &got, awaitPromise))
		assert.Equal(t, want, got, call)
	}
	check("toLogQL('')", `{service_name=~".+"}`)
	check("toLogQL(' timeout  payment ')", `{service_name=~".+"} |= "timeout" |= "payment"`)
	check("toLogQL('\"read timed out\" x')", `{service_name=~".+"} |= "read timed out" |= "x"`)
	check("toLogQL('a\\\\b')", `{service_name=~".+"} |= "a\\b"`)
	check("toLogQL('{a=\"b\"}')", `{a="b"}`)
	check("isMetric('rate({a=\"b\"}[1m])')", "true")
	check("isMetric(' {a=\"b\"}')", "false")
	check("withLabel('{service_name=~\".+\"} |= \"x\"', 'service_name', 'a')", `{service_name="a"} |= "x"`)
	check("withLabel('{a=\"}\", service_name!=\"c,d\"}', 'service_name', 'e\"f')", `{service_name="e\"f", a="}"}`)
	check("withLabel('{service_name=\"a\"}', 'service_name', '')", `{service_name=~".+"}`)
	check("labelOf('{service_name = \"a\", b=\"c\"}', 'service_name')", "a")
	check("labelOf('{service_name=~\"a\"}', 'service_name')", "")
	check("withField('{a=\"b\"} | detected_level=\"warn\" |= \"x\"', 'detected_level', 'error')", `{a="b"} |= "x" | detected_level="error"`)
	check("withField('{a=\"b\"} | detected_level=\"warn\"', 'detected_level', '')", `{a="b"}`)
	check("fieldOf('{a=\"b\"} | detected_level = \"warn\"', 'detected_level')", "warn")
	check("searched('{a=\"b\"} |= \"x y\" != \"z\" |= \"q\"')", "x y,q")
	assert.Empty(t, p.takeErrors())
}
