// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// One line in the list.

import { memo } from 'preact/compat';

import { clockNs, exactNs, stampNs } from '../lib/clock';
import { plural } from '../lib/format';
import { Value } from '../widgets/Value';
import { type Body, bodyOf, levelOf, serviceOf, valueOf } from './body';
import type { Rec } from './cursor';
import { LogText } from './LogText';
import { excerpt } from './tokens';

export interface Look {
  marks: readonly string[];
  raw: boolean;
  wrap: boolean;
  columns: readonly string[];
  /** Times with their day: the range has more than one. */
  days: boolean;
  tz: string;
}

const bodies = new WeakMap<Rec, { key: string; body: Body }>();

/** bodyFor is bodyOf, once for a record as long as the look is the same. */
export function bodyFor(r: Rec, look: Look): Body {
  const key = `${look.raw ? 'r' : ''}\n${look.marks.join('\n')}`;
  const known = bodies.get(r);
  if (known?.key === key) return known.body;
  const body = bodyOf(r, look.marks, look.raw);
  bodies.set(r, { key, body });
  return body;
}

/** What a row shows at most, in characters: the rest is in its details. */
export const most = { wrapped: 800, single: 600, pair: 200, pairs: 24 };

export function Message(props: { r: Rec; look: Look }) {
  const { r, look } = props;
  const body = bodyFor(r, look);
  const max = look.wrap ? most.wrapped : most.single;
  const pairs = body.pairs.slice(0, most.pairs);
  return (
    <span class={`line-body ${body.kind}`}>
      {body.message !== '' && <LogText text={excerpt(body.message, look.marks, max)} marks={look.marks} max={max} />}
      {body.more > 0 && (
        <span class="line-fold">
          {body.trace ? 'stack, ' : ''}
          {plural(body.more, 'more line')}
        </span>
      )}
      {pairs.map((p, i) => [
        ' ', // where a line may end
        <span key={i} class="pair">
          <span class="pair-key">
            <LogText text={p.key} max={80} marks={look.marks} />=
          </span>
          {p.value !== '' && <LogText text={excerpt(p.value, look.marks, most.pair)} marks={look.marks} max={most.pair} />}
          {p.more !== undefined && <span class="line-fold">{plural(p.more, p.value === '' ? 'line' : 'more line')}</span>}
        </span>,
      ])}
      {body.pairs.length > pairs.length && <span class="line-fold">{plural(body.pairs.length - pairs.length, 'more field')}</span>}
    </span>
  );
}

interface Props {
  r: Rec;
  look: Look;
  open: boolean;
  /** Its name in the address. */
  at: string;
  toggle: (r: Rec, at: string) => void;
}

/** Row is the head of a line; a click on it opens the details, but not the end of a selection of text. */
export const Row = memo(function Row({ r, look, open, at, toggle }: Props) {
  const level = levelOf(r);
  const service = serviceOf(r);
  return (
    <div
      class="line-head"
      data-level={level}
      onClick={(e) => {
        if ((e.target as Element).closest('button, a') || !(getSelection()?.isCollapsed ?? true)) return;
        toggle(r, at);
      }}
    >
      <button type="button" class="line-open" aria-expanded={open} aria-label={`Details of the line of ${clockNs(r.time, look.tz)}`} tabIndex={-1} onClick={() => toggle(r, at)} />
      <time class="line-time" title={exactNs(r.time, look.tz)}>
        {look.days ? stampNs(r.time, look.tz).slice(5) : clockNs(r.time, look.tz)}
      </time>
      <span class="line-level level">{level === 'unknown' ? '–' : level}</span>
      <span class="line-service">
        <Value text={service} max={60} />
      </span>
      {look.columns.map((c) => (
        <span key={c} class="line-column">
          <Value text={valueOf(r, c)} max={80} />
        </span>
      ))}
      <Message r={r} look={look} />
    </div>
  );
}, (a, b) => a.r === b.r && a.look === b.look && a.open === b.open && a.at === b.at);
