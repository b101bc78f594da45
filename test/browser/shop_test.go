// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
