//! Which part of a picture is to be seen: moved and zoomed by mouse, fingers and keys.

use wasm_bindgen::JsCast as _;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlInputElement, ImageBitmap};
use yew::prelude::*;

use crate::files::{CLOSEST, Cut, draw_cut};
use crate::hooks::{use_each_rendering, use_model};
use crate::i18n::t;

/// Pixels on a side of what is shown; twice as many as it takes on a plain screen.
const SHOWN: u32 = 480;
/// By which share of itself the part moves with a key.
const STEP: f64 = 0.05;
const ZOOM_STEP: f64 = 1.1;
/// So many steps the slider has for each size as large as the first.
const STEPS: f64 = 10.0;
/// How far a wheel turns, in its own unit, from what is seen to nothing or the double of it.
const WHEEL: f64 = 800.0;

#[derive(Properties, PartialEq)]
pub(crate) struct Props {
    pub(crate) picture: ImageBitmap,
    pub(crate) onchoose: Callback<Cut>,
    pub(crate) oncancel: Callback<MouseEvent>,
}

struct Hold {
    cut: Cut,
    /// The fingers on it, or the mouse: number and place.
    pointers: Vec<(i32, f64, f64)>,
}

#[component]
pub(crate) fn Crop(props: &Props) -> Html {
    let picture = props.picture.clone();
    let hold = {
        let (width, height) = (picture.width(), picture.height());
        use_model(move || Hold {
            cut: Cut::new(width, height),
            pointers: Vec::new(),
        })
    };
    let canvas = use_node_ref();
    let cut = hold.read().cut;
    {
        let canvas = canvas.clone();
        use_each_rendering(Box::new(move || draw(&canvas, &picture, cut)));
    }
    let change = {
        let hold = hold.clone();
        move |change: &dyn Fn(Cut) -> Cut| hold.change(|hold| hold.cut = change(hold.cut))
    };
    let onpointerdown = {
        let (hold, canvas) = (hold.clone(), canvas.clone());
        Callback::from(move |event: PointerEvent| {
            if let Some(canvas) = canvas.cast::<HtmlCanvasElement>() {
                // Fails only for a pointer that has gone already.
                let _ = canvas.set_pointer_capture(event.pointer_id());
            }
            hold.change(|hold| hold.pointers.push(place(&event)));
        })
    };
    let onpointermove = {
        let (hold, canvas) = (hold.clone(), canvas.clone());
        Callback::from(move |event: PointerEvent| {
            let length = canvas.cast::<HtmlCanvasElement>();
            let length = length.map_or(1.0, |canvas| f64::from(canvas.client_width().max(1)));
            let held = hold
                .read()
                .pointers
                .iter()
                .any(|known| known.0 == event.pointer_id());
            if held {
                hold.change(|hold| hold.follow(place(&event), length));
            }
        })
    };
    let release = {
        let hold = hold.clone();
        Callback::from(move |event: PointerEvent| {
            hold.change(|hold| hold.pointers.retain(|known| known.0 != event.pointer_id()));
        })
    };
    let onwheel = {
        let change = change.clone();
        Callback::from(move |event: WheelEvent| {
            let by = 1.0 - (event.delta_y() / WHEEL).clamp(-0.5, 0.5);
            change(&|cut| cut.zoomed(cut.zoom() * by));
        })
    };
    let onkeydown = {
        let change = change.clone();
        Callback::from(move |event: KeyboardEvent| {
            let (right, down, zoom) = match event.key().as_str() {
                "ArrowLeft" => (-STEP, 0.0, 1.0),
                "ArrowRight" => (STEP, 0.0, 1.0),
                "ArrowUp" => (0.0, -STEP, 1.0),
                "ArrowDown" => (0.0, STEP, 1.0),
                "+" | "=" => (0.0, 0.0, ZOOM_STEP),
                "-" => (0.0, 0.0, 1.0 / ZOOM_STEP),
                _ => return,
            };
            event.prevent_default();
            change(&|cut| cut.moved(right, down).zoomed(cut.zoom() * zoom));
        })
    };
    let oninput = Callback::from(move |event: InputEvent| {
        let input = event.target().and_then(|target| target.dyn_into().ok());
        let steps = input.map(|input: HtmlInputElement| input.value_as_number());
        if let Some(steps) = steps {
            change(&|cut| cut.zoomed(1.0 + steps / STEPS));
        }
    });
    let choose = {
        let onchoose = props.onchoose.clone();
        Callback::from(move |_: MouseEvent| onchoose.emit(hold.read().cut))
    };
    html! {
        <div class="form">
            <div class="crop">
                <canvas
                    ref={canvas}
                    class="crop__picture"
                    width={SHOWN.to_string()}
                    height={SHOWN.to_string()}
                    tabindex="0"
                    role="application"
                    aria-label={t("crop.label")}
                    aria-describedby="crop-hint"
                    {onpointerdown}
                    {onpointermove}
                    onpointerup={release.clone()}
                    onpointercancel={release}
                    {onwheel}
                    {onkeydown}
                />
                <label class="crop__zoom">
                    { t("crop.zoom") }
                    <input
                        type="range"
                        min="0"
                        max={steps(CLOSEST).to_string()}
                        value={steps(cut.zoom()).to_string()}
                        {oninput}
                    />
                </label>
            </div>
            <p class="form__text" id="crop-hint">{ t("crop.hint") }</p>
            <div class="form__buttons">
                <button type="button" class="button" onclick={props.oncancel.clone()}>
                    { t("dialog.cancel") }
                </button>
                <button type="button" class="button button--primary" onclick={choose}>
                    { t("crop.submit") }
                </button>
            </div>
        </div>
    }
}

impl Hold {
    /// One pointer moves the part, two also bring it closer. The picture stays under them.
    fn follow(&mut self, (number, x, y): (i32, f64, f64), length: f64) {
        let apart = self.apart();
        let count = self.pointers.len() as f64;
        for known in &mut self.pointers {
            if known.0 == number {
                let (right, down) = ((known.1 - x) / length, (known.2 - y) / length);
                self.cut = self.cut.moved(right / count, down / count);
                *known = (number, x, y);
            }
        }
        if let (Some(before), Some(now)) = (apart, self.apart()) {
            self.cut = self.cut.zoomed(self.cut.zoom() * now / before);
        }
    }

    fn apart(&self) -> Option<f64> {
        let [first, second] = self.pointers.as_slice() else {
            return None;
        };
        let (x, y) = (first.1 - second.1, first.2 - second.2);
        Some((x * x + y * y).sqrt().max(1.0))
    }
}

/// Where the slider stands. Whole numbers: what writes others is 15 KB of the download.
fn steps(zoom: f64) -> u32 {
    ((zoom - 1.0) * STEPS) as u32
}

fn place(event: &PointerEvent) -> (i32, f64, f64) {
    let (x, y) = (event.client_x(), event.client_y());
    (event.pointer_id(), x.into(), y.into())
}

fn draw(canvas: &NodeRef, picture: &ImageBitmap, cut: Cut) {
    let canvas = canvas.cast::<HtmlCanvasElement>();
    let context = canvas.and_then(|canvas| canvas.get_context("2d").ok()?);
    let context = context.and_then(|context| context.dyn_into::<CanvasRenderingContext2d>().ok());
    if let Some(context) = context {
        // One that can't be drawn was not opened either.
        let _ = draw_cut(&context, picture, cut, SHOWN.into());
    }
}
