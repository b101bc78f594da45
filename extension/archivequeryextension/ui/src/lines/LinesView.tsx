// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { run } from '../state/run';
import { state } from '../state/url';
import { LiveLines } from './LiveLines';
import { ResultLines } from './ResultLines';

/** LinesView shows the lines of a search, or as they come. */
export function LinesView() {
  const r = run.value;
  if (r === null) return <ResultLines />;
  return state.value.live ? <LiveLines /> : <ResultLines />;
}
