// The questions that hold what is typed, without a way to the server. A page that was searched holds
// only what was found, and leaves further searches to the server.
const field = document.getElementById("q");
const questions = [...document.querySelectorAll("[data-questions] > details")];
const nothing = document.querySelector("[data-nothing]");

if (questions.length) field.addEventListener("input", () => {
  const words = field.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const one of questions) {
    const text = one.textContent.toLocaleLowerCase();
    one.hidden = !words.every((word) => text.includes(word));
    shown += one.hidden ? 0 : 1;
  }
  nothing.hidden = shown > 0;
});
