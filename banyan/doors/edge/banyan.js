/* Banyan: remembers who recommended this visitor, first-party, and tells your installation.
   <script src="https://refer.example.com/banyan.js" data-key="pk_live_…" async></script>
   Nothing is stored or sent before banyan.consent(true), or data-consent="granted" on the tag. */
(function () {
  "use strict";
  if (window.banyan) return;
  var tag = document.currentScript;
  var key = tag.dataset.key;
  var host = tag.dataset.host || new URL(tag.src).origin;
  var domain = tag.dataset.cookieDomain;
  var STORE = "banyan", COOKIE = "banyan_vid", DAY = 864e5, KEPT_DAYS = 400;
  var CARRIES = ["Signed Up", "Order Completed"];
  var granted = false, refused = false, waiting = [], sending = false, tries = 0;
  var memory = arrival() || {};

  function arrival() {
    var query = new URLSearchParams(location.search), code = query.get("referral_code");
    if (!code) return null;
    var touch = { code: code.slice(0, 64), at: Date.now() };
    ["channel", "script"].forEach(function (name) {
      var word = query.get("referral_" + name);
      if (word) touch[name] = word.slice(0, 64);
    });
    return { touch: touch };
  }

  function uuid() {
    if (crypto.randomUUID) return crypto.randomUUID();
    var b = crypto.getRandomValues(new Uint8Array(16));
    b[6] = (b[6] & 15) | 64; b[8] = (b[8] & 63) | 128;
    var hex = Array.from(b, function (x) { return (x + 256).toString(16).slice(1); }).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  // Storage may be forbidden; then all lasts as long as the page.
  function stored() {
    try { return JSON.parse(localStorage.getItem(STORE)) || {}; } catch (e) { return {}; }
  }
  function store(value) {
    try {
      if (value) localStorage.setItem(STORE, JSON.stringify(value));
      else localStorage.removeItem(STORE);
    } catch (e) {}
  }
  function cookie(value, seconds) {
    document.cookie = COOKIE + "=" + value + "; Path=/; SameSite=Lax; Max-Age=" + seconds +
      (domain ? "; Domain=" + domain : "") + (location.protocol === "https:" ? "; Secure" : "");
  }

  function remember() {
    var old = stored(), met = document.cookie.match(/(?:^|; )banyan_vid=([0-9a-f-]{36})/);
    if (!memory.touch && old.touch && Date.now() - old.touch.at < KEPT_DAYS * DAY) {
      memory.touch = old.touch;
    }
    memory.visitor = (met && met[1]) || old.visitor || memory.visitor || uuid();
    memory.user = memory.user || old.user;
    cookie(memory.visitor, KEPT_DAYS * 86400);
    store(memory);
  }

  function add(event) {
    if (refused) return;
    event.messageId = uuid();
    event.timestamp = new Date().toISOString();
    event.context = { userAgent: navigator.userAgent,
      page: { url: location.origin + location.pathname } };
    waiting.push(event);
    if (granted) setTimeout(send, 0);
  }

  function packed(events) {
    return JSON.stringify({
      writeKey: key,
      batch: events.map(function (event) {
        event.anonymousId = memory.visitor;
        if (!event.userId && memory.user) event.userId = memory.user;
        return event;
      })
    });
  }

  // Plain text needs no preflight; messageId makes sending again harmless.
  function send() {
    if (sending || !granted || !waiting.length) return;
    var events = waiting.slice(0, 50);
    sending = true;
    fetch(host + "/v1/batch", {
      method: "POST", body: packed(events), keepalive: true, credentials: "omit", mode: "cors",
      headers: { "Content-Type": "text/plain" }
    }).then(function (reply) {
      if (reply.status >= 500 || reply.status === 429) throw new Error("later");
      return reply.json().then(function (told) {
        if (!reply.ok) console.warn("banyan", told.detail);
        else if (told.errors) console.warn("banyan", told.errors);
        waiting.splice(0, events.length); tries = 0;
      });
    }).catch(function () { tries += 1; }).then(function () {
      sending = false;
      if (waiting.length) setTimeout(send, Math.min(1000 * Math.pow(2, tries), 60000));
    });
  }

  function leave() {
    if (granted && waiting.length && navigator.sendBeacon &&
        navigator.sendBeacon(host + "/v1/batch", packed(waiting))) waiting = [];
  }

  function fill(form) {
    if (!memory.touch) return;
    var field = form.querySelector('input[name="referral_code"]');
    if (!field && form.hasAttribute("data-banyan")) {
      field = document.createElement("input");
      field.type = "hidden"; field.name = "referral_code";
      form.appendChild(field);
    }
    if (field && !field.value) field.value = memory.touch.code;
  }
  function fillAll() { Array.from(document.forms).forEach(fill); }

  window.banyan = Object.freeze({
    consent: function (yes) {
      granted = !!yes; refused = !yes;
      if (granted) { remember(); fillAll(); send(); return; }
      waiting = []; memory = {}; store(null); cookie("", 0);
    },
    code: function () { return memory.touch ? memory.touch.code : null; },
    visitor: function () { return granted ? memory.visitor : null; },
    identify: function (user, traits) {
      memory.user = String(user);
      if (granted) store(memory);
      add({ type: "identify", userId: memory.user, traits: traits || {} });
    },
    track: function (name, properties) {
      var given = Object.assign({}, properties), touch = memory.touch;
      if (touch && CARRIES.indexOf(name) >= 0 && !given.referral_code) {
        given = Object.assign({}, touch, given, { referral_code: touch.code });
        delete given.at; delete given.code;
      }
      add({ type: "track", event: name, properties: given });
    },
    page: function (name) { add({ type: "page", name: name || document.title, properties: {} }); },
    forget: function () { memory = { visitor: memory.visitor }; if (granted) store(memory); }
  });

  addEventListener("pagehide", leave);
  document.addEventListener("submit", function (e) { fill(e.target); }, true);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", fillAll);
  else fillAll();
  if (tag.dataset.consent === "granted") window.banyan.consent(true);
})();
