// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './log-text.css';

import { useMemo, useState } from 'preact/hooks';

import { tokenize } from './tokens';

const step = 32 << 10;

/**
 * LogText shows text of a log, which is hostile, on one line or many: as text, whatever it holds. Controls and what turns or hides text are
 * shown by name, colours of terminals as colours, no more than `max` characters. marks are the texts to be marked. With more, a button
 * shows more of a text that is cut; without it, its end only tells that it is.
 */
export function LogText(props: { text: string; marks?: readonly string[]; max?: number; more?: boolean }) {
  const { text, marks } = props;
  const [grown, setGrown] = useState({ text, extra: 0 });
  const extra = grown.text === text ? grown.extra : 0; // another text begins anew
  const key = marks?.join('\n') ?? '';
  const { tokens, rest } = useMemo(
    () => tokenize(text, marks ?? [], (props.max ?? 4096) + extra, 400 + extra / 64),
    [text, key, props.max, extra],
  );
  return (
    <bdi class="log-text">
      {tokens.map((t, i) => {
        if (t.mark)
          return (
            <mark key={i} class={t.cls || undefined} title={t.title || undefined}>
              {t.text}
            </mark>
          );
        if (t.cls === '') return t.text;
        return (
          <span key={i} class={t.cls} title={t.title || undefined}>
            {t.text}
          </span>
        );
      })}
      {rest > 0 &&
        (props.more && extra < 1 << 20 ? (
          <button
            type="button"
            class="log-more"
            onClick={(e) => {
              e.stopPropagation();
              setGrown({ text, extra: extra === 0 ? step : extra * 4 });
            }}
          >
            … show more ({rest.toLocaleString('en')} characters)
          </button>
        ) : (
          <span class="log-rest">… {rest.toLocaleString('en')} characters more</span>
        ))}
    </bdi>
  );
}
