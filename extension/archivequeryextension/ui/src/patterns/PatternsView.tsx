// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './patterns.css';

import { useEffect, useMemo, useRef, useState } from 'preact/hooks';

import { patterns as ask } from '../api/client';
import type { Patterns } from '../api/types';
import { useKeys } from '../keys';
import { interval } from '../lib/clock';
import { count, duration, percent, plural } from '../lib/format';
import { type Loaded, resource, type Run, run } from '../state/run';
import { adjust, state } from '../state/url';
import { NothingHere } from '../widgets/NothingHere';
import { Loading, Notices } from '../widgets/States';
import { Pattern } from './Pattern';
import { arranged, baselineOf, baselines, comparable, type Order, orders } from './pick';

const most = 200;
const page = 25;

const patterns = resource(
  () => {
    const { view, baseline } = state.value;
    return view === 'patterns' && run.value && !run.value.metric ? { run: run.value, baseline } : null;
  },
  (k: { run: Run; baseline: string }, abort) => ask(k.run, { limit: most, ...baselineOf(k.baseline, k.run) }, abort),
);

function Summary(props: { p: Patterns }) {
  const { p } = props;
  const fresh = p.templates.filter((t) => t.new).length;
  const compared = p.baseline ? interval(p.baseline.start_ms, p.baseline.end_ms) : '';
  return (
    <p role="status">
      <strong>
        {p.templates_total > p.templates.length ? `${count(p.templates.length)} of ${plural(p.templates_total, 'pattern')}` : plural(p.templates.length, 'pattern')}
      </strong>{' '}
      in {plural(Math.round(p.records), 'line')}
      {comparable(p) && (
        <>
          , <strong>{fresh === 0 ? 'none' : count(fresh)} new</strong> <span class="muted">against {compared}</span>
        </>
      )}
      .{' '}
      <span class="muted">
        {p.baseline && !comparable(p) && `The archive has too little of ${compared} to say what is new. `}
        {p.looked_at < p.records &&
          `Made from ${plural(p.looked_at, 'line')} (${percent(p.fraction)}), spread over the ${duration(p.end_ms - p.start_ms)}; counts are scaled up. `}
        {p.rest > 0 && `${plural(p.rest, 'line')} ${p.rest === 1 ? 'has' : 'have'} no pattern here: there are too many.`}
      </span>
    </p>
  );
}

function List(props: { of: Loaded<Patterns>; p: Patterns }) {
  const { p } = props;
  const { baseline } = state.value;
  const order: Order = orders.find((o) => o.value === state.value.order)?.value ?? 'new';
  const [text, setText] = useState('');
  const [shown, setShown] = useState(page);
  const list = useMemo(() => arranged(p.templates, order, text), [p, order, text]);
  const box = useRef<HTMLOListElement>(null);
  const step = (by: number): boolean => {
    const rows = [...(box.current?.querySelectorAll<HTMLElement>('.pattern-fold') ?? [])];
    const at = rows.findIndex((r) => r === document.activeElement);
    const next = rows[at < 0 ? 0 : at + by];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
    return next !== undefined;
  };
  useKeys(() => [
    { keys: 'j', what: 'next pattern', group: 'Lines', run: () => step(1) },
    { keys: 'k', what: 'pattern before', group: 'Lines', run: () => step(-1) },
  ]);
  useEffect(() => setShown(page), [p, order, text]);
  return (
    <div class={props.of.loading ? 'stack dim' : 'stack'} aria-busy={props.of.loading}>
      <div class="row spread">
        <Summary p={p} />
        <div class="row patterns-tools">
          <input
            type="search"
            placeholder="Search patterns"
            aria-label="Search patterns"
            value={text}
            onInput={(e) => setText(e.currentTarget.value)}
          />
          <label class="row small muted">
            Order
            <select value={order} onChange={(e) => adjust({ order: e.currentTarget.value === 'new' ? '' : e.currentTarget.value })}>
              {orders.map((o) => (
                <option key={o.value} value={o.value}>
                  {o.text}
                </option>
              ))}
            </select>
          </label>
          <label class="row small muted">
            Compared with
            <select value={baselines.some((b) => b.value === baseline) ? baseline : ''} onChange={(e) => adjust({ baseline: e.currentTarget.value })}>
              {baselines.map((b) => (
                <option key={b.value} value={b.value}>
                  {b.text}
                </option>
              ))}
            </select>
          </label>
        </div>
      </div>
      {list.length === 0 && <p class="state">No pattern has “{text.slice(0, 60)}”.</p>}
      <ol class="plain patterns-list card" ref={box}>
        {list.slice(0, shown).map((t) => (
          <Pattern key={`${t.template}\n${t.services[0]?.value ?? ''}`} t={t} of={p} />
        ))}
      </ol>
      {list.length > shown && (
        <p class="row">
          <button type="button" onClick={() => setShown(shown + page)}>
            Show {Math.min(page, list.length - shown)} more
          </button>
          <span class="muted">{plural(list.length - shown, 'pattern')} not shown</span>
        </p>
      )}
    </div>
  );
}

/** PatternsView groups the lines into templates: what all lines of a kind have in common. */
export function PatternsView() {
  const p = patterns.value;
  return (
    <section class="patterns stack" aria-label="Patterns">
      <Notices of={p} />
      {p.data && p.data.templates.length > 0 && <List of={p} p={p.data} />}
      {p.data && p.data.templates.length === 0 && !p.loading && <NothingHere />}
      {!p.data && p.loading && <Loading what="patterns" />}
    </section>
  );
}
