// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import type uPlot from 'uplot';
import { expect, test } from 'vitest';

import type { Histogram } from '../api/types';
import { areaOf } from './drag';
import { drawBars, drawMarks } from './draw';
import { layers } from './stack';

interface Rect {
  color: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

/** plot is a plot of 100 × 100 pixels, at 10,10, of 10 seconds and `most` records, that remembers what is drawn. */
function plot(most: number): { u: uPlot; rects: Rect[] } {
  const rects: Rect[] = [];
  const ctx = {
    fillStyle: '', canvas: { width: 120 },
    save() {}, restore() {}, beginPath() {}, rect() {}, clip() {},
    fillRect(x: number, y: number, w: number, h: number) {
      rects.push({ color: String(this.fillStyle), x, y, w, h });
    },
  };
  const u = { ctx, width: 120, bbox: { left: 10, top: 10, width: 100, height: 100 }, scales: { y: { max: most } }, valToPos: (ms: number) => 10 + ms / 100 };
  return { u: u as unknown as uPlot, rects };
}

const h: Histogram = {
  start_ms: 0, end_ms: 10_000, step_ms: 5_000, levels: ['error', 'info'], records: { error: [1, 0], info: [50_000, 10_000] },
  represents: { error: [1, 0], info: [50_000, 80_000] }, sampled: true, total: 60_001, total_represents: 130_001,
  spikes: [{ start_ms: 5_000, end_ms: 10_000, records: 1, usual: 0 }], notices: [],
};
const color = (token: string): string => token;

test('a single error among many records is seen, below all others', () => {
  const { u, rects } = plot(100_000);
  drawBars(u, h, layers(h), color);
  expect(rects[0]).toEqual({ color: '--bar-error', x: 10, y: 108, w: 49, h: 2 });
  expect(rects[1]).toEqual({ color: '--bar-info', x: 10, y: 58, w: 49, h: 50 });
});

test('what is not stored lies above what is; empty levels are not drawn', () => {
  const { u, rects } = plot(100_000);
  drawBars(u, h, layers(h), color);
  const second = rects.filter((r) => r.x === 60);
  expect(second).toHaveLength(2);
  expect(second[0]).toMatchObject({ y: 100, h: 10 });
  expect(second[1]).toMatchObject({ y: 30, h: 70 });
});

test('marks lie within the plot', () => {
  const { u, rects } = plot(1);
  drawMarks(u, h, { start: -99_000, end: 5_000 }, color);
  expect(rects).toEqual([
    { color: '--partial-box', x: 60, y: 10, w: 50, h: 100 },
    { color: '--bad-shade', x: 10, y: 10, w: 50, h: 100 },
  ]);
  const other = plot(1);
  drawMarks(other.u, { ...h, spikes: [] }, { start: 20_000, end: 30_000 }, color);
  expect(other.rects).toEqual([]);
});

test('the area of the values is in CSS pixels on any screen', () => {
  const { u } = plot(1);
  u.ctx.canvas.width = 240; // two pixels for each
  expect(areaOf(u)).toEqual({ left: 5, top: 5, width: 50, height: 50 });
});
