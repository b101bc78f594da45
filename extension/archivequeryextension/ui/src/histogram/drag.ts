// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The pointer on a chart over time: hover, click, and drag over an interval, by mouse, pen and finger.

import type uPlot from 'uplot';

import type { Interval } from '../lib/time';

export interface Pointed {
  /** The time below the pointer; null: it left. */
  hover: (ms: number | null) => void;
  /** snap is the interval that a drag between two times selects. */
  snap: (a: number, b: number) => Interval;
  drop: (at: Interval, shift: boolean) => void;
  click: (ms: number, shift: boolean) => void;
}

/** areaOf is where the values of a plot are drawn in it, in CSS pixels, without asking for a layout. */
export function areaOf(u: uPlot): { left: number; top: number; width: number; height: number } {
  const ratio = u.width > 0 ? u.ctx.canvas.width / u.width : 1;
  return { left: u.bbox.left / ratio, top: u.bbox.top / ratio, width: u.bbox.width / ratio, height: u.bbox.height / ratio };
}

/** select shows an interval as selected; null: none. */
export function select(u: uPlot, at: Interval | null): void {
  const { width, height } = areaOf(u);
  const left = at ? Math.max(0, u.valToPos(at.start, 'x')) : 0;
  const right = at ? Math.min(width, u.valToPos(at.end, 'x')) : 0;
  u.setSelect({ left, top: 0, width: Math.max(0, right - left), height: right > left ? height : 0 }, false);
}

/** pointed tells what the pointer does on a plot, whose own cursor is off. */
export function pointed(u: uPlot, on: Pointed): void {
  const { over } = u;
  const timeOf = (e: PointerEvent): number => u.posToVal(Math.max(0, Math.min(areaOf(u).width, e.clientX - over.getBoundingClientRect().left)), 'x');
  let from: { x: number; ms: number; id: number; moved: boolean } | null = null;
  over.style.touchAction = 'pan-y'; // a finger that goes sideways selects, and scrolls otherwise
  over.addEventListener('pointerdown', (e) => {
    if (e.button !== 0 || !e.isPrimary) return;
    from = { x: e.clientX, ms: timeOf(e), id: e.pointerId, moved: false };
    over.setPointerCapture(e.pointerId);
  });
  over.addEventListener('pointermove', (e) => {
    const ms = timeOf(e);
    if (from && Math.abs(e.clientX - from.x) > 4) from.moved = true;
    if (from?.moved) select(u, on.snap(from.ms, ms));
    on.hover(ms);
  });
  over.addEventListener('pointerup', (e) => {
    const begun = from;
    from = null;
    if (!begun) return;
    if (begun.moved) on.drop(on.snap(begun.ms, timeOf(e)), e.shiftKey);
    else on.click(begun.ms, e.shiftKey);
  });
  over.addEventListener('pointercancel', () => {
    from = null;
    select(u, null);
    on.hover(null);
  });
  over.addEventListener('pointerleave', () => {
    if (!from) on.hover(null);
  });
}
