// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// Kafka starts a one-broker cluster with the topic and a consumer that reads it from the beginning, as another
// program would: every message is an OTLP request in protobuf. While the sink is down, the broker answers every
// produce request with "not leader or follower", which a producer has to retry.
func Kafka(t testing.TB, topic string) *Sink {
	t.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, topic))
	require.NoError(t, err)
	t.Cleanup(cluster.Close)

	s := &Sink{Endpoint: cluster.ListenAddrs()[0]}
	cluster.ControlKey(int16(kmsg.Produce), func(request kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if !s.refuse() {
			return nil, nil, false
		}
		return refuseProduce(request.(*kmsg.ProduceRequest)), nil, true
	})

	consumer, err := kgo.NewClient(kgo.SeedBrokers(s.Endpoint), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			consumer.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				request := plogotlp.NewExportRequest()
				if err := request.UnmarshalProto(r.Value); err != nil {
					s.problem("read message: " + err.Error())
					return
				}
				s.add(fromLogs(request.Logs())...)
			})
		}
	}()
	t.Cleanup(func() {
		cancel()
		consumer.Close()
		<-done
	})
	return s
}

// refuseProduce answers every partition of a request with a retriable error.
func refuseProduce(request *kmsg.ProduceRequest) *kmsg.ProduceResponse {
	response := request.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range request.Topics {
		answer := kmsg.NewProduceResponseTopic()
		answer.Topic, answer.TopicID = topic.Topic, topic.TopicID
		for _, partition := range topic.Partitions {
			p := kmsg.NewProduceResponseTopicPartition()
			p.Partition, p.ErrorCode = partition.Partition, kerr.NotLeaderForPartition.Code
			answer.Partitions = append(answer.Partitions, p)
		}
		response.Topics = append(response.Topics, answer)
	}
	return response
}
