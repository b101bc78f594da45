// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

package sinks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// nativeRevision is what the native sink offers: before custom serialization (54454) and the addendum to the
// hello (54458), which it does not need.
const nativeRevision = 54450

// ClickHouseNative is [ClickHouse] over the native TCP protocol.
func ClickHouseNative(t testing.TB) *Sink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	if err != nil {
		t.Fatal(err)
	}
	s := &Sink{Endpoint: "tcp://" + listener.Addr().String()}
	tables := &clickHouse{sink: s}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				c := nativeConn{server: tables, conn: conn, reader: proto.NewReader(conn)}
				if err := c.serve(); err != nil && !errors.Is(err, errRefused) && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
					s.problem(err.Error())
				}
			}()
		}
	}()
	t.Cleanup(func() { _ = listener.Close() })
	return s
}

// errRefused ends a connection while the sink is down.
var errRefused = errors.New("down for a test")

type nativeConn struct {
	server     *clickHouse
	conn       net.Conn
	reader     *proto.Reader
	compressed bool
}

// serve answers the packets of one connection until the client leaves.
func (c *nativeConn) serve() error {
	for {
		packet, err := c.reader.UVarInt()
		if err != nil {
			return io.EOF // the client has gone
		}
		switch proto.ClientCode(packet) {
		case proto.ClientCodeHello:
			err = c.hello()
		case proto.ClientCodePing:
			err = c.write(func(b *proto.Buffer) { proto.ServerCodePong.Encode(b) })
		case proto.ClientCodeQuery:
			err = c.query()
		default:
			err = fmt.Errorf("read packet: not known: %d", packet)
		}
		if err != nil {
			return err
		}
	}
}

func (c *nativeConn) hello() error {
	var hello proto.ClientHello
	if err := hello.Decode(c.reader); err != nil {
		return fmt.Errorf("read hello: %w", err)
	}
	answer := proto.ServerHello{Name: "sink", Major: 25, Minor: 8, Revision: nativeRevision, Timezone: "UTC", DisplayName: "sink", Patch: 1}
	return c.write(func(b *proto.Buffer) { answer.EncodeAware(b, nativeRevision) })
}

func (c *nativeConn) query() error {
	var query proto.Query
	if err := query.DecodeAware(c.reader, nativeRevision); err != nil {
		return fmt.Errorf("read query: %w", err)
	}
	c.compressed = query.Compression == proto.CompressionEnabled
	if _, _, err := c.data(); err != nil { // the empty block that ends external tables
		return err
	}
	if c.server.sink.refuse() {
		return errRefused
	}
	text := strings.TrimSpace(query.Body)
	switch verb, _, _ := strings.Cut(text, " "); strings.ToUpper(verb) {
	case "CREATE":
		if strings.HasPrefix(text, "CREATE TABLE") {
			c.server.columns = tableColumns(text)
		}
	case "DESC", "DESCRIBE":
		if err := c.block(func(b *proto.Buffer) error {
			input := c.server.describe()
			return proto.Block{Columns: len(input), Rows: len(c.server.columns)}.EncodeBlock(b, nativeRevision, input)
		}); err != nil {
			return err
		}
	case "INSERT":
		if err := c.insert(text); err != nil {
			return err
		}
	default:
		return fmt.Errorf("answer query: not known: %.60q", text)
	}
	return c.write(func(b *proto.Buffer) { proto.ServerCodeEndOfStream.Encode(b) })
}

// insert names the columns that the statement asks for, and takes blocks until an empty one. Only then they count, as an
// insert that breaks off counts for nothing.
func (c *nativeConn) insert(statement string) error {
	_, list, _ := strings.Cut(statement, "(")
	list, _, _ = strings.Cut(list, ")")
	names := strings.Split(list, ",")
	if err := c.block(func(b *proto.Buffer) error {
		proto.BlockInfo{BucketNum: -1}.Encode(b)
		b.PutInt(len(names))
		b.PutInt(0)
		for _, name := range names {
			b.PutString(strings.TrimSpace(name))
			b.PutString(c.server.kind(strings.TrimSpace(name)))
		}
		return nil
	}); err != nil {
		return err
	}
	var all []Document
	for {
		docs, end, err := c.data()
		if err != nil {
			return err
		}
		if end {
			c.server.sink.add(all...)
			return nil
		}
		all = append(all, docs...)
	}
}

// data reads one packet of data; end is an empty block.
func (c *nativeConn) data() (docs []Document, end bool, err error) {
	packet, err := c.reader.UVarInt()
	if err != nil {
		return nil, false, err
	}
	if proto.ClientCode(packet) != proto.ClientCodeData {
		return nil, false, fmt.Errorf("read data: packet is %d", packet)
	}
	if _, err := c.reader.Str(); err != nil { // name of an external table
		return nil, false, err
	}
	if c.compressed {
		c.reader.EnableCompression()
		defer c.reader.DisableCompression()
	}
	var info proto.BlockInfo
	if err := info.Decode(c.reader); err != nil {
		return nil, false, fmt.Errorf("read block: %w", err)
	}
	docs, err = c.server.results(c.reader)
	return docs, len(docs) == 0, err
}

// block sends a block of data, compressed when the client compresses.
func (c *nativeConn) block(encode func(*proto.Buffer) error) error {
	var b, out proto.Buffer
	if err := encode(&b); err != nil {
		return fmt.Errorf("write block: %w", err)
	}
	proto.ServerCodeData.Encode(&out)
	out.PutString("")
	if !c.compressed {
		out.Buf = append(out.Buf, b.Buf...)
	} else {
		z := compress.NewWriter(compress.LevelZero, compress.LZ4)
		if err := z.Compress(b.Buf); err != nil {
			return fmt.Errorf("compress block: %w", err)
		}
		out.Buf = append(out.Buf, z.Data...)
	}
	_, err := c.conn.Write(out.Buf)
	return err
}

func (c *nativeConn) write(encode func(*proto.Buffer)) error {
	var b proto.Buffer
	encode(&b)
	_, err := c.conn.Write(b.Buf)
	return err
}
