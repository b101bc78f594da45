// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './fields.css';

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { FieldInfo } from '../api/types';
import { useKeys } from '../keys';
import { count, plural } from '../lib/format';
import { type Run, run } from '../state/run';
import { state } from '../state/url';
import { Notices } from '../widgets/States';
import { Field } from './Field';
import { facetCounts, fields, open, setOpen, wide } from './load';
import { byGravity, facets, found, keyOf, sorted, told } from './pick';
import { Values } from './Values';

const page = 40;

function Facet(props: { name: string; title: string; of: FieldInfo | undefined; run: Run }) {
  const filtered = state.value.filters.some((f) => f.name === props.name);
  const own = facetCounts[props.name]?.value;
  const field = (filtered ? own?.data?.fields.find((f) => f.name === props.name) : undefined) ?? props.of;
  if (!field) return null;
  const level = props.name === 'detected_level';
  const values = level ? byGravity(field.values) : field.values;
  const all = values.reduce((n, v) => n + v.records, 0);
  return (
    <section class={own?.loading && filtered ? 'fields-facet dim' : 'fields-facet'} aria-label={props.title}>
      <h3>{props.title}</h3>
      <Values field={{ ...field, values }} run={props.run} all={Math.max(all, 1)} level={level} first={filtered ? 100 : 10} />
    </section>
  );
}

function List(props: { run: Run }) {
  const { data, loading } = fields.value;
  const [text, setText] = useState('');
  const [shown, setShown] = useState(page);
  const all = useMemo(() => (data ? sorted(told(data.fields).filter((f) => !facets.some((x) => x.name === f.name)), data.looked_at) : []), [data]);
  const hits = useMemo(() => found(all, text), [all, text]);
  useEffect(() => setShown(page), [text]);
  if (!data) return loading ? <p class="hint fields-wait" role="status">Looking at fields …</p> : null;
  return (
    <div class={loading ? 'dim' : ''}>
      {facets.map((f) => (
        <Facet key={f.name} name={f.name} title={f.title} of={data.fields.find((x) => x.name === f.name)} run={props.run} />
      ))}
      <section aria-label="All fields">
        <h3>Fields</h3>
        {all.length > 0 && (
          <input
            type="search"
            class="fields-search"
            placeholder="Search names and values"
            aria-label="Search fields and values"
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
        )}
        <p class="visually-hidden" role="status">
          {text !== '' && plural(hits.length, 'field')}
        </p>
        {all.length === 0 && <p class="hint">{data.total === 0 ? 'No records, no fields.' : 'These records have no fields beside their level and service.'}</p>}
        {all.length > 0 && hits.length === 0 && <p class="hint">No field and no frequent value has “{text.slice(0, 60)}”.</p>}
        <ul class="plain">
          {hits.slice(0, shown).map((f) => (
            <Field key={keyOf(f)} field={f} run={props.run} looked={data.looked_at} unfolded={text.length > 1 && hits.length <= 3} />
          ))}
        </ul>
        {hits.length > shown && (
          <button type="button" class="link small" onClick={() => setShown(shown + page)}>
            {count(hits.length - shown)} more fields
          </button>
        )}
        {all.length > 0 && !data.complete && (
          <p class="hint">Shares of a sample of {plural(data.looked_at, 'record')}, spread over the range; level and service are counted.</p>
        )}
      </section>
    </div>
  );
}

function Panel() {
  const r = run.value;
  return (
    <>
      {fields.value.error?.status !== 400 && <Notices of={fields.value} />}
      {r && <List run={r} />}
    </>
  );
}

/** useBelow keeps a CSS variable of an element at the height of the page's head, which sticks to the top above it. */
function useBelow(at: { current: HTMLElement | null }, shown: boolean): void {
  useEffect(() => {
    const head = document.querySelector('.top');
    const panel = at.current;
    if (!head || !panel) return undefined;
    const size = new ResizeObserver(() => panel.style.setProperty('--below', `${head.clientHeight}px`));
    size.observe(head);
    return () => size.disconnect();
  }, [shown]);
}

/** FieldsPanel is what the lines have besides their text, to narrow the question by a click. On a narrow screen it is a drawer. */
export function FieldsPanel() {
  const drawer = useRef<HTMLDialogElement>(null);
  const panel = useRef<HTMLElement>(null);
  const shown = open.value;
  useBelow(panel, shown && wide.value);
  useKeys(() => [{ keys: 'F', what: 'fields: show, hide', group: 'Views', run: () => setOpen(!open.peek()) }]);
  useEffect(() => {
    const d = drawer.current;
    if (!d) return;
    if (shown && !d.open) d.showModal();
    if (!shown && d.open) d.close();
  }, [shown, wide.value]);
  if (!wide.value)
    return (
      <div class="fields-closed">
        <button type="button" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          Fields and levels
        </button>
        <dialog
          class="fields fields-drawer"
          aria-label="Fields"
          ref={drawer}
          onClose={() => setOpen(false)}
          onClick={(e) => e.target === drawer.current && setOpen(false)}
        >
          <div class="fields-drawer-body">
            <header class="fields-head">
              <h2>Narrow down</h2>
              <button type="button" class="quiet icon" aria-label="Close" onClick={() => setOpen(false)}>
                ×
              </button>
            </header>
            {shown && <Panel />}
          </div>
        </dialog>
      </div>
    );
  if (!shown)
    return (
      <div class="fields-closed">
        <button type="button" class="icon" aria-expanded={false} aria-label="Show levels, services and fields" title="Levels, services, fields (F)" onClick={() => setOpen(true)}>
          »
        </button>
      </div>
    );
  return (
    <aside class="fields card" ref={panel} aria-label="Fields" aria-busy={fields.value.loading}>
      <header class="fields-head">
        <h2>Narrow down</h2>
        <button type="button" class="small icon quiet" aria-expanded={true} aria-label="Hide levels, services and fields" title="Hide (F)" onClick={() => setOpen(false)}>
          «
        </button>
      </header>
      <Panel />
    </aside>
  );
}
