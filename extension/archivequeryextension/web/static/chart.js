// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The chart above the lines: bars stacked by level for a log query, a line per series for a metric
// query. Plain SVG; colours come from the style sheet by class.

import { $, el, svg } from './dom.js';
import { levelOf, levels } from './levels.js';
import { count, plural, visible } from './text.js';
import { forInput, tick, ticks } from './time.js';

const height = 132;
const floor = 18; // room for the time axis
const maxSeries = 12; // more lines than that nobody tells apart

// bars draws how many lines there were. step is the width of a bar in seconds; a point at time t counts
// the lines of the step that ends there. onSelect gets {start, end} when somebody drags over the chart.
export function bars(series, range, step, onSelect) {
  const width = step * 1000;
  const buckets = new Map(); // start of the bar -> {level: lines}
  const totals = {};
  for (const { labels, points } of series) {
    const level = levelOf(labels.detected_level);
    for (const [t, value] of points) {
      if (!(value > 0)) continue;
      const bucket = buckets.get(t - width) ?? {};
      bucket[level] = (bucket[level] ?? 0) + value;
      buckets.set(t - width, bucket);
      totals[level] = (totals[level] ?? 0) + value;
    }
  }
  const sum = (bucket) => Object.values(bucket).reduce((a, b) => a + b, 0);
  const most = Math.max(1, ...[...buckets.values()].map(sum));
  const total = sum(totals);

  const { plot, x, y, inner } = frame(range, most);
  for (const [start, bucket] of [...buckets].sort((a, b) => a[0] - b[0])) {
    const left = x(start);
    const wide = Math.max(1, x(start + width) - left - (inner / ((range.end - range.start) / width) > 4 ? 1 : 0));
    const parts = levels.filter((level) => bucket[level]);
    const text = `${forInput(start).replace('T', ' ')}, ${step} s: ${parts.map((l) => `${count(bucket[l])} ${l}`).join(', ')}`;
    const group = svg('g', {}, svg('title', {}, text));
    let below = 0;
    for (const level of parts) {
      const top = y(below + bucket[level]);
      group.append(svg('rect', { class: `bar-${level}`, x: left, y: top, width: wide, height: Math.max(0.5, y(below) - top) }));
      below += bucket[level];
    }
    plot.append(group);
  }
  plot.setAttribute('aria-label', `Lines over time by level: ${levels.filter((l) => totals[l]).map((l) => `${count(totals[l])} ${l}`).join(', ') || 'none'}`);
  selectable(plot, range, inner, onSelect);
  show(`${plural(total, 'line')}`, plot, levels.filter((l) => totals[l]).map((l) => [`bar-${l}`, l, count(totals[l])]));
  return total;
}

// graph draws the series of a metric query.
export function graph(series, range, onSelect) {
  const drawn = [...series].sort((a, b) => last(b) - last(a)).slice(0, maxSeries);
  const most = Math.max(...drawn.flatMap((s) => s.points.map((p) => p[1])).filter(Number.isFinite), 0) || 1;
  const { plot, x, y, inner } = frame(range, most);
  const legend = drawn.map(({ labels, points }, i) => {
    const line = points.filter((p) => Number.isFinite(p[1])).map(([t, v]) => `${x(t).toFixed(1)},${y(v).toFixed(1)}`);
    const name = visible(Object.entries(labels).map(([k, v]) => `${k}=${v}`).join(' ')) || 'value';
    const node = line.length === 1
      ? svg('circle', { class: `dot-${i}`, cx: line[0].split(',')[0], cy: line[0].split(',')[1], r: 2.5 })
      : svg('polyline', { class: `line-${i}`, points: line.join(' ') });
    node.append(svg('title', {}, name));
    plot.append(node);
    return [`dot-${i}`, name, short(last({ points }))];
  });
  plot.setAttribute('aria-label', `${plural(series.length, 'series', 'series')} over time`);
  selectable(plot, range, inner, onSelect);
  const hidden = series.length - drawn.length;
  show(plural(series.length, 'series', 'series') + (hidden ? `, the ${maxSeries} highest shown` : ''), plot, legend);
}

export function clear() {
  $('chart').hidden = true;
  $('plot').replaceChildren();
}

const last = ({ points }) => points.at(-1)?.[1] ?? 0;
const short = (v) => (Number.isInteger(v) ? count(v) : v.toPrecision(3));

// frame is the empty chart with its axes: x and y turn time and value into places.
function frame(range, most) {
  const inner = Math.max(280, $('lines').clientWidth || 900);
  const x = (t) => ((t - range.start) / (range.end - range.start)) * inner;
  const y = (v) => height - floor - (v / most) * (height - floor - 12);
  const plot = svg('svg', { viewBox: `0 0 ${inner} ${height}`, width: inner, height, role: 'img' });
  plot.append(
    svg('line', { class: 'axis', x1: 0, x2: inner, y1: height - floor + 0.5, y2: height - floor + 0.5 }),
    svg('line', { class: 'grid', x1: 0, x2: inner, y1: 11.5, y2: 11.5 }),
    svg('text', { class: 'tick', x: 2, y: 9 }, short(most)),
  );
  for (const t of ticks(range, Math.max(2, Math.floor(inner / 110)))) {
    const at = x(t);
    const anchor = at < 24 ? 'start' : at > inner - 24 ? 'end' : 'middle';
    plot.append(svg('text', { class: 'tick', x: at.toFixed(1), y: height - 4, 'text-anchor': anchor }, tick(t, range.end - range.start)));
  }
  return { plot, x, y, inner };
}

// selectable lets a drag over the chart choose a narrower range.
function selectable(plot, range, inner, onSelect) {
  const mark = svg('rect', { class: 'mark', y: 0, height: height - floor, width: 0 });
  plot.append(mark);
  let from = null;
  const at = (event) => {
    const box = plot.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };
  plot.addEventListener('pointerdown', (event) => {
    from = at(event);
    plot.setPointerCapture(event.pointerId);
  });
  plot.addEventListener('pointermove', (event) => {
    if (from === null) return;
    const to = at(event);
    mark.setAttribute('x', Math.min(from, to) * inner);
    mark.setAttribute('width', Math.abs(to - from) * inner);
  });
  plot.addEventListener('pointerup', (event) => {
    if (from === null) return;
    const [a, b] = [from, at(event)].sort((p, q) => p - q);
    from = null;
    mark.setAttribute('width', 0);
    const length = range.end - range.start;
    if ((b - a) * inner > 6) onSelect({ start: range.start + a * length, end: range.start + b * length });
  });
  plot.addEventListener('pointercancel', () => { from = null; mark.setAttribute('width', 0); });
}

// dragging tells whether somebody is choosing a range, when the chart must not be replaced.
export const dragging = () => Number($('plot').querySelector('.mark')?.getAttribute('width')) > 0;

function show(title, plot, legend) {
  $('chart-title').textContent = title;
  $('legend').replaceChildren(...legend.map(([swatch, name, value]) =>
    el('li', {}, el('i', { class: `swatch ${swatch}` }), name, el('b', {}, value))));
  $('plot').replaceChildren(plot);
  $('chart').hidden = false;
}
