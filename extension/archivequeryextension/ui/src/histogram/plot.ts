// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// uPlot as a hook: loaded when the first chart is drawn, as wide as its place, drawn anew when the theme changes.

import 'uplot/dist/uPlot.min.css';

import { type RefObject } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';

import { short } from '../lib/format';
import { onTheme, resolver } from './colors';
import { ticks } from './ticks';

type UPlot = typeof uPlot;

let library: UPlot | null = null;
const load = async (): Promise<UPlot> => (library ??= (await import('uplot')).default);

/** Chart is a plot with the colours of the page. */
export interface Chart {
  u: uPlot;
  color: (token: string) => string;
}

export interface Plotted {
  options: Omit<uPlot.Options, 'width'>;
  data: uPlot.AlignedData;
}

/** usePlot keeps a plot in the element that gets `host`. make is called for every new `key`, and says what is plotted. */
export function usePlot(
  key: unknown, make: (color: (token: string) => string) => Plotted,
): { host: RefObject<HTMLDivElement | null>; chart: RefObject<Chart | null>; failed: boolean } {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart>(null);
  const [ready, setReady] = useState(library !== null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    let gone = false;
    load().then(
      () => !gone && setReady(true),
      () => !gone && setFailed(true),
    );
    return () => {
      gone = true;
    };
  }, []);

  useLayoutEffect(() => {
    const at = host.current;
    if (!ready || !library || !at) return undefined;
    let color = resolver(at);
    const made = make((token) => color(token));
    const u = new library({ ...made.options, width: at.clientWidth || 600 }, made.data, at);
    chart.current = { u, color: (token) => color(token) };
    const size = new ResizeObserver(() => {
      if (at.clientWidth > 0 && at.clientWidth !== u.width) u.setSize({ width: at.clientWidth, height: u.height });
    });
    size.observe(at);
    const stop = onTheme(() => {
      color = resolver(at);
      u.redraw(false, true);
    });
    return () => {
      size.disconnect();
      stop();
      chart.current = null;
      u.destroy();
    };
  }, [ready, key]);

  return { host, chart, failed };
}

const across = 48; // of the axis of values
const font = '11px system-ui, sans-serif';

/** timeAxis labels times as clocks of a zone show them. */
export const timeAxis = (color: (token: string) => string, tz: string): uPlot.Axis => ({
  stroke: () => color('--muted'), font, size: 34, gap: 4, space: 80,
  grid: { show: false },
  ticks: { show: true, stroke: () => color('--edge'), width: 1, size: 4 },
  values: (u, at, _axis, _space, step) => {
    // A label stands below the middle of its mark: at the right edge it is left out as far as it would be cut off.
    const { min = 0, max = 0 } = u.scales.x ?? {};
    const perMs = max !== null && min !== null && max > min ? (u.width - across) / (max - min) : 0;
    return ticks(at, step, tz, (ms) => (max !== null && perMs > 0 ? (max - ms) * perMs * 2 : Infinity));
  },
});

/** countAxis labels values, whole ones alone if they count something. */
export const countAxis = (color: (token: string) => string, whole = false): uPlot.Axis => ({
  stroke: () => color('--muted'), font, size: across, gap: 4, space: 28,
  grid: { show: true, stroke: () => color('--edge'), width: 1 },
  ticks: { show: false },
  values: (_u, at) => at.map((v) => (v === null || (whole && !Number.isInteger(v)) ? '' : short(v))),
});

/** tzDate makes uPlot put its marks where days and hours begin in a time zone. */
export const tzDate = (tz: string): ((ms: number) => Date) => (ms) => library?.tzDate(new Date(ms), tz) ?? new Date(ms);
