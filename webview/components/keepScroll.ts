/** A view that is filled is where its user left it, and stays so when it is hidden or loaded again. */
export function keepScroll({ scroll }: { scroll: number }, changeState: (change: { scroll: number }) => void): void {
  window.scrollTo(0, scroll);
  document.addEventListener('scrollend', () => changeState({ scroll: window.scrollY }));
}
