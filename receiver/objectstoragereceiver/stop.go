// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

const (
	// signalInterval is the time between two signals: a Collector that still starts does not listen yet.
	signalInterval = 100 * time.Millisecond
	// signalAttempts is how many are sent before the Collector is taken to listen to none.
	signalAttempts = 1200
	// startGrace is how long the Collector is given to start before it gets a status event instead.
	startGrace = 10 * time.Second
)

// stopCollector ends the Collector as its operator would, with SIGTERM to the own process, until ctx ends, as it does when
// that shuts down. A status event of a fatal error would end it, too, but the Collector calls that an error and, when the
// event comes while it starts, waits for itself for ever. So that is the way only where signals do not work (Windows).
func (r *replayReceiver) stopCollector(ctx context.Context) {
	r.logger.Info("the replay is complete, and on_end is stop: the Collector is asked to end", zap.Stringer("receiver", r.id))
	taken := make(chan os.Signal, 1)
	signal.Notify(taken, syscall.SIGTERM) // else the signal would end the process at once as long as the Collector does not listen
	defer signal.Stop(taken)
	wait := func(d time.Duration) bool {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return true
		case <-ctx.Done():
			return false
		}
	}
	self, err := os.FindProcess(os.Getpid())
	for range signalAttempts {
		if err == nil {
			err = self.Signal(syscall.SIGTERM)
		}
		if err != nil {
			if !wait(startGrace) {
				return
			}
			break
		}
		if !wait(signalInterval) {
			return
		}
	}
	// The call waits until the Collector takes it, which it does not do while it shuts down.
	go componentstatus.ReportStatus(r.host, componentstatus.NewFatalErrorEvent(
		fmt.Errorf("no error: the replay of %s is complete, and on_end is %s", r.id, OnEndStop)))
}
