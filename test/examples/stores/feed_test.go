// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package stores

import (
	"context"
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/harness"
)

// secret is made up and has the form of an AWS access key; written in two halves so that no scanner of this
// repository takes it for a real one.
var secret = "AKIA" + "Q3EGRZ7TN5WLMK4D"

const (
	batches  = 20
	perBatch = 200
	total    = batches * perBatch
)

// orderOf finds the number that every line carries.
var orderOf = regexp.MustCompile(`order[-":= ]+(\d{6})`)

// statusOf is the status code of the access line with that number.
func statusOf(order int) int { return []int{200, 201, 302, 404, 503}[order/2%5] }

// line is the text of a record: an access line for even numbers, JSON for odd ones; every fifth holds the secret.
func line(order int) string {
	key := "none"
	if order%10 < 2 {
		key = secret
	}
	if order%2 == 0 {
		return fmt.Sprintf(`203.0.113.%d - - [14/Mar/2026:09:26:53 +0000] "GET /order-%06d?key=%s HTTP/1.1" %d 5316 "https://shop.example/" "curl/8.5"`,
			order%250, order, key, statusOf(order))
	}
	return fmt.Sprintf(`{"order":"%06d","level":"warn","msg":"charge is slow","took_ms":%d,"note":"used %s"}`, order, order%900, key)
}

// feed sends every record once and fails the test when one is not accepted.
func feed(t *testing.T, addr string) {
	t.Helper()
	client := harness.DialOTLP(t, addr)
	for b := range batches {
		bodies := make([]string, perBatch)
		for i := range bodies {
			bodies[i] = line(b*perBatch + i)
		}
		require.NoError(t, client.Send(context.Background(), harness.Logs(fmt.Sprintf("shop-%d", b%3), bodies...)))
	}
}
