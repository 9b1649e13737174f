// Signing in again over the page: the form of the sign-in page in a dialog, and the page's forms get the new token.
let asking: Promise<boolean> | null = null;

/** Whether somebody is signed in again. One dialog at a time, whoever asks. */
export function signIn(): Promise<boolean> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<boolean> {
  const dialog = document.querySelector<HTMLDialogElement>("#sign-in");
  const place = dialog?.querySelector<HTMLElement>("[data-forms]");
  if (!dialog || !place) return false;
  place.replaceChildren(...forms(await (await fetch("/sign-in")).text()));
  dialog.showModal();
  return new Promise((done) => {
    const sent = async (event: SubmitEvent): Promise<void> => {
      const form = event.target as HTMLFormElement;
      if (form.method === "dialog") return;
      event.preventDefault();
      const body = new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
      body.set("next", "/account");
      const answer = await fetch(form.action, { method: "POST", body }).catch(() => null);
      const page = new DOMParser().parseFromString((await answer?.text()) ?? "", "text/html");
      const fresh = page.querySelector<HTMLMetaElement>('meta[name="csrf"]')?.content;
      if (!fresh) return place.replaceChildren(...forms(page));
      renew(fresh);
      dialog.close("signed in");
    };
    dialog.addEventListener("submit", sent);
    dialog.addEventListener(
      "close",
      () => {
        dialog.removeEventListener("submit", sent);
        done(dialog.returnValue === "signed in");
      },
      { once: true },
    );
  });
}

/** What the page itself says when sign-in failed stands first. */
function forms(page: string | Document): Element[] {
  const parsed = typeof page === "string" ? new DOMParser().parseFromString(page, "text/html") : page;
  return [...parsed.querySelectorAll("#failure, main .panel")];
}

function renew(token: string): void {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="csrf"]');
  if (meta) meta.content = token;
  for (const field of document.querySelectorAll<HTMLInputElement>('input[name="csrf"]')) field.value = token;
  document.body.setAttribute("hx-headers:inherited", JSON.stringify({ "X-CSRF": token }));
}
