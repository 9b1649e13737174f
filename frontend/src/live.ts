// Sums that change while a send runs: told by the server; asked for where telling does not come through.
const SILENT = 15_000; // the server speaks every second: a longer silence means that nothing comes through
const ASKED = 3_000;

export function startLive(): void {
  const panel = document.querySelector<HTMLElement>("[data-live]");
  if (panel) follow(panel);
}

function follow(panel: HTMLElement): void {
  const source = new EventSource(panel.dataset.live ?? "");
  let heard = Date.now();
  source.addEventListener("open", () => {
    heard = Date.now();
  });
  source.addEventListener("message", (event) => {
    heard = Date.now();
    show(panel, event.data);
  });
  source.addEventListener("over", () => {
    source.close();
    location.reload();
  });
  const timer = setInterval(() => {
    if (source.readyState !== EventSource.CLOSED && Date.now() - heard < SILENT) return;
    clearInterval(timer);
    source.close();
    void ask(panel);
  }, 1_000);
}

async function ask(panel: HTMLElement): Promise<void> {
  if (!document.hidden) {
    const answer = await fetch(panel.dataset.poll ?? "", { headers: { "hx-request": "true" } }).catch(() => null);
    if (answer?.status === 401) return;
    if (answer?.ok) show(panel, await answer.text());
    if (answer?.headers.get("x-over")) {
      location.reload();
      return;
    }
  }
  setTimeout(() => void ask(panel), ASKED);
}

function show(panel: HTMLElement, html: string): void {
  panel.innerHTML = html;
  announce(panel.querySelector(".figures strong")?.textContent ?? "");
}

let said = 0;

// Every ten seconds at most, so that a screen reader is not talked over.
function announce(text: string): void {
  const place = document.querySelector("#progress-said");
  if (!place || Date.now() - said < 10_000) return;
  said = Date.now();
  place.textContent = text;
}
