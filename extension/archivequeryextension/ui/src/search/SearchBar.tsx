// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The search field. It is a plain input at first, and an editor once somebody is about to use it.

import './search.css';

import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

import { useKeys } from '../keys';
import { bare } from '../lines/tokens';
import { openTrail } from '../state/nav';
import { run } from '../state/run';
import { state } from '../state/url';
import { ask, check, draft, editAsLogQL, mistake } from './ask';
import type { Editor } from './editor';
import { isLogQL } from './scan';

const label = 'Search: plain words, or LogQL';
const hint = 'Words, level:error, service:name, or LogQL';

/** breath lets the browser draw and take keys between two long pieces of work. */
const breath = (): Promise<void> => new Promise((done) => setTimeout(done));

function useEditor() {
  const host = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const editor = useRef<Editor | null>(null);
  const loading = useRef(false);
  const [ready, setReady] = useState(false);

  const load = async (): Promise<void> => {
    if (loading.current) return;
    loading.current = true;
    try {
      const { makeEditor } = await import('./editor');
      await breath();
      if (!host.current) return; // from here on at one go: no key gets lost between the input and the editor
      const focused = document.activeElement === input.current;
      const caret = input.current?.selectionStart ?? null;
      host.current.hidden = false; // what is hidden cannot take the focus
      const made = makeEditor(host.current, {
        text: draft.peek(), label, placeholder: hint, changed: (t) => (draft.value = t), run: () => void ask(),
      });
      editor.current = made;
      setReady(true);
      if (focused) made.focus(caret ?? undefined);
    } catch {
      loading.current = false; // the plain input does, and the next focus tries again
    }
  };

  useEffect(() => {
    const thrifty = (navigator as { connection?: { saveData?: boolean } }).connection?.saveData ?? false;
    const idle = thrifty ? undefined : setTimeout(() => void load(), 1500); // behind the first lines
    return () => {
      clearTimeout(idle);
      editor.current?.destroy();
    };
  }, []);
  useSignalEffect(() => {
    const text = draft.value; // read before anything else, so that every change comes here
    editor.current?.set(text);
  });
  useSignalEffect(() => {
    const m = mistake.value;
    editor.current?.mark(m && m.q === draft.peek() ? m.at : null, m?.message ?? '');
  });
  const focus = (): void => (editor.current ? editor.current.focus() : input.current?.focus());
  return { host, input, ready, load, focus };
}

/** useCheck looks for mistakes in LogQL once nobody types for a while. */
function useCheck() {
  useSignalEffect(() => {
    const q = draft.value;
    if (mistake.peek()?.q === q) return undefined;
    mistake.value = null;
    if (!isLogQL(q.trim())) return undefined;
    const abort = new AbortController();
    const wait = setTimeout(() => {
      void check(q, abort.signal).then((m) => {
        if (!abort.signal.aborted) mistake.value = m;
      });
    }, 600);
    return () => {
      clearTimeout(wait);
      abort.abort();
    };
  });
}

/** ofTrail is the id that is searched for, if that is all; its trail is mostly what one wants. */
const ofTrail = (q: string): string => /^"?([0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})"?$/i.exec(q.trim())?.[1] ?? '';

/** Meaning is the LogQL that words and filters became. */
function Meaning() {
  const { q, filters, view } = state.value;
  const r = run.value;
  const shown = r && view !== 'trail' && view !== 'overview' && (filters.length > 0 || (q.trim() !== '' && !isLogQL(q.trim())));
  if (!shown) return null;
  const id = ofTrail(q);
  return (
    <div class="meanings">
      {id !== '' && (
        <button type="button" class="small" onClick={() => openTrail(id)}>
          Trail of this id
        </button>
      )}
      <button type="button" class="meaning" onClick={editAsLogQL} title="Edit this as LogQL">
        <span class="meaning-what">LogQL</span> <code>{bare(r.logql, 1000)}</code> <span class="meaning-edit">Edit</span>
      </button>
    </div>
  );
}

export function SearchBar() {
  const { host, input, ready, load, focus } = useEditor();
  useCheck();
  useKeys(() => [
    { keys: '/', what: 'search', group: 'Search', run: focus },
    {
      keys: 'Escape', typing: true,
      run: () => {
        const at = document.activeElement;
        if (!at || (at !== input.current && at !== host.current)) return false;
        (at.shadowRoot?.activeElement as HTMLElement | null)?.blur();
        (at as HTMLElement).blur();
        return true;
      },
    },
  ]);
  const dirty = useComputed(() => draft.value.trim() !== state.value.q.trim());
  const wrong = mistake.value;
  return (
    <form
      class="search" role="search"
      onSubmit={(e) => {
        e.preventDefault();
        void ask();
      }}
    >
      <div class={wrong ? 'search-field wrong' : 'search-field'}>
        <div ref={host} class="search-editor" hidden={!ready} />
        {!ready && (
          <input
            ref={input} type="text" aria-label={label} placeholder={hint} value={draft.value} autocomplete="off" autocapitalize="off" spellcheck={false}
            onFocus={() => void load()} onInput={(e) => (draft.value = e.currentTarget.value)}
          />
        )}
        <button type="submit" class={dirty.value ? 'primary' : ''} title="Search (Enter)">
          Search
        </button>
      </div>
      {wrong && (
        <p class="search-mistake problem" role="alert">
          {wrong.message}
          {wrong.at !== null && (!ready || wrong.q.length > 60) && <Place q={wrong.q} at={wrong.at} />}
        </p>
      )}
      {!wrong && <Meaning />}
    </form>
  );
}

/** Place shows where in the query a mistake is. */
function Place(props: { q: string; at: number }) {
  const from = Math.max(props.q.lastIndexOf('\n', props.at - 1) + 1, props.at - 60);
  const to = Math.min(props.at + 40, props.q.length);
  const here = props.q.slice(props.at, props.at + 1) || ' ';
  return (
    <code class="place">
      {props.q.slice(from, props.at)}
      <mark>{here}</mark>
      {props.q.slice(props.at + 1, to).split('\n')[0]}
    </code>
  );
}
