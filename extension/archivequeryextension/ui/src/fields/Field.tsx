// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useId, useState } from 'preact/hooks';

import type { FieldInfo } from '../api/types';
import { percent, short } from '../lib/format';
import { addFilter } from '../state/nav';
import type { Run } from '../state/run';
import { adjust, state } from '../state/url';
import { bare } from '../lines/tokens';
import { Value } from '../widgets/Value';
import { atLeast, isId, number } from './pick';
import { Values } from './Values';

const origin: Record<FieldInfo['from'], { short: string; long: string }> = {
  stream: { short: 'label', long: 'a label of the stream' },
  metadata: { short: '', long: 'beside the line' },
  json: { short: 'json', long: 'in lines that are JSON' },
  logfmt: { short: 'logfmt', long: 'in lines that are logfmt' },
  query: { short: 'query', long: 'made by the query' },
};

function Numbers(props: { field: FieldInfo }) {
  const n = props.field.number;
  if (!n) return null;
  const unit = props.field.type === 'duration' ? ' s' : '';
  const slow = atLeast(props.field, n.p95);
  const parts: [string, number][] = [['min', n.min], ['median', n.p50], ['p95', n.p95], ['p99', n.p99], ['max', n.max]];
  return (
    <>
      <dl class="fields-numbers">
        {parts.map(([name, v]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd class="num" title={number(v) + unit}>
              {short(v)}
              {unit}
            </dd>
          </div>
        ))}
      </dl>
      {slow && n.p95 > n.p50 && (
        <button type="button" class="link small" onClick={() => addFilter(slow)}>
          Only {short(n.p95)}
          {unit} or more
        </button>
      )}
    </>
  );
}

/** Field is one field: its name, and unfolded its values and what can be done with it. */
export function Field(props: { field: FieldInfo; run: Run; looked: number; unfolded: boolean }) {
  const { field } = props;
  const id = useId();
  const [open, setOpen] = useState<boolean | null>(null);
  const shown = open ?? props.unfolded;
  const { columns } = state.value;
  const column = columns.includes(field.name);
  const all = field.exact ? field.records : props.looked;
  return (
    <li class="fields-field">
      <button type="button" class="head quiet" aria-expanded={shown} aria-controls={id} onClick={() => setOpen(!shown)}>
        <span class="cut">
          <Value text={field.name} max={80} />
        </span>
        {origin[field.from].short !== '' && <span class="small muted">{origin[field.from].short}</span>}
        <span class="num small muted" title="different values">
          {isId(field) ? 'ids' : short(field.distinct)}
        </span>
      </button>
      {shown && (
        <div id={id} class="body">
          <p class="hint">
            {percent(all > 0 ? Math.min(1, field.records / (field.exact ? field.records : props.looked)) : 0)} of the records have it, {origin[field.from].long}
          </p>
          <Numbers field={field} />
          <Values field={field} run={props.run} all={all} first={field.number && field.distinct > 20 ? 3 : 10} />
          <button
            type="button"
            class="small"
            aria-pressed={column}
            aria-label={`${column ? 'Take the column away' : 'Add as a column'}: ${bare(field.name)}`}
            onClick={() => adjust({ columns: column ? columns.filter((c) => c !== field.name) : [...columns, field.name] })}
          >
            {column ? 'Take the column away' : 'Add as a column'}
          </button>
        </div>
      )}
    </li>
  );
}
