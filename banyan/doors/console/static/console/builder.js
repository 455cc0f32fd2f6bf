// The builder of programs: saves while one types, and keeps its two views, the form and the editor,
// the same. Without it the page is a form with a button, and loses nothing either.
(function () {
  "use strict";

  const PAUSE_MS = 700;
  const AGAIN_MS = 5000;

  document.addEventListener("DOMContentLoaded", () => {
    const form = document.getElementById("b-form");
    if (form) begin(form);
  });

  function isTouched(control) {
    if (control.options) {
      const first = Math.max([...control.options].findIndex((one) => one.defaultSelected), 0);
      return control.selectedIndex !== first;
    }
    if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
    return control.type !== "hidden" && "defaultValue" in control && control.value !== control.defaultValue;
  }

  function begin(form) {
    const area = document.getElementById("b-source");
    const fields = document.getElementById("b-fields");
    const readOnly = "readOnly" in form.dataset;
    const editor = window.ace ? makeEditor(area, readOnly, form.dataset.schema) : null;
    const source = () => (editor ? editor.getValue() : area.value);
    const said = document.getElementById("b-saved");
    // What the last save that was answered held: the editor's text and the form's fields.
    let keptSource = source();
    let keptFields = filled();
    let timer = 0;
    let isSaving = false;
    let isStuck = false;

    tabs();
    mark(readFindings());
    if (editor) editor.on("change", later);
    form.addEventListener("input", (event) => { if (event.target !== area || !editor) later(); });
    form.addEventListener("change", later);
    // Whoever was quicker than this script typed something that nobody has heard of yet.
    if ([...form.elements].some((one) => one !== area && isTouched(one))) { keptFields = ""; later(); }
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-line]");
      if (link) { event.preventDefault(); goTo(Number(link.dataset.line), Number(link.dataset.column || 1)); }
    });
    form.addEventListener("submit", (event) => {
      if (editor) area.value = editor.getValue();
      const button = event.submitter;
      if (isSaving && button) {
        // What is under way first, or this would look like somebody else's save.
        event.preventDefault();
        event.stopImmediatePropagation();
        setTimeout(() => submitAs(button.name, button.value), 100);
        return;
      }
      if (readOnly || !button || button.name !== "do" || isStuck) return;
      event.preventDefault();
      save(button.value);
    });
    window.addEventListener("beforeunload", (event) => {
      if (isChanged() && !leaving) event.preventDefault();
    });
    let leaving = false;
    form.addEventListener("submit", () => { leaving = true; setTimeout(() => { leaving = false; }, 3000); });
    // A step is another page; what was typed goes first.
    document.querySelectorAll("a[data-step]").forEach((link) => link.addEventListener("click", (event) => {
      if (readOnly || !isChanged()) return;
      event.preventDefault();
      submitAs("go", link.dataset.step);
    }));

    // As if a button of that name were pressed; the one that was may be gone with the fields it stood among.
    function submitAs(name, value) {
      const button = document.createElement("button");
      button.name = name; button.value = value; button.hidden = true;
      form.append(button);
      form.requestSubmit(button);
      button.remove();
    }

    function filled() {
      const data = new FormData(form);
      ["csrfmiddlewaretoken", "revision", "shown", "source", "step"].forEach((name) => data.delete(name));
      return JSON.stringify([...data]);
    }

    function isChanged() { return source() !== keptSource || filled() !== keptFields; }

    function later() {
      if (readOnly || isStuck || !isChanged()) return;
      said.textContent = form.dataset.saidUnsaved;
      clearTimeout(timer);
      timer = setTimeout(() => save(""), PAUSE_MS);
    }

    async function save(action) {
      clearTimeout(timer);
      if (isSaving) { timer = setTimeout(() => save(action), PAUSE_MS); return; }
      isSaving = true;
      said.textContent = form.dataset.saidSaving;
      const data = new FormData(form);
      data.set("source", source());
      if (action) data.set("do", action);
      const sentSource = source();
      const sentFields = filled();
      try {
        const answer = await fetch(form.action, {
          method: "POST", body: data, headers: { Accept: "application/json" }, credentials: "same-origin",
        });
        if (answer.status === 409) { moved(); return; }
        if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
        show(await answer.json(), sentSource, sentFields, action);
      } catch (error) {
        said.textContent = form.dataset.saidLost;
        timer = setTimeout(() => save(action), AGAIN_MS);
      } finally {
        isSaving = false;
      }
    }

    // Somebody else saved: the next real submit shows both texts side by side.
    function moved() {
      isStuck = true;
      said.textContent = form.dataset.saidMoved;
      said.className = "c-note c-note--bad c-small";
      const button = document.createElement("button");
      button.className = "c-button c-button--bad";
      button.setAttribute("form", form.id);
      button.name = "go"; button.value = form.elements.step.value;
      button.textContent = form.dataset.saidMoved;
      said.replaceChildren(button);
      button.focus();
    }

    // What came back, laid over what the page shows; what was typed since it was sent stays.
    function show(state, sentSource, sentFields, action) {
      form.elements.revision.value = state.revision;
      const isEditorStill = source() === sentSource;
      const isFormStill = filled() === sentFields;
      const isTyped = sentSource !== keptSource;
      if (isEditorStill) {
        if (state.source !== sentSource) setSource(state.source);
        keptSource = state.source;
      }
      // While the YAML cannot be read, the form waits as it was.
      fields.inert = !state.is_readable;
      if (!state.is_readable) {
        if (isEditorStill) form.elements.shown.value = asShown(sentFields);
      } else if (isEditorStill && isFormStill && (action || isTyped || !isIn(fields))) {
        swapForm(state.form);
        form.elements.shown.value = state.shown;
      } else if (isEditorStill) {
        form.elements.shown.value = asShown(sentFields);
      }
      keptFields = isFormStill ? filled() : sentFields;
      said.textContent = state.problems.length ? state.problems.join(" ") : state.saved;
      said.className = state.problems.length ? "c-wrong" : "c-quiet c-small";
      state.steps.forEach((one) => {
        const link = document.querySelector(`a[data-step="${one.name}"]`);
        link.classList.toggle("is-done", one.is_done);
      });
      document.getElementById("b-told").innerHTML = state.told;
      mark(state.findings);
      tell(state.findings);
      if (state.rules) {
        document.getElementById("b-rules-en").innerHTML = state.rules.en;
        document.getElementById("b-rules-zh").innerHTML = state.rules["zh-hans"];
      }
      if (isChanged()) later();
    }

    function isIn(part) { return part.contains(document.activeElement); }

    function swapForm(html) {
      const name = isIn(fields) ? document.activeElement.id : "";
      const folded = {};
      fields.querySelectorAll("details[data-part]").forEach((one) => { folded[one.dataset.part] = one.open; });
      fields.innerHTML = html;
      // What was unfolded stays so, and what is new is shown.
      fields.querySelectorAll("details[data-part]").forEach((one) => {
        one.open = one.dataset.part in folded ? folded[one.dataset.part] : true;
      });
      const again = name && document.getElementById(name);
      if (again) again.focus();
    }

    // The fields as they were sent are what the form shows from now on: only what is typed after is new.
    function asShown(sent) {
      const shown = JSON.parse(form.elements.shown.value);
      const pairs = JSON.parse(sent);
      const seconds = Object.fromEntries(pairs.filter(([name]) => name.endsWith("#2")));
      const many = {};
      pairs.forEach(([name, value]) => {
        if (name.includes("#")) return;
        if (pairs.some(([other]) => other === name + "#there")) { (many[name] = many[name] || []).push(value); return; }
        const second = seconds[name + "#2"];
        if (second === undefined) shown[name] = value.trim();
        else if (/^\d+$/.test(value)) shown[name] = value + second;
        else if (["coupon", "gift", "perk", "badge", "charity"].includes(value)) shown[name] = value + ":" + second;
        else shown[name] = value;
      });
      Object.entries(many).forEach(([name, values]) => { shown[name] = values.join(","); });
      return JSON.stringify(shown);
    }

    function setSource(text) {
      area.value = text;
      if (!editor) return;
      const place = editor.getCursorPosition();
      const top = editor.session.getScrollTop();
      editor.session.doc.setValue(text);
      editor.moveCursorToPosition(place);
      editor.clearSelection();
      editor.session.setScrollTop(top);
    }

    function readFindings() {
      return [...document.querySelectorAll(".b-finding a[data-line]")].map((link) => ({
        line: Number(link.dataset.line), column: Number(link.dataset.column),
        severity: link.parentElement.classList.contains("b-finding--error") ? "error" : "warning",
        sentence: link.parentElement.querySelector("p").textContent, key: "",
      }));
    }

    function mark(findings) {
      if (!editor) return;
      editor.session.setAnnotations(findings.map((one) => ({
        row: one.line - 1, column: one.column - 1, text: one.sentence, type: one.severity,
      })));
    }

    // What the check says of a field, beside the field.
    function tell(findings) {
      document.querySelectorAll(".b-field[data-key]").forEach((field) => {
        const place = field.querySelector(".b-field__told");
        place.replaceChildren(...findings.filter((one) => one.key === field.dataset.key).map((one) => {
          const line = document.createElement("p");
          line.className = one.severity === "error" ? "c-wrong" : "b-wait";
          line.textContent = one.sentence;
          return line;
        }));
      });
    }

    function goTo(line, column) {
      choose(document.getElementById("b-tab-yaml"));
      if (editor) { editor.gotoLine(line, column - 1, true); editor.focus(); editor.container.scrollIntoView({ block: "nearest" }); return; }
      const start = area.value.split("\n").slice(0, line - 1).join("\n").length + 1;
      area.focus();
      area.setSelectionRange(start, start);
    }
  }

  function choose(tab) {
    document.querySelectorAll(".b-views [role=tab]").forEach((one) => {
      const isIt = one === tab;
      one.setAttribute("aria-selected", String(isIt));
      one.tabIndex = isIt ? 0 : -1;
      document.getElementById(one.getAttribute("aria-controls")).hidden = !isIt;
    });
  }

  function tabs() {
    const all = [...document.querySelectorAll(".b-views [role=tab]")];
    choose(all[0]);
    all.forEach((tab, i) => {
      tab.addEventListener("click", () => choose(tab));
      tab.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = all[(i + step + all.length) % all.length];
        choose(next);
        next.focus();
      });
    });
  }

  function makeEditor(area, readOnly, schemaUrl) {
    const box = document.getElementById("b-editor");
    const isDark = () => document.documentElement.classList.contains("dark");
    const theme = () => (isDark() ? "ace/theme/tomorrow_night" : "ace/theme/chrome");
    box.hidden = false;
    area.hidden = true;
    window.ace.config.set("useStrictCSP", false);
    const editor = window.ace.edit(box, {
      mode: "ace/mode/yaml", theme: theme(), useWorker: false, tabSize: 2, useSoftTabs: true,
      readOnly, showPrintMargin: false, value: area.value, enableKeyboardAccessibility: true,
      enableBasicAutocompletion: true, enableLiveAutocompletion: true, newLineMode: "unix",
    });
    editor.session.setValue(area.value);
    editor.textInput.getElement().setAttribute("aria-label", document.querySelector("label[for=b-source]").textContent);
    new MutationObserver(() => editor.setTheme(theme())).observe(document.documentElement, { attributeFilter: ["class"] });
    fetch(schemaUrl, { credentials: "same-origin" }).then((answer) => answer.json()).then((schema) => {
      editor.completers = [completer(schema)];
    });
    return editor;
  }

  // Completes keys and words from the schema of programs, by where the cursor stands.
  function completer(schema) {
    const follow = (part) => {
      while (part && part.$ref) part = schema.$defs[part.$ref.split("/").pop()];
      return part || {};
    };
    const choices = (part) => {
      part = follow(part);
      return [part, ...(part.anyOf || part.oneOf || []).flatMap(choices)];
    };
    function at(parts, path) {
      if (!path.length) return parts;
      const [first, ...rest] = path;
      const next = parts.flatMap((part) => {
        if (first === "-") return part.items ? choices(part.items) : (part.prefixItems || []).flatMap(choices);
        if (part.properties && part.properties[first]) return choices(part.properties[first]);
        // Names are the author's own: the schema knows them by a pattern.
        const named = [...Object.values(part.patternProperties || {}), part.additionalProperties];
        return named.filter((one) => one && typeof one === "object").flatMap(choices);
      });
      return at(next, rest);
    }
    // The keys that lead to a line: those above it that stand further left.
    function pathOf(session, row, indent) {
      const path = [];
      for (let i = row - 1; i >= 0 && indent > 0; i -= 1) {
        const found = /^(\s*)(- )?([\w-]+):/.exec(session.getLine(i));
        if (!found) continue;
        const depth = found[1].length + (found[2] ? 2 : 0);
        if (depth < indent) { path.unshift(found[3]); indent = found[1].length; if (found[2]) { path.splice(0, 0, "-"); path.push(path.shift()); } }
      }
      return path;
    }
    return {
      identifierRegexps: [/[\w-]/],
      getCompletions(editor, session, place, prefix, done) {
        const line = session.getLine(place.row).slice(0, place.column);
        const key = /^(\s*)(- )?([\w-]+):\s+[\w-]*$/.exec(line);
        const indent = /^\s*/.exec(line)[0].length;
        const start = choices(schema);
        if (key) {
          const path = [...pathOf(session, place.row, indent), ...(key[2] ? ["-"] : []), key[3]];
          const words = at(start, path).flatMap((part) => part.enum || (part.const !== undefined ? [part.const] : []));
          done(null, [...new Set(words)].map((word) => ({ caption: String(word), value: String(word), meta: key[3] })));
          return;
        }
        const isItem = /^\s*- /.test(line);
        const path = [...pathOf(session, place.row, indent), ...(isItem ? ["-"] : [])];
        const known = Object.assign({}, ...at(start, path).map((part) => part.properties || {}));
        done(null, Object.entries(known).map(([name, part]) => ({
          caption: name, value: name + ": ", meta: "key", docText: part.description || follow(part).description || "",
        })));
      },
    };
  }
})();
