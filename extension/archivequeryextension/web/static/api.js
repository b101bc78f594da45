// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The Loki HTTP API, as far as the page needs it.

// ApiError is an answer that is no answer: status is the HTTP status, 0 when nobody answered.
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const nanoseconds = (ms) => `${Math.round(ms)}000000`;

async function call(path, params, signal) {
  const url = new URL(`loki/api/v1/${path}`, document.baseURI);
  url.search = new URLSearchParams(params).toString();
  let response;
  try {
    response = await fetch(url, {
      signal,
      headers: { Accept: 'application/json', 'X-Loki-Response-Encoding-Flags': 'categorize-labels' },
    });
  } catch (cause) {
    if (cause.name === 'AbortError') throw cause;
    throw new ApiError(0, `No answer from ${location.host}.`);
  }
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, errorText(text) || response.statusText);
  const body = JSON.parse(text);
  return { data: body.data, warnings: body.warnings ?? [] };
}

// errorText: Loki answers errors as plain text, other servers of its API as JSON.
function errorText(text) {
  try {
    const body = JSON.parse(text);
    return body.message ?? body.error ?? text;
  } catch {
    return text.trim();
  }
}

// lines runs a log query: the newest limit lines first.
export async function lines(query, { start, end }, limit, signal) {
  const { data, warnings } = await call('query_range', {
    query, start: nanoseconds(start), end: typeof end === 'string' ? end : nanoseconds(end), limit, direction: 'backward',
  }, signal);
  if (data.resultType !== 'streams') throw new ApiError(400, 'This query makes numbers, not lines.');
  return { lines: flatten(data.result), warnings };
}

// flatten makes one list of all streams. A line is {ns, line, fields, key}; fields are the stream's
// labels and the record's own metadata, key is the same whenever the same line comes again.
function flatten(streams) {
  const out = [];
  const seen = new Map();
  for (const { stream, values } of streams) {
    const labels = JSON.stringify(stream);
    for (const [ns, line, extra] of values) {
      const fields = { ...stream, ...extra?.structuredMetadata, ...extra?.parsed };
      const same = `${ns} ${labels} ${extra ? JSON.stringify(extra) : ''} ${line}`;
      const times = seen.get(same) ?? 0;
      seen.set(same, times + 1);
      out.push({ ns, line, fields, key: `${times} ${same}` });
    }
  }
  return out.sort(newestFirst);
}

// newestFirst compares nanosecond texts: the longer one is the later one, as none has leading zeros.
export const newestFirst = (a, b) => b.ns.length - a.ns.length || (a.ns < b.ns ? 1 : a.ns > b.ns ? -1 : 0);

// series runs a metric query: [{labels, points: [[ms, value], …]}, …].
export async function series(query, { start, end }, step, signal) {
  const { data, warnings } = await call('query_range', {
    query, start: nanoseconds(start), end: nanoseconds(end), step: `${step}s`,
  }, signal);
  if (data.resultType !== 'matrix') throw new ApiError(400, 'This query makes lines, not numbers.');
  const result = data.result.map(({ metric, values }) => ({
    labels: metric, points: values.map(([seconds, value]) => [seconds * 1000, Number(value)]),
  }));
  return { series: result, warnings };
}

// values lists the values of a label within a range.
export async function values(label, { start, end }, signal) {
  const { data } = await call(`label/${encodeURIComponent(label)}/values`, {
    start: nanoseconds(start), end: nanoseconds(end),
  }, signal);
  return data ?? [];
}
