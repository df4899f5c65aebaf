import { setTimeout as delay } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Frame } from './film.ts';

/** What a part of the film took: seconds, and clicks, of which Enter is one. */
export interface FilmPart {
  title: string;
  seconds: number;
  clicks: number;
}

export interface PartedFilm {
  frames: Frame[];
  parts: FilmPart[];
}

/** Milliseconds: between two pictures, and while it goes fast; how long one is shown at most, and then; the last one. */
const [frameEvery, fastEvery, longest, fastLongest, lastFor] = [280, 2500, 900, 120, 3500];

/** As text: what runs in the page has none of the names that the compiler brings along. */
const caption = `{
  const line = document.createElement('div');
  line.style.cssText = 'position:fixed;left:50%;top:2px;transform:translateX(-50%);z-index:100000;pointer-events:none;'
    + 'padding:4px 14px;border-radius:5px;background:#16203d;color:#fff;font:600 13px system-ui,sans-serif;white-space:nowrap';
  document.body.append(line);
  const film = window.film = { title: '', since: 0, clicks: 0 };
  window.addEventListener('pointerdown', () => film.clicks++, true);
  window.addEventListener('keydown', e => e.key === 'Enter' && film.clicks++, true);
  setInterval(() => {
    const seconds = Math.floor((performance.now() - film.since) / 1000);
    const clock = Math.floor(seconds / 60) + ':' + String(seconds % 60).padStart(2, '0');
    line.hidden = !film.title;
    line.textContent = film.title + ' · ' + clock + ' · ' + film.clicks + (film.clicks === 1 ? ' click' : ' clicks');
  }, 100);
}`;

/**
 * Films a page until it is told to stop. Below stands what is being done, for how long and with how many clicks: the time
 * is that of the clock, also where the film goes fast.
 */
export async function filmInParts(page: Page) {
  await page.evaluate(caption);
  const taken: { png: Uint8Array; at: number; isFast: boolean }[] = [];
  const parts: FilmPart[] = [];
  let isOver = false;
  let isFast = false;
  let begun = { title: '', at: 0 };
  const taking = (async () => {
    while (!isOver) {
      const png = await page.screenshot({ scale: 'css', caret: 'hide' }).catch(() => undefined);
      // The window was closed in the middle of it.
      if (!png) return;
      taken.push({ at: performance.now(), png, isFast });
      const until = performance.now() + (isFast ? fastEvery : frameEvery);
      const was: boolean = isFast;
      while (!isOver && isFast === was && performance.now() < until) await delay(50);
    }
  })();
  return {
    begin(title: string): void {
      begun = { title, at: performance.now() };
      void page.evaluate(
        `Object.assign(film, { title: ${JSON.stringify(title)}, since: performance.now(), clicks: 0 })`,
      );
    },
    /** Ends the part that was begun; what stands below stays until the next. */
    end(): void {
      const { title, at } = begun;
      const seconds = (performance.now() - at) / 1000;
      void page.evaluate('film.clicks').then(clicks => parts.push({ title, seconds, clicks: Number(clicks) }));
    },
    /** While little happens that is worth seeing. */
    fast(on: boolean): void {
      isFast = on;
    },
    async stop(): Promise<PartedFilm> {
      isOver = true;
      await taking;
      const frames = taken.map(({ png, at, isFast: quick }, i) => ({
        png,
        ms: i + 1 < taken.length ? Math.min(taken[i + 1]!.at - at, quick ? fastLongest : longest) : lastFor,
      }));
      return { frames, parts };
    },
  };
}
