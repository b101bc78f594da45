// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import type { Histogram } from '../api/types';
import { count, percent } from '../lib/format';
import { hasFilter, toggleFilter } from '../state/nav';
import { Value } from '../widgets/Value';
import { layers } from './stack';

/** Legend names the levels with their counts; a click shows only that level, or also that one. */
export function Legend(props: { h: Histogram }) {
  const { h } = props;
  const all = layers(h);
  const beyond = h.total_represents - h.total;
  return (
    <>
      <p role="status" class="histogram-total">
        <strong>{count(h.total)}</strong> {h.total === 1 ? 'record' : 'records'}
        {h.sampled && beyond >= 1 && (
          <span class="muted">
            {' '}
            stored of {count(Math.round(h.total_represents))}; <span class="dot hatched" title="What is hatched in the bars was sampled away before it was stored" /> sampled away
          </span>
        )}
      </p>
      <ul class="plain histogram-legend" aria-label="Levels">
        {all.map((l) => {
          const f = { kind: 'field', name: 'detected_level', op: '=', value: l.level } as const;
          const on = hasFilter(f) === '=';
          const text = (
            <>
              <span class="dot" /> <Value text={l.level} max={24} /> <span class="num muted">{count(l.held)}</span>
            </>
          );
          return (
            <li key={l.level} data-level={l.level}>
              {l.level === 'other' ? (
                <span class="entry">{text}</span>
              ) : (
                <button
                  type="button"
                  class="small quiet"
                  aria-pressed={on}
                  title={on ? 'Show the other levels again' : `${percent(l.total / h.total_represents)}; show this level only`}
                  onClick={() => toggleFilter(f)}
                >
                  {text}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </>
  );
}
