// The preview beside the text follows what is typed. The last good one stays until the new one has been drawn.
const PAUSE = 70;

export function startGlimpse(form: HTMLFormElement, token: () => string): void {
  const place = document.querySelector<HTMLDetailsElement>("[data-glimpse]");
  const said = place?.querySelector<HTMLElement>("[data-glimpse-said]");
  if (!place || !said) return;
  if (window.matchMedia("(max-width: 60rem)").matches) place.open = false;
  let timer = 0;
  let asked = 0;

  async function follow(): Promise<void> {
    const turn = ++asked;
    const answer = await fetch(place!.dataset.glimpse ?? "", {
      method: "POST",
      body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>),
      headers: { "X-CSRF": token(), Accept: "application/json" },
      redirect: "manual",
    }).catch(() => null);
    if (turn !== asked || !answer?.headers.get("content-type")?.includes("json")) return;
    const told = (await answer.json()) as { frame?: string; said?: string };
    if (turn !== asked) return;
    said!.hidden = !told.said;
    said!.textContent = told.said ?? "";
    place!.classList.toggle("stale", !told.frame);
    if (told.frame) draw(told.frame, turn);
  }

  function draw(url: string, turn: number): void {
    const old = [...place!.querySelectorAll("iframe")];
    const next = old[0]!.cloneNode() as HTMLIFrameElement;
    next.classList.add("coming");
    next.addEventListener("load", () => {
      if (turn !== asked) return next.remove();
      next.classList.remove("coming");
      for (const each of place!.querySelectorAll("iframe")) if (each !== next) each.remove();
      place!.dispatchEvent(new Event("followed"));
    });
    next.src = url;
    old[0]!.after(next);
  }

  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => place.open && void follow(), PAUSE);
  });
  place.addEventListener("toggle", () => place.open && void follow());
}
