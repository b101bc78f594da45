// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// "What changed?": what is over-represented among the bad records against the others.

import './culprit.css';

import { signal } from '@preact/signals';

import { culprit as ask } from '../api/client';
import type { Culprit } from '../api/types';
import { histogram } from '../histogram/load';
import { useKeys } from '../keys';
import { interval } from '../lib/clock';
import { count, plural } from '../lib/format';
import { nsOf } from '../lib/time';
import { everything } from '../search/compose';
import { type Loaded, resource, run, type Run } from '../state/run';
import { go, state } from '../state/url';
import { openTrail } from '../state/nav';
import { idOf } from '../trail/ids';
import { NothingHere } from '../widgets/NothingHere';
import { copy } from '../widgets/say';
import { Empty, Loading, Notices } from '../widgets/States';
import { type Comparison, readBad, request } from './bad';
import { CauseCard } from './CauseCard';
import { Chooser } from './Chooser';
import { curl, lookedAt } from './words';

const loaded = resource(
  () => {
    const r = run.value;
    const { view, bad } = state.value;
    return view === 'culprit' && r && !r.metric ? { logql: r.logql, start: r.start, end: r.end, bad } : null;
  },
  (k, abort) => {
    const q = request(readBad(k.bad), k);
    return ask(k.logql, q.bad, q.more, abort);
  },
);

/** opened are the causes, by number, that were opened or closed against the rule: the first is open. */
const opened = signal<{ of: unknown; flipped: ReadonlySet<number> }>({ of: null, flipped: new Set() });

const isOpen = (of: Culprit, i: number): boolean => (i === 0) !== (opened.value.of === of && opened.value.flipped.has(i));

function toggle(of: Culprit, i: number): void {
  const flipped = new Set(opened.peek().of === of ? opened.peek().flipped : []);
  if (!flipped.delete(i)) flipped.add(i);
  opened.value = { of, flipped };
}

const heads = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[data-cause]')];

/** move puts the focus on the head of another cause. */
function move(by: number): boolean {
  const list = heads();
  if (list.length === 0) return false;
  const at = list.findIndex((h) => h.closest('li')?.contains(document.activeElement));
  const next = list[Math.min(list.length - 1, Math.max(0, at < 0 ? (by > 0 ? 0 : list.length - 1) : at + by))];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
  return true;
}

const current = (): number => Number(heads().find((h) => h.closest('li')?.contains(document.activeElement))?.dataset['cause'] ?? 0);

/** said are warnings about what was compared, not about what could not be read: the view says them in its own words. */
const said = /^there are no records (?:before the interval|in the baseline)/;

function compared(c: Comparison, a: Culprit): string {
  const bad = plural(a.bad.records, 'record');
  switch (c.by) {
    case 'errors':
      return `${bad} of level error or fatal, against the ${count(a.baseline.records)} others of ${interval(a.baseline.start_ms, a.baseline.end_ms)}.`;
    case 'filter':
      return `${bad} that match, against the ${count(a.baseline.records)} others of ${interval(a.baseline.start_ms, a.baseline.end_ms)}.`;
    case 'interval':
      return `${bad} of ${interval(a.bad.start_ms, a.bad.end_ms)}, against ${count(a.baseline.records)} of ${
        c.rest ? 'the rest of ' : a.baseline.start_ms >= a.bad.end_ms ? 'the time after, as nothing comes before: ' : 'the time before, '}${interval(a.baseline.start_ms, a.baseline.end_ms)}.`;
  }
}

function command(r: Run, c: Comparison): string {
  const q = request(c, r);
  return curl(`${location.origin}/logboom/api/v1/culprit`, { query: r.logql, start: nsOf(q.bad.start), end: nsOf(q.bad.end), ...q.more });
}

function Nothing(props: { comparison: Comparison; answer: Culprit; run: Run }) {
  const { comparison: c, answer: a } = props;
  if (a.bad.records === 0 && a.baseline.records === 0) return <NothingHere what="record" />;
  if (a.bad.records === 0)
    return (
      <Empty title={c.by === 'errors' ? 'There are no errors here.' : c.by === 'filter' ? 'Nothing matches here.' : 'There is nothing in the marked interval.'}>
        <p>
          {c.by === 'errors'
            ? 'No record of this time range has the level error or fatal. If it was slow rather than broken, mark the bad time: choose “A time interval”, or drag over the histogram.'
            : c.by === 'filter'
              ? 'Write another condition, or widen the time range.'
              : 'Mark another part of the histogram, or widen the time range.'}
        </p>
      </Empty>
    );
  if (a.baseline.records === 0)
    return (
      <Empty title="There is nothing to compare with.">
        <p>
          {c.by === 'interval' && !c.rest
            ? 'No records come before the marked interval. Compare it with all the rest, or widen the time range.'
            : 'All records that the search finds are bad ones. Widen the time range, or search for more.'}
        </p>
        {props.run.logql !== everything && (
          <button type="button" class="primary" onClick={() => go({ q: '', filters: [] })}>
            Compare with everything
          </button>
        )}
      </Empty>
    );
  return (
    <Empty title="Nothing stands out.">
      <p>
        Every message, field value and number is about as frequent among the bad records as elsewhere. Mark a shorter interval, or search for the service that
        you suspect, and compare again.
      </p>
    </Empty>
  );
}

function Result(props: { of: Loaded<Culprit>; run: Run; comparison: Comparison }) {
  const { of, comparison: c } = props;
  const a = of.data;
  if (!a) return of.loading ? <Loading what="what changed" /> : null;
  const causes = a.causes ?? [];
  const sample = lookedAt(a);
  return (
    <div class={of.loading ? 'stack dim' : 'stack'} aria-busy={of.loading}>
      <div class="row spread">
        <p class="muted culprit-compared" role="status">
          Compared: {compared(c, a)} {sample} {!a.complete && !sample && 'Not all of it could be read in time.'}
        </p>
        <span class="row">
          <button type="button" class="quiet small" onClick={() => void copy(JSON.stringify(a, null, 2), 'Answer copied as JSON')}>
            Copy as JSON
          </button>
          <button type="button" class="quiet small" onClick={() => void copy(command(props.run, c), 'Command copied')}>
            Copy as curl
          </button>
        </span>
      </div>
      {causes.length === 0 || a.baseline.records === 0 ? (
        <Nothing comparison={c} answer={a} run={props.run} />
      ) : (
        <ol class="stack culprit-list" aria-label="What is over-represented, the likeliest first">
          {causes.map((cause, i) => (
            <CauseCard key={i} cause={cause} rank={i + 1} of={a} comparison={c} open={isOpen(a, i)} onToggle={() => toggle(a, i)} />
          ))}
        </ol>
      )}
    </div>
  );
}

export function CulpritView() {
  useKeys(() => [
    { keys: 'j, ArrowDown', what: 'next cause', group: 'Views', run: () => move(1) },
    { keys: 'k, ArrowUp', what: 'previous cause', group: 'Views', run: () => move(-1) },
    {
      keys: 't', what: 'trail of an example of the cause', group: 'Views',
      run: () => {
        const id = loaded.peek().data?.causes?.[current()]?.examples?.map(idOf).find((i) => i !== null);
        if (!id) return false;
        openTrail(id);
        return true;
      },
    },
  ]);
  const r = run.value;
  if (!r) return <NothingHere what="record" />;
  const c = readBad(state.value.bad);
  return (
    <section class="stack culprit" aria-label="Culprit">
      <div class="panel">
        <h2>What is different about …</h2>
        <Chooser comparison={c} range={r} spikes={histogram.value.data?.spikes ?? []} />
      </div>
      <Notices of={{ ...loaded.value, warnings: loaded.value.warnings.filter((w) => !said.test(w)) }} />
      <Result of={loaded.value} run={r} comparison={c} />
    </section>
  );
}
