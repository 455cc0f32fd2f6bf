/* Banyan: <banyan-refer program="…" lang="en|zh-hans" token-url="/banyan-token">: a customer's way to
   recommend you, inside your page. Styles live in its shadow root and it sets no inline style, so a
   strict content security policy needs only script-src and connect-src for this host. It keeps
   nothing in the browser. Theme: --banyan-accent and the other variables below; theme="light|dark". */
(function () {
  "use strict";
  if (customElements.get("banyan-refer")) return;
  var here = document.currentScript && new URL(document.currentScript.src).origin;
  var STALE_MS = 60000, WAIT_MS = 3000, MOST_WAITS = 10, SAID_MS = 8000;
  var FIRST = {
    en: { loading: "Loading …", error: "This cannot be shown right now.", again: "Try again" },
    zh: { loading: "加载中……", error: "暂时无法显示。", again: "重试" }
  };
  // Short name, the host's variable, its value in light and in dark.
  var COLOURS = [["a", "accent", "#0b7a52", "#4cc38a"], ["ai", "accent-ink", "#fff", "#06301f"],
    ["as", "accent-soft", "#e4f3ec", "#12382a"], ["i", "ink", "#17211c", "#eaf1ed"], ["is", "ink-soft", "#55625b", "#a9b8b0"],
    ["c", "card", "#fff", "#18211d"], ["l", "line", "#dfe5e1", "#2b3831"], ["b", "bad", "#b3261e", "#ff9d94"]];
  function colours(at) {
    return COLOURS.map(function (one) { return "--" + one[0] + ":var(--banyan-" + one[1] + "," + one[at] + ");"; }).join("") +
      "color-scheme:" + (at === 2 ? "light" : "dark");
  }
  var CSS = ":host{display:block;--r:var(--banyan-radius,14px);--ri:min(var(--r),12px);" + colours(2) + "}:host([hidden]){display:none}" +
    "@media(prefers-color-scheme:dark){:host(:not([theme=light])){" + colours(3) + "}}:host([theme=dark]){" + colours(3) + "}" +
    "*{box-sizing:border-box;margin:0;padding:0}" +
    "[hidden]{display:none!important}" +
    ".w{font:16px/1.5 var(--banyan-font,system-ui,-apple-system,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif);" +
    "color:var(--i);background:var(--c);border:1px solid var(--l);border-radius:var(--r);padding:18px;" +
    "display:grid;gap:14px;overflow-wrap:anywhere;text-align:start}" +
    ".w>*{min-width:0;grid-area:1/1}h2{font-size:1.25em;line-height:1.3}h3{font-size:1em}h2:focus{outline:0}" +
    "ul{list-style:none}.s{color:var(--is);font-size:.875em}.g{display:grid;gap:10px}" +
    ".two{display:grid;gap:10px;grid-template-columns:repeat(auto-fit,minmax(min(100%,200px),1fr))}" +
    ".o{background:var(--as);border-radius:var(--ri);padding:12px 14px;display:grid;gap:4px;align-content:start}.o dd{font-weight:600}" +
    ".o dd+dd{font-weight:400}" +
    "button,.b{font:inherit;font-weight:600;min-height:48px;padding:0 18px;border-radius:var(--ri);border:1px solid transparent;" +
    "background:var(--a);color:var(--ai);cursor:pointer;display:inline-flex;align-items:center;justify-content:center;" +
    "text-align:center;text-decoration:none}button:disabled{opacity:.55;cursor:default}" +
    "button.p{background:transparent;color:var(--a);border-color:var(--l)}a{color:var(--a)}a.t{display:inline-flex;align-items:center;min-height:44px}" +
    ":focus-visible{outline:3px solid var(--a);outline-offset:2px;border-radius:8px}" +
    "label{display:flex;gap:12px;align-items:flex-start;min-height:44px;padding:6px 0;cursor:pointer}" +
    "input[type=checkbox]{width:22px;height:22px;flex:none;margin-top:1px;accent-color:var(--a)}" +
    ".u{display:grid;grid-template-columns:1fr auto;gap:8px}.u input{font:inherit;min-width:0;min-height:48px;padding:0 12px;" +
    "color:var(--i);background:transparent;border:1px solid var(--is);border-radius:var(--ri)}" +
    ".q{width:200px;max-width:100%;height:auto;background:#fff;border-radius:8px;justify-self:center}" +
    ".n{display:grid;grid-template-columns:repeat(3,1fr);gap:8px}.n.m{grid-template-columns:repeat(auto-fit,minmax(130px,1fr))}.n div{border:1px solid var(--l);border-radius:var(--ri);padding:10px 8px;" +
    "display:flex;flex-direction:column-reverse;justify-content:flex-end}" +
    ".n dd{font-size:1.25em;font-weight:700;font-variant-numeric:tabular-nums}.n .s{font-size:.75em;font-weight:400}.n dd .s{display:block;line-height:1.4}" +
    "li{padding:10px 0;border-top:1px solid var(--l);display:grid;grid-template-columns:1fr auto;gap:2px 12px}li .s{grid-column:1/-1}" +
    ".k{font-size:.8125em;font-weight:600;background:var(--as);color:var(--i);border-radius:99px;padding:2px 10px;align-self:start}" +
    ".e{color:var(--b);font-weight:600}.e:empty{display:none}.l{align-self:end;position:sticky;bottom:12px;background:var(--i);color:var(--c);border-radius:var(--ri);padding:10px 14px}.l:empty{position:absolute;padding:0}" +
    "@media(prefers-reduced-motion:no-preference){button{transition:filter .12s}button:hover{filter:brightness(1.07)}}";
  var sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);

  // Text is set as text everywhere: nothing from the network becomes markup.
  function h(name, attributes) {
    var at = name.split("."), one = document.createElement(at[0]);
    if (at[1]) one.className = at[1];
    Object.keys(attributes || {}).forEach(function (key) {
      var value = attributes[key];
      if (typeof value === "function") one.addEventListener(key, value);
      else if (value !== false && value != null) one.setAttribute(key, value === true ? "" : value);
    });
    for (var i = 2; i < arguments.length; i++) [].concat(arguments[i]).forEach(function (child) {
      if (child) one.append(child);
    });
    return one;
  }
  function drawn(qr, label) {
    var ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg"), path = document.createElementNS(ns, "path");
    svg.setAttribute("viewBox", "0 0 " + qr.size + " " + qr.size);
    svg.setAttribute("class", "q"); svg.setAttribute("role", "img"); svg.setAttribute("aria-label", label);
    svg.setAttribute("shape-rendering", "crispEdges");
    path.setAttribute("d", qr.path); svg.append(path);
    return svg;
  }
  function problem(status, detail) {
    var error = new Error("banyan-refer: " + status + " " + (detail || ""));
    error.status = status;
    return error;
  }

  class Refer extends HTMLElement {
    static get observedAttributes() { return ["program", "lang", "token", "token-url"]; }
    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      this.body = h("div.g"); this.live = h("p.l", { role: "status", "aria-live": "polite" });
      this.shadowRoot.append(h("section.w", {}, this.body, this.live));
      this.seen = this.seen.bind(this);
    }
    connectedCallback() {
      var me = this;
      document.addEventListener("visibilitychange", this.seen);
      // Later, so that a page can set `getToken` on an element it has just put in.
      this.timer = setTimeout(function () { me.begun = true; me.refresh(); }, 0);
    }
    disconnectedCallback() { document.removeEventListener("visibilitychange", this.seen); clearTimeout(this.timer); }
    attributeChangedCallback(name, old, now) {
      if (old === now || !this.begun) return;
      if (name.indexOf("token") === 0) this.bearer = null;
      this.refresh();
    }
    seen() { if (!document.hidden && this.data && Date.now() - this.at > STALE_MS) this.refresh(true); }
    get host() { return this.getAttribute("origin") || here; }
    get wanted() { return this.getAttribute("lang") || document.documentElement.lang || navigator.language || "en"; }
    get first() { return FIRST[this.wanted.toLowerCase().indexOf("zh") ? "en" : "zh"]; }

    // `getToken` of the page, else `token-url` of the host (JSON {"token"} or text), else `token`.
    async proof() {
      if (this.bearer) return this.bearer;
      var url = this.getAttribute("token-url"), found = null;
      if (typeof this.getToken === "function") found = await this.getToken();
      else if (url) {
        var reply = await fetch(url, { credentials: "same-origin", headers: { Accept: "application/json" }, cache: "no-store" });
        if (reply.status >= 500) throw problem(reply.status);
        if (reply.ok && reply.status !== 204) {
          found = (await reply.text()).trim();
          if (found[0] === "{") found = JSON.parse(found).token;
        }
      } else found = this.getAttribute("token");
      return (this.bearer = found || null);
    }
    async ask(rest, body) {
      var url = this.host + "/v1/portal/programs/" + encodeURIComponent(this.getAttribute("program") || "") + rest +
        "?lang=" + encodeURIComponent(this.wanted);
      for (var tries = 0; ; tries++) {
        var proof = await this.proof(), headers = {};
        if (proof) headers.Authorization = "Bearer " + proof;
        if (body) headers["Content-Type"] = "application/json";
        var reply = await fetch(url, { method: body ? "POST" : "GET", headers: headers, body: body && JSON.stringify(body), credentials: "omit" });
        if (reply.ok) return reply.status === 204 ? null : reply.json();
        // Tokens are good for minutes: ask for a new one, once.
        if (reply.status !== 401 || tries || !proof) {
          throw problem(reply.status, (await reply.json().catch(function () { return {}; })).detail);
        }
        this.bearer = null;
      }
    }
    async refresh(quietly) {
      var turn = this.turn = (this.turn || 0) + 1;
      clearTimeout(this.timer);
      if (!quietly) this.put([h("p.s", {}, this.first.loading)], true);
      try {
        var data = await this.ask("");
        if (turn === this.turn) this.show(data);
      } catch (error) {
        if (turn === this.turn && !quietly) this.fail(error);
      }
    }
    fail(error) {
      console.warn(error);
      var me = this;
      this.put([h("p", { role: "alert" }, this.first.error),
        h("button.p", { type: "button", click: function () { me.refresh(); } }, this.first.again)]);
      this.tell("ready", { state: "error", status: error.status || 0 });
    }
    put(parts, busy) {
      this.body.replaceChildren.apply(this.body, parts.filter(Boolean));
      this.body.setAttribute("aria-busy", String(!!busy));
    }
    say(text) {
      var live = this.live;
      live.textContent = "";
      clearTimeout(this.spoken);
      setTimeout(function () { live.textContent = text; }, 50);
      this.spoken = setTimeout(function () { live.textContent = ""; }, SAID_MS);
    }
    tell(name, detail) { return this.dispatchEvent(new CustomEvent("banyan:" + name, { bubbles: true, composed: true, cancelable: true, detail: detail })); }

    show(data, focused) {
      var t = data.texts, state = data.state;
      this.data = data; this.at = Date.now();
      var frame = this.shadowRoot.firstChild;
      frame.lang = data.lang === "en" ? "en" : "zh-CN";
      frame.setAttribute("aria-label", data.program.title);
      var title = h("h2", { tabindex: "-1" }, data.program.title);
      var parts = [title];
      if (data.note) parts.push(h("p.s", {}, data.note));
      if (state !== "member") parts.push(this.offer(data));
      if (state === "signed_out") parts = parts.concat(this.entry(data));
      if (state === "open") parts.push(this.terms(data));
      if (state === "member") parts = parts.concat(this.sharing(data));
      if (data.figures) parts = parts.concat(this.figures(data));
      var to = data.figures ? [data.pages.mine, t.all] : [data.pages.program, t.how];
      parts.push(h("p", {}, this.out(to[0], to[1])));
      this.put(parts);
      if (focused) title.focus();
      this.tell("ready", { state: state });
    }
    out(url, text) {
      return h("a.t", { href: url, target: "_blank", rel: "noopener", "aria-label": text + " " + this.data.texts.new_tab }, text);
    }
    offer(data) {
      function side(label, lines) {
        return lines.length && h("div.o", {}, h("dt.s", {}, label), lines.map(function (line) { return h("dd", {}, line); }));
      }
      return h("dl.two", {}, side(data.texts.you, data.offer.you), side(data.texts.friend, data.offer.friend));
    }
    entry(data) {
      var t = data.texts, url = this.getAttribute("sign-in-url"), me = this;
      var code = window.banyan && window.banyan.code && window.banyan.code();
      return [code && h("p.s", {}, t.invited.replace("{code}", code)),
        url ? h("a.b", { href: url, click: function (event) { if (!me.tell("sign-in", {})) event.preventDefault(); } }, t.sign_in)
          : h("button", { type: "button", click: function () { me.tell("sign-in", {}); } }, t.sign_in)];
    }
    terms(data) {
      var t = data.texts, me = this;
      var tick = h("input", { type: "checkbox", name: "agree", "aria-describedby": "w" });
      var wrong = h("p.e", { id: "w", role: "alert" });
      var button = h("button", { type: "submit" }, t.join);
      return h("form.g", { novalidate: true, submit: async function (event) {
        event.preventDefault();
        wrong.textContent = "";
        if (!tick.checked) { wrong.textContent = t.tick; tick.setAttribute("aria-invalid", "true"); tick.focus(); return; }
        button.disabled = true; me.say(t.joining);
        try {
          var told = await me.ask("/join", { version: data.rules.version });
          for (var turns = 0; told.state === "waiting"; turns++) {
            if (turns === MOST_WAITS) throw problem(202);
            await new Promise(function (go) { me.timer = setTimeout(go, WAIT_MS); });
            told = await me.ask("");
            if (told.state === "open") told = { state: "waiting" };
          }
          me.say(""); me.show(told, true);
        } catch (error) {
          console.warn(error);
          if (error.status === 409) { me.refresh(); return; }
          button.disabled = false; wrong.textContent = t.failed; button.focus();
        }
      } }, h("p", {}, this.out(data.rules.url, t.rules)), h("label", {}, tick, h("span", {}, t.agree)), wrong, button,
        data.reassurance.map(function (line) { return h("p.s", {}, line); }));
    }
    sharing(data) {
      var t = data.texts, me = this, field = h("input", { readonly: true, value: data.link.url, "aria-label": t.your_link, dir: "ltr" });
      var picture = drawn(data.link.qr, t.qr_label), system = data.share.system, copy = data.share.copy;
      picture.toggleAttribute("hidden", true);
      var open = h("button.p", { type: "button", "aria-expanded": "false", click: function () {
        var hidden = picture.toggleAttribute("hidden");
        open.setAttribute("aria-expanded", String(!hidden));
        if (!hidden) me.note("qr");
      } }, t.qr);
      field.addEventListener("focus", function () { field.select(); });
      return [h("div.u", {}, field, h("button.p", { type: "button", click: function () { me.copied(copy.url, field); } }, t.copy)),
        h("p.s", {}, t.code.replace("{code}", data.link.code)),
        h("div.two", {}, navigator.share && h("button", { type: "button", click: async function () {
          try { await navigator.share({ text: system.text }); me.say(t.shared); me.note("system", system.script); }
          catch (error) { if (error.name !== "AbortError") me.say(t.failed); }
        } }, t.share),
        h(navigator.share ? "button.p" : "button", { type: "button", click: function () { me.copied(copy.text, field, copy.script); } }, t.copy_text), open),
        picture];
    }
    async copied(text, field, script) {
      var t = this.data.texts;
      try { await navigator.clipboard.writeText(text); }
      catch (error) {
        // Without that permission the link at least is marked, and copied the old way.
        field.focus(); field.select();
        if (!document.execCommand("copy")) { this.say(t.failed); return; }
      }
      this.say(t.copied); this.note("copy", script);
    }
    note(channel, script) {
      var body = { channel: channel }, known = window.banyan && window.banyan.visitor && window.banyan.visitor();
      if (script) body.script = script;
      if (known) body.visitor = known;
      this.ask("/shared", body).catch(function (error) { console.warn(error); });
      this.tell("shared", { channel: channel });
    }
    figures(data) {
      var t = data.texts, f = data.figures;
      function figure(label, value, more) { return h("div", {}, h("dt.s", {}, label), h("dd", {}, String(value), more && h("span.s", {}, more))); }
      return [h("dl.n", {}, f.states.map(function (s) { return figure(s.label, s.count); })),
        h("p.s", {}, t.opened.replace("{number}", f.opened) + " · " + t.joined.replace("{number}", f.joined)),
        f.balances.length && h("h3", {}, t.rewards),
        f.balances.length && h("dl.n m", {}, f.balances.map(function (b) {
          return figure(b.name, b.available, b.pending && t.pending.replace("{amount}", b.pending)); })),
        h("h3", {}, t.friends),
        f.friends.length ? h("ul", {}, f.friends.map(function (one) {
          return h("li", {}, h("bdi", {}, one.name), h("span.k", {}, one.label), h("span.s", {}, [one.at, one.note].filter(Boolean).join(" · ")));
        })) : h("p.s", {}, t.no_friends)].filter(Boolean);
    }
  }
  customElements.define("banyan-refer", Refer);
})();
