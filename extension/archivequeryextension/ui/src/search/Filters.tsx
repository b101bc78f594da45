// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The filters as chips: a click turns one into its opposite, ✕ takes it away.

import { useKeys } from '../keys';
import { bare } from '../lines/tokens';
import { invertFilter, removeFilter } from '../state/nav';
import { type Filter, go, state } from '../state/url';
import { Value } from '../widgets/Value';
import { opposite } from './parts';

const names: Record<string, string> = { detected_level: 'level', service_name: 'service' };

function Text(props: { of: Filter }) {
  const f = props.of;
  const not = f.op === '!=';
  if (f.kind === 'pipe') return <>{not && 'not '}<Value text={f.value} max={80} /></>;
  if (f.kind === 'line') return <>{not ? 'line without' : 'line with'} “<Value text={f.value} max={80} />”</>;
  return (
    <>
      <Value text={names[f.name] ?? f.name} max={60} /> {not ? 'is not' : 'is'} <strong>{f.value === '' ? '(none)' : <Value text={f.value} max={80} />}</strong>
    </>
  );
}

function said(f: Filter): string {
  return bare(`${f.name} ${f.op === '=' ? 'is' : 'is not'} ${f.value}`, 200);
}

export function Filters() {
  useKeys(() => [
    { keys: 'x', what: 'take all filters away', group: 'Search', run: () => (state.peek().filters.length > 0 ? go({ filters: [], line: '' }) : false) },
    {
      keys: 'f', what: 'go to the filters', group: 'Search',
      run: () => {
        const chip = document.querySelector<HTMLElement>('.filters button');
        chip?.focus();
        return chip !== null;
      },
    },
  ]);
  const { filters, view } = state.value;
  if (filters.length === 0 || view === 'trail' || view === 'overview') return null;
  return (
    <section class="filters" aria-label="Filters">
      <ul class="filter-list">
        {filters.map((f) => (
          <li key={`${f.kind} ${f.name} ${f.op} ${f.value}`} class={f.op === '=' ? 'chip' : 'chip exclude'}>
            <button
              type="button" class="chip-text" disabled={f.kind === 'pipe' && opposite(f.value) === null}
              title={f.op === '=' ? 'Click: leave these out instead' : 'Click: only these instead'}
              onClick={() => invertFilter(f)}
            >
              <Text of={f} />
              <span class="visually-hidden">; {f.op === '=' ? 'leave these out instead' : 'only these instead'}</span>
            </button>
            <button type="button" aria-label={`Take away: ${said(f)}`} title="Take away" onClick={() => removeFilter(f)}>✕</button>
          </li>
        ))}
      </ul>
      {filters.length > 1 && (
        <button type="button" class="small quiet" onClick={() => go({ filters: [], line: '' })}>
          Take all away <kbd>x</kbd>
        </button>
      )}
    </section>
  );
}
