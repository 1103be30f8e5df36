// What JSX knows of <couplet-chat>.

import type { HTMLAttributes, RefAttributes } from "react";
import type { CoupletAttributes, CoupletChatElement, CoupletEvents } from "couplet-chat";

type Listeners = {
  [Type in keyof CoupletEvents as `on${Type}`]?: (event: CoupletEvents[Type]) => void;
};

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "couplet-chat": HTMLAttributes<CoupletChatElement>
        & RefAttributes<CoupletChatElement>
        & Partial<CoupletAttributes>
        & Listeners
        & { open?: boolean };
    }
  }
}
