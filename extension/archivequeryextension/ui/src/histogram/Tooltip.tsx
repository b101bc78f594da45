// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import type { Histogram } from '../api/types';
import { interval } from '../lib/clock';
import { count, percent, plural } from '../lib/format';
import { msOf } from '../lib/time';
import { Value } from '../widgets/Value';
import { bucketInterval, type Layer, spikeAt, spikeText } from './stack';

/** Tooltip tells of one bucket, beside it. What it says is in the chart's value and in the table, too. */
export function Tooltip(props: { h: Histogram; stack: Layer[]; bucket: number; left: number; width: number }) {
  const { h, stack, bucket, left, width } = props;
  const at = bucketInterval(h, bucket);
  const rows = stack.map((l) => ({ level: l.level, stored: l.stored[bucket] ?? 0, beyond: l.beyond[bucket] ?? 0 })).filter((r) => r.stored + r.beyond > 0);
  const all = rows.reduce((n, r) => n + r.stored + r.beyond, 0);
  const beyond = rows.reduce((n, r) => n + r.beyond, 0);
  const spike = spikeAt(h, at.start);
  const notices = h.notices.filter((n) => msOf(n.time) >= at.start && msOf(n.time) < at.end).slice(0, 3);
  return (
    <div class="histogram-tip popup" aria-hidden="true" style={left < width / 2 ? { left: `${left + 14}px`, right: 'auto' } : { left: 'auto', right: `${width - left + 14}px` }}>
      <p class="nowrap small muted">{interval(at.start, at.end)}</p>
      <p class="strong">{plural(Math.round(all), 'record')}</p>
      {rows.length > 0 && (
        <table>
          <tbody>
            {rows.map((r) => (
              <tr key={r.level} data-level={r.level}>
                <th scope="row">
                  <span class="dot" /> <Value text={r.level} max={20} />
                </th>
                <td class="num">{count(r.stored + r.beyond)}</td>
                <td class="num muted">{percent((r.stored + r.beyond) / all)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {beyond >= 0.5 && (
        <p class="small">
          <span class="dot hatched" /> {count(beyond)} of them not stored: sampled, counted by weight
        </p>
      )}
      {spike && <p class="small warn">▲ Spike: {spikeText(spike)}</p>}
      {notices.map((n) => (
        <p key={n.time} class="small notice-text">
          ◆ <Value text={n.line} max={160} />
        </p>
      ))}
    </div>
  );
}
