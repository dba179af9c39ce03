/** What every area of the page uses: its views, its notice, forms and lists. */

export const $ = (selector, within = document) => within.querySelector(selector);
export const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
/** The query that the page was opened with. */
export const query = new URLSearchParams(location.search);

/** Shows one view: a card for visitors, or the account. */
export function show(view) {
  for (const part of document.querySelectorAll("[data-view]")) part.hidden = part.dataset.view !== view;
}

export function notify(text) {
  const notice = $("#notice");
  notice.textContent = text;
  notice.hidden = text === "";
}

/** Takes the query out of the address bar: tokens have no business in a history. */
export function clean() {
  history.replaceState(null, "", "/");
}

/** Runs f for a button: once at a time, with its error shown beside it. */
export async function attempt(button, f) {
  const error = $(".error", button.closest("form, section"));
  error.textContent = "";
  button.disabled = true;
  try {
    await f();
  } catch (cause) {
    notify("");
    error.textContent = cause.message;
  } finally {
    button.disabled = false;
  }
}

/**
 * Adds an area to the page.
 * @param {Element} parent
 * @param {{html: string, submit?: object, click?: object, start?: (area: Element) => void}} area
 *   html is constant: what comes from the server is set as text. submit has a function per
 *   form (data-submit), which gets the fields by name, the form and the button; click one per
 *   button (data-click).
 */
export function mount(parent, { html, submit = {}, click = {}, start = () => {} }) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const root = template.content.firstElementChild;
  parent.append(root);
  for (const form of root.querySelectorAll("form")) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const fields = {};
      for (const input of form.elements) if (input.name && input.type !== "submit") fields[input.name] = input.type === "checkbox" ? input.checked : input.value;
      attempt(event.submitter ?? $("button", form), () => submit[form.dataset.submit](fields, form, event.submitter));
    });
  }
  for (const button of root.querySelectorAll("[data-click]")) {
    button.addEventListener("click", () => attempt(button, () => click[button.dataset.click](button)));
  }
  start(root);
}

/** An item of a list: a text, what is said below it in small, and its buttons. */
export function listItem(text, details, ...more) {
  const item = document.createElement("li");
  const words = document.createElement("span");
  words.textContent = text;
  if (details) {
    const small = document.createElement("small");
    small.textContent = details;
    words.append(small);
  }
  item.append(words, ...more);
  return item;
}

/** A small button of a list, with what it is for people who do not see the list. */
export function smallButton(text, label, f) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = text;
  button.setAttribute("aria-label", label);
  button.addEventListener("click", () => attempt(button, f));
  return button;
}
