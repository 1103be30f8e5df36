//! The microphone, and what comes from it.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use js_sys::{Array, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobEvent, DomException, File, FilePropertyBag, MediaRecorder, MediaRecorderOptions,
    MediaStream, MediaStreamConstraints, MediaStreamTrack,
};

/// What a browser may be able to write, what others read most easily first, with what the
/// name of such a file ends with.
const FORMATS: [(&str, &str); 3] = [
    ("audio/ogg;codecs=opus", "ogg"),
    ("audio/mp4", "m4a"),
    ("audio/webm;codecs=opus", "webm"),
];
/// So often what has been said is handed over.
const SLICE_MILLISECONDS: i32 = 1_000;

/// Why nothing can be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoMicrophone {
    /// The person, or their browser, said no.
    Denied,
    /// There is none.
    Missing,
}

/// A recording under way. Dropping ends it, and the microphone is off.
pub(crate) struct Recorder {
    recorder: MediaRecorder,
    stream: MediaStream,
    parts: Rc<RefCell<Vec<Blob>>>,
    format: (&'static str, &'static str),
    _listener: EventListener,
}

/// Whether this browser records anything, for this page.
pub(crate) fn can_record() -> bool {
    let Some(window) = web_sys::window() else {
        return false;
    };
    let has = |object: &JsValue, name: &str| {
        Reflect::get(object, &name.into()).is_ok_and(|found| !found.is_undefined())
    };
    has(&window, "MediaRecorder") && has(&window.navigator(), "mediaDevices") && format().is_some()
}

fn format() -> Option<(&'static str, &'static str)> {
    let mut formats = FORMATS.into_iter();
    formats.find(|(kind, _)| MediaRecorder::is_type_supported(kind))
}

impl Recorder {
    /// Asks for the microphone, and begins.
    pub(crate) async fn begin() -> Result<Self, NoMicrophone> {
        let stream = Self::microphone().await.map_err(|error| {
            let error: Option<DomException> = error.dyn_into().ok();
            match error.is_some_and(|error| error.name() == "NotAllowedError") {
                true => NoMicrophone::Denied,
                false => NoMicrophone::Missing,
            }
        })?;
        Self::record(stream).ok_or(NoMicrophone::Missing)
    }

    async fn microphone() -> Result<MediaStream, JsValue> {
        let window = web_sys::window().ok_or(JsValue::NULL)?;
        let wanted = MediaStreamConstraints::new();
        wanted.set_audio(&JsValue::TRUE);
        let devices = window.navigator().media_devices()?;
        let asked = devices.get_user_media_with_constraints(&wanted)?;
        JsFuture::from(asked).await?.dyn_into()
    }

    fn record(stream: MediaStream) -> Option<Self> {
        let format = format()?;
        let options = MediaRecorderOptions::new();
        options.set_mime_type(format.0);
        // A voice needs no more.
        options.set_audio_bits_per_second(32_000);
        let recorder =
            MediaRecorder::new_with_media_stream_and_media_recorder_options(&stream, &options)
                .ok()?;
        let parts: Rc<RefCell<Vec<Blob>>> = Rc::default();
        let listener = {
            let parts = parts.clone();
            EventListener::new(&recorder, "dataavailable", move |event| {
                let event: &BlobEvent = event.unchecked_ref();
                parts.borrow_mut().extend(event.data());
            })
        };
        recorder.start_with_time_slice(SLICE_MILLISECONDS).ok()?;
        Some(Self {
            recorder,
            stream,
            parts,
            format,
            _listener: listener,
        })
    }

    /// Ends it; what was said, by a name that begins so. Nothing if nothing has come.
    pub(crate) async fn finish(self, name: &str) -> Option<File> {
        let stopped = Promise::new(&mut |resolve, _| self.recorder.set_onstop(Some(&resolve)));
        // It has ended by itself if the microphone is gone.
        if self.recorder.stop().is_ok() {
            let _ = JsFuture::from(stopped).await;
        }
        let parts: Array = self.parts.borrow().iter().collect();
        if parts.length() == 0 {
            return None;
        }
        let kind = self.format.0.split(';').next().unwrap_or_default();
        let options = FilePropertyBag::new();
        options.set_type(kind);
        let name = [name, ".", self.format.1].concat();
        File::new_with_blob_sequence_and_options(&parts, &name, &options).ok()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        for track in self.stream.get_tracks() {
            track.unchecked_into::<MediaStreamTrack>().stop();
        }
    }
}
