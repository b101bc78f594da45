// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import type { Histogram } from '../api/types';
import { clock, clockNs, interval } from '../lib/clock';
import { duration, plural } from '../lib/format';
import type { Interval } from '../lib/time';
import { LogText } from '../lines/LogText';
import { recordsIn, spikeText } from './stack';

/** Picked is what can be done with the interval that is selected. */
export function Picked(props: { h: Histogram; sums: number[]; at: Interval; zoom: (at: Interval) => void; mark: ((at: Interval) => void) | null; clear: () => void }) {
  const { h, at } = props;
  return (
    <div class="histogram-marks" role="group" aria-label="The time selected">
      <span role="status">
        <strong>{interval(at.start, at.end)}</strong>{' '}
        <span class="muted">
          {duration(at.end - at.start)}, {plural(Math.round(recordsIn(h, props.sums, at)), 'record')}
        </span>
      </span>
      <button type="button" class="small" onClick={() => props.zoom(at)}>
        Zoom in
      </button>
      {props.mark && (
        <button type="button" class="small" onClick={() => props.mark?.(at)}>
          What changed here?
        </button>
      )}
      <button type="button" class="small quiet icon" aria-label="Select nothing" title="Select nothing" onClick={props.clear}>
        ×
      </button>
    </div>
  );
}

const shownSpikes = 3;

/** Marks lists the spikes, and what our own components say of this time. */
export function Marks(props: { h: Histogram; pick: (at: Interval) => void }) {
  const { h } = props;
  if (h.spikes.length + h.notices.length === 0) return null;
  const greatest = [...h.spikes].sort((a, b) => b.records - b.usual - (a.records - a.usual)).slice(0, shownSpikes);
  return (
    <div class="histogram-marks">
      {greatest
        .sort((a, b) => a.start_ms - b.start_ms)
        .map((s) => (
          <button
            key={s.start_ms}
            type="button"
            class="small quiet"
            title={interval(s.start_ms, s.end_ms)}
            onClick={() => props.pick({ start: s.start_ms, end: s.end_ms })}
          >
            <span class="warn" aria-hidden="true">
              ▲
            </span>{' '}
            Spike at {clock(s.start_ms)}: {spikeText(s)}
          </button>
        ))}
      {h.spikes.length > shownSpikes && <span class="small muted">{plural(h.spikes.length - shownSpikes, 'more spike', 'more spikes')}</span>}
      {h.notices.length > 0 && (
        <details class="histogram-notices">
          <summary class="small">
            <span class="accent" aria-hidden="true">
              ◆
            </span>{' '}
            {plural(h.notices.length, 'notice')} from Logboom itself
          </summary>
          <ul class="plain">
            {h.notices.slice(0, 50).map((n, i) => (
              <li key={i}>
                <button type="button" class="link num" onClick={() => props.pick(around(h, n.time))}>
                  {clockNs(n.time)}
                </button>{' '}
                <LogText text={n.line} max={400} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function around(h: Histogram, ns: string): Interval {
  const ms = Number(ns.slice(0, -6));
  const start = h.start_ms + Math.floor((ms - h.start_ms) / h.step_ms) * h.step_ms;
  return { start, end: start + h.step_ms };
}
