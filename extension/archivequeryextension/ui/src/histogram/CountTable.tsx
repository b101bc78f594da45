// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useMemo, useState } from 'preact/hooks';

import type { Histogram } from '../api/types';
import { stamp } from '../lib/clock';
import { count, duration } from '../lib/format';
import type { Interval } from '../lib/time';
import { Value } from '../widgets/Value';
import { bucketInterval, buckets, layers, spikeAt, totals } from './stack';

const page = 40;

/** CountTable is the chart in numbers: a row for each bucket that holds something. */
export function CountTable(props: { h: Histogram; zoom: (at: Interval) => void }) {
  const { h } = props;
  const [shown, setShown] = useState(page);
  const stack = useMemo(() => layers(h), [h]);
  const sums = useMemo(() => totals(stack, buckets(h)), [stack]);
  const full = sums.flatMap((n, i) => (n > 0 ? [i] : []));
  return (
    <div class="scroll histogram-table" tabIndex={0} role="region" aria-label="Records over time, as a table">
      <table class="data">
        <caption>
          Records by time and level, {duration(h.step_ms)} a row; times without records are left out.
        </caption>
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col" class="num">
              All
            </th>
            {h.sampled && (
              <th scope="col" class="num">
                Stored
              </th>
            )}
            {stack.map((l) => (
              <th key={l.level} scope="col" class="num">
                <Value text={l.level} max={24} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {full.slice(0, shown).map((i) => (
            <tr key={i}>
              <th scope="row">
                <button type="button" class="num" title="Zoom in" onClick={() => props.zoom(bucketInterval(h, i))}>
                  {stamp(bucketInterval(h, i).start, h.step_ms < 1000 ? 3 : 0)}
                </button>
                {spikeAt(h, bucketInterval(h, i).start) && <span class="badge warn">spike</span>}
              </th>
              <td class="num">{count(sums[i] ?? 0)}</td>
              {h.sampled && <td class="num">{count(stack.reduce((n, l) => n + (h.records[l.level]?.[i] ?? 0), 0))}</td>}
              {stack.map((l) => (
                <td key={l.level} class="num">
                  {count((l.stored[i] ?? 0) + (l.beyond[i] ?? 0))}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {full.length > shown && (
        <button type="button" class="small" onClick={() => setShown(shown + page)}>
          Show {Math.min(page, full.length - shown)} more of {full.length}
        </button>
      )}
    </div>
  );
}
