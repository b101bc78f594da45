// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Lines as they come: the newest at the bottom, as in a terminal. Whoever scrolls up reads in peace: what comes then waits.

import './lines.css';

import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';

import { formatQuery, labels } from '../api/client';
import { useKeys } from '../keys';
import { exactNs } from '../lib/clock';
import { count, plural } from '../lib/format';
import { openTrail } from '../state/nav';
import { run } from '../state/run';
import { adjust, state } from '../state/url';
import { idOf } from '../trail/ids';
import { copy, say } from '../widgets/say';
import { levelOf } from './body';
import { jsonOf } from './copies';
import type { Rec } from './cursor';
import { closeDetails, Details } from './Details';
import { useFit } from './fit';
import { Buffer, Tail } from './live';
import { look } from './look';
import { find } from './place';
import { Row } from './Row';
import { useLayout } from './layout';
import { Toggles } from './Toolbar';
import { type Control, VirtualList } from './VirtualList';

/** What the server's streams have as labels; the others of a line are its fields. Learned once. */
let streamLabels: ReadonlySet<string> = new Set(['service_name', 'service_namespace', 'deployment_environment', 'deployment_environment_name']);
let learned = false;

function learn(): void {
  if (learned) return;
  learned = true;
  labels({ start: Date.now() - 6 * 3600e3, end: Date.now() }).then(
    (names) => {
      if (names.length > 0) streamLabels = new Set(names);
    },
    () => {
      learned = false;
    },
  );
}

export function LiveLines() {
  const r = run.value;
  const logql = r?.logql ?? '';
  const problem = useMemo(() => signal(''), [logql]);
  const now = look.value;
  const buffer = useMemo(() => new Buffer(), [logql]);
  const tail = useRef<Tail | null>(null);
  const version = useMemo(() => signal(0), []);
  const context = useMemo(() => signal(false), []);
  useEffect(() => {
    learn();
    const t = new Tail({ logql, origin: location.origin, streamLabels: () => streamLabels, onRecords: (records) => buffer.add(records) });
    tail.current = t;
    version.value++;
    const stop = t.state.subscribe((s) => {
      // A browser does not tell why a tail was refused: the query may be the reason.
      if (s === 'waiting' && t.reason.peek() === '') formatQuery(logql).then(() => (problem.value = ''), (e: Error) => (problem.value = e.message));
    });
    return () => {
      stop();
      t.close();
    };
  }, [logql, buffer]);
  void version.value;

  const box = useFit();
  const control = useRef<Control | null>(null);
  useLayout(control, buffer.blocks, buffer.version, now);
  const paused = buffer.paused.value;
  const resume = (): void => {
    buffer.resume();
    adjust({ line: '' });
    control.current?.toEnd('bottom');
  };
  const close = (): void => closeDetails(control.current, buffer.blocks);
  const mine = useRef({ resume, close, buffer });
  mine.current = { resume, close, buffer };
  const withOpen = (run: (r: Rec) => void): boolean => {
    const at = find(mine.current.buffer.blocks, state.peek().line);
    const rec = at?.block.records?.[at.row];
    if (rec) run(rec);
    return rec !== undefined;
  };
  useKeys(() => [
    {
      keys: 'p', what: 'live: hold, and go on', group: 'Lines',
      run: () => (mine.current.buffer.paused.peek() ? mine.current.resume() : mine.current.buffer.pause()),
    },
    { keys: 'End', what: 'live: go on', group: 'Lines', run: () => mine.current.resume() },
    { keys: 'c', run: () => withOpen(() => (context.value = !context.peek())) },
    {
      keys: 't', what: 'trail of the open line’s request', group: 'Lines',
      run: () =>
        withOpen((rec) => {
          const id = idOf(rec);
          if (id === null) say('This line names no request.');
          else openTrail(id);
        }),
    },
    { keys: 'y', what: 'copy the open line', group: 'Lines', run: () => withOpen((rec) => void copy(rec.line, 'Line copied')) },
    { keys: 'Y', what: 'copy the open line as JSON', group: 'Lines', run: () => withOpen((rec) => void copy(jsonOf(rec), 'JSON copied')) },
    {
      keys: 'Escape',
      run: () => {
        if (state.peek().line === '') return false;
        mine.current.close();
        return true;
      },
    },
    { keys: 'w', what: 'wrap long lines, or not', group: 'Lines', run: () => adjust({ wrap: !state.peek().wrap }) },
    { keys: 'v', what: 'lines as they were written, or as message and fields', group: 'Lines', run: () => adjust({ raw: !state.peek().raw }) },
  ]);

  const t = tail.current;
  const { line: open } = state.value;
  const rows = buffer.version.value >= 0 ? buffer.blocks.rows : 0;
  const lost = (t?.dropped.value ?? 0) + buffer.skipped.value;
  const connection = t?.state.value ?? 'connecting';
  const reason = problem.value || t?.reason.value || '';
  return (
    <section class="lines" aria-label="Live lines" ref={box}>
      <div class="lines-bar row">
        <span class="lines-live" data-state={paused ? 'paused' : connection}>
          {paused ? 'Held' : connection === 'open' ? 'Live' : connection === 'waiting' ? 'Not connected' : 'Connecting …'}
        </span>
        <button type="button" class={`small ${paused ? 'primary' : ''}`} aria-pressed={paused} onClick={() => (paused ? resume() : buffer.pause())}>
          {paused ? 'Go on' : 'Hold'} <kbd>p</kbd>
        </button>
        <button type="button" class="small" onClick={() => adjust({ live: false })}>
          End live
        </button>
        <Toggles />
        <span class="push muted small num">{plural(buffer.received.value, 'line')} so far</span>
      </div>
      {connection === 'waiting' && (
        <div class="notice error" role="alert">
          <p>The live tail is not connected{reason === '' ? ': the server does not answer, does not allow it, or has too many tails.' : `: ${reason}`} The page tries again by itself.</p>
          <button type="button" onClick={() => t?.now()}>
            Try now
          </button>
        </div>
      )}
      {lost > 0 && (
        <p class="notice partial" role="status">
          <span>{plural(lost, 'line')} came faster than can be shown, and were left out here. They are in the archive: a search has them.</span>
        </p>
      )}
      {t?.gap.value && <p class="notice partial">While it was not connected more lines came than are shown: a search has them.</p>}
      <div class="live-box">
        <VirtualList
          blocks={buffer.blocks} version={buffer.version} label="Live lines" busy={false} class={now.wrap ? 'wrapped' : 'unwrapped'} follow={!paused}
          control={(c) => (control.current = c)} onWindow={() => {}}
          onUser={() => {
            const c = control.current;
            if (!c) return;
            if (!buffer.paused.peek() && !c.atBottom()) buffer.pause();
            else if (buffer.paused.peek() && c.atBottom() && state.peek().line === '') buffer.resume();
          }}
          gap={() => null}
          row={(rec, ref, _b, index) => {
            const isOpen = ref === open;
            return (
              <article
                class={`line${now.wrap ? '' : ' single'}${isOpen ? ' open' : ''}`} data-level={levelOf(rec)} tabIndex={-1} aria-posinset={index + 1} aria-setsize={-1}
                aria-label={`${levelOf(rec)}, ${exactNs(rec.time, now.tz)}`}
              >
                <Row
                  r={rec} look={now} open={isOpen} at={ref}
                  toggle={(_r, at) => {
                    buffer.pause();
                    adjust({ line: state.peek().line === at ? '' : at });
                  }}
                />
                {isOpen && <Details r={rec} at={ref} marks={now.marks} tz={now.tz} context={context.value} setContext={(on) => (context.value = on)} close={close} />}
              </article>
            );
          }}
        />
        {rows === 0 && connection === 'open' && (
          <div class="live-empty state" role="status">
            <p class="state-title">Waiting for lines that match.</p>
            <p>They appear here as they come, and those of the last hour at once.</p>
          </div>
        )}
        {paused && (
          <button type="button" class="primary live-new" onClick={resume}>
            ↓ {buffer.waiting.value > 0 ? `${count(buffer.waiting.value)} new` : 'Go on'}
          </button>
        )}
      </div>
      <p class="visually-hidden" role="status" aria-live="polite">
        {paused && buffer.waiting.value > 0 ? `${plural(Math.floor(buffer.waiting.value / 100) * 100, 'new line')} wait` : ''}
      </p>
    </section>
  );
}
