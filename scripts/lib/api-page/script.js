"use strict";
(() => {
  const element = (id) => document.getElementById(id);
  const form = element("form");
  const token = element("token");
  const summary = element("summary");
  const shownHeaders = ["X-Request-Id", "Retry-After", "WWW-Authenticate", "Allow", "Server-Timing", "Content-Type"];
  const server = location.protocol.startsWith("http") ? location.origin : document.querySelector("var").textContent;
  for (const address of document.querySelectorAll("var")) address.textContent = server;

  const make = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // What is sent

  const call = () => {
    const chosen = form.querySelector("[name=endpoint]:checked");
    const args = {};
    if (element("meeting").value) args.meetingId = element("meeting").value;
    if (element("role").value) args.role = element("role").value;
    const body = chosen.value === "action" ? { path: chosen.dataset.function } : {};
    if (element("format").value) body.format = element("format").value;
    body.args = args;
    const headers = { "Content-Type": "application/json" };
    if (element("request-id").value) headers["X-Request-Id"] = element("request-id").value;
    return { path: chosen.dataset.path, headers, body: JSON.stringify(body) };
  };

  const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

  // The token is a variable: a command line is kept in the history of the shell, and other users of a machine see it.
  const curl = ({ path, headers, body }) => [
    `curl --silent --show-error --include ${quoted(server + path)}`,
    `--header "Authorization: Bearer $TOKEN"`,
    ...Object.entries(headers).map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`),
    `--data ${quoted(body)}`,
  ].join(" \\\n  ");

  const showCurl = () => { element("curl").textContent = curl(call()); };
  form.addEventListener("input", showCurl);
  showCurl();

  // What comes back

  // Indents JSON as it was sent: a number keeps its decimal point.
  const indented = (text) => {
    try { JSON.parse(text); } catch { return undefined; }
    const parts = text.match(/"(?:\\.|[^"\\])*"|[{}[\]:,]|[^\s{}[\]:,"]+/g) ?? [];
    const lines = [];
    let depth = 0;
    let node = document.createDocumentFragment();
    const newline = () => node.append(`\n${"  ".repeat(depth)}`);
    parts.forEach((part, index) => {
      const empty = (open, close) => part === open && parts[index + 1] === close;
      if (part === "}" || part === "]") {
        if (!"{[".includes(parts[index - 1])) { depth -= 1; newline(); }
        node.append(part);
      } else if (part === "{" || part === "[") {
        node.append(part);
        if (!empty("{", "}") && !empty("[", "]")) { depth += 1; newline(); }
      } else if (part === ",") {
        node.append(part);
        newline();
      } else if (part === ":") {
        node.append(": ");
      } else {
        node.append(part.startsWith('"') && parts[index + 1] !== ":" ? make("i", part) : part);
      }
    });
    return node;
  };

  // The rows of the list of errors that an answer may be.
  const rowsOf = (answer) => {
    const data = answer?.errorData;
    if (!data?.code) return [];
    const metadata = Object.keys(data.metadata ?? {}).sort().join(" ");
    return [...document.querySelectorAll(".errors > li")].filter((row) =>
      row.dataset.code === data.code && Number(row.dataset.status) === data.statusCode && row.dataset.metadata === metadata);
  };

  const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);

  const explain = (answer) => {
    if (answer?.status === "success" && answer.value?.expiresAt) {
      const until = new Date(answer.value.expiresAt * 1000);
      const line = make("p", `A token for ${answer.value.userId}, until ${until.toLocaleTimeString()}.`);
      return [line];
    }
    return rowsOf(answer).map((row) => {
      const [when, remedy] = [".when", ".remedy"].map((part) => capitalized(row.querySelector(part).textContent));
      const line = make("p", `${row.dataset.code}. ${when}. ${remedy}. `);
      const link = make("a", `Row ${row.dataset.row}`);
      link.href = `#row-${row.dataset.row}`;
      line.append(link);
      return line;
    });
  };

  const show = (line, kind, lines, headers, text) => {
    summary.replaceChildren(make("p", line, `line ${kind}`), ...lines);
    const fields = element("fields");
    fields.replaceChildren();
    for (const name of shownHeaders) {
      const value = headers?.get(name);
      if (!value) continue;
      const field = make("div");
      field.append(make("dt", name), make("dd"));
      field.lastChild.append(make("code", value));
      fields.append(field);
    }
    fields.hidden = !fields.childElementCount;
    element("response").hidden = !text;
    element("body").replaceChildren(text ? indented(text) ?? text : "");
    summary.scrollIntoView({ block: "nearest" });
  };

  const send = element("send");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.getAttribute("aria-disabled") === "true") return;
    const { path, headers, body } = call();
    const bearer = token.value.trim().replace(/^Bearer\s+/i, "");
    if (bearer) headers.Authorization = `Bearer ${bearer}`;
    send.setAttribute("aria-disabled", "true");
    show("Waiting for the response", "", []);
    const start = performance.now();
    try {
      const response = await fetch(path, {
        method: "POST", headers, body, mode: "same-origin", credentials: "omit", cache: "no-store", redirect: "error",
        referrerPolicy: "no-referrer", signal: AbortSignal.timeout(20000),
      });
      const text = await response.text();
      const took = Math.round(performance.now() - start);
      let answer;
      try { answer = JSON.parse(text); } catch { /* A proxy's page. */ }
      const refused = !response.ok || answer?.status === "error";
      show(`${response.status} ${response.statusText} after ${took} ms`.replace("  ", " "),
        response.status >= 500 ? "s5" : refused ? "s4" : "s2", explain(answer), response.headers, text);
    } catch (error) {
      const reason = error.name === "TimeoutError" ? "No response came within 20 s."
        : error instanceof TypeError && /header|ISO-8859-1|ByteString/i.test(error.message)
          ? "The token or the request id has a character that a header cannot carry."
          : "The server cannot be reached, or a proxy answers for it.";
      show("No response", "s5", [make("p", reason)]);
    } finally {
      send.removeAttribute("aria-disabled");
    }
  });

  // The token stays in its field alone, and not longer than the page.

  const forget = () => { token.value = ""; };
  element("forget").addEventListener("click", () => {
    forget();
    show("The token is forgotten", "", []);
    token.focus();
  });
  addEventListener("pagehide", forget);

  // Copying, links to rows, print

  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    // Without HTTPS a browser has no clipboard for pages.
    const area = make("textarea", text);
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  };
  for (const figure of document.querySelectorAll(".code")) {
    const label = figure.querySelector("figcaption").textContent;
    const button = make("button", "Copy", "copy");
    button.type = "button";
    button.setAttribute("aria-label", `Copy: ${label}`);
    button.addEventListener("click", async () => {
      try { await copy(figure.querySelector("code").textContent); button.textContent = "Copied"; } catch { button.textContent = "Not allowed"; }
      setTimeout(() => { button.textContent = "Copy"; }, 1500);
    });
    figure.append(button);
  }

  const openTarget = () => {
    const row = location.hash.startsWith("#row-") && document.getElementById(location.hash.slice(1));
    if (row) row.querySelector("details").open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll(".errors details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of closed) details.open = false; });
})();
