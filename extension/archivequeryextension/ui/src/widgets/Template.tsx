// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { LogText } from '../lines/LogText';

/** Part is a piece of a template: text that all of its lines have, or a hole where they differ. */
export interface Part {
  text: string;
  hole: boolean;
}

/** parts cuts a template at its holes, `<*>` or `<_>`; no more than most of them, of at most max characters. */
export function parts(template: string, max = 2000, most = 200): Part[] {
  const out: Part[] = [];
  const text = template.slice(0, max);
  let done = 0;
  for (const m of text.matchAll(/<[*_]>/g)) {
    if (out.length >= most) break;
    if (m.index > done) out.push({ text: text.slice(done, m.index), hole: false });
    out.push({ text: m[0], hole: true });
    done = m.index + m[0].length;
  }
  if (done < text.length || template.length > max) out.push({ text: text.slice(done) + (template.length > max ? '…' : ''), hole: false });
  return out;
}

/** Template shows a template, or a sentence that has one in it: what differs from line to line as a hole. */
export function Template(props: { text: string; max?: number; most?: number }) {
  return (
    <>
      {parts(props.text, props.max ?? 600, props.most ?? 60).map((p, i) =>
        p.hole ? (
          <span key={i} class="hole" title="Something that differs from line to line">
            …
          </span>
        ) : (
          <LogText key={i} text={p.text} />
        ),
      )}
    </>
  );
}
