// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The bars of the histogram on uPlot's canvas.

import type uPlot from 'uplot';

import type { Histogram } from '../api/types';
import { type Interval, msOf } from '../lib/time';
import { grave, type Layer, tone } from './stack';

type Color = (token: string) => string;

/** hatch is the fill of what is not stored: the level's colour, lighter, with stripes. */
function hatch(ctx: CanvasRenderingContext2D, color: string, ratio: number): CanvasPattern | string {
  const size = Math.max(4, Math.round(6 * ratio));
  const tile = document.createElement('canvas');
  tile.width = tile.height = size;
  const t = tile.getContext('2d');
  if (!t) return color;
  t.fillStyle = t.strokeStyle = color;
  t.globalAlpha = 0.25;
  t.fillRect(0, 0, size, size);
  t.globalAlpha = 0.8;
  t.lineWidth = Math.max(1, ratio);
  t.beginPath();
  for (const x of [-size / 2, size / 2, (3 * size) / 2]) {
    t.moveTo(x - size / 2, size);
    t.lineTo(x + size / 2, 0);
  }
  t.stroke();
  return ctx.createPattern(tile, 'repeat') ?? color;
}

/** drawBars draws the layers of every bucket upon each other. What is there has a pixel at least, what is grave two. */
export function drawBars(u: uPlot, h: Histogram, stack: Layer[], color: Color): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const floor = bbox.top + bbox.height;
  const scale = bbox.height / ((u.scales.y?.max ?? 1) || 1);
  const fills = stack.map((l) => {
    const c = color(`--bar-${tone(l.level)}`);
    return { solid: c, hatched: h.sampled ? hatch(ctx, c, ratio) : c };
  });
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  const n = Math.round((h.end_ms - h.start_ms) / h.step_ms);
  for (let i = 0; i < n; i++) {
    const left = Math.round(u.valToPos(h.start_ms + i * h.step_ms, 'x', true));
    const right = Math.round(u.valToPos(h.start_ms + (i + 1) * h.step_ms, 'x', true));
    const width = Math.max(1, right - left - (right - left > 3 * ratio ? Math.round(ratio) : 0));
    let y = floor;
    stack.forEach((l, at) => {
      const fill = fills[at];
      const least = Math.round((grave(l.level) ? 2 : 1) * ratio);
      for (const [value, style] of [[l.stored[i], fill?.solid], [l.beyond[i], fill?.hatched]] as const) {
        if (!value || !style) continue;
        const height = Math.max(least, Math.round(value * scale));
        ctx.fillStyle = style;
        ctx.fillRect(left, y - height, width, height);
        y -= height;
      }
    });
  }
  ctx.restore();
}

/** drawMarks draws what lies behind the bars: the interval that is marked as bad, and spikes. */
export function drawMarks(u: uPlot, h: Histogram, bad: Interval | null, color: Color): void {
  const { ctx, bbox } = u;
  const band = (at: Interval, token: string): void => {
    const left = Math.max(bbox.left, u.valToPos(at.start, 'x', true));
    const right = Math.min(bbox.left + bbox.width, u.valToPos(at.end, 'x', true));
    if (right <= left) return;
    ctx.fillStyle = color(token);
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
  };
  ctx.save();
  for (const s of h.spikes) band({ start: s.start_ms, end: s.end_ms }, '--partial-box');
  if (bad) band(bad, '--bad-shade');
  ctx.restore();
}

/** drawFlags draws above the bars a triangle for each spike and a diamond for each notice. */
export function drawFlags(u: uPlot, h: Histogram, color: Color): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio || 1;
  const r = 4 * ratio;
  const shape = (x: number, token: string, points: [number, number][]): void => {
    if (x < bbox.left || x > bbox.left + bbox.width) return;
    ctx.beginPath();
    points.forEach(([dx, dy], i) => (i === 0 ? ctx.moveTo(x + dx * r, bbox.top + dy * r) : ctx.lineTo(x + dx * r, bbox.top + dy * r)));
    ctx.closePath();
    ctx.fillStyle = color(token);
    ctx.fill();
    ctx.strokeStyle = color('--card');
    ctx.lineWidth = ratio;
    ctx.stroke();
  };
  ctx.save();
  for (const s of h.spikes) shape(u.valToPos((s.start_ms + s.end_ms) / 2, 'x', true), '--warn', [[-1, -1], [1, -1], [0, 0.6]]);
  for (const n of h.notices) shape(u.valToPos(msOf(n.time), 'x', true), '--accent', [[0, -1.2], [1, 0], [0, 1.2], [-1, 0]]);
  ctx.restore();
}
