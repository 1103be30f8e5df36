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
  /**
   * `unreachable`: the chat didn't come, or this site isn't allowed to have it; `token-needed`: the server
   * takes no token of those that `setUser` had, or there is none any more; `sign-in`; `room`: it can't be entered, or
   * no address is given.
   */
  error: CustomEvent<{ code: string; text: string }>;
}

/** Each property is an attribute of the same name, `offlineMessage` of `offline-message`. */
export interface CoupletAttributes {
  /** A floating button with a panel (the default), a box in the page, or the whole messenger. */
  mode: CoupletMode | "";
  /** The address of a room. */
  room: string;
  /** The address of somebody, in place of a room. */
  contact: string;
  /**
   * The address of those who help: one to one with whomever the site vouches for or who signs in, in a room of
   * its own with each guest.
   */
  support: string;
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
  /** What stands in its place when nobody is there to answer. */
  offlineMessage: string;
  /** What a guest is asked before the conversation, of `name`, `email` and `question`, with spaces in between. */
  prechat: string;
  /** What has to be agreed to before anything is sent. */
  consent: string;
  /** Where there is more about that. */
  consentLink: string;
  /** So many days after the last message the device forgets a guest's conversation. */
  retention: string;
  /** What the chat is called. */
  label: string;
  /** Has the chat come before it is opened, when the page has nothing else to do. */
  preload: boolean;
}

/** Whom a site vouches for. */
export interface CoupletUser {
  /** Their XMPP address. */
  jid: string;
  /** A token that the site's own back end has made for them, or what gets one each time it is asked. */
  token: string | (() => string | Promise<string>);
}

export interface CoupletChatElement extends HTMLElement, CoupletAttributes {
  open(): void;
  close(): void;
  /** Says something for a guest; whoever has an account finds it in the field. */
  send(text: string): void;
  /**
   * Signs this user in, when the chat is opened; with `null` whoever was signed in this way no longer is, and
   * nothing of theirs stays on the device.
   */
  setUser(user: CoupletUser | null): void;
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
