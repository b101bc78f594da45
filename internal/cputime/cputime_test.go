// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package cputime

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOf(t *testing.T) {
	var sum uint64
	work := func(n int) func() {
		return func() {
			for i := range uint64(n) {
				sum += i * sum
			}
		}
	}
	assert.Positive(t, Of(work(10_000_000)))
	if runtime.GOOS != "linux" {
		return
	}
	assert.Less(t, Of(func() { time.Sleep(time.Second) }), time.Second, "who sleeps costs nothing")
	assert.Positive(t, sum+1)
}
