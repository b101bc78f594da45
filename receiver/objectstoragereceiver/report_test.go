// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package objectstoragereceiver

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/metric/metricdata/metricdatatest"

	"github.com/logboom/logboom/archive"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/archivetest"
	"github.com/logboom/logboom/receiver/objectstoragereceiver/internal/metadatatest"
)

func point[N int64 | float64](v N, attrs ...attribute.KeyValue) metricdata.DataPoint[N] {
	return metricdata.DataPoint[N]{Value: v, Attributes: attribute.NewSet(attrs...)}
}

func TestTelemetry(t *testing.T) {
	a := numbered(t, 160, 16)
	to := &sink{decide: func(call int, _ plog.Logs) error {
		switch call {
		case 2:
			return errors.New("busy")
		case 5:
			return consumererror.NewPermanent(errors.New("too strange"))
		}
		return nil
	}}
	r := newRig(t, config(a, func(c *Config) { c.OnRefused = OnRefusedSkip }), &memory{}, to)
	require.NoError(t, r.Start(t.Context(), r.host))
	<-r.done
	loose := metricdatatest.IgnoreTimestamp()
	metadatatest.AssertEqualReceiverObjectStorageRecords(t, r.telemetry, []metricdata.DataPoint[int64]{
		point(int64(144), attribute.String("outcome", "delivered")), point(int64(16), attribute.String("outcome", "refused")),
	}, loose)
	metadatatest.AssertEqualReceiverObjectStorageDeliveredBytes(t, r.telemetry, []metricdata.DataPoint[int64]{point(r.point.Bytes)}, loose)
	metadatatest.AssertEqualReceiverObjectStorageRetries(t, r.telemetry, []metricdata.DataPoint[int64]{point(int64(1), attribute.String("cause", "refused"))}, loose)
	metadatatest.AssertEqualReceiverObjectStorageProgress(t, r.telemetry, []metricdata.DataPoint[float64]{point(1.0)}, loose)
	metadatatest.AssertEqualReceiverObjectStorageLag(t, r.telemetry, []metricdata.DataPoint[float64]{point(0.0)}, loose)
	metadatatest.AssertEqualReceiverObjectStorageRemainingTime(t, r.telemetry, []metricdata.DataPoint[float64]{point(0.0)}, loose)
	end := float64(time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC).Unix())
	metadatatest.AssertEqualReceiverObjectStoragePosition(t, r.telemetry, []metricdata.DataPoint[float64]{point(end)}, loose)
	require.Positive(t, r.point.Bytes)
	require.NoError(t, r.Shutdown(t.Context()))

	accepted, err := r.telemetry.GetMetric("otelcol_receiver_accepted_log_records")
	require.NoError(t, err)
	require.EqualValues(t, 144, accepted.Data.(metricdata.Sum[int64]).DataPoints[0].Value)
}

func TestTelemetryOfHoles(t *testing.T) {
	a := numbered(t, 400, 10)
	require.NoError(t, a.Bucket.Delete(t.Context(), a.Objects()[1]))
	damage(t, a.Bucket, a.Objects()[3])
	r := newRig(t, config(a, func(c *Config) { c.OnError = OnErrorContinue }), &memory{}, &sink{})
	require.NoError(t, r.Start(t.Context(), r.host))
	<-r.done
	metadatatest.AssertEqualReceiverObjectStorageHoles(t, r.telemetry, []metricdata.DataPoint[int64]{
		point(int64(1), attribute.String("reason", "missing")), point(int64(1), attribute.String("reason", "damaged")),
	}, metricdatatest.IgnoreTimestamp())
	require.NoError(t, r.Shutdown(t.Context()))
}

// TestProgressIsOfWhatIsDelivered looks at a replay that has read all of its archive and delivered little.
func TestProgressIsOfWhatIsDelivered(t *testing.T) {
	a := numbered(t, 400, 10)
	var r *rig
	var shares []float64
	to := &sink{decide: func(call int, _ plog.Logs) error {
		time.Sleep(20 * time.Millisecond) // the rest is read
		shares = append(shares, r.progress.tell().share)
		if call == 5 {
			return consumererror.NewPermanent(errors.New("too strange"))
		}
		return nil
	}}
	r = newRig(t, config(a, func(c *Config) { c.Batch.MaxRecords = 10 }), nil, to)
	require.NoError(t, r.Start(t.Context(), r.host))
	<-r.done
	require.Len(t, shares, 5)
	for i, share := range shares {
		require.InDelta(t, float64(i)/40, share, 0.03, "%v", shares)
	}
	_, err := r.telemetry.GetMetric("otelcol_receiver_object_storage_remaining_time")
	require.Error(t, err, "a replay that cannot go on has no time left")
	require.NoError(t, r.Shutdown(t.Context()))
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const hour = int64(3600e9)
		base := archivetest.Base.UnixNano()
		c := newCheckpoint(identity{}, base, base+10*hour, time.Now())
		p := &progress{}
		p.begin(c)
		require.Equal(t, "replay: the archive was not read yet", p.tell().String())
		objects := []*archive.ObjectMeta{
			{Key: "a", MinTime: base, MaxTime: base + 5*hour, Rows: 500},
			{Key: "b", MinTime: base + 5*hour, MaxTime: base + 10*hour, Rows: 500},
		}
		p.plan(objects, &archive.ScanRequest{Start: c.From, End: c.To}, true)
		require.Equal(t, "replay: 0.0 %, 0 records, at 2026-03-04T10:05:00Z, time left is not known yet", p.tell().String())

		time.Sleep(time.Minute)
		c.Position.Time, c.Delivered = base+2*hour, 200
		p.moved(c, 0)
		require.Equal(t, "replay: 20.0 %, 200 records, at 2026-03-04T12:05:00Z, about 4m0s left", p.tell().String())

		time.Sleep(time.Minute)
		require.Equal(t, "replay: 20.0 %, 200 records, at 2026-03-04T12:05:00Z, about 8m0s left", p.tell().String())

		c.Position.Time, c.Delivered = base+10*hour-1, 1000
		p.moved(c, 90*time.Second)
		require.Equal(t, "replay: 99.9 %, 1000 records, at 2026-03-04T20:04:59Z, about 0s left, 1m30s behind its pace", p.tell().String())
		p.finish()
		require.Equal(t, "replay: 100.0 %, 1000 records, at 2026-03-04T20:05:00Z, about 0s left", p.tell().String())

		p = &progress{speed: 10}
		c.Position.Time = base + 5*hour
		p.begin(c)
		p.plan(objects, &archive.ScanRequest{Start: c.From, End: c.To}, true)
		require.Equal(t, 30*time.Minute, p.tell().remaining)
		p.fail()
		require.Negative(t, p.tell().remaining)
	})
}
