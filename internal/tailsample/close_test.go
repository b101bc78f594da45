// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hold lets an output hold n requests, which it keeps.
func hold(t testing.TB, r *rig, n int) {
	in := &input{}
	for i := range n {
		in.add(fmt.Sprintf("line %d", i), Item{Key: key(i), DefaultRandomness: high})
	}
	in.send(t, r.logs, r.sinks[Logs])
}

// A next consumer that hangs until it is cancelled holds nothing up for longer than drainTime.
func TestCloseWhileTheNextConsumerHangs(t *testing.T) {
	for name, c := range map[string]struct {
		during bool // it hangs when Close comes, not only then
		ctx    time.Duration
		store  bool
		want   time.Duration
	}{
		"before": {true, 0, false, drainTime}, "then": {false, 0, false, drainTime},
		"with a store": {true, 0, true, drainTime}, "caller is in a hurry": {true, time.Second, false, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var store Store
				if c.store {
					store = newMemory()
				}
				r := newRig(t, testConfig(), store)
				r.logs.deliver = func(ctx context.Context, _ []byte, _ []Run) (bool, error) {
					<-ctx.Done()
					return false, ctx.Err()
				}
				hold(t, r, 10)
				if c.during {
					time.Sleep(time.Minute)
				}
				ctx, cancel := context.WithCancel(context.Background())
				if c.ctx > 0 {
					ctx, cancel = context.WithTimeout(ctx, c.ctx)
				}
				defer cancel()
				start := time.Now()
				err := r.logs.Close(ctx)
				assert.Equal(t, c.want, time.Since(start))
				require.NoError(t, r.traces.Close(context.Background()))
				if c.store {
					require.NoError(t, err)
					assert.Empty(t, r.obs.drops())
					r = newRig(t, testConfig(), store)
					time.Sleep(time.Minute)
					assert.Len(t, names(r.sinks[Logs]), 10)
					r.close(t)
					return
				}
				require.ErrorContains(t, err, "10 held log records")
				assert.Equal(t, map[Reason]int64{ReasonShutdown: 10}, r.obs.drops())
			})
		})
	}
}

// One that hangs for good is left behind, and does no harm when it comes back after all.
func TestCloseWhileTheNextConsumerHangsForGood(t *testing.T) {
	for _, err := range []error{nil, errBusy} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, testConfig(), nil)
			release := make(chan struct{})
			r.logs.deliver = func(context.Context, []byte, []Run) (bool, error) {
				<-release
				return false, err
			}
			hold(t, r, 10)
			time.Sleep(time.Minute)
			start := time.Now()
			require.ErrorContains(t, r.logs.Close(context.Background()), "10 held log records")
			assert.Equal(t, drainTime+cancelTime, time.Since(start))
			require.NoError(t, r.traces.Close(context.Background()))
			assert.Equal(t, map[Reason]int64{ReasonShutdown: 10}, r.obs.drops())
			assert.Equal(t, Stats{Decisions: 10}, r.Stats())
			close(release)
			synctest.Wait()
			assert.Equal(t, Stats{Decisions: 10}, r.Stats())
			assert.Equal(t, [signals]int64{}, r.obs.kept)
		})
	}
}

// Close does not wait for the end of a long pause between two attempts.
func TestCloseTriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		r.sinks[Logs].setFail(errBusy, false)
		hold(t, r, 10)
		time.Sleep(10 * time.Minute)
		r.sinks[Logs].setFail(nil, false)
		start := time.Now()
		r.close(t)
		assert.Zero(t, time.Since(start))
		assert.Len(t, names(r.sinks[Logs]), 10)
	})
}

// As long as the next consumer takes what there is, however slowly, nothing is dropped.
func TestCloseWithASlowConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, testConfig(), nil)
		taken := 0
		r.logs.deliver = func(_ context.Context, _ []byte, runs []Run) (bool, error) {
			time.Sleep(drainTime - time.Second)
			for _, run := range runs {
				taken += run.Records
			}
			return false, nil
		}
		hold(t, r, 5*deliveryRecords)
		time.Sleep(time.Minute)
		r.close(t)
		assert.Equal(t, 5*deliveryRecords, taken)
		assert.Empty(t, r.obs.drops())
	})
}
