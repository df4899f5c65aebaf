export interface CommandContribution {
  title: string;
  /** A codicon. */
  icon?: string;
  /** Where the palette offers it: everywhere without it; 'false' for nowhere. */
  palette?: string;
  /** A shortcut and when it applies. */
  key?: { key: string; mac: string; when?: string };
  /** Where else it is offered. */
  menus?: {
    menu:
      | 'editor/context'
      | 'editor/title'
      | 'explorer/context'
      | 'scm/title'
      | 'comments/commentThread/title'
      | 'notebook/toolbar'
      | 'view/title'
      | 'view/item/context';
    when: string;
    group: string;
  }[];
}
