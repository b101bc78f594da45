// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The HTTP API of the server that the page came from: Loki's, and its own below /logboom/api/v1/.

import { nsOf } from '../lib/time';
import type { Answer, Run } from '../state/run';
import type { Culprit, Fields, Histogram, LogRecord, Overview, Patterns, Trail } from './types';

/** ApiError is a request that failed, in words for people. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** HTTP status; 0: no answer at all. */
    readonly status = 0,
    /** Where in the query the mistake is, from 1. */
    readonly at: { line: number; column: number } | null = null,
  ) {
    super(message);
  }

  static of(e: unknown): ApiError {
    return e instanceof ApiError ? e : new ApiError(e instanceof Error ? e.message : String(e));
  }
}

type Params = Record<string, string | number | boolean | undefined>;

function form(params: Params): URLSearchParams {
  const out = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) if (value !== undefined && value !== '') out.set(name, String(value));
  return out;
}

interface Envelope<T> {
  status: string;
  data: T;
  warnings?: string[];
  message?: string;
}

/** request asks an endpoint, by POST so that a long query fits. */
export async function request<T>(path: string, params: Params, abort?: AbortSignal, headers?: Record<string, string>): Promise<Envelope<T>> {
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', body: form(params), signal: abort ?? null, headers: headers ?? {} });
  } catch (e) {
    if (abort?.aborted) throw e;
    throw new ApiError('The server does not answer. Is Logboom running?');
  }
  const text = await response.text();
  let body: Envelope<T> | null = null;
  try {
    body = JSON.parse(text) as Envelope<T>;
  } catch {
    body = null; // a proxy's page, or plain text
  }
  if (!response.ok || body === null) {
    const message = body?.message ?? (text.length < 300 && text.trim() !== '' ? text.trim() : `The server answered ${response.status}.`);
    const at = /line (\d+), col(?:umn)? (\d+)/.exec(message);
    throw new ApiError(message, response.status, at ? { line: Number(at[1]), column: Number(at[2]) } : null);
  }
  return body;
}

const range = (r: { start: number; end: number }): Params => ({ start: nsOf(r.start), end: nsOf(r.end) });

async function own<T>(name: string, params: Params, abort?: AbortSignal): Promise<Answer<T>> {
  const e = await request<T>(`/logboom/api/v1/${name}`, params, abort);
  return { data: e.data, warnings: e.warnings };
}

export const histogram = (run: Run, abort?: AbortSignal): Promise<Answer<Histogram>> =>
  own('histogram', { query: run.logql, ...range(run) }, abort);
export const patterns = (run: Run, more: Params, abort?: AbortSignal): Promise<Answer<Patterns>> =>
  own('patterns', { query: run.logql, ...range(run), ...more }, abort);
export const culprit = (logql: string, bad: { start: number; end: number }, more: Params, abort?: AbortSignal): Promise<Answer<Culprit>> =>
  own('culprit', { query: logql, ...range(bad), ...more }, abort);
export const trail = (id: string, more: Params, abort?: AbortSignal): Promise<Answer<Trail>> => own('trail', { id, ...more }, abort);
export const fields = (run: Run, more: Params, abort?: AbortSignal): Promise<Answer<Fields>> =>
  own('fields', { query: run.logql, ...range(run), ...more }, abort);
export const overview = (at: { start: number; end: number } | null, abort?: AbortSignal): Promise<Answer<Overview>> =>
  own('overview', at ? range(at) : {}, abort);

/** exportUrl is where the whole result of a query can be downloaded from. */
export const exportUrl = (run: Run, format: 'ndjson' | 'csv' | 'text', forward: boolean): string =>
  `/logboom/api/v1/export?${form({ query: run.logql, ...range(run), format, direction: forward ? 'forward' : 'backward' })}`;

interface StreamsData {
  resultType: string;
  result: { stream: Record<string, string>; values: [string, string, { structuredMetadata?: Record<string, string>; parsed?: Record<string, string> }?][] }[];
  stats: unknown;
}

export interface Lines {
  records: (LogRecord & { parsed?: Record<string, string> })[];
}

/** lines loads up to `limit` lines of a log query, from one end of the range, in the order of time. start is included, end is not. */
export async function lines(
  q: { logql: string; startNs: string; endNs: string }, limit: number, forward: boolean, abort?: AbortSignal,
): Promise<Answer<Lines>> {
  const e = await request<StreamsData>(
    '/loki/api/v1/query_range',
    { query: q.logql, start: q.startNs, end: q.endNs, limit, direction: forward ? 'forward' : 'backward' },
    abort, { 'X-Loki-Response-Encoding-Flags': 'categorize-labels' },
  );
  const records: Lines['records'] = [];
  for (const s of e.data.result)
    for (const [time, line, more] of s.values)
      records.push({ time, line, stream: s.stream, metadata: more?.structuredMetadata ?? {}, ...(more?.parsed ? { parsed: more.parsed } : {}) });
  // Streams are sorted each by itself. Strings of ns of one length compare as numbers do.
  const sign = forward ? 1 : -1;
  records.sort((a, b) => (a.time === b.time ? 0 : a.time.length - b.time.length || (a.time < b.time ? -1 : 1)) * sign);
  return { data: { records }, warnings: e.warnings };
}

export interface Matrix {
  series: { metric: Record<string, string>; values: [number, number][] }[];
}

/** matrix answers a metric query over a range; times are in seconds. */
export async function matrix(logql: string, at: { start: number; end: number }, stepMs: number, abort?: AbortSignal): Promise<Answer<Matrix>> {
  const e = await request<{ resultType: string; result: { metric: Record<string, string>; values: [number, string][] }[] }>(
    '/loki/api/v1/query_range', { query: logql, ...range(at), step: stepMs / 1000 }, abort,
  );
  const series = e.data.result.map((s) => ({ metric: s.metric, values: s.values.map(([t, v]): [number, number] => [t, Number(v)]) }));
  return { data: { series }, warnings: e.warnings };
}

const names = async (path: string, at: { start: number; end: number }, abort?: AbortSignal): Promise<string[]> =>
  (await request<string[]>(path, range(at), abort)).data ?? [];

export const labels = (at: { start: number; end: number }, abort?: AbortSignal): Promise<string[]> => names('/loki/api/v1/labels', at, abort);
export const labelValues = (name: string, at: { start: number; end: number }, abort?: AbortSignal): Promise<string[]> =>
  names(`/loki/api/v1/label/${encodeURIComponent(name)}/values`, at, abort);

/** formatQuery reads a query, and throws an ApiError with the place of its mistake. */
export const formatQuery = async (logql: string, abort?: AbortSignal): Promise<string> =>
  (await request<string>('/loki/api/v1/format_query', { query: logql }, abort)).data;
