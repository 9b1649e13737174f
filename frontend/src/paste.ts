// What is pasted from Word or Outlook comes in as Markdown: the server takes the clutter out.
export function startPasting(field: HTMLTextAreaElement, token: () => string): void {
  field.addEventListener("paste", (event) => {
    const html = event.clipboardData?.getData("text/html") ?? "";
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!html) return;
    event.preventDefault();
    void cleaned(html, token()).then((markdown) => insert(field, markdown ?? text));
  });
}

export async function cleaned(html: string, token: string): Promise<string | null> {
  const answer = await fetch("/articles/clean", {
    method: "POST",
    body: new URLSearchParams({ html }),
    headers: { "X-CSRF": token },
    redirect: "manual",
  }).catch(() => null);
  return answer?.ok ? answer.text() : null;
}

// execCommand, so that the browser's own undo takes it back.
export function insert(field: HTMLTextAreaElement, text: string): void {
  field.focus();
  if (!document.execCommand("insertText", false, text)) field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
}
