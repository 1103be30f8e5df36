import { useRef, useState } from "react";
import type { CoupletChatElement } from "couplet-chat";

export function Shop() {
  const chat = useRef<CoupletChatElement>(null);
  const [wanted, setWanted] = useState(true);
  const [dark, setDark] = useState(false);
  const [unread, setUnread] = useState(0);

  return (
    <main>
      <h1>Umbrellas by the sea</h1>
      <p>Made by hand, of ash and cotton. Come by, or ask us anything.</p>
      {wanted && (
        <button onClick={() => chat.current?.open()}>
          Ask us{unread > 0 && ` (${unread})`}
        </button>
      )}
      <button onClick={() => setDark(!dark)}>{dark ? "Light chat" : "Dark chat"}</button>
      <button onClick={() => setWanted(!wanted)}>{wanted ? "No chat" : "Chat"}</button>
      {wanted && (
        <couplet-chat
          ref={chat}
          room="lounge@rooms.example.org"
          domain="guests.example.org"
          anonymous
          label="Umbrellas"
          theme={dark ? "dark" : "light"}
          onunread={({ detail }) => setUnread(detail.count)}
        />
      )}
    </main>
  );
}
