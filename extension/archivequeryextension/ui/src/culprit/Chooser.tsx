// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Which records are the bad ones, and against what they are compared.

import { useId, useState } from 'preact/hooks';

import type { Histogram } from '../api/types';
import { interval, readWall, stamp } from '../lib/clock';
import { count } from '../lib/format';
import type { Interval } from '../lib/time';
import { go } from '../state/url';
import { type Comparison, writeBad } from './bad';

const choose = (c: Comparison): void => go({ bad: writeBad(c) });

/** firstInterval is what is marked when somebody turns to intervals and has marked none: the largest spike, or the last fifth. */
export function firstInterval(range: Interval, spikes: Histogram['spikes']): Interval {
  const most = [...spikes].sort((a, b) => b.records - a.records)[0];
  return most ? { start: most.start_ms, end: most.end_ms } : { start: Math.round(range.end - (range.end - range.start) / 5), end: range.end };
}

function Times(props: { at: Comparison & { by: 'interval' } }) {
  const { at } = props;
  const id = useId();
  const [from, setFrom] = useState<string | null>(null);
  const [to, setTo] = useState<string | null>(null);
  const [problem, setProblem] = useState('');
  const shown = (ms: number): string => stamp(ms, ms % 1000 === 0 ? 0 : 3);
  const submit = (e: Event): void => {
    e.preventDefault();
    const start = from === null ? at.start : readWall(from);
    const end = to === null ? at.end : readWall(to);
    if (Number.isNaN(start) || Number.isNaN(end)) setProblem('A time is written like 2026-01-15 13:05:00.');
    else if (start >= end) setProblem('The interval must start before it ends.');
    else {
      setProblem('');
      setFrom(null);
      setTo(null);
      choose({ ...at, start, end });
    }
  };
  return (
    <form class="row culprit-times" onSubmit={submit}>
      <label>
        from{' '}
        <input class="mono" size={23} value={from ?? shown(at.start)} onInput={(e) => setFrom(e.currentTarget.value)} aria-invalid={problem !== ''} aria-describedby={id} />
      </label>
      <label>
        to{' '}
        <input class="mono" size={23} value={to ?? shown(at.end)} onInput={(e) => setTo(e.currentTarget.value)} aria-invalid={problem !== ''} aria-describedby={id} />
      </label>
      <button type="submit" disabled={from === null && to === null}>
        Compare
      </button>
      <span class="nowrap">compared with</span>
      <span class="group" role="group" aria-label="Compared with">
        <button type="button" aria-pressed={!at.rest} onClick={() => choose({ ...at, rest: false })}>
          what came before
        </button>
        <button type="button" aria-pressed={at.rest} onClick={() => choose({ ...at, rest: true })}>
          all the rest
        </button>
      </span>
      <span id={id} class={problem ? 'problem' : 'hint'} role={problem ? 'alert' : undefined}>
        {problem}
      </span>
    </form>
  );
}

function Pipeline(props: { filter: string }) {
  const id = useId();
  const [text, setText] = useState<string | null>(null);
  const shown = text ?? props.filter;
  const good = /^\s*[|!]/.test(shown);
  return (
    <form
      class="row"
      onSubmit={(e) => {
        e.preventDefault();
        if (!good) return;
        setText(null);
        choose({ by: 'filter', filter: shown });
      }}
    >
      <label class="row grow">
        <span class="nowrap">The bad ones pass</span>
        <input
          class="mono grow" value={shown} spellcheck={false} aria-invalid={!good} aria-describedby={id} onInput={(e) => setText(e.currentTarget.value)}
        />
      </label>
      <button type="submit" disabled={text === null || !good}>
        Compare
      </button>
      <span id={id} class="hint">
        A part of LogQL, such as <code>| status=~"5.."</code>, <code>|= "timeout"</code> or <code>| json | took_ms &gt; 500</code>
      </span>
    </form>
  );
}

export function Chooser(props: { comparison: Comparison; range: Interval; spikes: Histogram['spikes'] }) {
  const { comparison: c, range, spikes } = props;
  return (
    <div class="stack culprit-chooser">
      <div class="row">
        <span class="group" role="group" aria-label="What is bad">
          <button type="button" aria-pressed={c.by === 'errors'} onClick={() => choose({ by: 'errors' })}>
            Errors
          </button>
          <button
            type="button" aria-pressed={c.by === 'interval'}
            onClick={() => c.by !== 'interval' && choose({ by: 'interval', rest: false, ...firstInterval(range, spikes) })}
          >
            A time interval
          </button>
          <button type="button" aria-pressed={c.by === 'filter'} onClick={() => c.by !== 'filter' && choose({ by: 'filter', filter: '|= "timeout"' })}>
            What matches …
          </button>
        </span>
        {spikes.slice(0, 3).map((s) => (
          <button
            key={s.start_ms} type="button" class="quiet small" aria-pressed={c.by === 'interval' && c.start === s.start_ms && c.end === s.end_ms}
            onClick={() => choose({ by: 'interval', rest: false, start: s.start_ms, end: s.end_ms })}
          >
            Spike {interval(s.start_ms, s.end_ms).replace(/^\S+ /, '')} ({count(s.records / Math.max(1, s.usual))}× the usual)
          </button>
        ))}
      </div>
      {c.by === 'interval' && <Times at={c} />}
      {c.by === 'filter' && <Pipeline filter={c.filter} />}
    </div>
  );
}
