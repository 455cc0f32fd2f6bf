/** Loads `<banyan-refer>` from your installation, once a page. */
export function load(origin: string): Promise<void>;

/** What the element shows. */
export type BanyanState = "signed_out" | "open" | "member" | "stopped" | "error";

/** How a link was passed on; `system` is the device's own sheet. */
export type BanyanChannel = "copy" | "system" | "qr";

export interface BanyanReferElement extends HTMLElement {
  /** Gives a token that your server signed, or nothing for a visitor who is not signed in. */
  getToken?: () => string | null | undefined | Promise<string | null | undefined>;
  /** Asks again, for example after your visitor has signed in or out; `quietly` keeps what is shown meanwhile. */
  refresh(quietly?: boolean): Promise<void>;
  addEventListener(
    type: "banyan:ready",
    listener: (event: CustomEvent<{ state: BanyanState; status?: number }>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: "banyan:shared",
    listener: (event: CustomEvent<{ channel: BanyanChannel }>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: "banyan:sign-in",
    listener: (event: CustomEvent<Record<string, never>>) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export interface BanyanReferAttributes {
  program: string;
  lang?: "en" | "zh-hans";
  /** An address of yours that answers `{"token": "…"}`, or 204 to who is not signed in. */
  "token-url"?: string;
  /** Where the button for who is not signed in leads; without it, listen to `banyan:sign-in`. */
  "sign-in-url"?: string;
  theme?: "light" | "dark";
  /** The installation, where the script was not loaded from it. */
  origin?: string;
}

declare global {
  interface HTMLElementTagNameMap {
    "banyan-refer": BanyanReferElement;
  }
}
