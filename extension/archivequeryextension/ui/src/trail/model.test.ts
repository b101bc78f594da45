// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { describe, expect, it } from 'vitest';

import type { Trail, TrailRecord } from '../api/types';
import { axis, clockTold, gapPictures, keyedLine, lanePictures, lineKey, linesQuery, nearest, offset, tell } from './model';

const record = (offset_ns: number, lane: number, level = 'info', time = String(1e18 + offset_ns)): TrailRecord => ({
  time, line: `line at ${offset_ns}`, stream: {}, metadata: {}, service: `s${lane}`, level, offset_ns, lane,
});
const lane = (service: string) => ({ service, first: '', last: '', duration_ns: 0, records: 0, errors: 0 });
const trail = (records: TrailRecord[], more: Partial<Trail> = {}): Trail => ({
  ids: [], records, lanes: [lane('s0'), lane('s1')], gaps: [], first_error: null, truncated: false, ...more,
});

describe('pictures of a trail', () => {
  it('put every record on one axis, the worst level last', () => {
    const [a, b] = lanePictures(trail([record(0, 0), record(50, 1, 'error'), record(75, 1), record(100, 0)]));
    expect(a).toMatchObject({ x: 0, width: 1000, lasts: 100 });
    expect(b).toMatchObject({ x: 500, width: 250, lasts: 25, first: 50 });
    expect(b?.ticks.map((t) => t.level)).toEqual(['info', 'error']);
    expect(b?.ticks[1]?.d).toBe('M500 3V17');
  });
  it('stand a lane without records, a record of no lane, and a trail of one moment', () => {
    expect(lanePictures(trail([record(0, 0), record(5, 7)]))[1]).toMatchObject({ width: 0, ticks: [] });
    expect(lanePictures(trail([record(0, 0)]))[0]).toMatchObject({ x: 0, width: 0 });
  });
  it('draw thousands of records at one place once', () => {
    const many = Array.from({ length: 2000 }, (_, i) => record(i, 0));
    expect(lanePictures(trail(many))[0]?.ticks[0]?.d.match(/M/g)?.length).toBe(2000);
    expect(lanePictures(trail([...many.map(() => record(5, 0)), record(9, 1)]))[0]?.ticks[0]?.d.match(/M/g)?.length).toBe(1);
  });
  it('show gaps', () => expect(gapPictures(trail([record(0, 0), record(25, 0), record(100, 0)], { gaps: [{ after: 1, ns: 75 }, { after: 99, ns: 1 }] }))).toEqual([{ x: 250, width: 750, ns: 75 }]));
  it('have round times', () => {
    expect(axis(1.24e9)).toEqual([0, 5e8, 1e9]);
    expect(axis(100)).toEqual([0, 20, 40, 60, 80, 100]);
    expect(axis(1).length).toBeLessThan(50);
    expect(axis(9e17).length).toBeLessThan(50);
  });
  it('find the nearest of a lane', () => {
    const r = [record(0, 0), record(10, 1), record(90, 0)];
    expect([nearest(r, 0, 60), nearest(r, 0, 20), nearest(r, 1, 99), nearest(r, 5, 0)]).toEqual([2, 0, 1, -1]);
  });
});

describe('words of a trail', () => {
  it('tell the first error', () => {
    const t = trail([record(0, 0), record(412e6, 1, 'error')], { first_error: 1, error_text: 'no stock' });
    expect(tell(t)).toEqual({ title: 'failed first, 412 ms after the beginning. 2 records of 2 services in 412 ms.', service: 's1', text: 'no stock' });
    expect(tell(trail([record(0, 0)])).title).toBe('1 record of 1 service in 0 s. No error among them.');
    expect(tell(trail([], { first_error: 3 })).service).toBeNull();
  });
  it('tell of clocks', () => {
    expect(clockTold({})).toBe('');
    expect(clockTold({ clock: { corrected: true, offsets_ns: { a: 0, pay: 1.2e9, inv: -5e7 } } })).toContain('pay is 1.2 s ahead, inv is 50 ms behind.');
  });
  it('write offsets', () => expect([offset(0), offset(412e6), offset(-3e6)]).toEqual(['0', '+412 ms', '−3 ms']));
});

describe('the record in the address', () => {
  it('is found again', () => {
    const r = [record(0, 0, 'info', '5'), record(0, 1, 'info', '5'), record(1, 0, 'info', '6')];
    r.forEach((_, i) => expect(keyedLine(r, lineKey(r, i))).toBe(i));
    for (const key of ['', '7.0', '5.9', 'x', '5.x']) expect(keyedLine(r, key), key).toBe(-1);
  });
});

describe('the lines of a trail', () => {
  const of = (line: string, metadata: Record<string, string> = {}): TrailRecord => ({ ...record(0, 0), line, metadata });
  it('are asked for by the fields that have the ids', () => {
    const t = trail([of('a', { trace_id: 'T' }), of('b', { request_id: 'R', trace_id: 'T', 'not a name': 'T' }), of('c R', { request_id: 'R' })], { ids: [{ name: 'trace_id', value: 'T' }, { name: 'request_id', value: 'R' }] });
    expect(linesQuery(t, 'T')).toBe('{service_name=~".+"} | trace_id="T" or request_id="R"');
  });
  it('or by their text', () => {
    const t = trail([of('a R'), of('b R "x"', { request_id: 'R' })], { ids: [{ name: 'text', value: 'R' }] });
    expect(linesQuery(t, 'R')).toBe('{service_name=~".+"} |= "R"');
    expect(linesQuery(trail([]), 'a"b')).toBe('{service_name=~".+"} |= `a"b`');
  });
});
