import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { ThemeName } from '../../../scripts/pictures/webview.ts';
import { picture } from './plainPage.ts';

/** The page is dark when it comes. */
const otherThemes: ThemeName[] = ['light', 'high-contrast', 'high-contrast-light'];

/** CSS pixels: a panel beside the sidebar at 200 %, and the narrowest that WCAG's reflow asks for. */
const narrowWidths = [600, 320];

/**
 * Fails with everything that keeps somebody from using the page as it is now: whatever axe-core finds, in each theme, and
 * text or controls that are cut off, stick out or lie over one another where the page is narrow or at 200 %.
 */
export async function checkState(page: Page, name: string): Promise<void> {
  const { width, height } = page.viewportSize()!;
  const problems = (await violations(page)).map(problem => `dark: ${problem}`);
  await picture(page, `${name}-dark`);
  for (const theme of otherThemes) {
    await page.evaluate(setTheme(theme));
    // What else axe-core checks is the same in each theme.
    const found = await violations(page, ['color-contrast']);
    problems.push(...found.map(problem => `${theme}: ${problem}`));
    await picture(page, `${name}-${theme}`);
  }
  await page.evaluate(setTheme('dark'));
  for (const narrow of narrowWidths) {
    await page.setViewportSize({ width: narrow, height });
    // Charts are drawn anew in the frame after.
    await page.evaluate(nextFrames);
    const found = (await page.evaluate(layoutProblems)) as string[];
    problems.push(...found.map(problem => `${narrow} px wide: ${problem}`));
    await picture(page, `${name}-${narrow}`);
  }
  await page.setViewportSize({ width, height });
  assert.deepEqual(problems, [], name);
}

/** Uses each button of the page by the keyboard, in the order in which they come, and fails where the focus is nowhere afterwards. */
export async function checkFocusAfterActions(page: Page, names: readonly (string | RegExp)[]): Promise<void> {
  const lost: string[] = [];
  for (const name of names) {
    const button = page.getByRole('button', { name, exact: typeof name === 'string' }).first();
    await button.waitFor();
    await button.focus();
    await page.keyboard.press('Enter');
    // The browser takes the focus away with the next frame, the view redraws with the host's answer.
    await page.waitForTimeout(200);
    const isNowhere = () => page.evaluate('document.activeElement === document.body');
    // A control of the toolkit takes it a frame after it is enabled.
    for (let i = 0; i < 20 && (await isNowhere()); i++) await page.waitForTimeout(50);
    if (await isNowhere()) lost.push(String(name));
  }
  assert.deepEqual(lost, [], 'the focus is nowhere after these');
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

/** What axe-core finds, one line each: rule, element, reason. */
async function violations(page: Page, rules?: readonly string[]): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(axe);
  interface Violation {
    id: string;
    nodes: { target: string[]; failureSummary: string }[];
  }
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) });
  const found = (await page.evaluate(`axe.run(${options}).then(result => result.violations)`)) as Violation[];
  return found.flatMap(({ id, nodes }) =>
    nodes.map(node => `${id}: ${node.target.join(' ')}: ${node.failureSummary.replaceAll(/\s+/g, ' ')}`),
  );
}

const nextFrames = 'new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))';

function setTheme(theme: ThemeName): string {
  const kind = `vscode-${theme}`;
  const classes = theme === 'high-contrast-light' ? `${kind} vscode-high-contrast` : kind;
  return `document.body.className = '${classes}'; document.body.dataset.vscodeThemeKind = '${kind}';
    ${nextFrames}`;
}

/** Runs in the page: texts and controls that are cut off, stick out of the page or of their button, or lie over one another. */
const layoutProblems = `(() => {
  const problems = [];
  const boxes = [];
  const apart = (a, b) => a.right - b.left <= 2 || b.right - a.left <= 2 || a.bottom - b.top <= 3 || b.bottom - a.top <= 3;
  const named = (text, element) => JSON.stringify(text.trim().slice(0, 40)) + ' in ' + element.tagName.toLowerCase() + '.' + element.className;

  /** What is seen of a rectangle, within what scrolls; says where it is cut off. */
  function seen(rect, element, what) {
    let { left, right, top, bottom } = rect;
    for (let at = element; at && at !== document.documentElement; at = at.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(at);
      if (overflowX === 'visible' && overflowY === 'visible') continue;
      const box = at.getBoundingClientRect();
      const isCut = left < box.left - 1 || right > box.right + 1 || top < box.top - 1 || bottom > box.bottom + 1;
      if (isCut && [overflowX, overflowY].some(o => o === 'hidden' || o === 'clip')) problems.push('cut off: ' + what);
      [left, right] = [Math.max(left, box.left), Math.min(right, box.right)];
      [top, bottom] = [Math.max(top, box.top), Math.min(bottom, box.bottom)];
    }
    if (right > innerWidth + 1 || left < -1) problems.push('sticks out: ' + what);
    return { left, right, top, bottom };
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const element = node.parentElement;
    if (!node.data.trim() || element.closest('.hidden, svg, select, vscode-option, script, style') || !element.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const what = named(node.data, element);
    const button = element.closest('vscode-button, button')?.getBoundingClientRect();
    for (const rect of range.getClientRects()) {
      if (rect.width < 1) continue;
      if (button && (rect.left < button.left - 1 || rect.right > button.right + 1 || rect.bottom > button.bottom + 2)) problems.push('sticks out of its button: ' + what);
      boxes.push({ node, element, what, rect: seen(rect, element, what) });
    }
  }
  for (const element of document.querySelectorAll('button, vscode-button, input, select, vscode-dropdown, vscode-checkbox, vscode-text-field, vscode-text-area')) {
    if (!element.checkVisibility()) continue;
    const what = named(element.getAttribute('aria-label') ?? element.textContent, element);
    boxes.push({ node: element, element, what, rect: seen(element.getBoundingClientRect(), element, what) });
  }
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(i + 1))
      if (a.node !== b.node && !a.element.contains(b.element) && !b.element.contains(a.element) && !apart(a.rect, b.rect))
        problems.push(a.what + ' lies over ' + b.what);
  if (document.documentElement.scrollWidth > innerWidth) problems.push('the page scrolls sideways: ' + document.documentElement.scrollWidth);
  return [...new Set(problems)];
})()`;

/**
 * What screen readers read by itself while something is done: how often each status, alert or live part of the page has
 * another text, without those that say that they are busy. Frames apart, as what changes at once is read once.
 */
export async function toldWhile(page: Page, work: () => Promise<void>): Promise<Record<string, string[]>> {
  await page.evaluate(watchLive);
  await work();
  return (await page.evaluate('stopWatching()')) as Record<string, string[]>;
}

/** Runs in the page. */
const watchLive = `(() => {
  const told = {};
  const live = '[aria-live=polite], [aria-live=assertive], [role=status], [role=alert], [role=log]';
  const last = new Map();
  let isWatching = true;
  const look = () => {
    for (const region of document.querySelectorAll(live)) {
      if (region.tagName === 'OUTPUT' || region.closest('[aria-busy=true]') || !region.checkVisibility()) continue;
      const text = region.textContent;
      if (text !== '' && last.has(region) && last.get(region) !== text) (told[region.getAttribute('aria-label') ?? region.className] ??= []).push(text);
      last.set(region, text);
    }
    if (isWatching) requestAnimationFrame(look);
  };
  look();
  window.stopWatching = () => {
    isWatching = false;
    return told;
  };
})()`;
