// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrLeaseHeld is returned by [LeaseSeeker.Try] while another process has the lease, or may have.
	ErrLeaseHeld = errors.New("another process holds the lease")
	// ErrLeaseLost is returned by [Lease.Renew] when another process has taken over.
	ErrLeaseLost = errors.New("another process has taken over the lease")
)

// LeaseOptions are those of who looks after an archive.
type LeaseOptions struct {
	// Holder names this process, for people.
	Holder string
	// TTL is how long the others wait without a renewal. Default: 1 min.
	TTL time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// leaseTerm is the object _log/_lease/<term>.
type leaseTerm struct {
	Format   int    `json:"format"`
	Term     uint64 `json:"term"`
	Epoch    uint64 `json:"epoch"` // the first term of this holder
	Holder   string `json:"holder"`
	Nonce    string `json:"nonce"`
	Time     int64  `json:"time"`
	TTL      int64  `json:"ttl"`
	Released bool   `json:"released,omitempty"`
}

func leaseKey(term uint64) string { return fmt.Sprintf("%s%020d", leasePrefix, term) }

func parseLeaseKey(key string) (term uint64, ok bool) {
	rest, ok := strings.CutPrefix(key, leasePrefix)
	if !ok {
		return 0, false
	}
	return parseNumber(rest)
}

// Lease says that this process alone looks after the archive, unless it slept: what it does must be safe against that. Its
// epoch, in the checkpoints, tells. Not safe for concurrent use.
type Lease struct {
	bucket Bucket
	opts   LeaseOptions
	nonce  string
	term   uint64
	epoch  uint64
}

// LeaseSeeker waits for a lease. Not safe for concurrent use.
type LeaseSeeker struct {
	bucket Bucket
	opts   LeaseOptions
	nonce  string
	now    func() time.Time
	seen   uint64 // term
	since  time.Time
}

// NewLeaseSeeker returns a seeker, which has done nothing yet.
func NewLeaseSeeker(b Bucket, opts LeaseOptions) *LeaseSeeker {
	if opts.TTL <= 0 {
		opts.TTL = time.Minute
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &LeaseSeeker{bucket: b, opts: opts, nonce: NewNonce(), now: opts.Now}
}

// AcquireLease tries once to get a lease that nobody holds.
func AcquireLease(ctx context.Context, b Bucket, opts LeaseOptions) (*Lease, error) {
	return NewLeaseSeeker(b, opts).Try(ctx)
}

// Try takes the lease when nobody has it, when its holder gave it up, or when this seeker has seen no renewal for as long
// as the holder said. Otherwise the error is [ErrLeaseHeld]; try again later.
func (s *LeaseSeeker) Try(ctx context.Context) (*Lease, error) {
	l, err := s.try(ctx)
	if err != nil {
		return nil, fmt.Errorf("acquire lease of %s: %w", s.bucket.Name(), err)
	}
	return l, nil
}

func (s *LeaseSeeker) try(ctx context.Context) (*Lease, error) {
	held, err := newestLease(ctx, s.bucket)
	if err != nil {
		return nil, err
	}
	l := &Lease{bucket: s.bucket, opts: s.opts, nonce: s.nonce}
	switch {
	case held == nil:
	case held.Nonce == s.nonce && !held.Released: // an attempt that seemed to fail
		l.term, l.epoch = held.Term, held.Epoch
		s.nonce = NewNonce()
		return l, nil
	case held.Released:
	case s.seen != held.Term:
		s.seen, s.since = held.Term, s.now()
		return nil, fmt.Errorf("%w: %s", ErrLeaseHeld, held.Holder)
	case s.now().Sub(s.since) < time.Duration(held.TTL):
		return nil, fmt.Errorf("%w: %s", ErrLeaseHeld, held.Holder)
	}
	if held != nil {
		l.term = held.Term
	}
	l.epoch = l.term + 1
	if err := l.advance(ctx, false); err != nil {
		if errors.Is(err, ErrLeaseLost) {
			err = ErrLeaseHeld
		}
		return nil, err
	}
	s.nonce = NewNonce()
	return l, nil
}

func newestLease(ctx context.Context, b Bucket) (*leaseTerm, error) {
	for range refreshAttempts {
		term := uint64(0)
		for info, err := range b.List(ctx, leasePrefix, "") {
			if err != nil {
				return nil, err
			}
			if n, ok := parseLeaseKey(info.Key); ok {
				term = max(term, n)
			}
		}
		if term == 0 {
			return nil, nil
		}
		body, err := ReadLogObject(ctx, b, leaseKey(term))
		if errors.Is(err, ErrNotFound) {
			continue // there is a later one
		}
		if err != nil {
			return nil, err
		}
		return parseLease(leaseKey(term), body)
	}
	return nil, errors.New("it is renewed faster than it can be read")
}

func parseLease(key string, body []byte) (*leaseTerm, error) {
	t := &leaseTerm{}
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(t); err != nil {
		return nil, fmt.Errorf("parse lease %q: %w", key, err)
	}
	if n, ok := parseLeaseKey(key); !ok || t.Term != n || t.Epoch > t.Term || t.TTL < 0 || t.Format != FormatVersion {
		return nil, fmt.Errorf("parse lease %q: it makes no sense there", key)
	}
	return t, nil
}

// Epoch is the number of this leadership: higher than that of all before.
func (l *Lease) Epoch() uint64 { return l.epoch }

// Renew tells the others that this process is alive. It must be called several times in a TTL. After [ErrLeaseLost] the
// lease is of no use; other errors are ambiguous, and it may be called again.
func (l *Lease) Renew(ctx context.Context) error {
	if err := l.advance(ctx, false); err != nil {
		return fmt.Errorf("renew lease of %s: %w", l.bucket.Name(), err)
	}
	return nil
}

// Release gives the lease up, so that the next need not wait.
func (l *Lease) Release(ctx context.Context) error {
	if err := l.advance(ctx, true); err != nil && !errors.Is(err, ErrLeaseLost) {
		return fmt.Errorf("release lease of %s: %w", l.bucket.Name(), err)
	}
	return nil
}

// advance creates the next term.
func (l *Lease) advance(ctx context.Context, release bool) error {
	for {
		t := leaseTerm{
			Format: FormatVersion, Term: l.term + 1, Epoch: l.epoch, Holder: l.opts.Holder, Nonce: l.nonce,
			Time: l.opts.Now().UnixNano(), TTL: int64(l.opts.TTL), Released: release,
		}
		body, err := json.Marshal(t)
		if err != nil {
			return err
		}
		err = l.bucket.Create(ctx, leaseKey(t.Term), append(body, '\n'))
		if err != nil && !errors.Is(err, ErrExists) {
			return err
		}
		exists := err != nil
		newest, err := newestLease(ctx, l.bucket)
		switch {
		case err != nil:
			return err
		case newest == nil || newest.Nonce != l.nonce || newest.Term < t.Term:
			return ErrLeaseLost // also when the number was free again because later ones are there
		}
		l.term = newest.Term
		if newest.Released == release || !exists {
			return nil
		} // an earlier attempt to renew has landed: behind it
		if newest.Released {
			return ErrLeaseLost // we gave it up
		}
	}
}
