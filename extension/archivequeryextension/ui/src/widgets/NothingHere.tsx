// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What a view shows whose answer is empty: why that may be, and the way out.

import { useEffect } from 'preact/hooks';

import { useKeys } from '../keys';
import { interval, stamp } from '../lib/clock';
import { ago } from '../lib/format';
import { compose } from '../search/compose';
import { askExtent, extent, extentKnown, showAll, showNewest } from '../state/extent';
import { run } from '../state/run';
import { go, state } from '../state/url';
import { Empty } from './States';

export function NothingHere(props: { what?: string }) {
  const what = props.what ?? 'line';
  useEffect(() => void askExtent(true), []);
  const r = run.value;
  const { q, filters } = state.value;
  const all = extent.value;
  const covered = r && all ? r.start <= all.oldest && r.end > all.newest : false;
  const outside = r && all ? all.newest < r.start || all.oldest > r.end : false;
  useKeys(() => [
    {
      keys: 'n', what: 'go to the newest records (where there is nothing)', group: 'Time',
      run: () => {
        const e = extent.peek();
        const now = run.peek();
        if (!e || !now || (e.newest >= now.start && e.oldest <= now.end)) return false;
        showNewest(e);
        return true;
      },
    },
  ]);
  if (!r) {
    const { error } = compose(q, filters);
    return <Empty title={error || 'The time range is none: its start must come before its end.'} />;
  }
  if (extentKnown.value && !all)
    return (
      <Empty title="The archive is empty so far.">
        <p>Records appear here a few seconds after the first one was written. Is something sending to Logboom?</p>
      </Empty>
    );
  return (
    <Empty title={outside ? 'There is nothing in this time range.' : `No ${what} matches in this time range.`}>
      <p class="state-range">{interval(r.start, r.end)}</p>
      {outside && all && (
        <p>
          The newest record is of <strong>{stamp(all.newest)}</strong>, {ago(all.newest)}.
        </p>
      )}
      {all && !covered && (
        <p class="state-ways">
          {outside && (
            <button type="button" class="primary" onClick={() => showNewest(all)}>
              Go there <kbd>n</kbd>
            </button>
          )}
          <button type="button" class={outside ? '' : 'primary'} onClick={() => showAll(all)}>
            Search all there is{!outside && ` (${interval(all.oldest, all.newest)})`}
          </button>
        </p>
      )}
      {!outside && (q !== '' || filters.length > 0) && (
        <p class="state-ways">
          {filters.length > 0 && (
            <button type="button" onClick={() => go({ filters: [] })}>
              Take the filters away
            </button>
          )}
          {q !== '' && (
            <button type="button" onClick={() => go({ q: '' })}>
              Empty the search field
            </button>
          )}
        </p>
      )}
    </Empty>
  );
}
