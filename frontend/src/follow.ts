// An open preview follows what changes on disk: it asks for the stamp of the files, and draws anew when that is another.
import { keeping } from "./focus";

const EVERY = 2_000;

export function startFollowing(): void {
  const place = document.querySelector<HTMLElement>("[data-follow]");
  if (!place) return;
  let known = place.dataset.stamp ?? "";
  const timer = setInterval(() => void look(), EVERY);

  async function look(): Promise<void> {
    if (document.hidden) return;
    const answer = await fetch(place!.dataset.asks ?? "", { headers: { "hx-request": "true" } }).catch(() => null);
    if (answer?.status === 401) clearInterval(timer);
    if (!answer?.ok) return;
    const found = await answer.text();
    if (found === known) return;
    known = found;
    await draw();
  }

  // The choices stand in the page's address, so the same address is drawn anew; what is typed beside it stays.
  async function draw(): Promise<void> {
    const answer = await fetch(place!.dataset.follow ?? "").catch(() => null);
    if (!answer?.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-followed]")) {
      const other = fresh.getElementById(part.id);
      if (other)
        keeping(part, () => {
          part.replaceWith(document.adoptNode(other));
          return other;
        });
    }
    for (const frame of document.querySelectorAll<HTMLIFrameElement>("#all iframe"))
      frame.setAttribute("src", frame.src);
    place!.textContent = place!.dataset.words ?? "";
  }
}
