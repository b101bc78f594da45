// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// JSON as a tree that folds. Never more than so many nodes at once, however large it is.

import { useState } from 'preact/hooks';

import type { Json } from './body';
import { LogText } from './LogText';

const page = 50;

const kind = (v: Json): string => (v === null ? 'null' : typeof v === 'object' ? 'object' : typeof v);

const sizeOf = (v: Json): number => (v === null || typeof v !== 'object' ? 0 : Array.isArray(v) ? v.length : Object.keys(v).length);

function summary(v: Json[] | { [key: string]: Json }): string {
  return Array.isArray(v) ? `[ ${sizeOf(v)} ]` : `{ ${sizeOf(v)} }`;
}

function Node(props: { name: string | null; value: Json; depth: number; marks: readonly string[] }) {
  const { name, value, depth, marks } = props;
  const [open, setOpen] = useState(depth < 2 && sizeOf(value) <= 20);
  const key = name !== null && (
    <span class="json-key">
      <LogText text={name} max={200} marks={marks} />:{' '}
    </span>
  );
  if (value === null || typeof value !== 'object')
    return (
      <li class="json-leaf">
        {key}
        <span class={`json-${kind(value)}`}>
          <LogText text={typeof value === 'string' ? value : JSON.stringify(value)} max={2000} marks={marks} more />
        </span>
      </li>
    );
  const entries: [string | null, Json][] = Array.isArray(value) ? value.map((v): [null, Json] => [null, v]) : Object.entries(value);
  if (entries.length === 0) return <li class="json-leaf">{key}{Array.isArray(value) ? '[ ]' : '{ }'}</li>;
  return (
    <li class="json-branch">
      <button type="button" class="json-fold link" aria-expanded={open} onClick={() => setOpen(!open)}>
        {key}
        <span class="muted">{summary(value)}</span>
      </button>
      {open && <Entries list={entries} depth={depth + 1} marks={marks} />}
    </li>
  );
}

/** Entries are the first of a list, and more with each click. */
function Entries(props: { list: [string | null, Json][]; depth: number; marks: readonly string[] }) {
  const { list, depth, marks } = props;
  const [shown, setShown] = useState(page);
  return (
    <ul class={depth === 1 ? 'json-list json-root' : 'json-list'}>
      {list.slice(0, shown).map(([k, v], i) => (
        <Node key={k ?? i} name={k} value={v} depth={depth} marks={marks} />
      ))}
      {list.length > shown && (
        <li>
          <button type="button" class="small" onClick={() => setShown(shown + 4 * page)}>
            {list.length - shown} more
          </button>
        </li>
      )}
    </ul>
  );
}

export function JsonTree(props: { value: Record<string, Json>; marks: readonly string[] }) {
  return <Entries list={Object.entries(props.value)} depth={1} marks={props.marks} />;
}
