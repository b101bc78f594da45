// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useState } from 'preact/hooks';

import type { Overview, ServiceOverview } from '../api/types';
import { interval, stampNs } from '../lib/clock';
import { ago, bytes, count, duration, percent, short } from '../lib/format';
import { msOf } from '../lib/time';
import { bare } from '../lines/tokens';
import { run } from '../state/run';
import { go, link, type State } from '../state/url';
import { Spark } from '../widgets/Spark';
import { Value } from '../widgets/Value';
import { type Column, errorsOf, flip, levelsOf, type Sort, sorted, timeOfService } from './model';

/** linesOf is the state that shows a service's lines, where it has some. */
function linesOf(s: ServiceOverview, more: { silent?: boolean; errors?: boolean } = {}): Partial<State> {
  const filters: State['filters'] = [{ kind: 'stream', name: 'service_name', op: '=', value: s.name }];
  if (more.errors) for (const l of ['error', 'fatal']) if (s.levels[l]) filters.push({ kind: 'field', name: 'detected_level', op: '=', value: l });
  const at = more.silent ? { start: Math.floor(msOf(s.last) - 300e3), end: Math.ceil(msOf(s.last)) + 60e3 } : timeOfService(s, run.value);
  return { view: 'lines', q: '', filters, line: '', live: false, ...(at ? { from: String(at.start), to: String(at.end) } : {}) };
}

export function To(props: { state: Partial<State>; class?: string; title?: string; children: preact.ComponentChildren }) {
  return (
    <a
      class={props.class} title={props.title} href={link(props.state)}
      onClick={(e) => {
        if (e.metaKey || e.ctrlKey || e.shiftKey || e.button !== 0) return;
        e.preventDefault();
        go(props.state);
      }}
    >
      {props.children}
    </a>
  );
}

function Head(props: { of: Column; sort: Sort; set: (s: Sort) => void; num?: boolean; children: string }) {
  const { sort, of } = props;
  return (
    <th scope="col" class={props.num ? 'num' : undefined} aria-sort={sort.by === of ? (sort.down ? 'descending' : 'ascending') : undefined}>
      <button type="button" onClick={() => props.set(flip(sort, of))}>
        {props.children}
      </button>
    </th>
  );
}

function Levels(props: { of: ServiceOverview }) {
  const levels = levelsOf(props.of);
  const text = levels.map(([l, n]) => `${l} ${count(n)}`).join(', ');
  return (
    <span class="stacked" role="img" aria-label={text} title={text}>
      {levels.map(([l, n]) => (
        <span key={l} data-level={l} style={{ flexGrow: n }} />
      ))}
    </span>
  );
}

function Row(props: { of: ServiceOverview; most: number; now: number }) {
  const { of: s, most } = props;
  const errors = errorsOf(s);
  return (
    <tr class={s.silent ? 'silent' : undefined}>
      <th scope="row">
        <To state={linesOf(s)} class="strong">
          <Value text={s.name || 'without a name'} max={80} />
        </To>
        {s.silent && (
          <To state={linesOf(s, { silent: true })} class="badge warn" title="Its last lines">
            silent for {duration(Math.max(0, props.now - msOf(s.silent.since)))}
          </To>
        )}
      </th>
      <td class="service-volume">
        <Spark samples={s.samples} label={`Volume of ${bare(s.name, 200)} over time`} />
      </td>
      <td class="num">
        <span title={`${count(s.records)} records${s.represents > s.records * 1.001 ? `, which stand for ${count(s.represents)}` : ''}`}>{count(s.records)}</span>
        {s.represents > s.records * 1.001 && <span class="muted"> (of {short(s.represents)})</span>}
        <span class="share" aria-hidden="true">
          <span style={{ width: `${(s.records / most) * 100}%` }} />
        </span>
      </td>
      <td class="num">{bytes(s.bytes)}</td>
      <td class="service-levels">
        <Levels of={s} />
      </td>
      <td class="num">
        {errors > 0 ? (
          <To state={linesOf(s, { errors: true })} title={`${count(errors)} records of level error or fatal`}>
            {percent(errors / Math.max(1, s.records))}
          </To>
        ) : (
          <span class="muted">none</span>
        )}
      </td>
      <td class="num" title={stampNs(s.last)}>
        {ago(msOf(s.last))}
      </td>
    </tr>
  );
}

const part = 50;

export function Services(props: { of: Overview }) {
  const { of: o } = props;
  const [sort, setSort] = useState<Sort>({ by: null, down: false });
  const [find, setFind] = useState('');
  const [limit, setLimit] = useState(part);
  const wanted = find.trim().toLowerCase();
  const list = sorted(wanted ? o.services.filter((s) => s.name.toLowerCase().includes(wanted)) : o.services, sort);
  const most = Math.max(1, ...o.services.map((s) => s.records));
  // Silence is measured against the newest record of all, or against now if records still come.
  const now = o.archive.silent ? msOf(o.archive.newest) : Math.max(msOf(o.archive.newest || '0'), Date.now());
  return (
    <section class="panel" aria-label="Services">
      <header class="row spread">
        <h2>
          Services <span class="muted num">{count(o.services_total ?? o.services.length)}</span>
        </h2>
        <span class="muted small">{interval(o.start_ms, o.end_ms)}</span>
        {o.services.length > 12 && (
          <label class="row small">
            Find <input type="search" value={find} onInput={(e) => setFind(e.currentTarget.value)} size={16} />
          </label>
        )}
      </header>
      <div class="scroll" tabIndex={0} role="region" aria-label="Table of services">
        <table class="data services">
          <thead>
            <tr>
              <Head of="name" sort={sort} set={setSort}>
                Service
              </Head>
              <th scope="col">Volume</th>
              <Head of="records" sort={sort} set={setSort} num>
                Records
              </Head>
              <Head of="bytes" sort={sort} set={setSort} num>
                Text
              </Head>
              <th scope="col">Levels</th>
              <Head of="errors" sort={sort} set={setSort} num>
                Errors
              </Head>
              <Head of="last" sort={sort} set={setSort} num>
                Newest
              </Head>
            </tr>
          </thead>
          <tbody>
            {list.slice(0, limit).map((s) => (
              <Row key={s.name} of={s} most={most} now={now} />
            ))}
          </tbody>
        </table>
      </div>
      {list.length === 0 && <p class="muted">No service is called so.</p>}
      {list.length > limit && (
        <button type="button" class="quiet" onClick={() => setLimit(limit + 2 * part)}>
          {count(list.length - limit)} more: show them
        </button>
      )}
      {(o.services_total ?? 0) > o.services.length && (
        <p class="muted small">Only the {count(o.services.length)} largest are listed. A search finds the others, too.</p>
      )}
    </section>
  );
}
