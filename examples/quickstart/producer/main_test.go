// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// hour is an hour of traffic: enough for everything that happens seldom to have happened.
func hour() []event {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return newShop(rand.New(rand.NewPCG(1, 0)), 4, start).until(start.Add(time.Hour))
}

func TestEveryServiceKeepsItsFormat(t *testing.T) {
	formats := map[string]*regexp.Regexp{
		"edge":      regexp.MustCompile(`^\S+ - - \[[^\]]+\] "[A-Z]+ \S+ HTTP/1\.1" \d{3} \d+ "[^"]*" "[^"]*" request_id=req-[0-9a-f]{12} took=\d+\.\d{3}$`),
		"auth":      regexp.MustCompile(`^ts=\S+Z level=\w+ msg="[^"]+" request_id=\S+ trace_id=[0-9a-f]{32} `),
		"checkout":  regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ +\[[^\]]+\] shop\.checkout\.\w+ - .*request_id=\S+(\n|$)`),
		"inventory": regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ inventory\.\w+: .*request_id=\S+(\n|$)`),
	}
	seen := map[string]int{}
	var last time.Time
	for _, e := range hour() {
		seen[e.service]++
		assert.False(t, e.at.Before(last), "events are in order")
		last = e.at
		if e.service == "payment" {
			assert.True(t, json.Valid([]byte(e.text)), e.text)
			continue
		}
		assert.Regexp(t, formats[e.service], e.text)
	}
	for service := range formats {
		assert.Greater(t, seen[service], 1000, service)
	}
	assert.Greater(t, seen["payment"], 1000)
}

func TestThingsGoWrong(t *testing.T) {
	var all strings.Builder
	for _, e := range hour() {
		all.WriteString(e.service + " " + e.text + "\n")
	}
	for _, want := range []string{
		"payment timeout after 3000 ms", "\tat shop.checkout.PaymentClient.charge", "Traceback (most recent call last):",
		"password=", "Bearer eyJ", `"card":"400000`, `"access_key":"AKIA`, "@example.",
	} {
		assert.Contains(t, all.String(), want)
	}
}

func TestRequestsKeepTheirID(t *testing.T) {
	id := regexp.MustCompile(`req-[0-9a-f]{12}`)
	services := map[string]map[string]bool{}
	for _, e := range hour() {
		found := id.FindString(e.text)
		require.NotEmpty(t, found, e.text)
		if services[found] == nil {
			services[found] = map[string]bool{}
		}
		services[found][e.service] = true
	}
	most := 0
	for _, s := range services {
		most = max(most, len(s))
	}
	assert.Equal(t, 4, most, "a purchase passes edge, checkout, inventory and payment")
}

func TestLogsAreBounded(t *testing.T) {
	dir := t.TempDir()
	const maxBytes = 20_000
	l := newLogs(dir, maxBytes)
	require.NoError(t, l.write(hour()))
	require.NoError(t, l.close())
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	assert.Len(t, names, 10)
	for _, name := range names {
		info, err := os.Stat(name)
		require.NoError(t, err)
		assert.Less(t, info.Size(), int64(maxBytes+4096), name)
	}
}

func TestFakeCardHasARightCheckDigit(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		number := fakeCard(rng)
		require.Len(t, number, 16)
		sum := 0
		for i := range number {
			n := int(number[len(number)-1-i] - '0')
			if i%2 == 1 {
				if n *= 2; n > 9 {
					n -= 9
				}
			}
			sum += n
		}
		assert.Zero(t, sum%10, number)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "demo")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	require.NoError(t, run(ctx, dir, 50, 1<<20, time.Minute, 7))
	edge, err := os.ReadFile(filepath.Join(dir, "edge.log"))
	require.NoError(t, err)
	assert.Greater(t, strings.Count(string(edge), "\n"), 1000, "the minute before is there at once")

	assert.ErrorContains(t, run(ctx, dir, 0, 1<<20, 0, 7), "rate must be above 0")
	assert.ErrorContains(t, run(ctx, dir, 1, 0, 0, 7), "max-mib must be positive")
}
