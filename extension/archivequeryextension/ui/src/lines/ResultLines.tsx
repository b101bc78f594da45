// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The lines of a search.

import './lines.css';

import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { lines } from '../api/client';
import { histogram } from '../histogram/load';
import { useKeys } from '../keys';
import { exactNs } from '../lib/clock';
import { count } from '../lib/format';
import { again, run, type Run } from '../state/run';
import { openTrail } from '../state/nav';
import { adjust, state } from '../state/url';
import { idOf } from '../trail/ids';
import { NothingHere } from '../widgets/NothingHere';
import { Empty, Loading, Notices } from '../widgets/States';
import { copy, say } from '../widgets/say';
import type { Block } from './blocks';
import { levelOf } from './body';
import { jsonOf } from './copies';
import { Pager, type Rec } from './cursor';
import { closeDetails, Details } from './Details';
import { useFit } from './fit';
import { useLayout } from './layout';
import { look } from './look';
import { find, refOf, timeOf } from './place';
import { Row } from './Row';
import { densityOf, Store } from './store';
import { Toolbar } from './Toolbar';
import { type Control, VirtualList } from './VirtualList';

const cursor = signal(''); // the row of the keyboard
const withContext = signal(false);

const ns = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;

/** densityFor is the density that the histogram of the same question tells. */
function densityFor(r: Run): ReturnType<typeof densityOf> | null {
  const h = histogram.value;
  const d = h.data;
  if (!d || h.loading || d.start_ms > r.start || d.end_ms < r.end - d.step_ms) return null;
  const n = Math.max(0, ...Object.values(d.records).map((c) => c.length));
  const sums = Array.from({ length: n }, (_, i) => Object.values(d.records).reduce((s, c) => s + (c[i] ?? 0), 0));
  return densityOf(d.start_ms, d.step_ms, sums);
}

function storeFor(r: Run, forward: boolean): Store {
  const pager = new Pager((span, limit, fwd, abort) => lines({ logql: r.logql, startNs: String(span.lo), endNs: String(span.hi) }, limit, fwd, abort));
  return new Store(pager, { span: { lo: ns(r.start), hi: ns(r.end) }, forward });
}

export function ResultLines() {
  const r = run.value;
  if (!r) return <Empty title="The time range is none: its start must come before its end." />;
  return <Result r={r} />;
}

function Result(props: { r: Run }) {
  const { r } = props;
  const { oldest } = state.value;
  const now = look.value;
  const store = useMemo(() => storeFor(r, oldest), [r, oldest]);
  useEffect(() => () => store.close(), [store]);
  const box = useFit();
  const control = useRef<Control | null>(null);
  const begun = useRef<Store | null>(null);
  const later = useRef(0);

  const density = densityFor(r);
  useEffect(() => {
    if (!density) return;
    store.know(density);
  }, [store, histogram.value.data]);

  useLayout(control, store.blocks, store.version, now);

  store.onChange = (c) => {
    control.current?.scroll.replaced(c);
  };

  const onWindow = (c: Control, first: Block | null, last: Block | null, moving: boolean): void => {
    if (begun.current !== store) {
      begun.current = store;
      withContext.value = false;
      const open = timeOf(state.peek().line);
      const gap = store.blocks.list[0];
      if (open !== null && gap && open >= gap.span.lo && open < gap.span.hi) {
        // The line that the address names, with some before it.
        void store.load(gap, oldest ? open - 1n : open + 1n).then(() => {
          const at = find(store.blocks, state.peek().line);
          if (at) {
            cursor.value = state.peek().line;
            c.show(at.block, at.row, 0.3);
          } else if (!store.error.peek()) say('The line of the address is not in this result.');
        });
        return;
      }
    }
    if (first && last) store.keep(first, last);
    clearTimeout(later.current);
    const wanted = c.scroll.wanted((b, part) => store.timeAt(b.span, part));
    const next = wanted[0];
    if (!next || (store.loading.peek() && !store.began.peek())) return;
    if (wanted.some((w) => store.isLoading(w.block))) return;
    const load = (): void => void store.load(next.block, next.entry);
    if (moving || typeof next.entry === 'bigint') later.current = window.setTimeout(load, 120);
    else load();
  };

  const toggle = (rec: Rec, ref: string): void => {
    cursor.value = ref;
    void rec;
    withContext.value = false;
    adjust({ line: state.peek().line === ref ? '' : ref });
  };

  const move = (by: 1 | -1): void => {
    const at = find(store.blocks, cursor.peek());
    let to = at ? store.blocks.step(at, by) : null;
    if (!at) {
      const p = control.current ? store.blocks.at(control.current.scroll.y + 4) : null;
      if (p?.block.records) to = { block: p.block, row: p.row };
    }
    const records = to?.block.records;
    if (!to || !records) return;
    cursor.value = refOf(records, to.row, oldest);
    control.current?.show(to.block, to.row);
    requestAnimationFrame(() => control.current?.element()?.querySelector<HTMLElement>('.line.current')?.focus({ preventScroll: true }));
  };
  const here = (): Rec | null => {
    const at = find(store.blocks, state.peek().line || cursor.peek()) ?? find(store.blocks, cursor.peek());
    return at?.block.records?.[at.row] ?? null;
  };
  const close = (): void => closeDetails(control.current, store.blocks);
  const act = useRef({ move, here, toggle, close, control, store });
  act.current = { move, here, toggle, close, control, store };
  useKeys(() => [
    { keys: 'j, ArrowDown', what: 'next line', group: 'Lines', run: () => act.current.move(1) },
    { keys: 'k, ArrowUp', what: 'line before', group: 'Lines', run: () => act.current.move(-1) },
    {
      keys: 'Enter, o', what: 'details of the line, and closed again', group: 'Lines',
      run: () => {
        if (cursor.peek() === '') return false;
        adjust({ line: state.peek().line === cursor.peek() ? '' : cursor.peek() });
        return true;
      },
    },
    {
      keys: 'Escape',
      run: () => {
        if (state.peek().line === '') return false;
        act.current.close();
        return true;
      },
    },
    {
      keys: 'c', what: 'what came before and after the line', group: 'Lines',
      run: () => {
        const ref = state.peek().line || cursor.peek();
        if (ref === '') return false;
        withContext.value = state.peek().line === '' || !withContext.peek();
        adjust({ line: ref });
        return true;
      },
    },
    {
      keys: 't', what: 'trail of the line’s request', group: 'Lines',
      run: () => {
        const rec = act.current.here();
        const id = rec ? idOf(rec) : null;
        if (id === null) {
          if (rec) say('This line names no request.');
          return rec !== null;
        }
        openTrail(id);
        return true;
      },
    },
    {
      keys: 'y', what: 'copy the line', group: 'Lines',
      run: () => {
        const rec = act.current.here();
        if (rec) void copy(rec.line, 'Line copied');
        return rec !== null;
      },
    },
    {
      keys: 'Y', what: 'copy the line as JSON', group: 'Lines',
      run: () => {
        const rec = act.current.here();
        if (rec) void copy(jsonOf(rec), 'JSON copied');
        return rec !== null;
      },
    },
    { keys: 'Home', what: 'first line', group: 'Lines', run: () => act.current.control.current?.toEnd('top') },
    { keys: 'End', what: 'last line', group: 'Lines', run: () => act.current.control.current?.toEnd('bottom') },
    { keys: 'w', what: 'wrap long lines, or not', group: 'Lines', run: () => adjust({ wrap: !state.peek().wrap }) },
    { keys: 'v', what: 'lines as they were written, or as message and fields', group: 'Lines', run: () => adjust({ raw: !state.peek().raw }) },
  ]);

  const { line: open } = state.value;
  const current = cursor.value;
  const context = withContext.value;
  const began = store.began.value;
  const error = store.error.value;
  const rows = store.version.value >= 0 ? store.blocks.rows : 0;
  const whole = store.blocks.list.every((b) => !b.gap);
  const total = whole ? rows : density ? (histogram.value.data?.total ?? null) : null;
  const unknown = error !== null && store.blocks.list.every((b) => !b.records);
  const nothing = began && !error && store.blocks.list.every((b) => b.records !== null && b.count === 0);
  return (
    <section class="lines" aria-label="Lines" ref={box}>
      <Toolbar r={r} rows={total} />
      <Notices of={{ loading: false, data: null, error: null, warnings: store.warnings.value }} />
      {error && (
        <div class="notice error" role="alert">
          <p>{error.message}</p>
          {error.at === null && (
            <button type="button" onClick={() => (unknown ? again() : store.retry())}>
              Try again
            </button>
          )}
        </div>
      )}
      {store.hidden.value && (
        <p class="notice partial">There are more records of one and the same nanosecond than can be shown: some are left out here. A download has them all.</p>
      )}
      {store.changed.value && (
        <p class="notice">
          <span>More records have come for a part that was shown before.</span>
          <button type="button" class="small" onClick={again}>
            Search again
          </button>
        </p>
      )}
      {nothing && <NothingHere />}
      {!nothing && !unknown && (
        <VirtualList
          blocks={store.blocks} version={store.version} label="Lines" busy={store.loading.value} class={now.wrap ? 'wrapped' : 'unwrapped'}
          control={(c) => (control.current = c)} onWindow={onWindow}
          gap={(b) => (b.failed ? <p class="state">This part could not be loaded.</p> : began || !store.loading.value ? <span class="gap-text">Loading …</span> : <Loading what="lines" />)}
          row={(rec, ref, _block, index) => {
            const isOpen = ref === open;
            return (
              <article
                class={`line${now.wrap ? '' : ' single'}${isOpen ? ' open' : ''}${ref === current ? ' current' : ''}`} data-level={levelOf(rec)} tabIndex={ref === current ? 0 : -1}
                aria-posinset={index + 1} aria-setsize={-1} aria-label={`${levelOf(rec)}, ${exactNs(rec.time, now.tz)}`}
                onFocus={() => (cursor.value = ref)}
              >
                <Row r={rec} look={now} open={isOpen} at={ref} toggle={toggle} />
                {isOpen && (
                  <Details
                    r={rec} at={ref} marks={now.marks} tz={now.tz} context={context} setContext={(on) => (withContext.value = on)} close={close}
                  />
                )}
              </article>
            );
          }}
        />
      )}
      <p class="visually-hidden" role="status" aria-live="polite">
        {began && !nothing && total !== null ? `${count(total)} lines` : ''}
      </p>
    </section>
  );
}
