// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Numbers for people.

const plain = new Intl.NumberFormat('en-US');

/** count is `1,234,567`. */
export const count = (n: number): string => plain.format(Math.round(n));

const scaled = (n: number, step: number, names: string[]): string => {
  let v = Math.abs(n);
  let i = 0;
  while (v >= step * 0.9995 && i < names.length - 1) {
    v /= step;
    i++;
  }
  const digits = i === 0 ? (Number.isInteger(v) ? 0 : 1) : v < 9.995 ? 2 : v < 99.95 ? 1 : 0;
  return `${n < 0 ? '−' : ''}${Number(v.toFixed(digits))}${names[i]}`;
};

/** short is `1.23M`. */
export const short = (n: number): string => scaled(n, 1000, ['', 'k', 'M', 'G', 'T']);

/** bytes is `12.3 MB`. */
export const bytes = (n: number): string => scaled(n, 1000, [' B', ' kB', ' MB', ' GB', ' TB', ' PB']);

/** percent is `12%`, `0.04%`. */
export function percent(share: number): string {
  const p = share * 100;
  return `${p === 0 ? 0 : p < 0.01 ? '<0.01' : p < 1 ? p.toFixed(2) : p < 10 ? p.toFixed(1) : p > 99.5 && p < 100 ? '>99' : p.toFixed(0)}%`;
}

/** duration is `340 ms`, `1.2 s`, `3 min 5 s`, `2 d 4 h`: two units at most. */
export function duration(ms: number): string {
  const v = Math.abs(ms);
  const sign = ms < 0 ? '−' : '';
  if (v === 0) return '0 s';
  if (v < 1e-3) return `${sign}${Math.round(v * 1e6)} ns`;
  if (v < 1) return `${sign}${Math.round(v * 1e3)} µs`;
  if (v < 10) return `${sign}${Number(v.toFixed(1))} ms`;
  if (v < 999.5) return `${sign}${Math.round(v)} ms`;
  if (v < 59.95e3) return `${sign}${Number((v / 1e3).toFixed(v < 10e3 ? 2 : 1))} s`;
  const units: [string, number][] = [['d', 86400], ['h', 3600], ['min', 60], ['s', 1]];
  const seconds = Math.round(v / 1e3);
  const at = units.findIndex(([, size]) => seconds >= size);
  const [big, size] = units[at] ?? ['s', 1];
  const next = units[at + 1];
  const rest = next ? Math.floor((seconds % size) / next[1]) : 0;
  return `${sign}${Math.floor(seconds / size)} ${big}${next && rest ? ` ${rest} ${next[0]}` : ''}`;
}

/** ago says how long before now a time is. */
export function ago(ms: number, now = Date.now()): string {
  const d = now - ms;
  if (Math.abs(d) < 1500) return 'just now';
  const days = Math.abs(d) / 86400e3;
  const text = days >= 60 ? `${Math.round(days / 30.44)} months` : days >= 3 ? `${Math.round(days)} days` : duration(Math.round(Math.abs(d) / 1e3) * 1e3);
  return d < 0 ? `in ${text}` : `${text} ago`;
}

/** plural is `1 line`, `2,000 lines`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;
