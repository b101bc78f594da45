// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { signal } from '@preact/signals';

import { histogram as ask } from '../api/client';
import { resolve } from '../lib/time';
import { resource, type Run, run } from '../state/run';
import { state } from '../state/url';

const shown = ['lines', 'patterns', 'culprit'];
const liveEvery = 10e3;

// Time goes on while lines are followed.
const beat = signal(0);
setInterval(() => {
  if (state.peek().live && !document.hidden) beat.value++;
}, liveEvery);

function asked(): Run | null {
  const s = state.value;
  const r = run.value;
  if (!shown.includes(s.view) || !r || r.metric) return null;
  if (!s.live) return r;
  void beat.value;
  return { ...r, ...resolve(s) };
}

/** histogram is how many records there are by time and level, for the question of the moment. */
export const histogram = resource(asked, ask);
