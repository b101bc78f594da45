// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package spike

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/internal/spike"
)

const batchRecords = 512

// kinds of what services write in a spike.
var kinds = map[string]func(*rand.Rand) string{
	// One statement in a loop.
	"loop": func(rnd *rand.Rand) string {
		return fmt.Sprintf("reconciler of machine %d did not reach a fixed point after %d steps, trying again in %d ms", rnd.IntN(1e6), rnd.IntN(900), rnd.IntN(5000))
	},
	// Eight of them, text, logfmt, JSON and an access log.
	"service": func(rnd *rand.Rand) string {
		ip := fmt.Sprintf("10.%d.%d.%d", rnd.IntN(256), rnd.IntN(256), rnd.IntN(256))
		switch rnd.IntN(8) {
		case 0:
			return fmt.Sprintf("GET /api/v1/orders/%d from %s took %d ms", rnd.IntN(1e6), ip, rnd.IntN(900))
		case 1:
			return fmt.Sprintf("cache miss for key session:%016x, loading from store %d", rnd.Uint64(), rnd.IntN(8))
		case 2:
			return fmt.Sprintf("2026-03-14T10:%02d:%02d.%03dZ INFO  [worker-%d] c.e.billing.InvoiceJob - Processed invoice %x in %dms", rnd.IntN(60), rnd.IntN(60), rnd.IntN(1000), rnd.IntN(16), rnd.Uint64(), rnd.IntN(500))
		case 3:
			return fmt.Sprintf(`{"ts":"2026-03-14T10:00:%02dZ","level":"info","msg":"order %d accepted","amount":%d.%02d,"trace_id":"%016x%016x"}`, rnd.IntN(60), rnd.IntN(1e6), rnd.IntN(1000), rnd.IntN(100), rnd.Uint64(), rnd.Uint64())
		case 4:
			return fmt.Sprintf(`level=info ts=2026-03-14T10:00:%02dZ caller=compact.go:%d msg="block %x uploaded" duration=%dms size=%d`, rnd.IntN(60), rnd.IntN(900), rnd.Uint64(), rnd.IntN(1000), rnd.IntN(1<<30))
		case 5:
			return fmt.Sprintf(`%s - - [14/Mar/2026:10:00:%02d +0000] "GET /shop/item/%d HTTP/1.1" 200 %d "-" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0"`, ip, rnd.IntN(60), rnd.IntN(1e5), rnd.IntN(1e5))
		case 6:
			return fmt.Sprintf("connection pool exhausted (active=%d, idle=0, waiting=%d)", rnd.IntN(100), rnd.IntN(40))
		default:
			return fmt.Sprintf("user u%07d logged in from %s:%d", rnd.IntN(1e7), ip, rnd.IntN(65536))
		}
	},
	// Every line is a template of its own.
	"new templates": func(rnd *rand.Rand) string {
		words := make([]string, 6+rnd.IntN(8))
		for i := range words {
			b := make([]byte, 3+rnd.IntN(6))
			for j := range b {
				b[j] = byte('a' + rnd.IntN(26))
			}
			words[i] = string(b)
		}
		return strings.Join(words, " ")
	},
}

// differentBatches is enough that no cache of the processor holds them.
const differentBatches = 128

// batch is what Engine.Offer takes.
type batch struct {
	names []string
	items []spike.Item
}

// batches are made of some sources each, of so many in all.
func batches(kind string, keys, each int) []batch {
	rnd := rand.New(rand.NewPCG(1, 2))
	out := make([]batch, differentBatches)
	for i := range out {
		b := &out[i]
		for j := range each {
			b.names = append(b.names, fmt.Sprintf("service-%05d", (i*each+j)%keys))
		}
		for j := range batchRecords {
			text := kinds[kind](rnd)
			b.items = append(b.items, spike.Item{Source: j * each / batchRecords, Bytes: len(text), Severity: 9, Text: text, Time: int64(i)})
		}
	}
	return out
}

// engine is a candidate that offers batches to an engine, again and again, and ticks when it is time.
func engine(t *testing.T, name string, bar float64, budget spike.Rate, list []batch, summarize bool) *candidate {
	t.Helper()
	return &candidate{name: name, bar: bar, begin: func() (func() (func(), int), func()) {
		e, err := spike.New(spike.Config{
			Key: spike.Limit{Fixed: budget}, Burst: 2 * time.Second, Calm: 10 * time.Second, NewShare: 0.1, MaxKeys: 10_000,
			MaxTemplateBytes: 64 << 20, Summarize: summarize, SummaryInterval: 10 * time.Second,
		})
		require.NoError(t, err)
		ticked, over := time.Now(), 0
		feed := func() {
			for i := range list {
				b := &list[i]
				e.Offer(b.names, b.items)
				if summarize {
					e.Settle(b.names, b.items, true)
				}
				if now := time.Now(); now.Sub(ticked) >= spike.Tick {
					e.Tick()
					ticked = now
				}
			}
		}
		return func() (func(), int) {
				return feed, len(list) * batchRecords
			}, func() {
				for _, b := range list { // the verdicts of the last time
					for i := range b.items {
						if b.items[i].Verdict == spike.Over {
							over++
						}
					}
				}
				if all := len(list) * batchRecords; bar == bars.within && over > 0 || bar != bars.within && over < all/2 {
					t.Errorf("%s: %d of %d records were over", name, over, all)
				}
			}
	}}
}

// bars are records a second that are asked for.
var bars = struct{ within, over float64 }{3e6, 0.8e6}

func TestEngine(t *testing.T) {
	plenty, little := spike.Rate{Bytes: 1e12, Records: 1e12}, spike.Rate{Bytes: 100_000, Records: 200}
	few, many := batches("service", 8, 8), batches("service", 10_000, 64)
	measureAll(t, "Engine alone", []*candidate{
		engine(t, "within budget, 8 sources", bars.within, plenty, few, false),
		engine(t, "within budget, 10,000 sources", bars.within, plenty, many, false),
		engine(t, "over, one statement in a loop", bars.over, little, batches("loop", 1, 1), false),
		engine(t, "over, eight statements", bars.over, little, batches("service", 1, 1), false),
		engine(t, "over, eight statements, summarized", bars.over, little, batches("service", 1, 1), true),
		engine(t, "over, 8 sources", bars.over, little, few, false),
		engine(t, "over, each line a new template", 0, little, batches("new templates", 1, 1), false),
	})
}
