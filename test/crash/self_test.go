// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package crash

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/logboom/logboom/test/internal/faultproxy"
)

// TestJudge feeds the count with what must not be, and with what may be.
func TestJudge(t *testing.T) {
	t.Parallel()
	type end []outcome // of the attempts of one batch with two records
	for _, tc := range []struct {
		name      string
		attempts  end
		rows      []string
		collapsed bool
		want      verdict
	}{
		{name: "as it should be", attempts: end{acknowledged}, rows: []string{"c00-000000-0000", "c00-000000-0001"}},
		{name: "a record is not there", attempts: end{acknowledged}, rows: []string{"c00-000000-0001"}, want: verdict{lost: 1}},
		{name: "nothing is there", attempts: end{refused, unknown, acknowledged}, want: verdict{lost: 2}},
		{name: "nothing is there that was not acknowledged", attempts: end{refused, unknown}},
		{
			name: "a row twice", attempts: end{acknowledged}, rows: []string{"c00-000000-0000", "c00-000000-0001", "c00-000000-0001"},
			want: verdict{doubled: 1, repeats: 1},
		},
		{
			name: "a row twice, of a batch that was refused at first", attempts: end{refused, acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0001", "c00-000000-0000"}, want: verdict{doubled: 1, repeats: 1},
		},
		{
			name: "a row twice, of a batch that was sent twice", attempts: end{unknown, acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0000", "c00-000000-0001"}, want: verdict{repeats: 1},
		},
		{
			name: "a row three times, of a batch that was sent twice", attempts: end{unknown, acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0000", "c00-000000-0000", "c00-000000-0001"}, want: verdict{doubled: 1, repeats: 2},
		},
		{
			name: "sent twice, but shown once by a reader that knows uids", attempts: end{unknown, acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0001"}, collapsed: true,
		},
		{
			name: "sent twice, and shown twice by a reader that knows uids", attempts: end{unknown, acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0000", "c00-000000-0001"}, collapsed: true, want: verdict{doubled: 1, repeats: 1},
		},
		{
			name: "never acknowledged, but taken", attempts: end{unknown},
			rows: []string{"c00-000000-0000", "c00-000000-0001"}, want: verdict{unacked: 2},
		},
		{
			name: "refused, but there", attempts: end{refused}, rows: []string{"c00-000000-0000"},
			want: verdict{doubled: 1, unacked: 1},
		},
		{
			name: "nobody sent that", attempts: end{acknowledged},
			rows: []string{"c00-000000-0000", "c00-000000-0001", "c00-000000-0002", "c00-000001-0000", "c01-000000-0000", "else", ""},
			want: verdict{alien: 5},
		},
	} {
		l := newLedger(1)
		l.open(0, 2)
		for _, how := range tc.attempts {
			l.begin(0, 0)
			l.end(0, 0, 1, how)
		}
		rows := l.tally()
		for _, id := range tc.rows {
			rows.addRow(id, id, "svc-blue", 1)
		}
		got := rows.judge(tc.collapsed)
		got.examples, got.rows = nil, 0
		assert.Equal(t, tc.want, got, tc.name)
		assert.Equal(t, tc.want.lost+tc.want.doubled+tc.want.alien == 0, got.good(), tc.name)
	}

	l := newLedger(1)
	l.open(0, 1)
	rows := l.tally()
	rows.addRow("c00-000000-0000", "c00-000000-0001", "svc-blue", 1)
	assert.Equal(t, 1, rows.judge(false).alien, "text and uid must say the same")
}

// wrongWith verifies and returns what is wrong, as one text.
func wrongWith(r *rig) string {
	var b strings.Builder
	for _, err := range r.verify() {
		fmt.Fprintln(&b, err)
	}
	return b.String()
}

// TestDamageIsReported changes an archive behind its writer's back; each change must be found.
func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, "directory")
	r.start(r.main, quick)
	time.Sleep(700 * time.Millisecond)
	r.kill(r.main)
	r.end()
	require.Empty(t, wrongWith(r))

	// Where DuckDB is not installed, parquet-go sees the same.
	files, err := r.live()
	require.NoError(t, err)
	rows := r.producer.ledger.tally()
	for _, f := range files {
		require.NoError(t, r.readParquet(rows, f))
	}
	v := rows.judge(false)
	require.True(t, v.good(), "%+v", v)

	// A commit that counts twice.
	log := filepath.Join(r.archiveDir(), "_log")
	records, err := filepath.Glob(filepath.Join(log, writer, "*"))
	require.NoError(t, err)
	var commit []byte
	for _, name := range records {
		b, err := os.ReadFile(name)
		require.NoError(t, err)
		if strings.Contains(string(b), `"commit"`) {
			sequence := strings.TrimLeft(filepath.Base(name), "0")
			commit = []byte(strings.NewReplacer(`"writer":"`+writer+`"`, `"writer":"other"`, `"sequence":`+sequence+`,`, `"sequence":1,`).Replace(string(b)))
			break
		}
	}
	require.NotEmpty(t, commit)
	require.NoError(t, os.MkdirAll(filepath.Join(log, "other"), 0o750))
	other := filepath.Join(log, "other", fmt.Sprintf("%020d", 1))
	require.NoError(t, os.WriteFile(other, commit, 0o600))
	require.Contains(t, wrongWith(r), "raw rows: 0 lost, ")
	require.Contains(t, wrongWith(r), "doubled c0")
	require.NoError(t, os.Remove(other))
	require.Empty(t, wrongWith(r))

	// A log record that is gone: with it, its objects.
	last := records[1]
	require.NoError(t, os.Rename(last, filepath.Join(r.disk.dir, "gone")))
	text := wrongWith(r)
	require.Contains(t, text, "is not there, but")
	require.Contains(t, text, "lost c0")
	require.NoError(t, os.Rename(filepath.Join(r.disk.dir, "gone"), last))

	// An object that is gone, and one that has changed.
	require.NoError(t, os.Rename(files[0], filepath.Join(r.disk.dir, "gone")))
	require.Contains(t, wrongWith(r), "verify archive: ")
	require.NoError(t, os.Rename(filepath.Join(r.disk.dir, "gone"), files[0]))
	require.NoError(t, os.WriteFile(files[0], []byte("PAR1 no more PAR1"), 0o600))
	require.Contains(t, wrongWith(r), "verify archive: ")
}

// TestBrokenBucketIsReported lets a late commit overwrite the claim of the next process, as in a bucket that does not honour
// create-if-absent (and did when the process probed it). The records of that commit are in the archive twice then, and that
// must be found.
func TestBrokenBucketIsReported(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1, "s3")
	var broken atomic.Bool
	r.hooks.always = func(req *faultproxy.Request, out *http.Request) {
		if broken.Load() && isCommit(req) {
			out.Header.Del("If-None-Match")
			for _, name := range []string{"Authorization", "X-Amz-Date"} {
				out.Header.Del(name)
			}
			if err := v4.NewSigner().SignHTTP(context.Background(),
				aws.Credentials{AccessKeyID: r.s3.AccessKeyID, SecretAccessKey: r.s3.SecretAccessKey},
				out, req.Header.Get("X-Amz-Content-Sha256"), "s3", r.s3.Region, time.Now()); err != nil {
				t.Error(err)
			}
		}
	}
	caught := r.proxy.Catch(isCommit)
	r.start(r.main, quick)
	require.True(t, wait(context.Background(), caught.Held(), 20*time.Second))
	r.kill(r.main)
	again := make(chan struct{})
	r.hooks.add(true, isCommit, func() { close(again) })
	r.start(r.main, quick)
	require.True(t, wait(context.Background(), again, 20*time.Second))
	broken.Store(true)
	require.Equal(t, http.StatusOK, caught.Land())
	broken.Store(false)
	r.kill(r.main)
	r.end()
	text := wrongWith(r)
	require.Contains(t, text, "raw rows: 0 lost, ")
	require.Contains(t, text, "doubled c0")
	require.NotContains(t, text, "records: ") // uids collapse
}
