import { type Disposable, EventEmitter, Uri, workspace } from 'vscode';

/** Read-only documents of one scheme whose text this extension says and may change. */
export interface VirtualDocuments extends Disposable {
  /** A new document; `name` is what its tab says. */
  create(name: string, text: string): Uri;
  update(uri: Uri, text: string): void;
}

/** The oldest go first: nobody looks at a route of yesterday. */
const mostDocuments = 50;

export function createVirtualDocuments(scheme: string): VirtualDocuments {
  const changed = new EventEmitter<Uri>();
  const texts = new Map<string, string>();
  const provider = workspace.registerTextDocumentContentProvider(scheme, {
    onDidChange: changed.event,
    provideTextDocumentContent: uri => texts.get(uri.toString()) ?? 'This text is no longer kept.',
  });
  let next = 1;
  return {
    create(name, text) {
      // What tells two of a name apart is in the query, which is not shown.
      const uri = Uri.from({ scheme, path: `/${name}`, query: String(next++) });
      texts.set(uri.toString(), text);
      if (texts.size > mostDocuments) texts.delete(texts.keys().next().value!);
      return uri;
    },
    update(uri, text) {
      if (!texts.has(uri.toString())) return;
      texts.set(uri.toString(), text);
      changed.fire(uri);
    },
    dispose() {
      provider.dispose();
      changed.dispose();
    },
  };
}
