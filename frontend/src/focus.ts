// Where the keyboard is once a page has come: at what could not be done, at the place that the address names, at the
// link that was followed within the same page, at what was done; else at the heading. Never lost on the body.
// Rings around headings show for those alone who came by keyboard.
const PRESSED = "pressed";
const BY = "by";
const CONTROLS = "a[href], button:not([disabled]), summary";

export function startFocus(): void {
  ringed(sessionStorage.getItem(BY) === "keys");
  document.addEventListener("keydown", () => by("keys"), true);
  document.addEventListener("pointerdown", () => by("pointer"), true);
  document.addEventListener("click", remember, true);
  holdThroughSwaps();
  const before = taken();
  land(before);
  if (location.hash) holdFromGoing(() => land(before));
}

/** The browser clears the focus when it goes to the place that the address names, which may be before or after. */
function holdFromGoing(again: () => void): void {
  const known = new AbortController();
  const cleared = (event: FocusEvent): void => {
    if (!event.relatedTarget) setTimeout(() => !known.signal.aborted && again());
  };
  document.addEventListener("focusout", cleared, { signal: known.signal });
  for (const deed of ["keydown", "pointerdown"])
    document.addEventListener(deed, () => known.abort(), { signal: known.signal, capture: true });
}

/** Changes a part of the page; focus that was in it stays at the control of the same words. */
export function keeping(part: Element, change: () => Element | null): void {
  const within = part.contains(document.activeElement) ? document.activeElement : null;
  const other = change();
  if (within && other) like(other, words(within))?.focus({ preventScroll: true });
}

/** What has the focus may go when a part of the page comes anew: then the same words have it, else the heading. */
function holdThroughSwaps(): void {
  let last: Element | null = null;
  document.addEventListener("focusin", (event) => {
    last = event.target instanceof Element ? event.target : null;
  });
  document.addEventListener("htmx:after:swap", () => {
    const main = document.querySelector("main");
    if (!last || !main || last.isConnected || document.activeElement !== document.body) return;
    go(like(main, words(last)) ?? main.querySelector<HTMLElement>("h1"));
  });
}

function by(means: "keys" | "pointer"): void {
  sessionStorage.setItem(BY, means);
  ringed(means === "keys");
}

function ringed(shown: boolean): void {
  document.documentElement.classList.toggle("by-keys", shown);
}

interface Pressed {
  path: string;
  words: string;
  link: boolean;
}

function remember(event: Event): void {
  const control = event.target instanceof Element ? event.target.closest("main :is(a[href], button)") : null;
  if (!control) return;
  const pressed: Pressed = { path: location.pathname, words: words(control), link: control.matches("a") };
  sessionStorage.setItem(PRESSED, JSON.stringify(pressed));
}

function taken(): Pressed | null {
  const kept = sessionStorage.getItem(PRESSED);
  sessionStorage.removeItem(PRESSED);
  const pressed = kept === null ? null : (JSON.parse(kept) as Pressed);
  return pressed?.path === location.pathname ? pressed : null;
}

function land(before: Pressed | null): void {
  if (document.activeElement && document.activeElement !== document.body) return;
  const main = document.querySelector("main");
  if (!main) return;
  const failure = [...main.querySelectorAll<HTMLElement>('[role="alert"]')].find((each) => each.checkVisibility());
  if (failure) return go(failure);
  const named = document.querySelector<HTMLElement>(":target");
  const followed = before && (named || before.link) ? like(named ?? main, before.words) : null;
  go(followed ?? head(named) ?? main.querySelector<HTMLElement>("[data-said]") ?? main.querySelector("h1"));
}

function head(place: HTMLElement | null): HTMLElement | null {
  return place?.querySelector<HTMLElement>("h1, h2, h3") ?? place;
}

function go(place: HTMLElement | null | undefined): void {
  if (!place) return;
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: place.matches("h1, [data-said]") });
}

function like(root: Element, sought: string): HTMLElement | null {
  return [...root.querySelectorAll<HTMLElement>(CONTROLS)].find((each) => words(each) === sought) ?? null;
}

function words(control: Element): string {
  const icons = [...control.querySelectorAll("[aria-label]")].map((each) => each.getAttribute("aria-label"));
  return [control.getAttribute("aria-label") ?? control.textContent, ...icons].join(" ").replace(/\s+/g, " ").trim();
}
