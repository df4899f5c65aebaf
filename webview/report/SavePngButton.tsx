/** Over a plot; `onClick` gets the button. */
export function SavePngButton({ title, onClick }: { title: string; onClick: (button: HTMLElement) => void }) {
  const text = `Save '${title}' as PNG`;
  return (
    <vscode-button
      appearance="icon"
      aria-label={text}
      title={text}
      onClick={event => onClick(event.currentTarget as HTMLElement)}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" class="icon">
        <path d="M8 2v8M4.5 6.5 8 10l3.5-3.5M3 13h10" />
      </svg>
    </vscode-button>
  );
}
