// What pages written in TypeScript know of <couplet-chat>, which widget.js defines.

export type CoupletMode = "bubble" | "inline" | "full";
export type CoupletTheme = "system" | "light" | "dark";
export type CoupletAccent = "blue" | "violet" | "rose" | "amber" | "green" | "teal";
export type CoupletPosition = "bottom-end" | "bottom-start";

/** What the element tells the page; `detail` has what is said of it. */
export interface CoupletEvents {
  /** The chat is there and shows itself. */
  ready: CustomEvent<Record<string, never>>;
  /** So many messages haven't been read. */
  unread: CustomEvent<{ count: number }>;
  /** A message has come or gone. Whose and what it is the page learns of its guests only. */
  message: CustomEvent<{ own: boolean; from: string; text: string }>;
  open: CustomEvent<Record<string, never>>;
  close: CustomEvent<Record<string, never>>;
  /** `unreachable`: the chat didn't come, or this site isn't allowed to have it; `sign-in`; `room`. */
  error: CustomEvent<{ code: string; text: string }>;
}

/** Each property is an attribute of the same name. */
export interface CoupletAttributes {
  /** A floating button with a panel (the default), a box in the page, or the whole messenger. */
  mode: CoupletMode | "";
  /** The address of a room. */
  room: string;
  /** The address of somebody, in place of a room. */
  contact: string;
  /** The XMPP domain; the proxy's first one without it. */
  domain: string;
  /** Whether people are guests, without an account. */
  anonymous: boolean;
  /** What a guest is called; asked for without it. */
  nickname: string;
  /** BCP 47; the page's own language without it. */
  language: string;
  theme: CoupletTheme | "";
  accent: CoupletAccent | "";
  position: CoupletPosition | "";
  /** What a guest reads before anything has been said. */
  greeting: string;
  /** What the chat is called. */
  label: string;
  /** Has the chat come before it is opened, when the page has nothing else to do. */
  preload: boolean;
}

export interface CoupletChatElement extends HTMLElement, CoupletAttributes {
  open(): void;
  close(): void;
  /** Says something for a guest; whoever has an account finds it in the field. */
  send(text: string): void;
  /** Takes the chat off the page. */
  destroy(): void;
  addEventListener<K extends keyof CoupletEvents>(
    type: K,
    listener: (this: CoupletChatElement, event: CoupletEvents[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "couplet-chat": CoupletChatElement;
  }
}
