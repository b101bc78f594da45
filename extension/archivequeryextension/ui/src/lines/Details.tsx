// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// All there is about one line, and what can be done with it.

import { useMemo, useState } from 'preact/hooks';

import { exactNs } from '../lib/clock';
import { bytes, plural } from '../lib/format';
import { addFilter, openTrail } from '../state/nav';
import { fixedLink } from '../state/run';
import { adjust, state, type Filter } from '../state/url';
import { idOf } from '../trail/ids';
import { copy } from '../widgets/say';
import type { Blocks } from './blocks';
import { type Field, fieldsOf, levelOf, readJson } from './body';
import { Context } from './Context';
import { curlOf, jsonOf } from './copies';
import type { Rec } from './cursor';
import { JsonTree } from './JsonTree';
import { LogText } from './LogText';
import { find } from './place';
import { bare } from './tokens';
import type { Control } from './VirtualList';

const titles: Record<Field['from'], string> = {
  stream: 'Labels of the stream', metadata: 'Fields', parsed: 'Found by the query', json: 'In the line', logfmt: 'In the line',
};

const filterOf = (f: Field, op: Filter['op']): Filter => ({ kind: f.from === 'metadata' ? 'field' : f.from, name: f.name, value: f.value, op });

/** toggleColumn shows a field as a column, or not any more. */
export function toggleColumn(name: string): void {
  const { columns } = state.peek();
  adjust({ columns: columns.includes(name) ? columns.filter((c) => c !== name) : [...columns, name].slice(-8) });
}

function FieldRow(props: { f: Field; marks: readonly string[]; id: string | null }) {
  const { f } = props;
  const { columns } = state.value;
  const name = bare(f.name, 80);
  const simple = /^[a-zA-Z_]\w*$/.test(f.name) && f.value.length <= 1024;
  return (
    <tr>
      <th scope="row">
        <LogText text={f.name} max={200} />
      </th>
      <td class="field-value">
        <LogText text={f.value} max={1000} marks={props.marks} more />
      </td>
      <td class="field-do">
        {f.value !== '' && f.value === props.id && (
          <button type="button" class="small quiet" onClick={() => openTrail(f.value)}>
            Trail
          </button>
        )}
        {simple && (
          <>
            <button type="button" class="small icon quiet" title="Only lines with this value" aria-label={`Only lines with this ${name}`} onClick={() => addFilter(filterOf(f, '='))}>
              =
            </button>
            <button type="button" class="small icon quiet" title="Lines without this value" aria-label={`Lines without this ${name}`} onClick={() => addFilter(filterOf(f, '!='))}>
              ≠
            </button>
          </>
        )}
        <button
          type="button" class="small quiet" aria-pressed={columns.includes(f.name)} title="Show as a column" aria-label={`Column of ${name}`}
          onClick={() => toggleColumn(f.name)}
        >
          Column
        </button>
        <button type="button" class="small quiet" title="Copy the value" aria-label={`Copy the value of ${name}`} onClick={() => void copy(f.value, 'Value copied')}>
          Copy
        </button>
      </td>
    </tr>
  );
}

/** closeDetails closes the details of the line that is open. Who reads them stays at the line, and the focus, too. */
export function closeDetails(control: Control | null, blocks: Blocks): void {
  const line = control?.element()?.querySelector<HTMLElement>('.line.open'); // none: it is far from what is in the window
  const at = line ? find(blocks, state.peek().line) : null;
  if (at) control?.show(at.block, at.row);
  const within = line?.contains(document.activeElement) ?? false;
  adjust({ line: '' });
  if (within) line?.focus({ preventScroll: true });
}

export function Details(props: { r: Rec; at: string; marks: readonly string[]; tz: string; context: boolean; setContext: (on: boolean) => void; close: () => void }) {
  const { r, marks, context } = props;
  const object = useMemo(() => readJson(r.line), [r]);
  const fields = useMemo(() => fieldsOf(r), [r]);
  const [raw, setRaw] = useState(false);
  const id = useMemo(() => idOf(r), [r]);
  const groups = new Map<string, Field[]>();
  for (const f of fields) groups.set(titles[f.from], [...(groups.get(titles[f.from]) ?? []), f]);
  return (
    <section class="details" aria-label={`Details of the line of ${exactNs(r.time, props.tz)}`} data-level={levelOf(r)}>
      <div class="details-do row">
        {id !== null && (
          <button type="button" class="small primary" onClick={() => openTrail(id)}>
            Trail of this request <kbd>t</kbd>
          </button>
        )}
        <button type="button" class="small" aria-expanded={context} onClick={() => props.setContext(!context)}>
          Before and after <kbd>c</kbd>
        </button>
        <span class="group">
          <button type="button" class="small" onClick={() => void copy(r.line, 'Line copied')}>
            Copy line <kbd>y</kbd>
          </button>
          <button type="button" class="small" onClick={() => void copy(jsonOf(r), 'JSON copied')}>
            JSON
          </button>
          <button type="button" class="small" onClick={() => void copy(curlOf(r, location.origin), 'Command copied')}>
            curl
          </button>
          <button type="button" class="small" onClick={() => void copy(fixedLink({ line: props.at }), 'Link copied')}>
            Link
          </button>
        </span>
        <span class="muted small push">
          {exactNs(r.time, props.tz)} · {bytes(r.line_truncated ?? r.line.length)}
        </span>
        <button type="button" class="small icon quiet" aria-label="Close the details" title="Close (Esc)" onClick={props.close}>
          ✕
        </button>
      </div>
      {context && <Context r={r} tz={props.tz} marks={marks} />}
      <div class="details-line">
        {object && !raw ? (
          <JsonTree value={object} marks={marks} />
        ) : (
          <pre class="details-text">
            <LogText text={r.line} marks={marks} max={8192} more />
          </pre>
        )}
        {object && (
          <button type="button" class="small quiet" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            As written
          </button>
        )}
        {r.line_truncated !== undefined && (
          <p class="muted small">Of this line, {plural(r.line_truncated, 'character')}, only the first {r.line.length.toLocaleString('en')} are here; a download has all.</p>
        )}
      </div>
      <table class="details-fields">
        {[...groups].map(([title, list]) => (
          <tbody key={title}>
            <tr class="field-group">
              <th scope="rowgroup" colSpan={3}>
                {title}
              </th>
            </tr>
            {list.map((f) => (
              <FieldRow key={`${f.from}.${f.name}`} f={f} marks={marks} id={id} />
            ))}
          </tbody>
        ))}
      </table>
    </section>
  );
}
