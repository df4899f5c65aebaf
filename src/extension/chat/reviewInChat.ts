import { type ChatResponseStream, Location, MarkdownString, Position, Uri, workspace } from 'vscode';
import { commands } from '../contributions/commands.ts';
import type { Place } from '../review/changes.ts';
import type { createReviews } from '../review/reviewChanges.ts';
import { reviewingBase } from '../review/reviewer.ts';
import type { AttachedContext } from './references.ts';

export type Reviews = Pick<ReturnType<typeof createReviews>, 'reviewPlaces'>;

/** Reviews what is attached: its findings are comments on their lines, and told with links to them. */
export async function reviewInChat(
  reviews: Reviews,
  { pieces }: AttachedContext,
  stream: ChatResponseStream,
  signal: AbortSignal,
): Promise<void> {
  const places: Place[] = [];
  for (const { source } of pieces) {
    if (source instanceof Uri) places.push({ document: await workspace.openTextDocument(source) });
    else if (source) places.push({ document: await workspace.openTextDocument(source.uri), range: source.range });
  }
  stream.progress('Reviewing …');
  const reviewed = await reviews.reviewPlaces(places, signal);
  if ('nobody' in reviewed) {
    stream.markdown(new MarkdownString().appendText(reviewed.nobody));
    const command = 'multiLora.getBase';
    stream.button({ command, title: commands[command].title, arguments: [reviewingBase.download] });
    return;
  }
  stream.markdown(new MarkdownString().appendText(reviewed.summary));
  for (const { uri, line, finding } of reviewed.found) {
    stream.markdown('\n\n- ');
    stream.anchor(new Location(uri, new Position(line, 0)), `${workspace.asRelativePath(uri)}:${line + 1}`);
    stream.markdown(new MarkdownString(' ').appendText(`${finding.severity}: ${finding.message}`));
    if (finding.replacement) stream.markdown(new MarkdownString().appendCodeblock(finding.replacement));
  }
}
