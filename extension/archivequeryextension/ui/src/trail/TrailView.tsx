// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Everything of a request, from all services, in order.

import './trail.css';

import { signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';

import { trail as ask } from '../api/client';
import type { Trail } from '../api/types';
import { curl } from '../culprit/words';
import { useKeys } from '../keys';
import { stamp } from '../lib/clock';
import { msOf } from '../lib/time';
import { LogText } from '../lines/LogText';
import { bare } from '../lines/tokens';
import { type Loaded, resource } from '../state/run';
import { openTrail } from '../state/nav';
import { adjust, go, link, state, type State } from '../state/url';
import { copy } from '../widgets/say';
import { Empty, Loading, Notices } from '../widgets/States';
import { Value } from '../widgets/Value';
import { Lanes } from './Lanes';
import { clockTold, keyedLine, lineKey, linesQuery, tell } from './model';
import { Recent } from './Recent';
import { Records } from './Records';

const loaded = resource(
  () => {
    const { view, id } = state.value;
    return view === 'trail' && id !== '' ? id : null;
  },
  (id, abort) => ask(id, {}, abort),
);

/** shown is what was opened in the trail of the moment, and the one lane that is listed; both begin anew with another trail. */
const shown = signal<{ of: Trail | null; open: ReadonlySet<number>; only: number | null }>({ of: null, open: new Set(), only: null });

const shownOf = (t: Trail) => (shown.value.of === t ? shown.value : { of: t, open: new Set<number>(), only: null });

/** selectedOf is the record that the address names, else the first error. */
function selectedOf(t: Trail): number {
  const at = keyedLine(t.records, state.value.line);
  return at >= 0 ? at : (t.first_error ?? 0);
}

const select = (t: Trail, i: number): void => adjust({ line: lineKey(t.records, i) });

function toggle(t: Trail, i: number): void {
  const s = shownOf(t);
  const open = new Set(s.open);
  if (!open.delete(i)) open.add(i);
  shown.value = { ...s, open };
}

function move(by: number): boolean {
  const t = loaded.peek().data;
  if (!t || t.records.length === 0) return false;
  const { only } = shownOf(t);
  let at = selectedOf(t);
  do at += by;
  while (only !== null && t.records[at] && t.records[at]?.lane !== only);
  if (!t.records[at]) return true;
  select(t, at);
  requestAnimationFrame(() => document.querySelector<HTMLElement>(`[data-record="${at}"]`)?.focus({ preventScroll: true }));
  return true;
}

function Ask(props: { id: string }) {
  const [text, setText] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const shownText = text ?? props.id;
  return (
    <form
      class="row trail-ask" aria-label="Id to follow"
      onSubmit={(e) => {
        e.preventDefault();
        setText(null);
        if (shownText.trim() === '') field.current?.focus();
        else openTrail(shownText);
      }}
    >
      <label class="row grow">
        <span class="nowrap strong">Trail of</span>
        <input
          ref={field} class="mono grow" value={shownText} placeholder="a request id, a trace id, or any other id" spellcheck={false} autocomplete="off"
          onInput={(e) => setText(e.currentTarget.value)}
        />
      </label>
      <button type="submit" class={props.id === '' || text !== null ? 'primary' : undefined}>
        Follow
      </button>
    </form>
  );
}

/** Linked are the ids that were found together with the one that was asked for. */
function Linked(props: { of: Trail; id: string }) {
  const [all, setAll] = useState(false);
  const list = props.of.ids;
  const some = all ? list.slice(0, 200) : list.slice(0, 5);
  if (list.length === 0) return null;
  return (
    <p class="row small">
      <span class="muted">Followed by</span>
      {some.map((i) => (
        <span key={`${i.name} ${i.value}`} class="chip">
          <span class="muted">
            <Value text={i.name || 'id'} max={40} />
          </span>
          <span class="mono">
            <Value text={i.value} max={64} />
          </span>
          <button type="button" aria-label={`Copy ${bare(i.name || 'id', 60)}`} title="Copy" onClick={() => void copy(i.value, 'Id copied')}>
            copy
          </button>
        </span>
      ))}
      {list.length > some.length && (
        <button type="button" class="small quiet" onClick={() => setAll(true)}>
          {list.length - some.length} more
        </button>
      )}
    </p>
  );
}

function Head(props: { of: Trail; id: string }) {
  const { of: t, id } = props;
  const told = tell(t);
  const first = msOf(t.records[0]?.time ?? '0');
  const times = t.records.map((r) => msOf(r.time));
  const from = Math.floor(Math.min(...times));
  const to = Math.ceil(Math.max(...times)) + 1;
  const inLines: Partial<State> = { view: 'lines', q: linesQuery(t, id), filters: [], from: String(from - 1000), to: String(to + 1000), line: '', live: false };
  return (
    <div class={`panel trail-head${told.service === null ? '' : ' failed'}`}>
      <h2>
        {told.service !== null && (
          <>
            <Value text={told.service || 'an unknown service'} max={80} />{' '}
          </>
        )}
        {told.title}
      </h2>
      {told.text !== '' && (
        <blockquote class="trail-said">
          <LogText text={told.text} max={600} />
        </blockquote>
      )}
      <div class="row spread">
        <span class="muted num">begins {stamp(first, 3)}</span>
        <span class="row">
          {t.first_error !== null && (
            <button type="button" class="small" onClick={() => select(t, t.first_error ?? 0)}>
              Go to the first error <kbd>e</kbd>
            </button>
          )}
          <a
            class="button small" href={link(inLines)}
            onClick={(e) => {
              if (e.metaKey || e.ctrlKey || e.shiftKey) return;
              e.preventDefault();
              go(inLines);
            }}
          >
            As lines
          </a>
          <button type="button" class="small quiet" onClick={() => void copy(JSON.stringify(t, null, 2), 'Trail copied as JSON')}>
            Copy as JSON
          </button>
          <button type="button" class="small quiet" onClick={() => void copy(curl(`${location.origin}/logboom/api/v1/trail`, { id }), 'Command copied')}>
            Copy as curl
          </button>
        </span>
      </div>
      <Linked of={t} id={id} />
    </div>
  );
}

// They are about the trail that is shown, and the same functions always, so that rows that stay as they are need not be made anew.
const onSelect = (i: number): void => {
  const t = loaded.peek().data;
  if (t) select(t, i);
};
const onOpen = (i: number): void => {
  const t = loaded.peek().data;
  if (t) toggle(t, i);
};
const onOnly = (only: number | null): void => {
  const t = loaded.peek().data;
  if (t) shown.value = { ...shownOf(t), only };
};

function Result(props: { of: Loaded<Trail>; id: string }) {
  const { of, id } = props;
  const t = of.data;
  if (!t) return of.loading ? <Loading what="the trail" /> : null;
  if (t.records.length === 0)
    return (
      <Empty title="No record has this id.">
        <p>
          The whole archive was searched, for the id as it stands: capital letters count. A record that was written a moment ago may need some seconds, and
          requests that were sampled away are not here.
        </p>
        <p class="state-ways">
          <button type="button" onClick={() => go({ id: '' })}>
            Show requests that failed lately
          </button>
        </p>
      </Empty>
    );
  const clock = clockTold(t);
  const s = shownOf(t);
  const selected = selectedOf(t);
  return (
    <div class={of.loading ? 'stack dim' : 'stack'} aria-busy={of.loading}>
      <Head of={t} id={id} />
      {t.truncated && (
        <p class="notice partial">Only the first {t.records.length.toLocaleString('en')} records are shown: the trail is longer than one answer may be.</p>
      )}
      <section class="panel" aria-label="Services over time">
        <Lanes of={t} selected={selected} only={s.only} onSelect={onSelect} onOnly={onOnly} />
        {clock && <p class="muted small">{clock}</p>}
      </section>
      <Records of={t} selected={selected} only={s.only} open={s.open} onSelect={onSelect} onOpen={onOpen} />
    </div>
  );
}

export function TrailView() {
  useKeys(() => [
    { keys: 'j, ArrowDown', what: 'next record of the trail', group: 'Views', run: () => move(1) },
    { keys: 'k, ArrowUp', what: 'previous record of the trail', group: 'Views', run: () => move(-1) },
    {
      keys: 'Enter', what: 'open the record', group: 'Views',
      run: () => {
        const t = loaded.peek().data;
        if (!t || t.records.length === 0) return false;
        toggle(t, selectedOf(t));
        return true;
      },
    },
    {
      keys: 'e', what: 'go to the first error', group: 'Views',
      run: () => {
        const t = loaded.peek().data;
        if (!t || t.first_error === null) return false;
        shown.value = { ...shownOf(t), only: null };
        select(t, t.first_error);
        return true;
      },
    },
  ]);
  const { id } = state.value;
  return (
    <section class="stack trail" aria-label="Trail">
      <Ask key={id} id={id} />
      {id === '' ? (
        <>
          <p class="muted">
            Everything that was logged of one request, from all services, in order, with the first error found. Any line that has an id leads here, too.
          </p>
          <Recent />
        </>
      ) : (
        <>
          <Notices of={loaded.value} />
          <Result of={loaded.value} id={id} />
        </>
      )}
    </section>
  );
}
