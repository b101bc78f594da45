// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import { expect, test } from 'vitest';

import { wanted } from './complete';

/** The cursor is at ^. */
function check(text: string, want: string): void {
  test(text, () => {
    const at = text.indexOf('^');
    const w = wanted(text.replace('^', ''), at);
    expect([w.kind, w.name, w.typed].filter((x) => x !== '').join(' ') + (w.bare ? ' bare' : '')).toBe(want);
    expect(text.slice(w.from, at)).toBe(w.typed);
  });
}

check('^', 'start');
check('lev^', 'word lev');
check('timeout -ser^', 'word ser');
check('level:^', 'value detected_level bare');
check('a service:che^', 'value service_name che bare');
check('user="Ann^', 'value user Ann');
check('"some tex^', 'none');
check('/re^', 'none');
check('{^', 'label');
check('{ser^', 'label ser');
check('{ser^}', 'label ser');
check('{^}', 'label');
check('{a="b", ^', 'label');
check('{a="b"^', 'none');
check('{service_name=^', 'value service_name bare');
check('{service_name="che^', 'value service_name che');
check('{service_name=~"che^"}', 'value service_name che');
check('{a="b"} |^', 'stage');
check('{a="b"} | js^', 'stage js');
check('{a="b"} | json | status=^', 'value status bare');
check('{a="b"} | status!="5^', 'value status 5');
check('{a="b"} | status="5" or pa^', 'field pa');
check('{a="b"} | keep x, y^', 'field y');
check('{a="b"} != "x^', 'none');
check('{a="b"} |= "x^', 'none');
check('sum(ra^', 'function ra');
check('sum by (ser^) (rate({a="b"}[5m]))', 'grouping ser');
check('sum by (x) (count_over_time({a="^"}[5m]))', 'value a');
