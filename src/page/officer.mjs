// An officer's page: offers, answers to them, and what became of them. `docs/web.md` describes what
// is said here to the server and why.

const VERSION = 1;
const LENGTH_BYTES = 4;
const FRAME_MAX_BYTES = 16 * 1024 * 1024;
const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 15_000;
const BUSY_MS = 1_000;
const NEWS_MAX = 50;

/** Reasons to end after which the same token would be refused again. */
const NEEDS_TOKEN = new Set(["unauthenticated", "token-expired"]);
const IS_FINAL = new Set(["version-not-spoken", "protocol-error"]);

/** One frame: the length of the text in four bytes, the least significant first, and the text. */
function frame(message) {
  const text = new TextEncoder().encode(JSON.stringify(message));
  const bytes = new Uint8Array(LENGTH_BYTES + text.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

/** The messages of a stream of bytes, however they were cut. */
async function* messages(stream) {
  const reader = stream.getReader();
  let held = new Uint8Array();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
    while (held.length >= LENGTH_BYTES) {
      const length = new DataView(held.buffer, held.byteOffset).getUint32(0, true);
      if (length > FRAME_MAX_BYTES) throw new Error(`a frame of ${length} bytes`);
      if (held.length < LENGTH_BYTES + length) break;
      const text = held.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
      held = held.subarray(LENGTH_BYTES + length);
      yield JSON.parse(new TextDecoder().decode(text));
    }
  }
}

const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));

/** Whether cursor `a` stands behind cursor `b`. */
const isAfter = (a, b) => a.sequence - b.sequence || a.step - b.step;

/**
 * A session that outlives its connections: it comes back from the last cursor, and repeats what
 * was not answered under the ids it had. `tell(kind, what)` hears of everything.
 */
export class Session {
  offers = new Map();
  held = new Map();
  #where;
  #tell;
  #token;
  #cursor = null;
  #unanswered = new Map();
  #writer = null;
  #isWelcome = false;
  /** During a whole sync, what stood before and has not been mentioned yet. */
  #stale = null;
  #isRunning = false;

  constructor(where, tell) {
    this.#where = where;
    this.#tell = tell;
  }

  /** Goes on with this token: the first of the session, or one in place of another. */
  token(token) {
    this.#token = token;
    if (this.#isWelcome) this.#say({ say: "renew", token });
    if (!this.#isRunning) this.#run();
  }

  accept(offer) {
    this.#ask({ ask: "accept", vacancy: offer.vacancy, round: offer.round });
  }

  decline(offer) {
    this.#ask({ ask: "decline", vacancy: offer.vacancy, round: offer.round });
  }

  #ask(ask) {
    const id = `req_${crypto.randomUUID().replaceAll("-", "")}`;
    this.#unanswered.set(id, ask);
    this.#request(id);
  }

  #request(id) {
    const ask = this.#unanswered.get(id);
    if (ask && this.#isWelcome) this.#say({ say: "request", id, ask });
  }

  #say(message) {
    // A connection that is lost ends the reading half, which begins anew.
    this.#writer?.write(frame(message)).catch(() => {});
  }

  async #run() {
    this.#isRunning = true;
    let backoffMs = BACKOFF_MIN_MS;
    for (;;) {
      const token = this.#token;
      const { because, wasWelcome, afterMs } = await this.#converse(token);
      this.#tell("down", because);
      if (IS_FINAL.has(because)) break;
      if (NEEDS_TOKEN.has(because) && token === this.#token) break;
      backoffMs = wasWelcome ? BACKOFF_MIN_MS : Math.min(2 * backoffMs, BACKOFF_MAX_MS);
      // Everybody else who was cut off comes back as well.
      await pause(Math.max(afterMs, backoffMs) * (1 + Math.random()));
    }
    this.#isRunning = false;
  }

  /** One connection, from its beginning to its end. */
  async #converse(token) {
    const end = { because: null, wasWelcome: false, afterMs: 0 };
    let transport;
    try {
      const { url, certificate_sha256: hash } = await this.#where();
      const options = hash ? { serverCertificateHashes: [pinned(hash)] } : {};
      transport = new WebTransport(url, options);
      // Its fate is told by the stream; nobody else waits for it.
      transport.closed.catch(() => {});
      await transport.ready;
      const stream = await transport.createBidirectionalStream();
      this.#writer = stream.writable.getWriter();
      const software = "muster officer page";
      this.#say({ say: "hello", version: VERSION, token, resume: this.#cursor, software });
      for await (const message of messages(stream.readable)) {
        if (message.say === "go-away") {
          end.because = message.because;
          end.afterMs = message.reconnect_after_ms;
          break;
        }
        this.#hear(message);
        end.wasWelcome ||= this.#isWelcome;
      }
    } catch (error) {
      end.because = String(error);
    }
    this.#writer = null;
    this.#isWelcome = false;
    // A sync that broke off has said nothing about the rest.
    this.#stale = null;
    try {
      transport?.close();
    } catch {
      // It was closed before.
    }
    return end;
  }

  #hear(message) {
    switch (message.say) {
      case "welcome":
        this.#isWelcome = true;
        if (!message.resumed) this.#stale = new Set([...this.offers.keys(), ...this.held.keys()]);
        this.#tell("up", message);
        for (const id of this.#unanswered.keys()) this.#request(id);
        break;
      case "push":
        this.#push(message);
        break;
      case "synced":
        for (const vacancy of this.#stale ?? []) {
          this.offers.delete(vacancy);
          this.held.delete(vacancy);
        }
        this.#stale = null;
        this.#cursor = message.cursor;
        this.#tell("synced", message.cursor);
        break;
      case "answer":
        this.#answered(message);
        break;
    }
  }

  #push({ cursor, news }) {
    if (!this.#stale) {
      if (this.#cursor && isAfter(cursor, this.#cursor) <= 0) return;
      this.#cursor = cursor;
    }
    switch (news.news) {
      case "offered":
        this.offers.set(news.vacancy, news);
        this.#stale?.delete(news.vacancy);
        break;
      case "withdrawn":
      case "passed":
        this.offers.delete(news.vacancy);
        break;
      case "overlapped":
        for (const vacancy of news.vacancies) this.offers.delete(vacancy);
        break;
      case "assigned":
        this.offers.delete(news.receipt.vacancy);
        this.held.set(news.receipt.vacancy, news);
        this.#stale?.delete(news.receipt.vacancy);
        break;
      case "unassigned":
        this.held.delete(news.vacancy);
        break;
      case "amended":
        for (const standing of [this.offers.get(news.vacancy), this.held.get(news.vacancy)])
          if (standing) Object.assign(standing, { segments: news.segments, round: news.round });
        break;
    }
    this.#tell("news", news);
  }

  #answered({ id, outcome }) {
    const ask = this.#unanswered.get(id);
    if (!ask) return;
    if (outcome.outcome === "busy" || outcome.outcome === "unavailable") {
      // The same id, so that the answer is the same if it was done after all.
      setTimeout(() => this.#request(id), outcome.retry_after_ms ?? BUSY_MS);
      return;
    }
    this.#unanswered.delete(id);
    if (ask.ask === "decline" && outcome.outcome === "done") this.offers.delete(ask.vacancy);
    this.#tell("answer", { ask, outcome });
  }
}

/** A certificate as a browser is told to trust it: by the SHA-256 of its DER form. */
function pinned(hexadecimal) {
  const bytes = hexadecimal.match(/../g).map((digits) => Number.parseInt(digits, 16));
  return { algorithm: "sha-256", value: Uint8Array.from(bytes) };
}

// The page itself.

const one = (id) => document.getElementById(id);

function line(text, ...children) {
  const item = document.createElement("li");
  item.append(text, ...children);
  return item;
}

function button(text, click) {
  const made = document.createElement("button");
  made.textContent = text;
  made.className = text.toLowerCase();
  made.addEventListener("click", click, { once: true });
  return made;
}

function when({ name, zone, start_us, end_us }) {
  const said = (us, options) =>
    new Date(us / 1_000).toLocaleString([], { timeZone: zone, ...options });
  const start = said(start_us, { dateStyle: "medium", timeStyle: "short" });
  return `${name}, ${start} – ${said(end_us, { timeStyle: "short" })}`;
}

const place = ({ segments }) => segments.map(when).join("; ");

function show(session) {
  const offers = [...session.offers.values()].map((offer) => {
    const accept = button("Accept", () => session.accept(offer));
    const decline = button("Decline", () => session.decline(offer));
    const item = line(`${place(offer)} `, accept, " ", decline);
    item.dataset.vacancy = offer.vacancy;
    return item;
  });
  one("offers").replaceChildren(...offers);
  const held = [...session.held.values()].map((assignment) => {
    const item = line(`${place(assignment)} — covered by ${assignment.receipt.cover}`);
    item.dataset.vacancy = assignment.receipt.vacancy;
    return item;
  });
  one("held").replaceChildren(...held);
}

function news(text, vacancy) {
  const item = line(text);
  if (vacancy) item.dataset.vacancy = vacancy;
  one("news").prepend(item);
  while (one("news").children.length > NEWS_MAX) one("news").lastChild.remove();
}

function answer({ ask, outcome }) {
  const at = outcome.place ? ` (place ${outcome.place})` : "";
  switch (outcome.outcome) {
    case "won":
      return `Won: slot ${outcome.slot + 1}${at}`;
    case "lost":
      return `Lost: ${outcome.sentence}${at}`;
    case "refused":
      return `Refused: ${outcome.sentence}`;
    case "bid":
      return `Your bid is in${at}`;
    case "done":
      return ask.ask === "decline" ? "Declined" : "Done";
    default:
      return outcome.outcome;
  }
}

function begin() {
  // Asked anew each time: a certificate that is known by its hash lasts days.
  const where = async () => {
    const answered = await fetch("connect.json", { cache: "no-store" });
    if (!answered.ok) throw new Error(`connect.json: ${answered.status}`);
    return answered.json();
  };
  const session = new Session(where, (kind, what) => {
    if (kind === "up") {
      one("state").textContent = what.resumed ? "connected again" : "connected";
      one("subject").textContent = `for ${what.subject}`;
    } else if (kind === "down") {
      const needsToken = NEEDS_TOKEN.has(what) ? ": a fresh token is needed" : "";
      one("state").textContent = `not connected (${what ?? "the connection ended"})${needsToken}`;
    } else if (kind === "answer") {
      news(answer(what), what.ask.vacancy);
    } else if (kind === "news" && what.news === "withdrawn") {
      news(`Withdrawn: ${what.because}`, what.vacancy);
    } else if (kind === "news" && what.news === "unassigned") {
      news(`No longer yours: ${what.because}`, what.vacancy);
    }
    show(session);
  });
  one("sign-in").addEventListener("submit", (event) => {
    event.preventDefault();
    session.token(one("token").value.trim());
    one("token").value = "";
  });
}

if (globalThis.document?.getElementById("sign-in")) begin();
