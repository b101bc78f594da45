// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// The help: every key that works at the moment, and how to search.

import './help.css';

import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

import { type Binding, bindings, shown, useKeys, ways } from '../keys';
import { forgetRecents, recents } from '../state/prefs';

const open = signal(false);
export const openHelp = (): void => void (open.value = true);

const searches: [string, string][] = [
  ['timeout', 'lines with the word, upper or lower case; a capital letter or a digit in it makes it exact'],
  ['"connection refused"', 'exactly this text'],
  ['-health', 'lines without it'],
  ['timeout OR refused', 'one of them'],
  ['/5\\d\\d$/', 'a regular expression; /…/i in upper or lower case'],
  ['level:error', 'a field; also level>=warn, level:error,fatal'],
  ['service:checkout', 'one service; service:check* for several'],
  ['status>=500', 'a number; = != > >= < <= =~ !~'],
  ['{service_name="checkout"} |= "timeout"', 'LogQL, all of it; Shift+Enter for a new line'],
];

function Keys(props: { of: string }) {
  return (
    <>
      {ways(props.of).map((w, i) => (
        <>
          {i > 0 && ' or '}
          {w.map((k) => (
            <>
              <kbd key={k}>{shown(k)}</kbd>{' '}
            </>
          ))}
        </>
      ))}
    </>
  );
}

const order = ['Search', 'Views', 'Lines', 'Time', 'Everywhere'] as const;

function groups(list: readonly Binding[]): [string, Binding[]][] {
  return order.flatMap((g): [string, Binding[]][] => {
    const here = list.filter((b, i) => b.what && (b.group ?? 'Everywhere') === g && list.findIndex((o) => o.keys === b.keys && o.what === b.what) === i);
    return here.length > 0 ? [[g, here]] : [];
  });
}

function Dialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog
      ref={dialog} class="help" aria-labelledby="help-title" onClose={() => (open.value = false)}
      onClick={(e) => {
        if (e.target === dialog.current) dialog.current?.close();
      }}
    >
      <header>
        <h2 id="help-title">Help</h2>
        <button type="button" class="icon quiet" aria-label="Close" onClick={() => dialog.current?.close()}>✕</button>
      </header>
      <h3>Searching</h3>
      <dl class="help-search">
        {searches.map(([q, what]) => (
          <div key={q}>
            <dt><code>{q}</code></dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div class="help-keys">
        {groups(bindings.value).map(([name, list]) => (
          <section key={name}>
            <h3>{name}</h3>
            <dl>
              {list.map((b) => (
                <div key={b.keys + (b.what ?? '')}>
                  <dt><Keys of={b.keys} /></dt>
                  <dd>{b.what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="hint">The address of the page holds all of what you see: a link shows it to somebody else. <a href="./licenses.txt">Licences</a></p>
      {recents.value.length > 0 && (
        <p class="hint">
          This browser keeps your last {recents.value.length} searches.{' '}
          <button type="button" class="link" onClick={forgetRecents}>Forget them</button>
        </p>
      )}
    </dialog>
  );
}

export function Help() {
  useKeys(() => [{ keys: '?', what: 'this help', run: () => void (open.value = !open.value) }]);
  return open.value ? <Dialog /> : null;
}
