import { writeFileSync } from 'node:fs';

/** What one test in the extension host came to. */
export interface SuiteResult {
  name: string;
  ms: number;
  error?: string;
  /** Figures to be told. */
  notes: string[];
}

export type Note = (text: string) => void;

/** Runs tests one after the other and writes what came of them, after each: a host that dies leaves those before. */
export async function runSuite(tests: Record<string, (note: Note) => Promise<void>>): Promise<void> {
  const results: SuiteResult[] = [];
  for (const [name, run] of Object.entries(tests)) {
    const result: SuiteResult = { name, ms: 0, notes: [] };
    const started = performance.now();
    try {
      await run(text => result.notes.push(text));
    } catch (error) {
      result.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
    }
    result.ms = performance.now() - started;
    results.push(result);
    writeFileSync(process.env.SUITE_RESULTS!, JSON.stringify(results));
  }
}
