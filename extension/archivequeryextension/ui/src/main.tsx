// Copyright The Logboom Authors
// SPDX-License-Identifier: Apache-2.0

import './style/tokens.css';
import './style/base.css';

import { render } from 'preact';

import { App } from './app';

const root = document.getElementById('app');
if (root)
  setTimeout(() => { // apart from reading the program, so that neither holds the browser for long
    root.replaceChildren();
    render(<App />, root);
  });
