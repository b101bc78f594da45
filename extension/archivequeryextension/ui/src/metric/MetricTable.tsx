// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useState } from 'preact/hooks';

import { stamp } from '../lib/clock';
import { count, short } from '../lib/format';
import { bare } from '../lines/tokens';
import { Value } from '../widgets/Value';
import { Swatch } from './MetricChart';
import { type Column, type Grid, type Series, sortedBy } from './series';

const page = 30;
const titles: [Column, string][] = [['last', 'Last'], ['min', 'Least'], ['mean', 'Mean'], ['max', 'Greatest']];
const shownNumber = (n: number): string => (Number.isFinite(n) ? short(Number(n.toPrecision(4))) : '–');

/** SeriesTable lists all series; the first column shows and hides them in the chart. */
export function SeriesTable(props: { g: Grid; tokenOf: (s: Series) => string; hidden: (s: Series) => boolean; toggle: (s: Series) => void }) {
  const { g } = props;
  const [by, setBy] = useState<Column>('max');
  const [down, setDown] = useState(true);
  const [shown, setShown] = useState(page);
  const list = sortedBy(g.series, by, down);
  const head = (column: Column, title: string) => (
    <th key={column} scope="col" class={column === 'name' ? '' : `num ${column}`} aria-sort={by !== column ? undefined : down ? 'descending' : 'ascending'}>
      <button
        type="button"
        onClick={() => {
          setDown(by === column ? !down : column !== 'name');
          setBy(column);
        }}
      >
        {title}
      </button>
    </th>
  );
  return (
    <div class="scroll metric-series">
      <table class="data">
        <caption class="visually-hidden">The series and their values in the time range</caption>
        <thead>
          <tr>
            {head('name', g.labels.length > 0 ? bare(g.labels.join(' · ')).slice(0, 80) : 'Series')}
            {titles.map(([c, t]) => head(c, t))}
          </tr>
        </thead>
        <tbody>
          {list.slice(0, shown).map((s) => (
            <tr key={s.name} class={props.hidden(s) ? 'off' : ''}>
              <th scope="row">
                <button type="button" aria-pressed={!props.hidden(s)} title={props.hidden(s) ? 'Show it in the chart' : 'Hide it in the chart'} onClick={() => props.toggle(s)}>
                  <Swatch token={props.tokenOf(s)} /> <Value text={s.name} max={120} />
                </button>
              </th>
              {titles.map(([c]) => (
                <td key={c} class={`num ${c}`} title={String(s[c])}>
                  {shownNumber(s[c] as number)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {list.length > shown && (
        <button type="button" class="small" onClick={() => setShown(shown + page)}>
          {count(list.length - shown)} more series
        </button>
      )}
    </div>
  );
}

/** ValueTable has a row for each time, a column for each series that is shown. */
export function ValueTable(props: { g: Grid; series: Series[] }) {
  const { g } = props;
  const [shown, setShown] = useState(page);
  const columns = props.series.slice(0, 12);
  return (
    <div class="scroll metric-values" tabIndex={0} role="region" aria-label="Values over time, as a table">
      <table class="data">
        <caption>
          Values by time{props.series.length > columns.length && `, of the first ${columns.length} series`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {columns.map((s) => (
              <th key={s.name} scope="col" class="num">
                <Value text={s.name} max={40} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {g.times.slice(0, shown).map((t, i) => (
            <tr key={t}>
              <th scope="row" class="num">
                {stamp(t)}
              </th>
              {columns.map((s) => (
                <td key={s.name} class="num">
                  {s.values[i] === null || s.values[i] === undefined ? '' : shownNumber(s.values[i])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {g.times.length > shown && (
        <button type="button" class="small" onClick={() => setShown(shown + page)}>
          Show {Math.min(page, g.times.length - shown)} more of {g.times.length}
        </button>
      )}
    </div>
  );
}
