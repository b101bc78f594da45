// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Labels of a time axis. Pure.

import { clock, day } from '../lib/clock';

const letter = 6.6; // pixels, about

/** ticks labels the marks of a time axis: the time of day, as fine as their distance in ms needs it, and below it the day where it changes. room is
 * how wide a label may be at a time, in pixels; what is wider is left out. */
export function ticks(at: number[], distance: number, tz: string, room: (ms: number) => number = () => Infinity): string[] {
  let last = '';
  return at.map((ms) => {
    const today = day(ms, tz);
    const other = today !== last;
    last = today;
    const fits = (text: string): boolean => text.length * letter <= room(ms);
    if (distance >= 86400e3) return fits(today) ? today : '';
    const time = distance < 1000 ? clock(ms, 3, tz) : distance < 60e3 ? clock(ms, 0, tz) : clock(ms, 0, tz).slice(0, 5);
    if (!fits(time)) return '';
    return other && fits(today) ? `${time}\n${today}` : time;
  });
}
