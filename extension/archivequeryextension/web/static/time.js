// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Ranges and clocks. Times are milliseconds since the epoch, as numbers; only the API knows nanoseconds.

const units = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };

// span is the length of a quick range such as 15m, or 0.
export function span(text) {
  const [, n, unit] = text.match(/^(\d{1,5})([smhdw])$/) ?? [];
  return n ? Number(n) * units[unit] : 0;
}

// instant reads one end of a range: now, now-15m, milliseconds since the epoch, or ISO 8601. NaN if none of them.
export function instant(text, now) {
  if (text === 'now') return now;
  if (text.startsWith('now-')) return now - (span(text.slice(4)) || NaN);
  if (/^\d{12,14}$/.test(text)) return Number(text);
  return Date.parse(text);
}

// resolve turns a range {from, to} into {start, end} as of now.
export function resolve(range, now = Date.now()) {
  return { start: instant(range.from, now), end: instant(range.to, now) };
}

export const isRelative = (range) => range.to === 'now' && range.from.startsWith('now-');

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

// stepFor is the width in seconds of the bars that show a range in at most 120 of them.
export function stepFor({ start, end }) {
  const least = (end - start) / 1000 / 120;
  return steps.find((s) => s >= least) ?? Math.ceil(least / 86400) * 86400;
}

// aligned widens a range to whole steps, so that a bar stays the same from one refresh to the next.
export function aligned({ start, end }, step) {
  const width = step * 1000;
  return { start: Math.floor(start / width) * width, end: Math.ceil(end / width) * width };
}

const two = (n) => String(n).padStart(2, '0');
const date = (d) => `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
const clock = (d) => `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;

// timeOfDay is 12:34:56.789, with the date before it when that is not today.
export function timeOfDay(ms, now = new Date()) {
  const d = new Date(ms);
  const time = `${clock(d)}.${String(d.getMilliseconds()).padStart(3, '0')}`;
  return date(d) === date(now) ? time : `${date(d)} ${time}`;
}

// full is the whole truth about a nanosecond timestamp, in UTC.
export function full(ns) {
  const ms = Number(ns.slice(0, -6));
  return `${new Date(ms).toISOString().slice(0, -1)}${ns.slice(-6)}Z`;
}

// forInput is the local form that a datetime-local field wants.
export const forInput = (ms) => `${date(new Date(ms))}T${clock(new Date(ms))}`;

// tick is the label of a place on the time axis of a chart that shows a range of that length.
export function tick(ms, length) {
  const d = new Date(ms);
  if (length <= 10 * 60e3) return clock(d);
  const short = clock(d).slice(0, 5);
  return length <= 24 * 3600e3 ? short : `${date(d).slice(5)} ${short}`;
}

// ticks are at most most round times of the local clock within a range.
export function ticks({ start, end }, most) {
  const width = (steps.find((s) => (end - start) / 1000 / s <= most) ?? 7 * 86400) * 1000;
  const zone = new Date(start).getTimezoneOffset() * 60e3;
  const out = [];
  for (let t = Math.ceil((start - zone) / width) * width + zone; t <= end && out.length <= most; t += width) out.push(t);
  return out;
}

// words describes a range for people.
export function words(range) {
  if (isRelative(range)) {
    const [, n, unit] = range.from.match(/^now-(\d+)([smhdw])$/) ?? [];
    const names = { s: 'second', m: 'minute', h: 'hour', d: 'day', w: 'week' };
    return n === '1' ? `the last ${names[unit]}` : `the last ${n} ${names[unit]}s`;
  }
  const { start, end } = resolve(range);
  return `${forInput(start).replace('T', ' ')} to ${forInput(end).replace('T', ' ')}`;
}
