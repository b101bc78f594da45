// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Lines as they come, through a WebSocket: what is held is bounded, whatever the rate, and what is left out is counted.

import { signal } from '@preact/signals';

import { Blocks, sizeOf } from './blocks';
import { keyOf, type Rec } from './cursor';

export const maxRows = 5000;
export const maxBytes = 16 << 20;
const blockRows = 250;

/** Buffer is the newest lines; while it is paused, those that come wait beside it. */
export class Buffer {
  readonly blocks = new Blocks();
  readonly version = signal(0);
  readonly paused = signal(false);
  /** Lines that came while it was paused, those that were given up among them. */
  readonly waiting = signal(0);
  /** Lines of those that the page has given up: there were too many. */
  readonly skipped = signal(0);
  readonly received = signal(0);
  private pending: Rec[] = [];
  private pendingBytes = 0;
  private readonly rows: number;
  private readonly bytes: number;

  constructor(rows = maxRows, bytes = maxBytes) {
    this.rows = rows;
    this.bytes = bytes;
  }

  add(records: Rec[]): void {
    if (records.length === 0) return;
    this.received.value += records.length;
    if (!this.paused.peek()) {
      this.show(records);
      return;
    }
    for (const r of records) this.pendingBytes += sizeOf(r);
    this.pending.push(...records);
    this.waiting.value += records.length;
    let n = 0;
    while (n < this.pending.length - 1 && (this.pending.length - n > this.rows || this.pendingBytes > this.bytes)) {
      this.pendingBytes -= sizeOf(this.pending[n] as Rec);
      n++;
    }
    if (n > 0) {
      this.pending.splice(0, n);
      this.skipped.value += n;
    }
  }

  pause(): void {
    this.paused.value = true;
  }

  resume(): void {
    const records = this.pending;
    this.pending = [];
    this.pendingBytes = 0;
    this.waiting.value = 0;
    this.paused.value = false;
    this.show(records);
  }

  private show(records: Rec[]): void {
    if (records.length === 0) return;
    const { list } = this.blocks;
    let i = 0;
    while (i < records.length) {
      let last = list.at(-1);
      if (!last || last.count >= blockRows) {
        last = this.blocks.loaded({ lo: 0n, hi: 1n << 63n }, []);
        list.push(last);
      }
      const n = Math.min(blockRows - last.count, records.length - i);
      this.blocks.append(last, records.slice(i, i + n));
      i += n;
    }
    while (list.length > 1 && (this.blocks.rows > this.rows || this.blocks.bytes > this.bytes)) list.shift();
    this.version.value++;
  }
}

interface Message {
  streams?: { stream: Record<string, string>; values: [string, string, unknown?][] }[] | null;
  dropped_entries?: unknown[] | null;
}

/** recordsOf reads a message of a tail. It has all labels of a line in one: streamLabels tells which are the stream's. */
export function recordsOf(text: string, streamLabels: ReadonlySet<string>): { records: Rec[]; dropped: number } {
  const m = JSON.parse(text) as Message;
  const records: Rec[] = [];
  for (const s of m.streams ?? []) {
    const stream: Record<string, string> = {};
    const metadata: Record<string, string> = {};
    for (const [name, value] of Object.entries(s.stream)) (streamLabels.has(name) ? stream : metadata)[name] = value;
    for (const [time, line] of s.values) records.push({ time, line, stream, metadata });
  }
  return { records, dropped: m.dropped_entries?.length ?? 0 };
}

const idOf = (r: Rec): string => `${r.time} ${r.line.length > 300 ? `${r.line.length} ${r.line.slice(0, 300)}` : r.line} ${keyOf(r.stream)} ${keyOf(r.metadata)}`;

/** Seen knows the last lines, so that a tail that begins again where it was cut off brings none twice. */
export class Seen {
  private readonly ids = new Map<string, number>();
  private readonly most: number;

  constructor(most = 1000) {
    this.most = most;
  }

  note(records: Rec[]): void {
    for (const r of records.slice(-this.most)) {
      const id = idOf(r);
      const n = this.ids.get(id) ?? 0;
      this.ids.delete(id);
      this.ids.set(id, n + 1);
    }
    for (const id of this.ids.keys()) {
      if (this.ids.size <= this.most) break;
      this.ids.delete(id);
    }
  }

  /** without leaves out what was seen, as often as it was. */
  without(records: Rec[]): Rec[] {
    const left = new Map(this.ids);
    return records.filter((r) => {
      const id = idOf(r);
      const n = left.get(id) ?? 0;
      if (n > 0) left.set(id, n - 1);
      return n === 0;
    });
  }
}

export type TailState = 'connecting' | 'open' | 'waiting' | 'closed';

interface Options {
  logql: string;
  origin: string;
  streamLabels: () => ReadonlySet<string>;
  onRecords: (records: Rec[]) => void;
  /** Tests have their own. */
  socket?: (url: string) => WebSocket;
  flushMs?: number;
}

const firstLines = 200;
const againLines = 2000;

/** Tail is a live tail that connects again when it is cut off. */
export class Tail {
  readonly state = signal<TailState>('connecting');
  /** Lines that the server has left out. */
  readonly dropped = signal(0);
  /** Why it is not connected. */
  readonly reason = signal('');
  /** When it was cut off there were more lines than it then asked for. */
  readonly gap = signal(false);
  private readonly o: Options;
  private socket: WebSocket | null = null;
  private queue: Rec[] = [];
  private timer = 0;
  private retry = 0;
  private tries = 0;
  private newest = '';
  private readonly seen = new Seen();
  private ended = false;

  constructor(o: Options) {
    this.o = o;
    this.connect();
  }

  private connect(): void {
    const again = this.newest !== '';
    const p = new URLSearchParams({ query: this.o.logql, limit: String(again ? againLines : firstLines) });
    if (again) p.set('start', this.newest);
    this.state.value = 'connecting';
    const url = `${this.o.origin.replace(/^http/, 'ws')}/loki/api/v1/tail?${p}`;
    const socket = this.o.socket ? this.o.socket(url) : new WebSocket(url);
    this.socket = socket;
    let first = again;
    socket.onopen = () => {
      this.state.value = 'open';
      this.reason.value = '';
      this.tries = 0;
    };
    socket.onmessage = (e) => {
      if (this.ended) return;
      let got: ReturnType<typeof recordsOf>;
      try {
        got = recordsOf(String(e.data), this.o.streamLabels());
      } catch {
        return; // no message of a tail
      }
      if (got.dropped > 0) this.dropped.value += got.dropped;
      let { records } = got;
      if (first) {
        const fresh = this.seen.without(records);
        if (fresh.length === records.length && records.length >= againLines) this.gap.value = true;
        first = fresh.length < records.length; // what was seen may come in more messages
        records = fresh;
      }
      this.seen.note(records);
      for (const r of records) if (r.time.length > this.newest.length || (r.time.length === this.newest.length && r.time > this.newest)) this.newest = r.time;
      this.queue.push(...records);
      if (this.queue.length > 2 * maxRows) this.queue.splice(0, this.queue.length - 2 * maxRows);
      if (this.timer === 0) this.timer = window.setTimeout(() => this.flush(), this.o.flushMs ?? 200);
    };
    socket.onclose = (e) => {
      if (this.ended || this.socket !== socket) return;
      this.flush();
      this.reason.value = e.reason;
      this.state.value = 'waiting';
      // The end of its time is no trouble: at once; else ever more patient.
      const wait = e.code === 1000 ? 100 : Math.min(30_000, 1000 * 2 ** this.tries++);
      this.retry = window.setTimeout(() => this.connect(), wait);
    };
  }

  private flush(): void {
    clearTimeout(this.timer);
    this.timer = 0;
    const records = this.queue;
    this.queue = [];
    this.o.onRecords(records);
  }

  /** now connects at once. */
  now(): void {
    if (this.state.peek() !== 'waiting') return;
    clearTimeout(this.retry);
    this.connect();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.retry);
    clearTimeout(this.timer);
    this.state.value = 'closed';
    this.socket?.close();
  }
}
