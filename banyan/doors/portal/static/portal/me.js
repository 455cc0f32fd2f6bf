// What makes the pages of a customer quicker to use; each of them works without it.

const said = (text) => {
  for (const place of document.querySelectorAll("[data-said]")) {
    place.textContent = "";
    // A reader of the screen speaks only what changes.
    requestAnimationFrame(() => (place.textContent = text));
  }
};

const copied = () => said(document.querySelector("[data-copied]")?.dataset.copied ?? "");

async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
  } else {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  copied();
}

// Tells the log by the way; the page stays where it is.
function note(form, channel) {
  const data = new FormData(form);
  data.set("channel", channel);
  data.set("quietly", "1");
  navigator.sendBeacon(form.action, data);
}

async function share(form, way) {
  const { text, open } = way.dataset;
  note(form, way.value);
  if (way.value === "copy") {
    await copy(text);
  } else if (way.value === "system") {
    // Whoever closes the sheet has not failed at anything.
    await navigator.share({ text }).catch((reason) => {
      if (reason.name !== "AbortError") throw reason;
    });
  } else {
    location.href = open;
  }
}

const quick = new Set(["copy", "system", "sms", "email"]);
for (const form of document.querySelectorAll("form[data-share]")) {
  form.querySelector("[value=system]").hidden = !navigator.share;
  form.addEventListener("submit", (event) => {
    if (quick.has(event.submitter.value)) {
      event.preventDefault();
      share(form, event.submitter);
    }
  });
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button.dataset.copy));
}
