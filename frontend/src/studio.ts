// On every page: htmx with server-sent events, the menu, what a page says when its session has ended.
import htmx from "htmx.org/dist/htmx.esm.js";
import "htmx.org/dist/ext/hx-sse.js";
import { startFocus } from "./focus";
import { startFollowing } from "./follow";
import { startLive } from "./live";
import { startMenu } from "./menu";
import { startSearch } from "./search";

htmx.config.morphIgnore = ["data-htmx-powered", "open"];
document.documentElement.classList.add("scripted");
startMenu();
startLive();
startFollowing();
startSearch();
startFocus();
