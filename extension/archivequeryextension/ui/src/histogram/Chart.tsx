// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';

import type { Histogram } from '../api/types';
import { interval, zone } from '../lib/clock';
import { plural } from '../lib/format';
import type { Interval } from '../lib/time';
import { areaOf, pointed, select } from './drag';
import { drawBars, drawFlags, drawMarks } from './draw';
import { countAxis, timeAxis, tzDate, usePlot } from './plot';
import { bucketAt, bucketInterval, buckets, describe, layers, snap, spikeAt, totals } from './stack';
import { Tooltip } from './Tooltip';

const height = 132;

interface Props {
  h: Histogram;
  /** The interval that is marked as bad. */
  bad: Interval | null;
  /** The interval that is selected. */
  picked: Interval | null;
  pick: (at: Interval | null) => void;
  zoom: (at: Interval) => void;
  mark: (at: Interval) => void;
  /** A drag marks what is bad instead of zooming in. */
  marking: boolean;
}

/** Chart shows the bars. It is a slider for the keyboard: arrows go from bucket to bucket, with Shift they select. */
export function Chart(props: Props) {
  const { h, picked, marking } = props;
  const tz = zone.value;
  const id = useId();
  const stack = useMemo(() => layers(h), [h]);
  const sums = useMemo(() => totals(stack, buckets(h)), [stack]);
  const key = useMemo(() => ({}), [h, tz]);
  const words = useMemo(() => describe(h, tz), [h, tz]);
  const [at, setAt] = useState<number | null>(null);
  const [size, setSize] = useState(0);
  const now = useRef(props); // a plot lives longer than what it was made with
  now.current = props;

  const drop = (sel: Interval, shift: boolean): void => (shift || now.current.marking ? now.current.mark(sel) : now.current.zoom(sel));

  const { host, chart, failed } = usePlot(key, (color) => ({
    options: {
      height, ms: 1, padding: [8, 0, 0, 0], tzDate: tzDate(tz),
      legend: { show: false }, cursor: { show: false }, select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: { x: { time: true, range: () => [h.start_ms, h.end_ms] }, y: { range: (_u, _min, max) => [0, Math.max(1, max) * 1.06] } },
      axes: [timeAxis(color, tz), countAxis(color, true)],
      series: [{}, { paths: () => null, points: { show: false } }],
      hooks: {
        drawAxes: [(u) => drawMarks(u, h, now.current.bad, color)],
        draw: [
          (u) => {
            drawBars(u, h, stack, color);
            drawFlags(u, h, color);
          },
        ],
        setSize: [(u) => setSize(u.width)],
        ready: [
          (u) => {
            setSize(u.width);
            pointed(u, {
              hover: (ms) => setAt(ms === null ? null : bucketAt(h, ms)),
              snap: (a, b) => snap(h, a, b),
              drop: (sel, shift) => {
                select(u, null); // what it leads to shows it in its own way
                drop(sel, shift);
              },
              click: (ms) => {
                const s = spikeAt(h, ms);
                now.current.pick(s ? { start: s.start_ms, end: s.end_ms } : bucketInterval(h, bucketAt(h, ms)));
              },
            });
          },
        ],
      },
    },
    data: [sums.map((_, i) => h.start_ms + i * h.step_ms), sums],
  }));

  useEffect(() => setAt(null), [h.step_ms, buckets(h)]);
  useEffect(() => {
    if (chart.current) select(chart.current.u, picked);
  }, [picked, size, h]);
  useEffect(() => chart.current?.u.redraw(false), [props.bad?.start, props.bad?.end]);

  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const n = buckets(h);
    const was = at ?? (picked ? bucketAt(h, picked.start) : 0);
    const moves: Record<string, number> = {
      ArrowLeft: was - 1, ArrowRight: was + 1, PageUp: was - 10, PageDown: was + 10, Home: 0, End: n - 1,
    };
    const to = moves[e.key];
    const sel = picked ?? (at === null ? null : bucketInterval(h, at));
    if (to !== undefined) {
      const next = Math.max(0, Math.min(n - 1, at === null && e.key === 'ArrowRight' ? was : to));
      setAt(next);
      if (e.shiftKey) {
        const b = bucketInterval(h, next);
        const from = picked ?? bucketInterval(h, was);
        props.pick({ start: Math.min(from.start, b.start), end: Math.max(from.end, b.end) });
      }
    } else if (e.key === 'Enter' && sel) drop(sel, e.shiftKey);
    else if (e.key === 'b' && sel) props.mark(sel);
    else if (e.key === 'Escape' && (picked || at !== null)) {
      props.pick(null);
      setAt(null);
    } else return;
    e.preventDefault();
  };

  const bucket = at === null ? null : bucketInterval(h, at);
  const within = picked && bucket && bucket.start >= picked.start && bucket.end <= picked.end; // what is selected is told of below, where a tooltip would cover it
  const u = chart.current?.u;
  const area = u ? areaOf(u) : null;
  const edge = u && area && bucket ? { left: area.left + u.valToPos(bucket.start, 'x'), right: area.left + u.valToPos(bucket.end, 'x') } : null;
  return (
    <div
      class={marking ? 'histogram-chart marking' : 'histogram-chart'}
      role="slider"
      tabIndex={0}
      aria-label="Records over time"
      aria-describedby={`${id}-d ${id}-k`}
      aria-valuemin={0}
      aria-valuemax={Math.max(0, buckets(h) - 1)}
      aria-valuenow={at ?? 0}
      aria-valuetext={bucket && at !== null ? `${interval(bucket.start, bucket.end)}: ${plural(Math.round(sums[at] ?? 0), 'record')}` : 'no time chosen'}
      onKeyDown={onKeyDown}
      onBlur={() => setAt(null)}
    >
      <div class="histogram-plot" ref={host} />
      {failed && <p class="hint">The chart could not be loaded; the table has its numbers.</p>}
      {u && area && edge && at !== null && (
        <>
          <div class="histogram-hover" style={{ left: `${edge.left}px`, width: `${Math.max(1, edge.right - edge.left)}px`, top: `${area.top}px`, height: `${area.height}px` }} />
          {!within && <Tooltip h={h} stack={stack} bucket={at} left={(edge.left + edge.right) / 2} width={u.width} />}
        </>
      )}
      <p id={`${id}-d`} class="visually-hidden">
        {words}
      </p>
      <p id={`${id}-k`} class="visually-hidden">
        Arrow keys go through time, with Shift they select. Enter zooms in, b marks what is selected as bad, Escape ends it.
      </p>
    </div>
  );
}
