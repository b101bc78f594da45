// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { LogText } from '../lines/LogText';
import { bare } from '../lines/tokens';

/** Value shows a name or a value that came with a log, which is hostile: cut to a length that a row holds, whole as its title. */
export function Value(props: { text: string; max?: number }) {
  const max = props.max ?? 200;
  const text = props.text.length > max ? `${props.text.slice(0, max)}…` : props.text;
  return (
    <span class="value" title={bare(props.text.slice(0, 2000))}>
      <LogText text={text} />
    </span>
  );
}
