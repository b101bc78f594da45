// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The time range: quick ones, two ends, the zone, and ways to move it.

import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

import { useKeys } from '../keys';
import { brief, interval, stamp, zone } from '../lib/clock';
import { duration } from '../lib/format';
import { resolve } from '../lib/time';
import { askExtent, extent, showAll, showNewest } from '../state/extent';
import { again, run } from '../state/run';
import { adjust, go, state } from '../state/url';
import { Popover } from '../widgets/Popover';
import { lastOf, quick, readEnd, shift, zoom } from './ranges';

const open = signal(false);

function move(how: (r: NonNullable<typeof run.value>, now: number) => { from: string; to: string }): void {
  const r = run.peek();
  if (r) go({ ...how(r, Date.now()), line: '', live: false });
}

const later = (): void => move((r, now) => shift(r, 1, now));
const earlier = (): void => move((r, now) => shift(r, -1, now));
const zoomOut = (): void => move((r, now) => zoom(state.peek(), r, true, now));
const zoomIn = (): void => move((r, now) => zoom(state.peek(), r, false, now));

/** toggleLive follows the newest lines; a range of the past becomes one that ends now. */
export function toggleLive(): void {
  const s = state.peek();
  if (s.live) go({ live: false });
  else go({ live: true, view: 'lines', line: '', ...(s.to === 'now' ? {} : { from: 'now-15m', to: 'now' }) });
}

function text(end: string): string {
  return /^\d{12,14}$/.test(end) ? stamp(Number(end), Number(end) % 1000 ? 3 : 0) : end;
}

function Ends() {
  const { from, to } = state.value;
  const a = useSignal(text(from));
  const b = useSignal(text(to));
  const problem = useSignal('');
  const zoneNow = zone.value;
  useEffect(() => {
    a.value = text(from);
    b.value = text(to);
    problem.value = '';
  }, [from, to, zoneNow]);
  const apply = (e: Event): void => {
    e.preventDefault();
    // What nobody touched stays as it is: where clocks are put back, a time on the wall is two times.
    const end = (typed: string, was: string): string => (typed === text(was) ? was : readEnd(typed, zoneNow, Date.now()));
    const next = { from: end(a.value, from), to: end(b.value || 'now', to) };
    if (next.from === '' || next.to === '') problem.value = 'A time is like 2026-01-15 13:05 or now-2h.';
    else if (!resolve(next)) problem.value = 'The start must come before the end.';
    else {
      open.value = false;
      go({ ...next, line: '', live: false });
    }
  };
  return (
    <form class="ends" onSubmit={apply}>
      <label class="field">
        From
        <input type="text" value={a.value} aria-invalid={problem.value !== ''} onInput={(e) => (a.value = e.currentTarget.value)} spellcheck={false} />
      </label>
      <label class="field">
        To
        <input type="text" value={b.value} aria-invalid={problem.value !== ''} onInput={(e) => (b.value = e.currentTarget.value)} spellcheck={false} />
      </label>
      {problem.value ? (
        <p class="problem" role="alert">{problem.value}</p>
      ) : (
        <p class="hint">2026-01-15 13:05, now-2h, 2026-01-15T13:05:00Z</p>
      )}
      <button type="submit" class="primary">Apply</button>
    </form>
  );
}

function Zone() {
  const { tz } = state.value;
  const local = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';
  const all = useSignal<string[]>([]);
  return (
    <label class="field">
      Time zone
      <select
        value={tz} onFocus={() => (all.value = Intl.supportedValuesOf('timeZone'))} onPointerDown={() => (all.value = Intl.supportedValuesOf('timeZone'))}
        onChange={(e) => adjust({ tz: e.currentTarget.value })}
      >
        <option value="local">This browser's ({local})</option>
        <option value="utc">UTC</option>
        {tz !== 'local' && tz !== 'utc' && !all.value.includes(tz) && <option value={tz}>{tz}</option>}
        {all.value.map((z) => (
          <option key={z} value={z}>{z}</option>
        ))}
      </select>
    </label>
  );
}

function All() {
  useEffect(() => void askExtent(true), []);
  const e = extent.value;
  if (!e) return null;
  const leave = (act: () => void) => (): void => {
    open.value = false;
    act();
  };
  return (
    <div class="all-there-is">
      <button type="button" onClick={leave(() => showAll(e))}>All there is</button>
      <button type="button" onClick={leave(() => showNewest(e))}>Newest hour</button>
      <p class="hint">{interval(e.oldest, e.newest)}</p>
    </div>
  );
}

function Panel() {
  const s = state.value;
  return (
    <div class="range-panel">
      <div class="quick" role="group" aria-label="Quick ranges, until now">
        {quick.map(([q, name]) => {
          const now = s.to === 'now' && s.from === `now-${q}`;
          return (
            <button
              key={q} type="button" class="quiet" aria-pressed={now} data-first={now ? '' : undefined}
              onClick={() => {
                open.value = false;
                if (now) again();
                else go({ from: `now-${q}`, to: 'now', line: '' });
              }}
            >
              Last {name}
            </button>
          );
        })}
      </div>
      <div class="stack">
        <div class="group narrow-only">
          <button type="button" onClick={zoomOut}>Zoom out</button>
          <button type="button" onClick={zoomIn}>Zoom in</button>
          <button type="button" onClick={again}>Ask again</button>
        </div>
        <Ends />
        <All />
        <Zone />
      </div>
    </div>
  );
}

export function TimeRange() {
  useKeys(() => [
    { keys: 'T', what: 'choose the time range', group: 'Time', run: () => void (open.value = true) },
    { keys: '-', what: 'zoom out', group: 'Time', run: zoomOut },
    { keys: '+, =', what: 'zoom in', group: 'Time', run: zoomIn },
    { keys: '[', what: 'earlier, by half the range', group: 'Time', run: earlier },
    { keys: ']', what: 'later', group: 'Time', run: later },
    { keys: 'r', what: 'ask again, as of now', group: 'Time', run: again },
    { keys: '.', what: 'live: follow the newest lines', group: 'Time', run: toggleLive },
  ]);
  const s = state.value;
  const r = run.value;
  const last = lastOf(s);
  const label = last || (r ? interval(r.start, r.end) : 'Choose a time range');
  const short = r ? brief(r.start, r.end) : null;
  const zoneName = zone.value === 'UTC' || s.tz !== 'local' ? (zone.value.split('/').pop() ?? '') : '';
  return (
    <div class="time" role="group" aria-label="Time">
      <div class="time-move group">
        <button type="button" class="icon" aria-label="Earlier" title="Earlier  [" onClick={earlier}>◀</button>
        <Popover
          open={open} name="Time range" title={r ? `${interval(r.start, r.end)} (${duration(r.end - r.start)})` : undefined} class="range-button" end
          label={<><span class="visually-hidden">Time range: </span><span class="cut">{last || short ? <>{last || <><span class="year">{short?.year}</span>{short?.text}</>}</> : label}</span> {zoneName && <span class="muted small">{zoneName}</span>} <span aria-hidden="true">▾</span></>}
        >
          <Panel />
        </Popover>
        <button type="button" class="icon" aria-label="Later" title="Later  ]" onClick={later} disabled={r ? r.end >= Date.now() - 1000 : true}>▶</button>
      </div>
      <button type="button" class="icon spare" aria-label="Zoom out" title="Zoom out  −" onClick={zoomOut}>−</button>
      <button type="button" class="icon spare" aria-label="Ask again" title="Ask again, as of now  r" onClick={again}>↻</button>
      <button type="button" class="live" aria-label="Live" aria-pressed={s.live} title="Follow the newest lines  ." onClick={toggleLive}>
        <span class="live-dot" aria-hidden="true" /> <span class="live-text">Live</span>
      </button>
    </div>
  );
}
