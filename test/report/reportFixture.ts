import { readFileSync } from 'node:fs';
import type { Report } from '../../src/protocol/report.ts';

/** A fresh copy of the made-up report. */
export function reportFixture(): Report {
  return JSON.parse(readFileSync(new URL('../fixtures/report/report.json', import.meta.url), 'utf8'));
}
