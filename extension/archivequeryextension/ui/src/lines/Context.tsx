// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What the same source wrote before and after a line, whatever the search is for.

import { useEffect, useState } from 'preact/hooks';

import { ApiError, lines } from '../api/client';
import { clockNs } from '../lib/clock';
import { go, link, state, type State } from '../state/url';
import { levelOf } from './body';
import { sourceOf } from './copies';
import { keyOf, Pager, type Rec, type Span } from './cursor';
import { Message } from './Row';

const step = 8;
const hour = 3_600_000_000_000n;

interface Side {
  records: Rec[];
  rest: Span | null;
}

const pagerOf = (logql: string): Pager =>
  new Pager((span, limit, forward, abort) => lines({ logql, startNs: String(span.lo), endNs: String(span.hi) }, limit, forward, abort));

const same = (a: Rec, b: Rec): boolean => a.time === b.time && a.line === b.line && keyOf(a.metadata) === keyOf(b.metadata);

/** fullView is the state that shows the source of a line around it, as far as one likes to scroll. */
export function fullView(r: Rec): Partial<State> {
  const ms = Math.floor(Number(BigInt(r.time) / 1_000_000n));
  return { view: 'lines', q: sourceOf(r), filters: [], from: String(ms - 3600e3), to: String(ms + 3600e3), line: `${r.time}.0`, live: false };
}

export function Context(props: { r: Rec; tz: string; marks: readonly string[] }) {
  const { r } = props;
  const [before, setBefore] = useState<Side | null>(null);
  const [after, setAfter] = useState<Side | null>(null);
  const [error, setError] = useState('');
  const query = sourceOf(r);
  useEffect(() => {
    const control = new AbortController();
    const pager = pagerOf(query);
    const time = BigInt(r.time);
    const load = async (): Promise<void> => {
      // The records of the line's own time are on its both sides, in the order that they always have.
      const here = await pager.page({ lo: time, hi: time + 1n }, 500, true, control.signal);
      const at = here.records.findIndex((x) => same(x, r));
      const [a, b] = await Promise.all([
        pager.page({ lo: time - hour, hi: time }, step, false, control.signal),
        pager.page({ lo: time + 1n, hi: time + hour }, step, true, control.signal),
      ]);
      if (control.signal.aborted) return;
      setBefore({ records: [...a.records.reverse(), ...here.records.slice(0, Math.max(at, 0))], rest: a.rest });
      setAfter({ records: [...here.records.slice(at + 1), ...b.records], rest: b.rest });
    };
    load().catch((e: unknown) => {
      if (!control.signal.aborted) setError(ApiError.of(e).message);
    });
    return () => control.abort();
  }, [query, r]);

  const more = async (side: Side, forward: boolean): Promise<void> => {
    if (!side.rest) return;
    try {
      const p = await pagerOf(query).page(side.rest, 3 * step, forward, new AbortController().signal);
      const records = forward ? [...side.records, ...p.records] : [...p.records.reverse(), ...side.records];
      (forward ? setAfter : setBefore)({ records, rest: records.length < 300 ? p.rest : null });
    } catch (e) {
      setError(ApiError.of(e).message);
    }
  };
  const look = { marks: props.marks, raw: state.value.raw, wrap: true, columns: [], days: false, tz: props.tz };
  const row = (x: Rec, key: string | number, here = false) => (
    <li key={key} class={here ? 'here' : undefined} data-level={levelOf(x)} aria-current={here ? 'true' : undefined}>
      <time class="line-time">{clockNs(x.time, props.tz)}</time>
      <span class="line-level level">{levelOf(x)}</span>
      <Message r={x} look={look} />
    </li>
  );
  return (
    <div class="context">
      <div class="row small muted">
        <span>
          Before and after, of the same source: <code>{query}</code>
        </span>
        <a
          href={link(fullView(r))}
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey) return;
            e.preventDefault();
            go(fullView(r));
          }}
        >
          All of them
        </a>
      </div>
      {error !== '' && <p class="problem" role="alert">{error}</p>}
      {!before && error === '' && <p class="muted small" role="status">Loading …</p>}
      {before && after && (
        <ol class="context-list">
          {before.rest && (
            <li class="context-more">
              <button type="button" class="small quiet" onClick={() => void more(before, false)}>
                ↑ Earlier lines
              </button>
            </li>
          )}
          {before.records.map((x, i) => row(x, i - before.records.length))}
          {row(r, 'here', true)}
          {after.records.map((x, i) => row(x, i + 1))}
          {after.rest && (
            <li class="context-more">
              <button type="button" class="small quiet" onClick={() => void more(after, true)}>
                ↓ Later lines
              </button>
            </li>
          )}
        </ol>
      )}
    </div>
  );
}
