// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The records of a trail in order. Only a part of a long one is in the page at once.

import { Fragment } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';

import type { Trail, TrailRecord } from '../api/types';
import { exactNs, stampNs } from '../lib/clock';
import { count, plural } from '../lib/format';
import { readJson } from '../lines/body';
import { fullView } from '../lines/Context';
import { JsonTree } from '../lines/JsonTree';
import { LogText } from '../lines/LogText';
import { addFilter, recordFilter } from '../state/nav';
import { go } from '../state/url';
import { copy } from '../widgets/say';
import { Value } from '../widgets/Value';
import { Brief } from './Brief';
import { lasting, offset } from './model';

const part = 60;

function Fields(props: { record: TrailRecord }) {
  const { record: r } = props;
  const fields = [...Object.entries(r.stream), ...Object.entries(r.metadata)].slice(0, 100);
  return (
    <dl class="trail-fields">
      {fields.map(([name, value]) => (
        <div key={name}>
          <dt class="muted">
            <Value text={name} max={80} />
          </dt>
          <dd class="mono">
            <Value text={value} max={400} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Details(props: { of: Trail; at: number; ids: string[] }) {
  const r = props.of.records[props.at];
  if (!r) return null;
  const object = readJson(r.line);
  return (
    <div class="trail-details stack">
      <p class="muted small num">
        <time>{exactNs(r.time)}</time> on the clock of its service
      </p>
      {object ? <JsonTree value={object} marks={props.ids} /> : <LogText text={r.line} marks={props.ids} max={32 << 10} more />}
      <Fields record={r} />
      <div class="row">
        <button type="button" class="small" onClick={() => go(fullView(r))} title="All lines of the same source, before and after">
          The lines around it
        </button>
        <button type="button" class="small" onClick={() => addFilter(recordFilter(r, 'service_name'), { view: 'lines' })} disabled={!('service_name' in r.stream)}>
          Lines of this service
        </button>
        <button type="button" class="small quiet" onClick={() => void copy(r.line, 'Line copied')}>
          Copy the line
        </button>
        <button type="button" class="small quiet" onClick={() => void copy(JSON.stringify(r, null, 2), 'Record copied as JSON')}>
          Copy as JSON
        </button>
      </div>
    </div>
  );
}

interface RowProps {
  of: Trail;
  at: number;
  first: boolean;
  selected: boolean;
  open: boolean;
  ids: string[];
  onSelect: (i: number) => void;
  onOpen: (i: number) => void;
}

const Row = memo(function Row({ of: t, at, first, selected, open, ids, onSelect, onOpen }: RowProps) {
  const r = t.records[at];
  if (!r) return null;
  return (
    <li class={`trail-row${first ? ' first-error' : ''}`} data-level={r.level} aria-current={selected ? 'true' : undefined} onClick={() => onSelect(at)}>
      <button type="button" class="trail-toggle" aria-expanded={open} data-record={at} title={stampNs(r.time)} onClick={() => onOpen(at)}>
        <span class="num trail-offset">{offset(r.offset_ns)}</span>
        <span class="trail-service cut">
          <Value text={r.service || 'unknown service'} max={60} />
        </span>
        <span class="level trail-level">{first ? <span class="badge error">first error</span> : r.level}</span>
      </button>
      <div class="trail-line">
        {open ? (
          <Details of={t} at={at} ids={ids} />
        ) : (
          <div class="trail-brief">
            <Brief record={r} known={ids} />
          </div>
        )}
      </div>
    </li>
  );
});

export function Records(props: {
  of: Trail; selected: number; only: number | null; open: ReadonlySet<number>; onSelect: (i: number) => void; onOpen: (i: number) => void;
}) {
  const { of: t, selected, only, open } = props;
  const ids = useMemo(() => t.ids.map((i) => i.value), [t]);
  const box = useRef<HTMLDivElement>(null);
  const numbers = t.records.flatMap((r, i) => (only === null || r.lane === only ? [i] : []));
  const middle = Math.max(0, numbers.findIndex((i) => i >= selected));
  const [at, setAt] = useState({ of: t, only, from: 0, to: 0 });
  // The part that is shown begins around what is selected, and grows at its ends.
  let { from, to } = at;
  if (at.of !== t || at.only !== only || middle < from || middle >= to) {
    from = Math.max(0, middle - part / 2);
    to = from + part;
    if (from < 10) from = 0;
  }
  to = Math.min(to, numbers.length);
  useEffect(() => {
    if (at.of !== t || at.only !== only || at.from !== from || at.to !== to) setAt({ of: t, only, from, to });
  });
  // What is selected is seen; the page itself does not move, so that the lanes stay in sight.
  useLayoutEffect(() => {
    const b = box.current;
    const row = b?.querySelector<HTMLElement>('[aria-current]');
    if (!b || !row) return;
    const top = row.offsetTop; // from the box, which is positioned
    if (top < b.scrollTop + 8 || top + Math.min(row.offsetHeight, 120) > b.scrollTop + b.clientHeight) b.scrollTop = top - b.clientHeight / 3;
  }, [selected, t, only]);
  const gaps = new Map(t.gaps.map((g) => [g.after, g.ns]));
  const shown = numbers.slice(from, to);
  return (
    <div class="trail-records card" ref={box} tabIndex={0} role="region" aria-label="Records in order">
      {from > 0 && (
        <button type="button" class="quiet trail-grow" onClick={() => setAt({ of: t, only, from: Math.max(0, from - part), to })}>
          {plural(from, 'record')} before: show more
        </button>
      )}
      <ol start={from + 1}>
        {shown.map((i) => {
          const gap = gaps.get(i);
          return (
            <Fragment key={i}>
              <Row of={t} at={i} first={t.first_error === i} selected={i === selected} open={open.has(i)} ids={ids} onSelect={props.onSelect} onOpen={props.onOpen} />
              {gap !== undefined && only === null && <li class="trail-gap muted small">{lasting(gap)} without a record</li>}
            </Fragment>
          );
        })}
      </ol>
      {to < numbers.length && (
        <button type="button" class="quiet trail-grow" onClick={() => setAt({ of: t, only, from, to: to + part })}>
          {count(numbers.length - to)} more: show them
        </button>
      )}
    </div>
  );
}
