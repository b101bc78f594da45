// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useEffect, useMemo, useState } from 'preact/hooks';

import { areaOf, pointed, select } from '../histogram/drag';
import { countAxis, timeAxis, tzDate, usePlot } from '../histogram/plot';
import { stamp, zone } from '../lib/clock';
import { short } from '../lib/format';
import { showRange } from '../state/nav';
import { bare } from '../lines/tokens';
import { Value } from '../widgets/Value';
import type { Grid, Series } from './series';

const height = 280;
const most = 12; // series in the tip

interface Props {
  g: Grid;
  /** Those that are shown, each with the token of its colour. */
  shown: { s: Series; token: string }[];
  start: number;
  end: number;
}

/** MetricChart shows series as lines. It is a slider for the keyboard. */
export function MetricChart(props: Props) {
  const { g, shown, start, end } = props;
  const tz = zone.value;
  const [at, setAt] = useState<number | null>(null);
  const [, setSize] = useState(0);
  const key = useMemo(() => ({}), [g, tz, start, end, shown.map((x) => x.s.name + x.token).join('\n')]);
  const step = (g.times[1] ?? end) - (g.times[0] ?? start);
  const { host, chart, failed } = usePlot(key, (color) => ({
    options: {
      height, ms: 1, padding: [10, 8, 0, 0], tzDate: tzDate(tz), legend: { show: false }, cursor: { show: false },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: true, range: () => [start, end] },
        y: { range: (_u, min, max) => (min === null || max === null ? [0, 1] : [Math.min(0, min), max <= 0 && min < 0 ? 0 : max === 0 ? 1 : max * 1.05]) },
      },
      axes: [timeAxis(color, tz), countAxis(color)],
      series: [{}, ...shown.map((x) => ({ stroke: () => color(x.token), width: 1.5, points: { size: 4, fill: () => color(x.token) } }))],
      hooks: {
        setSize: [(u) => setSize(u.width)],
        ready: [
          (u) => {
            setSize(u.width);
            pointed(u, {
              hover: (ms) => setAt(ms === null ? null : u.valToIdx(ms)),
              snap: (a, b) => ({ start: Math.min(a, b), end: Math.max(a, b) }),
              drop: (sel) => {
                select(u, null);
                if (sel.end - sel.start >= 2) showRange(sel.start, sel.end);
              },
              click: () => undefined,
            });
          },
        ],
      },
    },
    data: [g.times, ...shown.map((x) => x.s.values)],
  }));
  useEffect(() => setAt(null), [g]);

  const time = at === null ? undefined : g.times[at];
  const rows = at === null ? [] : shown.flatMap(({ s, token }) => (s.values[at] === null || s.values[at] === undefined ? [] : [{ name: s.name, token, v: s.values[at] }]));
  rows.sort((a, b) => b.v - a.v);
  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const was = at ?? -1;
    const moves: Record<string, number> = { ArrowLeft: was - 1, ArrowRight: was + 1, PageUp: was - 10, PageDown: was + 10, Home: 0, End: g.times.length - 1 };
    const to = moves[e.key];
    if (to !== undefined) setAt(Math.max(0, Math.min(g.times.length - 1, to)));
    else if (e.key === 'Escape' && at !== null) setAt(null);
    else return;
    e.preventDefault();
  };
  const u = chart.current?.u;
  const area = u ? areaOf(u) : null;
  const left = u && area && time !== undefined ? area.left + u.valToPos(time, 'x') : null;
  return (
    <div
      class="metric-chart"
      role="slider"
      tabIndex={0}
      aria-label="Values over time"
      aria-valuemin={0}
      aria-valuemax={Math.max(0, g.times.length - 1)}
      aria-valuenow={at ?? 0}
      aria-valuetext={time === undefined ? 'no time chosen' : `${stamp(time)}: ${rows.slice(0, 5).map((r) => `${bare(r.name, 100)} ${short(r.v)}`).join(', ') || 'no value'}`}
      onKeyDown={onKeyDown}
      onBlur={() => setAt(null)}
    >
      <div class="metric-plot" ref={host} />
      {failed && <p class="hint">The chart could not be loaded; the table has its numbers.</p>}
      {u && area && left !== null && time !== undefined && (
        <>
          <div class="metric-cursor" style={{ left: `${left}px`, top: `${area.top}px`, height: `${area.height}px` }} />
          <div class="metric-tip popup" aria-hidden="true" style={left < u.width / 2 ? { left: `${left + 12}px`, right: 'auto' } : { left: 'auto', right: `${u.width - left + 12}px` }}>
            <p class="small muted nowrap">{stamp(time, step < 1000 ? 3 : 0)}</p>
            <table>
              <tbody>
                {rows.slice(0, most).map((r) => (
                  <tr key={r.name}>
                    <th scope="row">
                      <Swatch token={r.token} /> <Value text={r.name} max={60} />
                    </th>
                    <td class="num">{short(r.v)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {rows.length > most && <p class="small muted">and {rows.length - most} more</p>}
            {rows.length === 0 && <p class="small muted">no value</p>}
          </div>
        </>
      )}
    </div>
  );
}

/** Swatch is the colour of a series. */
export const Swatch = (props: { token: string }) => <span class="metric-swatch" style={{ background: `var(${props.token})` }} />;
