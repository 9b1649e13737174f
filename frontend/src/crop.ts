// The frame on a picture, dragged or moved by keys. The fields of the form are what counts: without this they do.
interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}
type Corner = [horizontal: -1 | 1, vertical: -1 | 1];

const SVG = "http://www.w3.org/2000/svg";
const SIDES = ["x", "y", "width", "height"] as const;
const CORNERS: Corner[] = [
  [-1, -1],
  [1, -1],
  [-1, 1],
  [1, 1],
];
const LEAST = 2; // percent of a side
const STEP = 1; // percent, by key
const GRIP = 22; // pixels on screen around a corner: a thumb's half

const between = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

function startCropping(svg: SVGSVGElement, form: HTMLFormElement): void {
  const { width: wide, height: high } = svg.viewBox.baseVal;
  const fields = SIDES.map((name) => form.elements.namedItem(name) as HTMLInputElement);
  const outside = svg.querySelector(".outside")!;
  const frame = svg.querySelector<SVGRectElement>(".frame")!;
  const said = form.querySelector<HTMLElement>("[data-crop-said]")!;
  const small = form.querySelector<HTMLElement>("[data-crop-small]")!;
  const grips = CORNERS.map((corner) => grip(svg, corner));
  let now = read();

  /** Width to height in percent of the picture; 0 where the shape is free. */
  const steep = (): number => {
    const chosen = form.querySelector<HTMLInputElement>('input[name="aspect"]:checked');
    return (Number(chosen?.dataset.ratio ?? 0) * high) / wide;
  };

  function read(): Frame {
    const [x = 0, y = 0, width = 100, height = 100] = fields.map((field) => Number(field.value));
    return { x, y, width, height };
  }

  function show(next: Frame, typing?: HTMLInputElement): void {
    now = next;
    for (const [index, field] of fields.entries())
      if (field !== typing) field.value = String(Math.round(next[SIDES[index]!] * 100) / 100);
    const box = {
      x: (next.x * wide) / 100,
      y: (next.y * high) / 100,
      width: (next.width * wide) / 100,
      height: (next.height * high) / 100,
    };
    for (const side of SIDES) frame.setAttribute(side, String(box[side]));
    const [right, bottom] = [box.x + box.width, box.y + box.height];
    outside.setAttribute("d", `M0 0H${wide}V${high}H0ZM${box.x} ${box.y}H${right}V${bottom}H${box.x}Z`);
    const scale = wide / (svg.clientWidth || wide);
    for (const [index, [horizontal, vertical]] of CORNERS.entries())
      place(grips[index]!, horizontal < 0 ? box.x : right, vertical < 0 ? box.y : bottom, scale);
    said.textContent = (said.dataset.cropSaid ?? "")
      .replace("{wide}", String(Math.round(box.width)))
      .replace("{high}", String(Math.round(box.height)));
    small.hidden = Math.round(box.width) >= Number(small.dataset.cropSmall);
  }

  function moved(from: Frame, x: number, y: number): Frame {
    return { ...from, x: between(from.x + x, 0, 100 - from.width), y: between(from.y + y, 0, 100 - from.height) };
  }

  /** The opposite corner stays; with a shape the height follows the width. */
  function sized(from: Frame, [horizontal, vertical]: Corner, x: number, y: number): Frame {
    const ratio = steep();
    const roomX = horizontal > 0 ? 100 - from.x : from.x + from.width;
    const roomY = vertical > 0 ? 100 - from.y : from.y + from.height;
    let width = between(from.width + horizontal * x, LEAST, roomX);
    let height = between(from.height + vertical * y, LEAST, roomY);
    if (ratio) {
      width = Math.min(Math.abs(x) >= Math.abs(y) * ratio ? width : height * ratio, roomX, roomY * ratio);
      height = width / ratio;
    }
    return {
      x: horizontal > 0 ? from.x : from.x + from.width - width,
      y: vertical > 0 ? from.y : from.y + from.height - height,
      width,
      height,
    };
  }

  /** About its middle, as wide as it is or as there is room for. */
  function shaped(from: Frame): Frame {
    const ratio = steep();
    if (!ratio) return from;
    const width = Math.min(from.width, 100, 100 * ratio);
    const height = width / ratio;
    const middle = { x: from.x + (from.width - width) / 2, y: from.y + (from.height - height) / 2, width, height };
    return moved(middle, 0, 0);
  }

  function drag(element: SVGElement, turn: (from: Frame, x: number, y: number) => Frame): void {
    element.addEventListener("pointerdown", (down) => {
      if (down.button !== 0) return;
      down.preventDefault();
      frame.focus();
      element.setPointerCapture(down.pointerId);
      const [from, size] = [now, svg.getBoundingClientRect()];
      const follow = (move: PointerEvent): void => {
        const [x, y] = [move.clientX - down.clientX, move.clientY - down.clientY];
        show(turn(from, (x / size.width) * 100, (y / size.height) * 100));
      };
      element.addEventListener("pointermove", follow);
      element.addEventListener("lostpointercapture", () => element.removeEventListener("pointermove", follow), {
        once: true,
      });
    });
  }

  drag(frame, moved);
  for (const [index, corner] of CORNERS.entries()) drag(grips[index]!, (from, x, y) => sized(from, corner, x, y));

  frame.addEventListener("keydown", (event) => {
    const ways: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, -STEP],
      ArrowDown: [0, STEP],
    };
    const way = ways[event.key];
    if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(event.shiftKey ? sized(now, [1, 1], ...way) : moved(now, ...way));
  });
  form.addEventListener("input", (event) => {
    const field = event.target as HTMLInputElement;
    if (field.name === "aspect") return show(shaped(now));
    const typed = read();
    if (!fields.every((each) => each.value !== "" && each.validity.valid)) return;
    const ratio = steep();
    if (ratio && field.name === "height") typed.width = typed.height * ratio;
    else if (ratio) typed.height = typed.width / ratio;
    typed.width = between(typed.width, 1, 100 - Math.min(typed.x, 99));
    typed.height = between(typed.height, 1, 100 - Math.min(typed.y, 99));
    show(typed, field);
  });

  for (const [name, value] of Object.entries({
    tabindex: "0",
    role: "group",
    "aria-label": svg.dataset.label ?? "",
    "aria-describedby": svg.dataset.described ?? "",
  }))
    frame.setAttribute(name, value);
  form.querySelector<HTMLElement>("[data-crop-look]")!.hidden = true; // the frame shows it
  for (const hint of document.querySelectorAll<HTMLElement>("[data-crop-hint]")) hint.hidden = false;
  new ResizeObserver(() => show(now)).observe(svg);
}

/** A corner to drag by: a mark to see, and room around it to touch. */
function grip(svg: SVGSVGElement, [horizontal, vertical]: Corner): SVGGElement {
  const made = document.createElementNS(SVG, "g");
  made.classList.add("grip-corner", horizontal === vertical ? "falling" : "rising");
  made.append(document.createElementNS(SVG, "circle"), document.createElementNS(SVG, "circle"));
  made.firstElementChild!.classList.add("room");
  svg.append(made);
  return made;
}

function place(made: SVGGElement, x: number, y: number, scale: number): void {
  for (const [index, circle] of [...made.children].entries())
    for (const [name, value] of Object.entries({ cx: x, cy: y, r: (index ? 7 : GRIP) * scale }))
      circle.setAttribute(name, String(value));
}

const svg = document.querySelector<SVGSVGElement>("svg[data-crop]");
const form = svg?.closest("main")?.querySelector<HTMLFormElement>("form.cropper");
if (svg && form) startCropping(svg, form);
