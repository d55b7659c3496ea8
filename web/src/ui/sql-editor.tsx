/** An editor of SQL with colours and suggestions; heavy, so whoever shows it loads it lazily. */
import { acceptCompletion, autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory } from "@codemirror/commands";
import { PostgreSQL, sql, type SQLNamespace } from "@codemirror/lang-sql";
import { bracketMatching, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { Compartment, EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "react";
import { keepPolicy } from "./editor-styles";

keepPolicy();

/** The page's own colours, so that light and dark need no theme each. */
const LOOK = EditorView.theme({
  "&": { backgroundColor: "var(--bg-raised)", color: "var(--text)", fontSize: "13px" },
  ".cm-scroller": { fontFamily: "inherit", lineHeight: "20px", minHeight: "136px", maxHeight: "40vh" },
  ".cm-content": { padding: "6px 0", caretColor: "var(--text)" },
  ".cm-line": { padding: "0 10px" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-placeholder": { color: "var(--text-muted)" },
  "&.cm-focused": { outline: "none" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "color-mix(in srgb, var(--accent) 25%, transparent)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--bg-selected)" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--failed-soft)" },
  ".cm-tooltip": { backgroundColor: "var(--bg-raised)", border: "1px solid var(--line-strong)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "inherit", fontSize: "12px", maxHeight: "16em", maxWidth: "min(420px, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px", color: "var(--text)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent)", color: "var(--on-accent)" },
  ".cm-completionDetail": { color: "var(--text-muted)", fontStyle: "normal" },
  "li[aria-selected] .cm-completionDetail": { color: "inherit" },
});

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.bool, tags.null], color: "var(--syntax-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--syntax-string)" },
  { tag: tags.number, color: "var(--syntax-number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--syntax-comment)" },
  { tag: [tags.special(tags.name), tags.typeName], color: "var(--syntax-name)" },
]);

/**
 * What is typed over a selection is put there by the editor: Chromium would keep the colour of what it replaces in a
 * style attribute, which our content security policy refuses.
 */
const TYPED_OVER = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to, empty } = view.state.selection.main;
    const text = event.data;
    if (event.inputType !== "insertText" || event.isComposing || !text || empty) return false;
    const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handles) => handles(view, from, to, text, insert))) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

interface Props {
  value: string;
  onChange: (value: string) => void;
  /** Ctrl+Enter, or ⌘ Enter. */
  onRun: () => void;
  label: string;
  /** How a screen reader calls the list of suggestions. */
  suggestions: string;
  hint: string;
  /** What is suggested besides PostgreSQL's own words: schemas, in them tables, in them columns. */
  names: SQLNamespace;
}

export function SqlEditor({ value, onChange, onRun, label, suggestions, hint, names }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const language = useRef(new Compartment());
  const texts = useRef(new Compartment());
  const latest = useRef({ value, onChange, onRun });
  useEffect(() => {
    latest.current = { value, onChange, onRun };
  });

  useEffect(() => {
    if (!place.current) return;
    const run = (shown: EditorView) => {
      closeCompletion(shown);
      latest.current.onRun();
      return true;
    };
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: [
          Prec.highest(keymap.of([{ key: "Mod-Enter", run }, { key: "Ctrl-Enter", run }])),
          // Tab takes what is suggested and else goes on to the next button: whoever has no mouse is never caught.
          keymap.of([{ key: "Tab", run: acceptCompletion }, ...closeBracketsKeymap, ...completionKeymap, ...historyKeymap, ...defaultKeymap]),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          autocompletion({ icons: false }),
          TYPED_OVER,
          EditorView.lineWrapping,
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
          }),
          language.current.of([]),
          texts.current.of([]),
          syntaxHighlighting(COLOURS),
          LOOK,
        ],
      }),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
  }, []);

  useEffect(() => {
    view.current?.dispatch({ effects: language.current.reconfigure(sql({ dialect: PostgreSQL, schema: names, defaultSchema: "public" })) });
  }, [names]);

  useEffect(() => {
    const said = [EditorView.contentAttributes.of({ "aria-label": label }), EditorState.phrases.of({ Completions: suggestions }), placeholder(hint)];
    view.current?.dispatch({ effects: texts.current.reconfigure(said) });
  }, [label, suggestions, hint]);

  // From the history, say: a step of its own, so that undoing brings back what was typed before.
  useEffect(() => {
    const shown = view.current?.state.doc.toString();
    if (shown !== undefined && shown !== value) view.current?.dispatch({ changes: { from: 0, to: shown.length, insert: value }, annotations: isolateHistory.of("full") });
  }, [value]);

  return <div ref={place} className="overflow-hidden rounded-md border border-line-strong/80 font-mono hover:border-line-strong has-[.cm-focused]:border-accent has-[.cm-focused]:outline-2 has-[.cm-focused]:outline-accent" />;
}
