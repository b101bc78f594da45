// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstorageexporter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/parquet-go/parquet-go"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/internal/vfs"
)

// lossSender sends batches one after the other; what was not acknowledged it sends again, also to the next life
// of the exporter. A record has an id for good, and says in its body which sending it belongs to.
type lossSender struct {
	id   int
	rng  *rand.Rand
	next int // number of the next record
	last bool

	pending  *lossBatch // sent and not acknowledged
	sendings []lossSending
}

// lossBatch is records first to first+n-1.
type lossBatch struct {
	first, n, attempt int
	time              time.Time
	pad               string
}

// lossSending is one call of consume.
type lossSending struct {
	first, n, attempt int
	acknowledged      bool
}

func (s *lossSender) uid(i int) string { return fmt.Sprintf("%d-%d", s.id, i) }

func (s *lossSender) body(i, attempt int) string { return fmt.Sprintf("%s#%d", s.uid(i), attempt) }

// run sends until the exporter has ended or some batches are through.
func (s *lossSender) run(ctx context.Context, e *objectStorageExporter, ended <-chan struct{}) {
	for range 10 + s.rng.IntN(60) {
		if s.pending == nil {
			if s.last {
				return
			}
			b := lossBatch{first: s.next, n: 1 + s.rng.IntN(6), time: time.Now()}
			pad := make([]byte, s.rng.IntN(2000))
			for i := range pad {
				pad[i] = "0123456789abcdefghijklmnopqrstuv"[s.rng.IntN(32)]
			}
			b.pad = string(pad)
			s.next += b.n
			s.pending = &b
		}
		b := s.pending
		b.attempt++
		s.sendings = append(s.sendings, lossSending{first: b.first, n: b.n, attempt: b.attempt})
		err := e.consume(ctx, s.logs(b))
		if err == nil {
			s.sendings[len(s.sendings)-1].acknowledged = true
			s.pending = nil
		}
		select {
		case <-ended:
			return
		default:
		}
		if err != nil || s.rng.IntN(4) == 0 {
			time.Sleep(time.Duration(s.rng.IntN(1500)) * time.Microsecond)
		}
	}
}

func (s *lossSender) logs(b *lossBatch) plog.Logs {
	ld := plog.NewLogs()
	rl := ld.ResourceLogs().AppendEmpty()
	rl.Resource().Attributes().PutStr("service.name", fmt.Sprintf("service-%d", s.id%2))
	records := rl.ScopeLogs().AppendEmpty().LogRecords()
	for i := b.first; i < b.first+b.n; i++ {
		lr := records.AppendEmpty()
		// Some hours, so that a flush makes several objects.
		lr.SetTimestamp(pcommon.NewTimestampFromTime(b.time.Add(-time.Duration(i%3) * time.Hour)))
		lr.Attributes().PutStr("log.record.uid", s.uid(i))
		lr.Attributes().PutStr("pad", b.pad)
		lr.Body().SetStr(s.body(i, b.attempt))
	}
	return ld
}

// rawRows counts the rows of the live objects by their body, as somebody without our reader would.
func rawRows(b archive.Bucket, objects []*archive.ObjectMeta) (map[string]int, error) {
	rows := map[string]int{}
	for i := range objects {
		body, err := readAll(b, objects[i].Key)
		if err != nil {
			return nil, err
		}
		type row struct {
			Body string `parquet:"Body"`
		}
		read, err := parquet.Read[row](bytes.NewReader(body), int64(len(body)))
		if err != nil {
			return nil, err
		}
		if n := objects[i].Rows; n != int64(len(read)) {
			return nil, fmt.Errorf("%s has %d rows, the commit says %d", objects[i].Key, len(read), n)
		}
		for _, r := range read {
			rows[strings.Clone(r.Body)]++
		}
	}
	return rows, nil
}

func readAll(b archive.Bucket, key string) ([]byte, error) {
	r, err := b.Get(context.Background(), key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var errAway = errors.New("bucket is away")

// remoteBucket is a bucket that does not share the fate of the machine, but cannot be called by one that is off.
type remoteBucket struct {
	archive.Bucket

	mu    sync.Mutex
	off   <-chan struct{}
	back  time.Time
	shaky bool
}

// boot lets a machine use the bucket until off is closed. When it is away it comes back after a while, and loses
// answers then, too.
func (b *remoteBucket) boot(off <-chan struct{}, away bool, back time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.off, b.back, b.shaky = off, time.Time{}, away
	if away {
		b.back = time.Now().Add(back)
	}
}

// fault says whether a call gets through, and whether its answer does.
func (b *remoteBucket) fault() (call, answer bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.off:
		return false, false
	default:
	}
	if time.Now().Before(b.back) {
		return false, false
	}
	return true, !b.shaky || rand.IntN(10) > 0
}

func (b *remoteBucket) Create(ctx context.Context, key string, body []byte) error {
	call, answer := b.fault()
	if !call {
		return errAway
	}
	err := b.Bucket.Create(context.WithoutCancel(ctx), key, body)
	if still, _ := b.fault(); !still || !answer {
		return errAway
	}
	return err
}

func (b *remoteBucket) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	if call, answer := b.fault(); !call || !answer {
		return nil, errAway
	}
	return b.Bucket.Get(ctx, key)
}

func (b *remoteBucket) Close() error { return nil }

// slow is a file system whose syncs take some time.
type slow struct{ vfs.FS }

func (m slow) Open(name string, flag int, perm fs.FileMode) (vfs.File, error) {
	f, err := m.FS.Open(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return slowFile{f}, nil
}

type slowFile struct{ vfs.File }

func (f slowFile) Sync() error {
	if rand.IntN(2) == 0 {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
	}
	return f.File.Sync()
}
