// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { Rec } from './cursor';
import { Buffer, recordsOf, Seen, Tail } from './live';

const rec = (n: number, line = `line ${n}`): Rec => ({ time: String(1_768_435_200_000_000_000n + BigInt(n)), line, stream: { service_name: 'a' }, metadata: {} });
const many = (from: number, n: number, size = 0): Rec[] => Array.from({ length: n }, (_, i) => rec(from + i, `line ${from + i}${'x'.repeat(size)}`));
const lines = (b: Buffer): string[] => b.blocks.list.flatMap((x) => (x.records ?? []).map((r) => r.line));

describe('buffer', () => {
  it('keeps the newest', () => {
    const b = new Buffer(1000);
    for (let i = 0; i < 5000; i += 100) b.add(many(i, 100));
    expect(lines(b).length).toBeLessThanOrEqual(1000);
    expect(lines(b).length).toBeGreaterThan(700);
    expect(lines(b).at(-1)).toBe('line 4999');
    expect(b.received.value).toBe(5000);
    expect(b.skipped.value).toBe(0);
  });
  it('keeps no more bytes than it may', () => {
    const b = new Buffer(1000, 1 << 20);
    for (let i = 0; i < 50; i++) b.add(many(10 * i, 10, 20_000));
    expect(b.blocks.bytes).toBeLessThan(12 << 20); // a block at most beyond the bound
  });
  it('lets lines wait while it is paused, and counts what it gives up', () => {
    const b = new Buffer(100);
    b.add(many(0, 50));
    b.pause();
    b.add(many(50, 30));
    expect(lines(b).length).toBe(50);
    expect(b.waiting.value).toBe(30);
    b.add(many(80, 200));
    expect(b.waiting.value).toBe(230);
    expect(b.skipped.value).toBe(130);
    b.resume();
    expect(b.waiting.value).toBe(0);
    expect(lines(b).at(-1)).toBe('line 279');
    b.pause();
    b.add(many(280, 20_000));
    b.resume();
    expect(lines(b).length).toBeLessThanOrEqual(250);
  });
});

describe('messages', () => {
  it('are read, with the labels of the stream apart', () => {
    const text = JSON.stringify({
      streams: [{ stream: { service_name: 'a', trace_id: 't' }, values: [['5', 'x'], ['6', 'y']] }], dropped_entries: [{ labels: {}, timestamp: '1' }],
    });
    expect(recordsOf(text, new Set(['service_name']))).toEqual({
      records: [5, 6].map((t, i) => ({ time: String(t), line: 'xy'[i], stream: { service_name: 'a' }, metadata: { trace_id: 't' } })), dropped: 1,
    });
    expect(recordsOf('{"streams":null}', new Set())).toEqual({ records: [], dropped: 0 });
  });
  it('are not shown twice', () => {
    const s = new Seen(10);
    s.note([rec(1), rec(2), rec(2)]);
    expect(s.without([rec(1), rec(2), rec(2), rec(2), rec(3)]).map((r) => r.line)).toEqual(['line 2', 'line 3']);
    s.note(many(100, 50));
    expect(s.without([rec(1)]).length).toBe(1);
  });
});

class Socket {
  static all: Socket[] = [];
  onopen: () => void = () => {};
  onmessage: (e: { data: string }) => void = () => {};
  onclose: (e: { code: number; reason: string }) => void = () => {};
  closed = false;
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    Socket.all.push(this);
  }
  send(records: Rec[]): void {
    this.onmessage({ data: JSON.stringify({ streams: records.map((r) => ({ stream: { ...r.stream, ...r.metadata }, values: [[r.time, r.line]] })) }) });
  }
  close(): void {
    this.closed = true;
  }
}

describe('tail', () => {
  beforeEach(() => {
    Socket.all = [];
    vi.useFakeTimers();
  });
  afterEach(() => vi.useRealTimers());

  function start() {
    const got: Rec[] = [];
    const tail = new Tail({
      logql: '{a="b"} |= "x&y"', origin: 'https://logs.example', streamLabels: () => new Set(['service_name']), onRecords: (r) => got.push(...r),
      socket: (url) => new Socket(url) as unknown as WebSocket,
    });
    return { got, tail };
  }

  it('begins again where it was cut off, without lines twice', () => {
    const { got, tail } = start();
    const one = Socket.all[0];
    if (!one) throw new Error('no socket');
    expect(one.url).toContain('wss://logs.example/loki/api/v1/tail?query=');
    expect(new URL(one.url).searchParams.get('query')).toBe('{a="b"} |= "x&y"');
    expect(new URL(one.url).searchParams.has('start')).toBe(false);
    one.onopen();
    one.send(many(0, 5));
    expect(got.length).toBe(0); // collected, so that a thousand messages a second do not draw the page a thousand times
    vi.advanceTimersByTime(200);
    expect(got.length).toBe(5);
    one.onclose({ code: 1006, reason: '' });
    expect(tail.state.value).toBe('waiting');
    vi.advanceTimersByTime(1000);
    const two = Socket.all[1];
    if (!two) throw new Error('no second socket');
    expect(new URL(two.url).searchParams.get('start')).toBe(rec(4).time);
    two.onopen();
    two.send([rec(4), rec(5), rec(4, 'another of that time')]);
    vi.advanceTimersByTime(200);
    expect(got.map((r) => r.line)).toEqual(['line 0', 'line 1', 'line 2', 'line 3', 'line 4', 'line 5', 'another of that time']);
    expect(tail.gap.value).toBe(false);
    tail.close();
    expect(two.closed).toBe(true);
  });
  it('waits longer each time, but not at the end of its time', () => {
    const { tail } = start();
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      Socket.all.at(-1)?.onclose({ code: 1006, reason: '' });
      const n = Socket.all.length;
      vi.advanceTimersByTime(wait - 1);
      expect(Socket.all.length).toBe(n);
      vi.advanceTimersByTime(1);
      expect(Socket.all.length).toBe(n + 1);
    }
    Socket.all.at(-1)?.onclose({ code: 1008, reason: 'too many tails' });
    expect(tail.reason.value).toBe('too many tails');
    tail.now();
    Socket.all.at(-1)?.onopen();
    expect(tail.reason.value).toBe('');
    tail.close();
    const n = Socket.all.length;
    Socket.all.at(-1)?.onclose({ code: 1000, reason: '' });
    vi.advanceTimersByTime(60_000);
    expect(Socket.all.length).toBe(n);
  });
  it('counts what the server dropped, and stands what is no message', () => {
    const { tail, got } = start();
    Socket.all[0]?.onmessage({ data: 'no json' });
    Socket.all[0]?.onmessage({ data: JSON.stringify({ streams: [], dropped_entries: [{}, {}] }) });
    vi.advanceTimersByTime(200);
    expect(tail.dropped.value).toBe(2);
    expect(got).toEqual([]);
    tail.close();
  });
});
