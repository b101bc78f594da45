// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// What a view shows besides its data: that it loads, that there is nothing, that something is lacking, that something failed. Each says
// what to do next.

import type { ComponentChildren } from 'preact';

import type { Loaded } from '../state/run';
import { again } from '../state/run';

export function Empty(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state" role="status">
      <p class="state-title">{props.title}</p>
      {props.children}
    </div>
  );
}

export function Loading(props: { what: string }) {
  return (
    <p class="state loading" role="status">
      Loading {props.what} …
    </p>
  );
}

/** Notices shows the error and the warnings of what was loaded, or nothing. */
export function Notices(props: { of: Loaded<unknown> }) {
  const { error, warnings } = props.of;
  return (
    <>
      {error && (
        <div class="notice error" role="alert">
          <p>{error.message}</p>
          {error.status !== 400 && (
            <button type="button" onClick={again}>
              Try again
            </button>
          )}
        </div>
      )}
      {warnings.length > 0 && (
        <details class="notice partial">
          <summary>Something is lacking here: a part of the archive could not be read.</summary>
          <ul>
            {warnings.map((w) => (
              <li key={w}>{w}</li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
