// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useRef, useState } from 'preact/hooks';

import type { FieldInfo, ValueCount } from '../api/types';
import { count, percent, plural, short } from '../lib/format';
import { fieldFilter, hasFilter, toggleFilter } from '../state/nav';
import type { Run } from '../state/run';
import { bare } from '../lines/tokens';
import { Value } from '../widgets/Value';
import { moreValues, useAnswer } from './load';

/** Row is a value with the share of records that have it; a click shows only these, its second button leaves them out. */
function Row(props: { field: FieldInfo; of: ValueCount; all: number; level: boolean }) {
  const { field, all, level } = props;
  const { value, records } = props.of;
  const f = fieldFilter(field, value);
  const set = hasFilter(f);
  const name = value === '' ? '(none)' : bare(value).slice(0, 200);
  return (
    <li class={set === '!=' ? 'fields-value excluded' : 'fields-value'} data-level={level ? value : undefined}>
      <button
        type="button"
        class="pick"
        aria-pressed={set === '='}
        title={`${name}: ${plural(records, 'record')}${field.exact ? '' : ' of the sample'}, ${percent(all > 0 ? records / all : 0)}`}
        onClick={() => toggleFilter(f)}
      >
        {level && <span class="dot" />}
        <span class="cut">{value === '' ? <i class="muted">none</i> : <Value text={value} max={120} />}</span>
        <span class="num muted">{field.exact ? short(records) : percent(all > 0 ? records / all : 0)}</span>
        <span class="share">
          <span style={{ width: `${all > 0 ? Math.min(100, (100 * records) / all) : 0}%` }} />
        </span>
      </button>
      <button
        type="button"
        class="small icon quiet not"
        aria-pressed={set === '!='}
        aria-label={`Leave out ${name}`}
        title={set === '!=' ? 'Show it again' : 'Leave it out'}
        onClick={() => toggleFilter({ ...f, op: '!=' })}
      >
        ≠
      </button>
    </li>
  );
}

/** Values lists the values of a field, and loads more of them. */
export function Values(props: { field: FieldInfo; run: Run; all: number; level?: boolean; first?: number }) {
  const { field, run, all } = props;
  const first = props.first ?? 10;
  const [more, setMore] = useState(false);
  const [prefix, setPrefix] = useState('');
  const typed = useRef(0);
  const type = (text: string): void => {
    clearTimeout(typed.current);
    typed.current = window.setTimeout(() => setPrefix(text), 250); // nobody waits for answers while typing
  };
  const loaded = useAnswer(more ? JSON.stringify([run, field.name, prefix]) : null, (abort) => moreValues(run, field.name, prefix, abort));
  const rest = field.distinct - Math.min(first, field.values.length);
  const found = more ? loaded.data?.fields.find((f) => f.from === field.from) : undefined;
  const values = more && loaded.data ? (found?.values ?? []) : field.values.slice(0, first);
  const total = found && loaded.data && !field.exact ? loaded.data.looked_at : all;
  return (
    <>
      {more && (
        <input
          type="search"
          class="fields-prefix"
          placeholder="Values that begin with …"
          aria-label={`Values of ${bare(field.name)} that begin with`}
          onInput={(e) => type(e.currentTarget.value)}
        />
      )}
      <ul class={loaded.loading ? 'plain dim' : 'plain'}>
        {values.map((v) => (
          <Row key={v.value} field={field} of={v} all={total} level={props.level ?? false} />
        ))}
      </ul>
      {loaded.error && <p class="problem">{loaded.error.message}</p>}
      {more && loaded.data && values.length === 0 && <p class="hint">No value begins with that.</p>}
      {rest > 0 && (
        <button type="button" class="link small" aria-expanded={more} onClick={() => setMore(!more)}>
          {more ? 'Fewer values' : `${count(rest)} more ${rest === 1 ? 'value' : 'values'}${field.exact ? '' : ' in the sample'}`}
        </button>
      )}
    </>
  );
}
