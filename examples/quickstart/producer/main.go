// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Command producer is a small web shop that exists only in its logs. Five services handle a steady
// flow of requests and each writes its log in a format of its own, as services do. A request carries
// one request id through all of them. Every few minutes the payment provider becomes slow, and now
// and then somebody logs what should never be logged: a password, a card number, a token. All of it
// is invented.
//
//	edge.log       the access log of a reverse proxy
//	auth.log       logfmt
//	checkout.log   Java, with stack traces
//	inventory.log  Python, with tracebacks
//	payment.log    one JSON object a line
//
// It never writes more than twice -max-mib a file, and ends on SIGINT or SIGTERM.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	dir := flag.String("dir", "data/demo", "directory to write the logs to; made when absent")
	rate := flag.Float64("rate", 4, "requests a second; a request makes about five lines")
	maxMiB := flag.Int64("max-mib", 16, "size in MiB at which a file becomes <name>.1 and starts anew")
	history := flag.Duration("history", 0, "begin with the traffic of this much time before now, when the directory is new")
	seed := flag.Uint64("seed", 0, "seed of the traffic; 0 takes one from the clock")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, *rate, *maxMiB<<20, *history, *seed)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "producer:", err)
		os.Exit(1)
	}
}

// run writes the logs of the shop to dir until ctx ends.
func run(ctx context.Context, dir string, rate float64, maxBytes int64, history time.Duration, seed uint64) error {
	if rate <= 0 || rate > 10_000 {
		return fmt.Errorf("rate must be above 0 and at most 10000, got %v", rate)
	}
	if maxBytes <= 0 {
		return fmt.Errorf("max-mib must be positive, got %d", maxBytes>>20)
	}
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("create directory: %w", err)
	}
	start := time.Now()
	if old, _ := filepath.Glob(filepath.Join(dir, "*.log")); len(old) == 0 {
		start = start.Add(-history)
	}
	logs := newLogs(dir, maxBytes)
	shop := newShop(rand.New(rand.NewPCG(seed, 0)), rate, start)

	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if err := logs.write(shop.until(time.Now())); err != nil {
			return errors.Join(err, logs.close())
		}
		select {
		case <-ctx.Done():
			return logs.close()
		case <-tick.C:
		}
	}
}
