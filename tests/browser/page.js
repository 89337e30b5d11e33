// What the tests ask a page. It stands before each question, and leaves nothing behind in the page.

/** In one line, and without the marks by which the program isolates what it puts into its messages. */
const flat = (text) => (text ?? "").replace(/[\u2068\u2069]/g, "").replace(/\s+/g, " ").trim();

const seen = (element) => element.checkVisibility({ visibilityProperty: true });

/** The words by which a person finds a field, a button or a link. */
const named = (element) => {
  const labels = element.matches("button") ? [] : [...(element.labels ?? [])];
  return flat(element.getAttribute("aria-label") ?? (labels.map((label) => label.innerText).join(" ") || element.innerText));
};

/** What can be found: by its whole name, or else by a part of it. A name that stands on two is as little use as on none. */
function find(selector, name) {
  const all = [...document.querySelectorAll(selector)].filter(seen);
  const whole = all.filter((element) => named(element) === name);
  const hits = whole.length > 0 ? whole : all.filter((element) => named(element).includes(name));
  return { element: hits.length === 1 ? hits[0] : null, count: hits.length, names: all.map(named) };
}

/** A mark that turns the direction is not closed again in this text (Unicode's bidirectional algorithm, X1 to X8). */
function turns(text) {
  let [isolates, embeddings] = [0, 0];
  for (const mark of text) {
    if ("\u2066\u2067\u2068".includes(mark)) isolates += 1;
    else if (mark === "\u2069") isolates = Math.max(0, isolates - 1);
    else if (isolates === 0 && "\u202a\u202b\u202d\u202e".includes(mark)) embeddings += 1;
    else if (isolates === 0 && mark === "\u202c") embeddings = Math.max(0, embeddings - 1);
  }
  return isolates + embeddings > 0;
}

/** Texts that turn the direction of what stands beside them: nothing around them holds their marks in. */
function unheld() {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const loose = [];
  while (texts.nextNode()) {
    if (!turns(texts.currentNode.data)) continue;
    let holder = texts.currentNode.parentElement;
    const inline = () => getComputedStyle(holder).display === "inline";
    const isolates = () => ["isolate", "isolate-override", "plaintext"].includes(getComputedStyle(holder).unicodeBidi);
    while (inline() && !isolates()) holder = holder.parentElement;
    // A block of its own has nothing beside the text.
    const alone = flat(holder.textContent) === flat(texts.currentNode.data);
    if (!(inline() && isolates()) && !alone) loose.push(holder.outerHTML.slice(0, 300));
  }
  return loose;
}

/** Bytes of the page with all it loads, uncompressed, and what of that did not arrive. A script that may not run is not fetched. */
function weight(scripts) {
  const parts = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
  const wanted = parts.slice(1).filter((part) => scripts || part.initiatorType !== "script");
  const failed = wanted.filter((part) => part.responseStatus >= 400 || part.responseStatus === 0);
  return { bytes: parts.reduce((sum, part) => sum + part.decodedBodySize, 0), failed: failed.map((part) => part.name) };
}

/** What is wider than the window, innermost first, if the page can be scrolled sideways. */
function tooWide() {
  if (document.scrollingElement.scrollWidth <= innerWidth) return [];
  const wide = [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5);
  return ["the page scrolls sideways", ...wide.reverse().slice(0, 3).map((e) => e.outerHTML.slice(0, 200))];
}

const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";

/** What Tab has to reach, in its order. Of radio buttons with one name it reaches the chosen one, or the first. */
function stops() {
  const elements = [...document.querySelectorAll(FOCUSABLE)].filter((e) => seen(e) && !e.disabled && e.tabIndex >= 0);
  const first = (radio) => elements.find((e) => e.type === "radio" && e.name === radio.name);
  const chosen = (radio) => elements.find((e) => e.type === "radio" && e.name === radio.name && e.checked);
  return elements.filter((e) => e.type !== "radio" || e === (chosen(e) ?? first(e)));
}

/** How often Tab stops inside fields of dates, at most: at their parts and at their button, which have no focus of their own. */
const partsOfDates = () => 6 * stops().filter((e) => ["date", "datetime-local"].includes(e.type)).length;

/** Where the focus is: its place among the stops, its name, and whether a person sees it there. */
function focus() {
  const element = document.activeElement;
  const style = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  const marked = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const inside = box.bottom > 0 && box.top < innerHeight && box.width > 0;
  return { element, place: stops().indexOf(element), name: named(element), visible: marked && inside, radio: element.type === "radio" ? element.name : null };
}

/** Puts a text into every field of the form with this number that takes one, and sends it; false if it takes none. */
function attack(number, text) {
  const form = document.forms[number];
  const fields = [...form.elements].filter((field) => field.matches("textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=file])"));
  if (fields.length === 0) return false;
  for (const field of fields) {
    // As a program sends it, which knows nothing of kinds of fields and their rules.
    if (field.matches("input")) field.type = "text";
    field.removeAttribute("maxlength");
    field.value = text;
  }
  form.noValidate = true;
  form.querySelector("button[type=submit]").click();
  return true;
}

/** Markup that came in with a text. */
function markup() {
  const strange = [...document.querySelectorAll("script:not([src]), img, iframe, [onload], [onerror]")];
  return [document.title === "taken" ? "a script ran" : [], strange.map((element) => element.outerHTML)].flat();
}

/** Writes down from now on where the focus goes. */
function follow() {
  window.walked = [];
  document.addEventListener("focusin", () => {
    const { place, name, visible } = focus();
    window.walked.push({ place, name, visible });
  });
  // From the very top, wherever the focus was before.
  document.body.tabIndex = -1;
  document.body.focus();
  document.body.removeAttribute("tabindex");
  window.walked = [];
}
