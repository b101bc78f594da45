// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// From when to when the archive has records, for somebody whose range holds none.

import { signal } from '@preact/signals';

import { lines, overview } from '../api/client';
import { msOf } from '../lib/time';
import { everything } from '../search/compose';
import { showRange } from './nav';

export interface Extent {
  oldest: number; // ms
  newest: number; // ms
}

/** extent is null as long as nobody asked or the archive is empty. */
export const extent = signal<Extent | null>(null);

/** extentKnown says that the archive was asked. */
export const extentKnown = signal(false);

let asking: Promise<void> | null = null;

async function ask(): Promise<Extent | null> {
  try {
    const { archive } = (await overview(null)).data;
    if (archive.records > 0 && msOf(archive.newest) > 0) return { oldest: msOf(archive.oldest), newest: msOf(archive.newest) };
  } catch {
    // a server that does not tell: the records themselves do
  }
  const all = { logql: everything, startNs: '1', endNs: `${Date.now() + 86400e3}000000` };
  const [first, last] = await Promise.all([lines(all, 1, true), lines(all, 1, false)]);
  const [oldest, newest] = [first.data.records[0], last.data.records[0]];
  return oldest && newest ? { oldest: msOf(oldest.time), newest: msOf(newest.time) } : null;
}

/** askExtent looks how far the archive goes; again only when it is told to. */
export function askExtent(anew = false): Promise<void> {
  if (asking && !anew) return asking;
  asking = ask().then(
    (e) => {
      extent.value = e;
      extentKnown.value = true;
    },
    () => {
      asking = null; // the next who needs it asks again
    },
  );
  return asking;
}

/** showAll widens the range to all there is. */
export function showAll(e: Extent): void {
  showRange(e.oldest - 1, e.newest + 1);
}

/** showNewest goes to the end of the records: to a span before the newest, in ms. */
export const showNewest = (e: Extent, ms = 3600e3): void => showRange(Math.max(e.newest - ms, e.oldest - 1), e.newest + 1);
