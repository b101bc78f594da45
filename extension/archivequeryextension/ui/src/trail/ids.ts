// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Which id to follow from a record. Pure functions.

import type { LogRecord } from '../api/types';

/** What ids are called, by preference, after `plain`: the trace's first, because the archive has an index of it. */
const names = ['traceid', 'requestid', 'reqid', 'rid', 'correlationid', 'transactionid', 'sessionid'];

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** rank is how good a name for an id is, from 0; -1 if it is none. Prefixes do not matter: x-request-id, http_request_id, dd.trace_id. */
function rank(name: string): number {
  const p = plain(name);
  if (p === 'traceparent') return 0;
  return names.findIndex((n) => (n.length > 4 ? p.endsWith(n) : p === n));
}

/** valueOf is an id without what surrounds it in a header; '' if it cannot be one. */
function valueOf(text: string): string {
  const t = text.trim();
  const parent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/.exec(t);
  const id = parent?.[1] ?? t;
  return /^[\w.:/=+@-]{6,200}$/.test(id) && /[1-9a-z]/i.test(id) && !/^(?:unknown|undefined|0[0-]*)$/i.test(id) ? id : '';
}

const inText = /(?:^|[^\w])["']?([\w.-]{0,40}?(?:trace[_.-]?id|request[_.-]?id|req[_.-]?id|\brid|correlation[_.-]?id|transaction[_.-]?id))["']?\s*[=:]\s*["']?([\w.:/+@-]{6,128})/gi;
const uuid = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/i;
const hex = /\b[0-9a-f]{32}\b/i;

/** idOf is the id to follow from a record: a trace's, a request's, of its fields or of the first 8 KiB of its line; null if it has none. */
export function idOf(record: Pick<LogRecord, 'line' | 'stream' | 'metadata'> & { parsed?: Record<string, string> }): string | null {
  let best = names.length;
  let out = '';
  const look = (name: string, value: string): void => {
    const r = rank(name);
    if (r < 0 || r >= best) return;
    const v = valueOf(value);
    if (v !== '') [best, out] = [r, v];
  };
  for (const fields of [record.metadata, record.stream, record.parsed ?? {}]) for (const [n, v] of Object.entries(fields)) look(n, v);
  if (out !== '') return out;
  const line = record.line.slice(0, 8192);
  for (const m of line.matchAll(inText)) look(m[1] ?? '', m[2] ?? '');
  return out || uuid.exec(line)?.[0] || hex.exec(line)?.[0] || null;
}
