/** Menus within menus, so that the editor's own entries stay in sight. */
export const submenus = [
  { id: 'multiLora.editor', label: 'Multi-LoRA', menu: 'editor/context', when: 'editorIsOpen', group: '1_multiLora@1' },
  {
    id: 'multiLora.explorer',
    label: 'Multi-LoRA',
    menu: 'explorer/context',
    when: 'resourceFilename =~ /\\.lora\\.json$/',
    group: '5_multiLora@1',
  },
] as const;

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
      | (typeof submenus)[number]['id']
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
