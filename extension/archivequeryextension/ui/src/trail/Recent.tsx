// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Where there is no id yet: requests that failed lately, to begin with.

import { lines } from '../api/client';
import type { LogRecord } from '../api/types';
import { stampNs } from '../lib/clock';
import { nsOf } from '../lib/time';
import { errors } from '../culprit/bad';
import { everything } from '../search/compose';
import { resource, run } from '../state/run';
import { link, state } from '../state/url';
import { openTrail } from '../state/nav';
import { NothingHere } from '../widgets/NothingHere';
import { Loading, Notices } from '../widgets/States';
import { Value } from '../widgets/Value';
import { Brief } from './Brief';
import { idOf } from './ids';

const most = 10;

/** requestsOf are the first record of each id. */
export function requestsOf(records: LogRecord[]): { id: string; record: LogRecord }[] {
  const seen = new Map<string, LogRecord>();
  for (const r of records) {
    const id = idOf(r);
    if (id !== null && !seen.has(id)) seen.set(id, r);
  }
  return [...seen].slice(0, most).map(([id, record]) => ({ id, record }));
}

const loaded = resource(
  () => {
    const s = state.value;
    const r = run.value;
    return s.view === 'trail' && s.id === '' && r ? { start: r.start, end: r.end } : null;
  },
  (k, abort) => lines({ logql: `${everything} ${errors}`, startNs: nsOf(k.start), endNs: nsOf(k.end) }, 100, false, abort),
);

export function Recent() {
  const { data, loading } = loaded.value;
  if (!data) return loading ? <Loading what="requests that failed" /> : <Notices of={loaded.value} />;
  const found = requestsOf(data.records);
  if (data.records.length === 0) return <NothingHere what="error" />;
  return (
    <section class={loading ? 'panel dim' : 'panel'} aria-label="Requests that failed">
      <h2>{found.length > 0 ? 'Failed lately, in the time range above' : 'The errors of this time range name no request.'}</h2>
      {found.length === 0 && <p class="muted">Their lines have no trace id and no request id that could be followed.</p>}
      <ul class="recent">
        {found.map(({ id, record: r }) => (
          <li key={id} data-level={r.metadata['detected_level'] ?? 'error'}>
            <a
              href={link({ view: 'trail', id })}
              onClick={(e) => {
                if (e.metaKey || e.ctrlKey || e.shiftKey) return;
                e.preventDefault();
                openTrail(id);
              }}
            >
              <span class="num">{stampNs(r.time)}</span>{' '}
              <span class="strong">
                <Value text={r.stream['service_name'] ?? ''} max={60} />
              </span>{' '}
              <span class="mono small muted">
                <Value text={id} max={64} />
              </span>
            </a>
            <div class="recent-line">
              <Brief record={r} known={[id]} />
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
