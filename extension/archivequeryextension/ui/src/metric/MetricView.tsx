// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './metric.css';

import { useEffect, useMemo, useState } from 'preact/hooks';

import { matrix as ask } from '../api/client';
import { tone } from '../histogram/stack';
import { duration, plural } from '../lib/format';
import { stepFor } from '../lib/time';
import { resource, type Run, run } from '../state/run';
import { state } from '../state/url';
import { NothingHere } from '../widgets/NothingHere';
import { copy } from '../widgets/say';
import { Loading, Notices } from '../widgets/States';
import { MetricChart } from './MetricChart';
import { SeriesTable, ValueTable } from './MetricTable';
import { csv, grid, type Series } from './series';

const points = 200;
const colors = 10;
const atFirst = 10; // series that the chart shows before somebody chooses

interface Asked {
  logql: string;
  start: number;
  end: number;
  step: number;
}

/** laid has the times of a run at round distances, so that the same question some seconds later has the same times. */
function laid(r: Run): Asked {
  const step = stepFor(r, points);
  const start = Math.ceil(r.start / step) * step;
  return { logql: r.logql, start, end: Math.max(start, Math.floor(r.end / step) * step), step };
}

const shown = ['lines', 'patterns', 'culprit'];

const values = resource(
  () => (run.value?.metric && shown.includes(state.value.view) ? laid(run.value) : null),
  (k: Asked, abort) => ask(k.logql, k, k.step, abort).then((a) => ({ ...a, data: { ...k, grid: grid(a.data, k.start, k.end, k.step) } })),
);

/** MetricView shows what a metric query makes: series over time, as a chart and as tables. */
export function MetricView() {
  const loaded = values.value;
  const { data } = loaded;
  const [off, setOff] = useState<ReadonlyMap<string, boolean>>(new Map());
  const [table, setTable] = useState(false);
  useEffect(() => setOff(new Map()), [data?.logql]);
  const g = data?.grid;
  const tokens = useMemo(
    () =>
      new Map(
        g?.series.map((s, i) => {
          const level = s.metric.detected_level ?? s.metric.level;
          return [s.name, level !== undefined && Object.keys(s.metric).length === 1 ? `--bar-${tone(level)}` : `--series-${i % colors}`];
        }),
      ),
    [g],
  );
  const rank = useMemo(() => new Map(g?.series.map((s, i) => [s.name, i])), [g]);
  if (!data || !g) {
    return (
      <section class="metric stack" aria-label="Values">
        <Notices of={loaded} />
        {loaded.loading && <Loading what="values" />}
      </section>
    );
  }
  const hidden = (s: Series): boolean => off.get(s.name) ?? (rank.get(s.name) ?? 0) >= atFirst;
  const tokenOf = (s: Series): string => tokens.get(s.name) ?? '--series-0';
  const visible = g.series.filter((s) => !hidden(s)).slice(0, 50);
  return (
    <section class="metric stack" aria-label="Values" aria-busy={loaded.loading}>
      <Notices of={loaded} />
      {g.series.length === 0 ? (
        !loaded.loading && <NothingHere what="series" />
      ) : (
        <div class={loaded.loading ? 'card metric-card dim' : 'card metric-card'}>
          <div class="row spread">
            <p role="status">
              <strong>{plural(g.series.length, 'series', 'series')}</strong>{' '}
              <span class="muted">
                a value every {duration(data.step)}
                {visible.length < g.series.length && `; the chart shows ${visible.length}`}
              </span>
            </p>
            <div class="row">
              <button type="button" class="small quiet" aria-expanded={table} onClick={() => setTable(!table)}>
                Values as a table
              </button>
              <button type="button" class="small quiet" onClick={() => void copy(csv(g), 'Values copied as CSV')}>
                Copy as CSV
              </button>
            </div>
          </div>
          <MetricChart g={g} shown={visible.map((s) => ({ s, token: tokenOf(s) }))} start={data.start} end={Math.max(data.end, data.start + data.step)} />
          <SeriesTable g={g} tokenOf={tokenOf} hidden={hidden} toggle={(s) => setOff(new Map(off).set(s.name, !hidden(s)))} />
          {table && <ValueTable g={g} series={visible} />}
        </div>
      )}
    </section>
  );
}
