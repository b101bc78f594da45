// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From a trail to what is drawn and said of it. Pure functions. Offsets are in ns from the first record of the trail.

import type { Trail, TrailRecord } from '../api/types';
import { duration, plural } from '../lib/format';
import { everything, quote } from '../search/compose';

/** wide is the width of the picture in its own units. */
export const wide = 1000;

/** total is the length of the trail in ns, at least 1. */
export const total = (t: Pick<Trail, 'records'>): number => t.records.reduce((most, r) => Math.max(most, r.offset_ns), 1);

const xOf = (ns: number, all: number): number => Math.round((ns / all) * wide * 10) / 10;

export interface LanePicture {
  /** Where the lane begins and how wide it is. */
  x: number;
  width: number;
  /** A path of strokes for each level, so that a lane of thousands of records is a few elements. */
  ticks: { level: string; d: string }[];
  /** What its records lie apart from first to last, in ns. */
  lasts: number;
  first: number;
}

/** lanePictures are the lanes as they are drawn: a stroke for each record on the axis of the whole trail. */
export function lanePictures(t: Pick<Trail, 'records' | 'lanes'>): LanePicture[] {
  const all = total(t);
  const out = t.lanes.map(() => ({ from: Infinity, to: -Infinity, levels: new Map<string, Set<number>>() }));
  for (const r of t.records) {
    const lane = out[r.lane];
    if (!lane) continue;
    lane.from = Math.min(lane.from, r.offset_ns);
    lane.to = Math.max(lane.to, r.offset_ns);
    const at = lane.levels.get(r.level) ?? new Set();
    lane.levels.set(r.level, at.add(xOf(r.offset_ns, all)));
  }
  const order = ['unknown', 'trace', 'debug', 'info', 'warn', 'error', 'fatal']; // the worst is drawn last, above the others
  return out.map((l) => {
    const empty = l.from === Infinity;
    return {
      x: empty ? 0 : xOf(l.from, all), width: empty ? 0 : xOf(l.to - l.from, all), lasts: empty ? 0 : l.to - l.from, first: empty ? 0 : l.from,
      ticks: [...l.levels].sort(([a], [b]) => order.indexOf(a) - order.indexOf(b)).map(([level, xs]) => ({ level, d: [...xs].map((x) => `M${x} 3V17`).join('') })),
    };
  });
}

/** gapPictures are where nothing was logged: from the record before to the one after. */
export function gapPictures(t: Pick<Trail, 'records' | 'gaps'>): { x: number; width: number; ns: number }[] {
  const all = total(t);
  return t.gaps.flatMap((g) => {
    const from = t.records[g.after]?.offset_ns;
    return from === undefined ? [] : [{ x: xOf(from, all), width: xOf(g.ns, all), ns: g.ns }];
  });
}

/** axis are round times, in ns, for about `n` marks along the trail. */
export function axis(all: number, n = 5): number[] {
  const rough = all / n;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((f) => f * size).find((s) => s >= rough) ?? rough;
  const out: number[] = [];
  for (let at = 0; at <= all && out.length < 50; at += step) out.push(at);
  return out;
}

export const lasting = (ns: number): string => duration(ns / 1e6);

/** offset is `+412 ms`. */
export const offset = (ns: number): string => (ns === 0 ? '0' : `${ns < 0 ? '−' : '+'}${lasting(Math.abs(ns))}`);

/** nearest is the record, by number, that lies nearest to an offset, among those of a lane; -1 if it has none. */
export function nearest(records: Pick<TrailRecord, 'offset_ns' | 'lane'>[], lane: number, ns: number): number {
  let best = -1;
  records.forEach((r, i) => {
    if (r.lane !== lane) return;
    const b = records[best];
    if (!b || Math.abs(r.offset_ns - ns) < Math.abs(b.offset_ns - ns)) best = i;
  });
  return best;
}

export interface Told {
  /** What happened, in a sentence. */
  title: string;
  service: string | null;
  /** The first error's own words. */
  text: string;
}

/** tell says what came of the request. */
export function tell(t: Trail): Told {
  const services = new Set(t.records.map((r) => r.service)).size;
  const all = `${plural(t.records.length, 'record')} of ${plural(services, 'service')} in ${lasting(total(t) === 1 ? 0 : total(t))}`;
  const at = t.first_error === null ? undefined : t.records[t.first_error];
  if (!at) return { title: `${all}. No error among them.`, service: null, text: '' };
  return { title: `failed first, ${at.offset_ns > 0 ? `${lasting(at.offset_ns)} after the beginning` : 'right at the beginning'}. ${all}.`, service: at.service, text: t.error_text ?? at.line };
}

/** clockTold says what was corrected, or that clocks were left as they are; '' if there is nothing to say. */
export function clockTold(t: Pick<Trail, 'clock'>): string {
  if (!t.clock?.corrected) return '';
  const off = Object.entries(t.clock.offsets_ns).filter(([, ns]) => Math.abs(ns) >= 1e6);
  off.sort(([, a], [, b]) => Math.abs(b) - Math.abs(a));
  const said = off.slice(0, 6).map(([service, ns]) => `${service} is ${lasting(Math.abs(ns))} ${ns > 0 ? 'ahead' : 'behind'}`);
  return `The clocks of the services differ, so their times are corrected here: ${said.join(', ')}${off.length > 6 ? `, and ${off.length - 6} more` : ''}.`;
}

/**
 * linesQuery is LogQL for the records of a trail: by the fields that have its ids, or by their text if more records have them there. Both
 * at once is nothing that one query could ask for.
 */
export function linesQuery(t: Pick<Trail, 'records' | 'ids'>, id: string): string {
  const ids = new Set([id, ...t.ids.map((i) => i.value)]);
  const fields = new Set<string>();
  const texts = new Set<string>();
  let named = 0;
  let written = 0;
  for (const r of t.records) {
    const own = [...Object.entries(r.stream), ...Object.entries(r.metadata)].filter(([name, value]) => /^[a-zA-Z_]\w*$/.test(name) && ids.has(value));
    for (const [name, value] of own) fields.add(`${name}=${quote(value)}`);
    const said = [...ids].filter((v) => r.line.includes(v));
    for (const v of said) texts.add(quote(v));
    if (own.length > 0) named++;
    if (said.length > 0) written++;
  }
  const most = 30; // conditions of a query that somebody may read
  const list = (of: Set<string>): string => [...of].slice(0, most).join(' or ');
  return named > 0 && named >= written ? `${everything} | ${list(fields)}` : `${everything} |= ${written > 0 ? list(texts) : quote(id)}`;
}

/** lineKey is what the address has for a record: its time, and a number among those of that time. */
export function lineKey(records: Pick<TrailRecord, 'time'>[], i: number): string {
  const time = records[i]?.time;
  if (time === undefined) return '';
  let n = 0;
  for (let k = 0; k < i; k++) if (records[k]?.time === time) n++;
  return `${time}.${n}`;
}

/** keyedLine finds it again; -1 if it is not there. */
export function keyedLine(records: Pick<TrailRecord, 'time'>[], key: string): number {
  if (key === '') return -1;
  const [time, n] = key.split('.');
  let left = Number(n ?? 0);
  return records.findIndex((r) => r.time === time && left-- === 0);
}
