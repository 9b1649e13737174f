declare module "htmx.org/dist/htmx.esm.js";
declare module "htmx.org/dist/ext/hx-sse.js";
declare module "*.css";
declare module "sortablejs/modular/sortable.core.esm.js";
