// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { useId } from 'preact/hooks';

import type { Cause, Culprit, LogRecord } from '../api/types';
import { clockNs } from '../lib/clock';
import { count, percent } from '../lib/format';
import { opposite, simplePart } from '../search/parts';
import { addPart, excludePart, openTrail } from '../state/nav';
import { link, type State } from '../state/url';
import { Brief } from '../trail/Brief';
import { idOf } from '../trail/ids';
import { copy } from '../widgets/say';
import { Spark } from '../widgets/Spark';
import { Template } from '../widgets/Template';
import { Value } from '../widgets/Value';
import type { Comparison } from './bad';
import { keyText, kinds, liftText, liftWords, shadeOf, sideNames } from './words';

/** Share is a share of a side as a bar with its number. */
function Share(props: { name: string; share: number; most: number; records: number; level?: string }) {
  const { share, most } = props;
  return (
    <div class="culprit-share">
      <span class="muted">{props.name}</span>
      <span class="share" aria-hidden="true" data-level={props.level}>
        <span style={{ width: `${Math.min(100, most > 0 ? (share / most) * 100 : 0)}%` }} />
      </span>
      <span class="num">
        {percent(share)} <span class="muted">({count(props.records)})</span>
      </span>
    </div>
  );
}

function Example(props: { record: LogRecord }) {
  const { record: r } = props;
  const level = r.metadata['detected_level'] ?? r.stream['detected_level'] ?? 'unknown';
  const id = idOf(r);
  return (
    <li class="culprit-example" data-level={level}>
      <time class="num muted">{clockNs(r.time)}</time> <span class="culprit-line">
        <Brief record={r} />
      </span>
      {id !== null && (
        <a
          class="button small" href={link({ view: 'trail', id })} title="Everything of this request, from all services"
          onClick={(e) => {
            if (e.metaKey || e.ctrlKey || e.shiftKey) return;
            e.preventDefault();
            openTrail(id);
          }}
        >
          Trail
        </a>
      )}
    </li>
  );
}

/** excludable: there is a condition for all but these lines; the lines of a whole service are left out only if the cause is the service. */
const excludable = (c: Cause): boolean =>
  c.filter ? simplePart(c.filter).kind !== 'pipe' || opposite(c.filter) !== null : c.matcher !== undefined && c.matcher !== '';

/** Details are what an opened cause shows: its examples, what can be done, what comes and goes with it. */
function Details(props: { cause: Cause; of: Culprit; primary: boolean }) {
  const { cause: c, of } = props;
  const silent = c.kind === 'silence';
  // The lines of an interval's cause are looked at where they are: in the interval, or before it if it fell silent.
  const there: Partial<State> =
    of.by !== 'interval' ? { view: 'lines' }
    : silent ? { view: 'lines', from: String(of.baseline.start_ms), to: String(of.bad.end_ms) }
    : { view: 'lines', from: String(of.bad.start_ms), to: String(of.bad.end_ms) };
  const selects = c.filter !== undefined || c.matcher !== undefined || c.service !== '';
  return (
    <>
      {c.examples?.length > 0 && (
        <ul class="culprit-examples" aria-label="Examples">
          {c.examples.slice(0, 2).map((e, i) => (
            <Example key={i} record={e} />
          ))}
        </ul>
      )}
      <div class="row">
        {selects && (
          <>
            <button type="button" class={props.primary ? 'primary' : undefined} onClick={() => addPart(c, there)}>
              {silent ? 'Show these lines before' : 'Show only these lines'}
            </button>
            {excludable(c) && (
              <button type="button" onClick={() => excludePart(c.filter ? { filter: c.filter } : { matcher: c.matcher })} title="Compare once more without them">
                Exclude
              </button>
            )}
          </>
        )}
        <button type="button" class="quiet" onClick={() => void copy(JSON.stringify(c, null, 2), 'Cause copied as JSON')}>
          Copy as JSON
        </button>
      </div>
      {c.also?.length > 0 && (
        <details>
          <summary>
            {count(c.also.length)} more that {c.also.length === 1 ? 'comes' : 'come'} and {c.also.length === 1 ? 'goes' : 'go'} with it
          </summary>
          <ul class="culprit-also">
            {c.also.slice(0, 50).map((k, i) => (
              <li key={i}>
                <span class="badge">{kinds[k.kind] ?? k.kind}</span>{' '}
                {k.service !== '' && k.service !== c.service && keyText(k) !== k.service && (
                  <>
                    <Value text={k.service} max={80} />:{' '}
                  </>
                )}
                <span class="mono small value">
                  <Template text={keyText(k)} max={240} />
                </span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Cause is one answer: what is more frequent among the bad records, by how much, with its examples. */
export function CauseCard(props: {
  cause: Cause; rank: number; of: Culprit; comparison: Comparison; open: boolean; onToggle: () => void;
}) {
  const { cause: c, rank, of, comparison, open } = props;
  const id = useId();
  const names = sideNames(comparison);
  const most = Math.max(c.bad_share, c.baseline_share);
  const silent = c.kind === 'silence';
  return (
    <li class={`panel culprit-cause${rank === 1 ? ' first' : ''}`}>
      <h3>
        <button type="button" class="culprit-head" aria-expanded={open} aria-controls={id} data-cause={rank - 1} onClick={props.onToggle}>
          <span class="culprit-rank num">{rank}</span>
          <span class="culprit-summary value">
            <Template text={c.summary} max={400} />
          </span>
          <span class="culprit-lift num" title={liftWords(c)}>
            {liftText(c)}
          </span>
        </button>
      </h3>
      <div class="culprit-facts">
        <div class="row culprit-what">
          <span class="badge">{kinds[c.kind] ?? c.kind}</span>
          {c.new && of.by === 'interval' && <span class="badge new">new</span>}
          {c.service !== '' && (
            <span class="strong">
              <Value text={c.service} max={80} />
            </span>
          )}
          {keyText(c) !== c.service && !c.summary.includes(keyText(c)) && (
            <span class="mono small">
              <Value text={keyText(c)} max={240} />
            </span>
          )}
        </div>
        <div>
          <Share name={names.bad} share={c.bad_share} most={most} records={c.bad_records} level={silent ? undefined : 'error'} />
          <Share name={names.baseline} share={c.baseline_share} most={most} records={c.baseline_records} />
        </div>
        {c.samples?.length > 0 && (
          <Spark
            class="culprit-spark" samples={c.samples} shade={shadeOf(of, c.samples.length)}
            label={`How often over time: ${count(c.bad_records)} among the bad records, ${count(c.baseline_records)} in the baseline`}
          />
        )}
      </div>
      <div id={id} hidden={!open} class="stack">
        {open && <Details cause={c} of={of} primary={rank === 1} />}
      </div>
    </li>
  );
}
