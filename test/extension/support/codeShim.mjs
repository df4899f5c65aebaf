#!/usr/bin/env node
// What @vscode/test-electron is told is the desktop's `code`: the editor of these tests in its place.
import { register } from 'tsx/esm/api';

register();
await import('./codeShim.ts');
