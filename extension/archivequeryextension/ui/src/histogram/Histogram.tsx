// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './histogram.css';

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { intervalOf } from '../culprit/bad';
import { useKeys } from '../keys';
import type { Interval } from '../lib/time';
import { openCulprit, showRange } from '../state/nav';
import { again } from '../state/run';
import { state } from '../state/url';
import { Chart } from './Chart';
import { CountTable } from './CountTable';
import { Legend } from './Legend';
import { histogram } from './load';
import { Marks, Picked } from './Marks';
import { buckets, layers, totals } from './stack';

export function Histogram() {
  const { data: h, loading, error, warnings } = histogram.value;
  const { view, bad, live } = state.value;
  const [picked, pick] = useState<Interval | null>(null);
  const [armed, arm] = useState(false);
  const [table, setTable] = useState(false);
  const box = useRef<HTMLElement>(null);
  const sums = useMemo(() => (h ? totals(layers(h), buckets(h)) : []), [h]);
  useEffect(() => {
    // While lines are followed time goes on, and what is selected stays as long as it is to be seen.
    if (h && picked && (picked.start < h.start_ms || picked.end > h.end_ms)) pick(null);
  }, [h]);
  useKeys(() => [
    { keys: 'h', what: 'to the histogram: arrows go through time', group: 'Views', run: () => box.current?.querySelector<HTMLElement>('[role=slider]')?.focus() },
    { keys: 'b', what: 'mark a bad time on the histogram', group: 'Views', run: () => arm((on) => !on) },
  ]);

  const zoom = (at: Interval): void => {
    pick(null);
    arm(false);
    showRange(at.start, at.end);
  };
  const mark = (at: Interval): void => {
    pick(null);
    arm(false);
    openCulprit(at);
  };
  const marked = view === 'culprit' ? intervalOf(bad) : null;
  const isMarked = (at: Interval): boolean => marked !== null && marked.start === at.start && marked.end === at.end;
  const marking = armed || view === 'culprit';
  return (
    <section class="histogram card" aria-label="Histogram" aria-busy={loading} ref={box}>
      {h ? (
        <div class={loading && !live ? 'dim' : undefined}>
          <div class="histogram-head">
            <Legend h={h} />
            <div class="histogram-tools">
              {view !== 'culprit' && (
                <button type="button" class="small quiet" aria-pressed={armed} title="Drag over a time in which something was wrong (b)" onClick={() => arm(!armed)}>
                  Mark a bad time
                </button>
              )}
              <button type="button" class="small quiet" aria-expanded={table} onClick={() => setTable(!table)}>
                Table
              </button>
            </div>
          </div>
          <Chart h={h} bad={marked} picked={picked} pick={pick} zoom={zoom} mark={mark} marking={marking} />
          {picked ? (
            <Picked h={h} sums={sums} at={picked} zoom={zoom} mark={isMarked(picked) ? null : mark} clear={() => pick(null)} />
          ) : armed ? (
            <p class="histogram-marks hint">Drag over the time in which something was wrong: what is different there is looked for.</p>
          ) : (
            <Marks h={h} pick={pick} />
          )}
          {table && <CountTable h={h} zoom={zoom} />}
          {warnings.length > 0 && (
            <p class="histogram-marks small">
              <span class="badge warn">partial</span> <span title={warnings.join('\n')}>A part of the archive could not be counted.</span>
            </p>
          )}
        </div>
      ) : error ? (
        // A query that is none is told of where it is written.
        <p class="histogram-none hint">
          {error.status === 400 ? (
            'No chart for this query.'
          ) : (
            <>
              No chart: {error.message}{' '}
              <button type="button" class="link" onClick={again}>
                Try again
              </button>
            </>
          )}
        </p>
      ) : (
        <p class="histogram-none histogram-wait" role="status">
          {loading && <span class="loading">Counting …</span>}
        </p>
      )}
    </section>
  );
}
