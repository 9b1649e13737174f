// The composer: items are dragged to another place; texts save by themselves.
import Sortable from "sortablejs/modular/sortable.core.esm.js";
import { startGlimpse } from "./glimpse";
import { startPasting } from "./paste";
import { startSaving } from "./saving";

const token = (): string => document.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content ?? "";

function startDragging(board: HTMLElement): void {
  for (const list of board.querySelectorAll<HTMLElement>(".items")) {
    Sortable.create(list, {
      group: "items",
      handle: ".grip",
      draggable: ".item",
      animation: 120,
      ghostClass: "lifted",
      onEnd: (event: { item: HTMLElement; to: HTMLElement; from: HTMLElement; oldIndex?: number; newIndex?: number }) => {
        if (event.to === event.from && event.oldIndex === event.newIndex) return;
        void move(board, event.item, event.to);
      },
    });
  }
}

async function move(board: HTMLElement, item: HTMLElement, list: HTMLElement): Promise<void> {
  const next = item.nextElementSibling;
  const before = next instanceof HTMLElement ? (next.dataset.item ?? "") : "";
  const body = new URLSearchParams({ section: list.dataset.section ?? "", before, language: board.dataset.language ?? "" });
  const answer = await fetch(`${board.dataset.base}/items/${item.dataset.item}/move`, {
    method: "POST",
    body,
    headers: { "X-CSRF": token() },
  }).catch(() => null);
  // What the server says is what there is: also where the move could not be done.
  location.assign(answer?.ok ? answer.url : location.href);
}

const board = document.querySelector<HTMLElement>("#board[data-movable]");
if (board) startDragging(board);
for (const form of document.querySelectorAll<HTMLFormElement>("form[data-saves]")) {
  startSaving(form, token);
  startGlimpse(form, token);
}
for (const field of document.querySelectorAll<HTMLTextAreaElement>("textarea[data-markdown]")) startPasting(field, token);
