// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package textindex

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// shop makes row groups of lines as a web shop's services write them: requests with ids, numbers, some words.
func shop(groups, rows int) (list []textGroup) {
	r := rand.New(rand.NewPCG(42, 0))
	words := []string{"blue", "boot", "bike", "lamp", "tent", "sock", "mug", "rope", "desk", "chair"}
	for range groups {
		var g textGroup
		for len(g.bodies) < rows {
			request := fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()&(1<<48-1))
			trace := fmt.Sprintf("%016x%016x", r.Uint64(), r.Uint64())
			g.values = append(g.values, request, trace)
			for range 4 + r.IntN(8) {
				span := fmt.Sprintf("%016x", r.Uint64())
				g.values = append(g.values, span)
				a, b := words[r.IntN(len(words))], words[r.IntN(len(words))]
				at := fmt.Sprintf("2026-01-15T00:12:%02d.%06dZ", r.IntN(60), r.IntN(1e6))
				var body string
				switch r.IntN(4) {
				case 0:
					body = fmt.Sprintf("%d.%d.%d.%d - - [%s] \"GET /search?q=%s+%s HTTP/1.1\" 200 %d \"https://shop.example.com/\" \"Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0\" rt=0.%03d rid=%q",
						r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256), at, a, b, r.IntN(60_000), r.IntN(900), request)
				case 1:
					body = fmt.Sprintf("{\"timestamp\":%q,\"level\":\"INFO\",\"service\":\"catalog\",\"host\":\"catalog-hgf7jcbn-6v6jl\",\"message\":\"product served SKU-%05d status=200 duration=%dms\",\"request_id\":%q,\"trace_id\":%q,\"span_id\":%q}",
						at, r.IntN(40_000), r.IntN(900), request, trace, span)
				case 2:
					body = fmt.Sprintf("ts=%s level=debug svc=auth caller=session.go:88 msg=\"session valid user=u%d age=%ds\" request_id=%s trace_id=%s", at, r.IntN(120_000), r.IntN(5000), request, trace)
				default:
					body = fmt.Sprintf("%s DEBUG [http-nio-8080-exec-%d] c.shop.checkout.InventoryClient - [rid=%s trace=%s] Reserving %d of SKU-%05d for order ORD-%07x", at, r.IntN(20), request, trace, r.IntN(9), r.IntN(40_000), r.Uint32()>>4)
				}
				g.bodies = append(g.bodies, body)
			}
		}
		list = append(list, g)
	}
	return list
}

func BenchmarkBuild(b *testing.B) {
	groups := shop(4, 32<<10)
	rows, size := 0, 0
	for _, g := range groups {
		rows += len(g.bodies)
		for _, body := range g.bodies {
			size += len(body)
		}
	}
	var builder Builder
	b.SetBytes(int64(size))
	b.ReportAllocs()
	var data []byte
	for b.Loop() {
		data, _ = buildIndex(b, &builder, groups)
	}
	b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(len(data))/float64(rows), "B/record")
}

// BenchmarkMatch asks an index whose blocks are decoded for row groups and rows.
func BenchmarkMatch(b *testing.B) {
	groups := shop(16, 32<<10)
	data, directory := buildIndex(b, new(Builder), groups)
	blocks := map[int64][]byte{}
	ix, err := Open(data[int64(len(data))-directory:], int64(len(data)), rowsOf(groups), func(_ context.Context, extents []Extent) ([][]byte, error) {
		list := make([][]byte, len(extents))
		for i, e := range extents {
			if blocks[e.Offset] == nil {
				decoded, err := e.Decode(data[e.Offset : e.Offset+e.Bytes])
				if err != nil {
					return nil, err
				}
				blocks[e.Offset] = decoded
			}
			list[i] = blocks[e.Offset]
		}
		return list, nil
	})
	require.NoError(b, err)
	for name, l := range map[string]Line{
		"absent-word":   {Text: "zzyzx"},
		"absent-uuid":   {Text: "deadbeef-cdef-4280-a196-15108c479d44"},
		"uuid":          {Text: groups[3].values[0]},
		"absent-phrase": {Text: "valid session"},
		"phrase":        {Text: "session valid"},
		"any-case":      {Text: "RESERVING", Fold: true},
		"regexp":        {Kind: Regexp, Text: `served SKU-\d+ status=200`},
		"part-of-id":    {Text: "a19615"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				q, err := Compile([]Line{l}, nil)
				require.NoError(b, err)
				m := ix.Match(q)
				verdicts, err := m.Groups(context.Background(), nil)
				require.NoError(b, err)
				for g, v := range verdicts {
					if v == Maybe {
						_, err = m.Rows(context.Background(), g)
						require.NoError(b, err)
					}
				}
			}
		})
	}
}
