/** What the Tab key comes by, with the toolkit's controls. */
const stops =
  'a[href], button, input, select, textarea, summary, [tabindex], vscode-button, vscode-checkbox, vscode-dropdown, vscode-text-area, vscode-text-field';

const texts =
  'input:not([type="checkbox"], [type="radio"], [type="range"]), textarea, vscode-text-area, vscode-text-field';

/**
 * Who uses the keyboard goes on where they were. Where what has the focus is drawn anew, hidden or disabled, browsers give
 * the focus to nothing, and Tab begins at the top: here it goes to what took its place, else to what is nearest; and back
 * to what was disabled for a while, unless something else was gone to.
 */
export function keepFocus(view: HTMLElement): void {
  let at: HTMLElement | undefined;
  let name = '';
  let around: HTMLElement[] = [];
  /** What Tab came by when the focus came here. */
  let known: HTMLElement[] = [];
  /** What was disabled or hidden while it had the focus, and what has it instead. */
  let left: { from: HTMLElement; to: HTMLElement } | undefined;

  view.addEventListener('focusin', ({ target }) => {
    if (left && target !== left.to) left = undefined;
    at = target as HTMLElement;
    name = nameOf(at);
    around = ancestorsOf(at, view);
    known = stopsIn(view);
  });
  view.addEventListener('focusout', ({ target, relatedTarget }) => {
    // A click beside everything takes it away on purpose; so seen once what else happens at the moment has happened.
    if (!relatedTarget)
      setTimeout(() => {
        if (target === at && document.hasFocus() && isNowhere() && isUsable(at as HTMLElement)) at = undefined;
      });
  });
  new MutationObserver(() => {
    if (left && isUsable(left.from) && !left.to.matches(texts)) focusOn(left.from);
    else if (at && !isUsable(at) && (isNowhere() || document.activeElement === at)) moveOn(at);
  }).observe(view, { childList: true, subtree: true, attributeFilter: ['disabled', 'hidden'] });

  function moveOn(from: HTMLElement): void {
    const to = successorOf(from);
    if (to) focusOn(to);
    left = to && from.isConnected ? { from, to } : undefined;
  }

  function successorOf(from: HTMLElement): HTMLElement | undefined {
    const again = from.id ? document.getElementById(from.id) : null;
    if (again && again !== from && isUsable(again)) return again;
    for (const place of around.filter(isUsable)) {
      const inside = stopsIn(place);
      const isAfter = (other: Node) => from.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
      const before = known.slice(0, known.indexOf(from));
      const found =
        inside.find(each => each.tagName === from.tagName && nameOf(each) === name) ??
        (from.isConnected
          ? inside.find(isAfter)
          : known.slice(before.length + 1).find(each => inside.includes(each))) ??
        before.findLast(each => inside.includes(each)) ??
        inside[0];
      if (found) return found;
    }
    return undefined;
  }
}

/** The toolkit's controls can have the focus a frame after they are enabled. */
function focusOn(element: HTMLElement, frames = 3): void {
  element.focus();
  if (isNowhere() && frames > 0) requestAnimationFrame(() => focusOn(element, frames - 1));
}

function isNowhere(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

function ancestorsOf(element: HTMLElement, last: HTMLElement): HTMLElement[] {
  const all: HTMLElement[] = [];
  for (let each = element.parentElement; each && each !== last.parentElement; each = each.parentElement) all.push(each);
  return all;
}

function stopsIn(place: HTMLElement): HTMLElement[] {
  return [...place.querySelectorAll<HTMLElement>(stops)].filter(
    each => isUsable(each) && each.getAttribute('tabindex') !== '-1',
  );
}

function isUsable(element: HTMLElement): boolean {
  return element.isConnected && !element.hasAttribute('disabled') && element.checkVisibility();
}

function nameOf(element: HTMLElement): string {
  return element.getAttribute('aria-label') ?? element.textContent.trim();
}
