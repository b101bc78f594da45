// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package tailsample

import (
	"context"
	"errors"
	"time"
)

// Key names a request: its trace id, or a hash of the attribute that correlates its records. The zero Key is none.
type Key [16]byte

// Signal is what a record is.
type Signal uint8

// The signals.
const (
	Logs Signal = iota
	Traces
	signals
)

func (s Signal) String() string {
	if s == Traces {
		return "spans"
	}
	return "log records"
}

// MaxPolicies and MaxConditions bound a configuration: a set of conditions is a word of 64 bits.
const (
	MaxPolicies   = 64
	MaxConditions = 64
)

// NeverThreshold is the threshold that no randomness reaches: 2^56, as in OpenTelemetry's probability sampling.
const NeverThreshold = uint64(1) << 56

// NoRandomness says that a record brings no randomness of its own.
const NoRandomness = ^uint64(0)

// Policy decides about the requests that satisfy all its conditions and none of the policies before it.
type Policy struct {
	// Name is told to the Observer.
	Name string
	// Conditions are the bits a request must have; 0 is every request.
	Conditions uint64
	// Threshold is the rejection threshold: a request with less randomness is dropped. 0 keeps all, NeverThreshold none.
	Threshold uint64
	// RecordsPerSecond and BytesPerSecond, where positive, bound what is kept, by a threshold that is raised as needed.
	RecordsPerSecond, BytesPerSecond float64
}

func (p *Policy) limited() bool { return p.RecordsPerSecond > 0 || p.BytesPerSecond > 0 }

// MeasureKind is what is measured of a whole request.
type MeasureKind uint8

// The kinds of measures. Times are in nanoseconds.
const (
	SpanTime   MeasureKind = iota // from the first start to the last end of its spans
	RecordTime                    // from the first to the last time of its records and spans
	Records                       // log records and spans
	Bytes                         // as OTLP
)

// Measure sets a condition once a request has reached Min.
type Measure struct {
	Bit  uint8 // 0..63
	Kind MeasureKind
	Min  int64
}

// Config is what an engine does.
type Config struct {
	// Policies, in order; the last must have no conditions.
	Policies []Policy
	Measures []Measure
	// Keyless decides about records without a key, each by itself. It has no conditions and no limits.
	Keyless Policy
	// Wait is the longest time a request is undecided, Idle (0: off) the time without a record after which it is
	// decided, Grace the time after a record that ends it.
	Wait, Idle, Grace time.Duration
	// MaxHeldBytes bounds what is held, with its bookkeeping; MaxRequestBytes what one request may hold of it;
	// DecisionBytes the memory of decisions.
	MaxHeldBytes, MaxRequestBytes, DecisionBytes int64
	// Fingerprint changes with the meaning of conditions. What a Store held for another one comes back without conditions.
	Fingerprint string
}

// Item is a log record or a span of a batch.
type Item struct {
	// Key is the request's. Link is another key of the same request: a record that has a trace id and a correlation
	// attribute has both.
	Key, Link Key
	// Conditions are those the record satisfies by itself.
	Conditions uint64
	// Start and End are its times in nanoseconds since the Unix epoch; a log record's are equal; 0 is unknown.
	Start, End int64
	// Randomness is what the record brings (sampling.randomness, ot=rv), or NoRandomness. Came is the threshold that it passed
	// with that before, 0 if none.
	Randomness, Came uint64
	// DefaultRandomness is what the key gives: of a trace id its lower 56 bits, of another key 56 bits of its hash.
	DefaultRandomness uint64
	// Ends tells that the request ends with it, but for what is late.
	Ends bool

	// Verdict and Decision are set by Offer.
	Verdict  Verdict
	Decision Decision
}

// Verdict is what became of an Item.
type Verdict uint8

// The verdicts.
const (
	Held    Verdict = iota // the engine has a copy
	Kept                   // pass it on now, with Decision
	Dropped                // counted; let go
)

// Decision is why a record is kept, and its sampling threshold.
type Decision struct {
	// Policy is the index of the policy; len(Config.Policies) is Keyless.
	Policy uint8
	// Threshold and Randomness are 56 bits, Randomness ≥ Threshold.
	Threshold, Randomness uint64
	// Given is the threshold that whoever brought Randomness had passed before: the randomness of a request of which that is
	// known is not less. For records that were not sampled by it the share kept is (1 - Threshold) / (1 - Given).
	Given uint64
	// Explicit tells that Randomness was brought by a record of the request: it does not follow from a trace id, and a
	// later sampler needs it written down. So it does for every record without a trace id.
	Explicit bool
}

// Run is a number of consecutive records with one decision.
type Run struct {
	Records  int
	Decision Decision
}

// Deliver passes on what was held. data is an OTLP TracesData or LogsData; runs cover its records in their order. It must
// not keep data. After an error for which permanent is false it is called again with the same records.
type Deliver func(ctx context.Context, data []byte, runs []Run) (permanent bool, err error)

// Trigger is what made a request be decided.
type Trigger uint8

// The triggers.
const (
	TriggerRecord   Trigger = iota // a record that settles it
	TriggerEnd                     // the grace after its end
	TriggerIdle                    // Idle
	TriggerWait                    // Wait
	TriggerSize                    // MaxRequestBytes
	TriggerBudget                  // MaxHeldBytes: it was the oldest
	TriggerShutdown                // Close without a Store
)

// Reason is why an item was dropped.
type Reason uint8

// The reasons.
const (
	ReasonPolicy     Reason = iota // by the decision
	ReasonRefused                  // the next consumer refused it for good
	ReasonShutdown                 // the next consumer did not take it before the end
	ReasonNoPipeline               // restored, and nobody takes its signal any more
)

// Observer is told what happens. Its methods are called with the engine's lock held or from several goroutines, must be
// quick and must not call the engine.
type Observer interface {
	// Decided is called once a request, whatever keys its parts had.
	Decided(policy int, kept bool, trigger Trigger, after time.Duration)
	// Kept counts what was accepted by the next consumer after it had been held.
	Kept(signal Signal, policy int, records, bytes int64)
	// Dropped counts what was let go, held or not.
	Dropped(signal Signal, reason Reason, policy int, service string, records, bytes int64)
	// Late counts records that came after their request had been decided.
	Late(signal Signal, kept bool, records int64)
	// Restored counts what a Store brought back, with what is dropped at once as ReasonNoPipeline.
	Restored(signal Signal, records int64)
	// Unlinked counts links that were not made, because a request had too many or both were decided differently.
	Unlinked(n int64)
	// Forgot tells how many requests came back from a Store without the conditions that they satisfied: these mean something else now.
	Forgot(requests int64)
	// Failed tells that the next consumer refused data; it is tried again unless permanent.
	Failed(signal Signal, err error, permanent bool)
}

// Stats is what is held at a moment.
type Stats struct {
	Requests, Decisions int64
	Records             [signals]int64
	Bytes               int64 // of MaxHeldBytes
}

// ErrFull is returned by Offer when half of MaxHeldBytes waits for the next consumers, and by Requeue when nothing but what waits
// for them is left to make room. Nothing of the batch was taken; the sender shall try again.
var ErrFull = errors.New("held data is at its limit and what was decided to keep is not taken by the next component")

// ErrClosed is returned by Offer and Requeue after Close.
var ErrClosed = errors.New("request sampling has ended")

// Store keeps what is held over a restart. Keys are short names.
type Store interface {
	Get(ctx context.Context, key string) ([]byte, error) // nil if there is none
	Set(ctx context.Context, key string, value []byte) error
	Delete(ctx context.Context, key string) error
}
