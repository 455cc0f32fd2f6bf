/**
 * Loads `<banyan-refer>` from your installation, once a page; the element is always the one that
 * fits the server, whatever version of this package is bundled.
 *
 * @param {string} origin such as "https://refer.example.com"
 * @returns {Promise<void>} settled when the element is defined; rejected when the script does not come
 */
export function load(origin) {
  if (typeof document === "undefined") return Promise.resolve(); // rendered on a server
  if (!loading) loading = script(new URL("/widget.js", origin).href);
  return loading;
}

let loading = null;

function script(address) {
  return new Promise((resolve, reject) => {
    const tag = document.createElement("script");
    tag.src = address;
    tag.async = true;
    tag.onload = () => customElements.whenDefined("banyan-refer").then(() => resolve());
    tag.onerror = () => {
      loading = null;
      tag.remove();
      reject(new Error(`${address} did not load; does script-src of your policy name it?`));
    };
    document.head.append(tag);
  });
}
