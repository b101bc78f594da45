// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

// Commands for a shell.

/** shellWord writes text as one word for a POSIX shell. */
export const shellWord = (text: string): string => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`);
