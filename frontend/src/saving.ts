// A form that saves by itself: 3 s after the last key, one save at a time, never unchanged. What is typed stays: in the
// page, and (until it is saved) in this browser, so that a closed tab, a lost line or an ended session loses nothing.
import { forget, keep, offer } from "./copies";
import { signIn } from "./signin";

const PAUSE = 3000;
const RETRY = 10000;

export function startSaving(form: HTMLFormElement, token: () => string): void {
  const status = form.querySelector<HTMLElement>("[data-saved]");
  const made = form.querySelector<HTMLInputElement>("[name=made_from]");
  if (!status || !made) return;
  let saved = typed(form);
  let timer = 0;
  let saving = false;
  let stopped = false;

  const later = (wait: number): void => {
    clearTimeout(timer);
    timer = window.setTimeout(save, wait);
  };

  async function save(): Promise<void> {
    const now = typed(form);
    if (stopped || now === saved || !status || !made) return;
    if (saving) return later(PAUSE);
    saving = true;
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>),
      headers: { "X-CSRF": token(), Accept: "application/json" },
      redirect: "manual",
    }).catch(() => null);
    saving = false;
    if (answer?.ok) {
      const said = (await answer.json()) as { made_from: string; said: string };
      made.value = said.made_from;
      saved = now;
      status.textContent = said.said;
      if (typed(form) !== saved) return later(PAUSE);
      forget(form);
    } else if (answer?.status === 409) {
      stopped = true;
      status.textContent = status.dataset.clash ?? "";
    } else if (answer && (answer.status === 401 || answer.type === "opaqueredirect")) {
      status.textContent = status.dataset.ended ?? "";
      if (await signIn()) void save();
    } else {
      status.textContent = status.dataset.waiting ?? "";
      later(RETRY);
    }
  }

  form.addEventListener("input", () => {
    keep(form);
    later(PAUSE);
  });
  window.addEventListener("online", () => void save());
  form.addEventListener("submit", (event) => {
    if (navigator.onLine) {
      stopped = true;
      return;
    }
    event.preventDefault(); // the browser's own error page would take the text away
    void save();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void save();
    }
  });
  window.addEventListener("beforeunload", (event) => {
    if (!stopped && typed(form) !== saved) event.preventDefault();
  });
  offer(form);
}

function typed(form: HTMLFormElement): string {
  const fields = form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input:not([type=hidden]), textarea");
  return JSON.stringify([...fields].map((field) => field.value));
}
