// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The editor of the search field, loaded once somebody is about to use it. It lives in a shadow root: there CodeMirror puts its styles as
// style sheet objects, which the page's Content-Security-Policy allows; <style> elements it does not.

import {
  acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, type Completion, type CompletionContext, completionKeymap,
  type CompletionResult, completionStatus, moveCompletionSelection, pickedCompletion, selectedCompletion, startCompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { Compartment, EditorState, Prec } from '@codemirror/state';
import { EditorView, highlightSpecialChars, keymap, placeholder } from '@codemirror/view';

import { bare } from '../lines/tokens';
import { recents } from '../state/prefs';
import { functions, stages, wanted } from './complete';
import { known, learn, valuesOf } from './known';
import { language, look } from './language';
import { isLogQL } from './scan';
import { aliases } from './words';

export interface Editor {
  /** The cursor goes to the end if no place is given. */
  focus(at?: number): void;
  set(text: string): void;
  mark(at: number | null, message: string): void;
  destroy(): void;
}

export interface Uses {
  text: string;
  label: string;
  placeholder: string;
  changed(text: string): void;
  run(): void;
}

const readable = (n: number): string => (n > 0 ? n.toLocaleString('en-US') : '');

const examples: Completion[] = [
  { label: 'level:error', detail: 'a field', type: 'example' },
  { label: '"connection refused"', detail: 'exactly this text', type: 'example' },
  { label: 'timeout OR refused', detail: 'one of them', type: 'example' },
  { label: '-health', detail: 'lines without it', type: 'example' },
];

function start(): Completion[] {
  return [...recents.peek().map((label): Completion => ({ label: bare(label, 300), apply: label, detail: 'searched before', type: 'recent', boost: 2 })), ...examples].map((c, i) => ({
    ...c, sortText: String(i).padStart(3, '0'),
  }));
}

/** names completes the names of fields, each with what comes behind it. */
function names(behind: string, some: (from: string) => boolean = () => true): Completion[] {
  const out: Completion[] = [];
  for (const [label, list] of known.peek()?.fields ?? []) {
    const here = list.filter((f) => some(f.from));
    const f = here[0];
    if (f) out.push({ label, apply: label + behind, detail: f.from === 'stream' ? 'label' : f.from === 'metadata' ? 'field' : `in ${f.from}`, type: 'property' });
  }
  if (!some('stream')) return out;
  const there = new Set(out.map((o) => o.label));
  for (const label of known.peek()?.streams ?? []) if (!there.has(label)) out.push({ label, apply: label + behind, detail: 'label', type: 'property' });
  return out;
}

/** value writes a value as it has to stand where it is completed. */
function value(text: string, bare: boolean, words: boolean): string {
  if (!bare) return text.replace(/["\\]/g, '\\$&');
  return words && /^[^\s",*]+$/.test(text) ? text : JSON.stringify(text);
}

/** complete is what could stand where the cursor is; nothing once somebody has gone elsewhere meanwhile, where it would cover what is there. */
async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const found = await candidates(context);
  return context.view?.hasFocus === false ? null : found;
}

async function candidates(context: CompletionContext): Promise<CompletionResult | null> {
  const text = context.state.doc.toString();
  const w = wanted(text, context.pos);
  const words = !isLogQL(text.trim());
  if (w.kind === 'none') return null;
  if (w.kind === 'start') return context.explicit || text === '' ? { from: 0, to: text.length, options: start(), filter: false } : null;
  if (w.kind === 'function') return { from: w.from, options: functions.map(([label, detail]) => ({ label, detail, type: 'function' })), validFor: /^\w*$/ };
  if (w.kind === 'value') {
    const abort = new AbortController();
    context.addEventListener('abort', () => abort.abort());
    const list = await valuesOf(w.name, w.typed, abort.signal);
    return { from: w.from, options: list.map((v, i) => ({ label: bare(v.value, 300), apply: value(v.value, w.bare, words), detail: readable(v.records), type: 'value', boost: -i / 10 })) };
  }
  await learn();
  if (w.kind === 'label' || w.kind === 'grouping') {
    const compared = /^\w*\s*[=!]/.test(text.slice(context.pos));
    return { from: w.from, options: names(w.kind === 'label' && !compared ? '=' : '', (from) => from === 'stream'), validFor: /^\w*$/ };
  }
  if (w.kind === 'field') return { from: w.from, options: names(''), validFor: /^\w*$/ };
  if (w.kind === 'stage') {
    const all = [...stages.map(([label, detail]): Completion => ({ label, detail, type: 'keyword', boost: 5 })), ...names('')];
    return { from: w.from, options: all, validFor: /^\w*$/ };
  }
  if (w.typed.length < 2 && !context.explicit) return null;
  const short: Completion[] = Object.entries(aliases)
    .filter(([, name]) => known.peek()?.fields.has(name)).map(([label, name]) => ({ label, apply: `${label}:`, detail: name, type: 'property', boost: 5 }));
  const long = names(':').filter((n) => !short.some((s) => s.label === n.label));
  return { from: w.from, options: [...short, ...long], validFor: /^[\w.]*$/ };
}

/** hidden are the signs that turn the direction of writing or cannot be seen, beside those that the editor knows. */
const hidden = /[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;

/** pairs are closed as soon as they are opened; no apostrophes, which words have. */
const pairs = EditorState.languageData.of(() => [{ closeBrackets: { brackets: ['"', '{', '(', '['] } }]);

/** next completes further where a name was picked whose value comes now. */
const next = EditorView.updateListener.of((u) => {
  if (u.transactions.some((t) => t.annotation(pickedCompletion) && /[:=]$/.test(u.state.sliceDoc(0, u.state.selection.main.head)))) startCompletion(u.view);
});

export function makeEditor(host: HTMLElement, uses: Uses): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const syntax = new Compartment();
  let logql = isLogQL(uses.text.trim());
  const tab = (view: EditorView): boolean => {
    if (completionStatus(view.state) !== 'active') return false;
    if (!selectedCompletion(view.state)) moveCompletionSelection(true)(view);
    return acceptCompletion(view);
  };
  const enter = (view: EditorView): boolean => {
    if (completionStatus(view.state) === 'active' && selectedCompletion(view.state)) return acceptCompletion(view);
    closeCompletion(view);
    uses.run();
    return true;
  };
  const view = new EditorView({
    root,
    parent: root as unknown as HTMLElement,
    state: EditorState.create({
      doc: uses.text,
      extensions: [
        Prec.highest(keymap.of([{ key: 'Enter', run: enter, shift: undefined }, { key: 'Tab', run: tab }, { key: 'Mod-Enter', run: enter }])),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
        highlightSpecialChars({ addSpecialChars: hidden }), history(), bracketMatching(), closeBrackets(), pairs, EditorView.lineWrapping, placeholder(uses.placeholder), look,
        syntax.of(logql ? language : []),
        autocompletion({ override: [complete], selectOnOpen: false, icons: false, defaultKeymap: false, activateOnTypingDelay: 120, maxRenderedOptions: 50, closeOnBlur: true }),
        EditorView.contentAttributes.of({ 'aria-label': uses.label, 'aria-multiline': 'true', autocapitalize: 'off', autocorrect: 'off', spellcheck: 'false' }),
        next,
        EditorView.updateListener.of((u) => {
          if (!u.docChanged) return;
          const text = u.state.doc.toString();
          uses.changed(text);
          const now = isLogQL(text.trim());
          if (now === logql) return;
          logql = now;
          queueMicrotask(() => view.dispatch({ effects: syntax.reconfigure(now ? language : []) }));
        }),
        EditorView.domEventHandlers({
          focus: (_, v) => {
            void learn();
            setTimeout(() => v.hasFocus && v.state.doc.length === 0 && startCompletion(v));
          },
          blur: (_, v) => {
            setTimeout(() => !v.hasFocus && closeCompletion(v), 50); // also one that was just asked for
          },
        }),
      ],
    }),
  });
  return {
    focus(at = view.state.doc.length) {
      view.focus();
      view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) } });
    },
    set(text) {
      if (text !== view.state.doc.toString()) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
    },
    mark(at, message) {
      const length = view.state.doc.length;
      const from = Math.min(at ?? 0, Math.max(0, length - 1));
      const word = view.state.wordAt(from);
      const list = at === null ? [] : [{ from, to: Math.max(word?.to ?? 0, Math.min(from + 1, length)), severity: 'error' as const, message }];
      view.dispatch(setDiagnostics(view.state, list));
    },
    destroy: () => view.destroy(),
  };
}
