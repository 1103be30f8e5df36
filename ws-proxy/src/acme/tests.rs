//! The bounds of what an authority may do to us, in virtual time.

use rcgen::date_time_ymd;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

const HOST: &str = "chat.example.test";
const HOUR: u64 = 60 * 60;

/// Where a certificate is kept, and nothing that it could come from.
struct Place {
    _directory: TempDir,
    acme: Acme,
    files: TlsFiles,
    challenges: Challenges,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self {
            acme: Acme {
                names: vec![HOST.parse().unwrap()],
                contact: Vec::new(),
                accept_terms: true,
                directory: "https://localhost:1/dir".parse().unwrap(),
                ca: None,
            },
            files: TlsFiles {
                cert: directory.path().join("cert.pem"),
                key: directory.path().join("key.pem"),
            },
            challenges: Challenges::default(),
            _directory: directory,
        }
    }

    /// Makes a certificate for `host` that ends in this year; `key` is its own, or else another.
    fn make(&self, host: &str, ends: i32, own: bool) {
        let [key, other] = [(); 2].map(|()| KeyPair::generate().unwrap());
        let mut parameters = CertificateParams::new([host.to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(ends, 1, 1);
        let certificate = parameters.self_signed(&key).unwrap();
        let kept = if own { key } else { other };
        std::fs::write(&self.files.key, kept.serialize_pem()).unwrap();
        std::fs::write(&self.files.cert, certificate.pem()).unwrap();
    }

    /// How long it took each time until `order` was called again, in so many seconds.
    async fn pauses<F: Future<Output = Result<(), Failure>>>(
        &self,
        mut order: impl FnMut() -> F,
        seconds: u64,
    ) -> Vec<u64> {
        let begin = Instant::now();
        let mut called = Vec::new();
        let order = || {
            called.push(begin.elapsed().as_secs());
            order()
        };
        let keeping = keep_by(order, &self.acme, &self.files, &self.challenges);
        let kept = timeout(Duration::from_secs(seconds), keeping).await;
        assert!(kept.is_err(), "it has given up");
        called.windows(2).map(|two| two[1] - two[0]).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_after_failures_double_up_to_half_a_day() {
    let place = Place::new();
    let fail = || async { Err(Failure::Challenge(HOST.to_owned())) };
    let pauses = place.pauses(fail, 50 * HOUR).await;
    let wanted = [
        60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 30720, 43200, 43200,
    ];
    assert_eq!(pauses, wanted);
}

#[tokio::test(start_paused = true)]
async fn success_begins_the_pauses_anew() {
    let place = Place::new();
    let mut calls = 0;
    let order = || {
        calls += 1;
        std::future::ready(if calls == 3 {
            place.make(HOST, 4000, true);
            Ok(())
        } else {
            Err(Failure::Challenge(HOST.to_owned()))
        })
    };
    let lose = async {
        sleep(Duration::from_secs(1000)).await;
        std::fs::remove_file(&place.files.cert).unwrap();
    };
    let (pauses, ()) = tokio::join!(place.pauses(order, 2 * HOUR), lose);
    assert_eq!(pauses[..5], [60, 120, HOUR, 60, 120]);
}

#[tokio::test(start_paused = true)]
async fn an_order_ends_after_ten_minutes_and_shows_nothing_more() {
    let place = Place::new();
    let hang = || async {
        let shown = answer(HOST, &[0; 32])?;
        place.challenges.set(HOST, Some(shown));
        std::future::pending().await
    };
    let look = async {
        sleep(Duration::from_secs(599)).await;
        let before = place.challenges.answer(HOST).is_some();
        sleep(Duration::from_secs(2)).await;
        (before, place.challenges.answer(HOST).is_some())
    };
    let (pauses, shown) = tokio::join!(place.pauses(hang, 1500), look);
    assert_eq!(pauses, [660, 720]);
    assert_eq!(shown, (true, false));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_useless_is_not_asked_for_again_at_once() {
    for (host, ends, own) in [
        ("other.example.test", 4000, true),
        (HOST, 2021, true),
        (HOST, 4000, false),
    ] {
        let place = Place::new();
        let order = || async {
            sleep(Duration::from_secs(1)).await;
            place.make(host, ends, own);
            Ok(())
        };
        let pauses = place.pauses(order, 300).await;
        assert_eq!(pauses, [61, 121], "{host}, until {ends}, own key: {own}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_waits_ten_seconds_for_an_authority() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let mut place = Place::new();
    place.acme.directory = format!("https://{address}/dir").parse().unwrap();
    let begin = Instant::now();
    let checking = timeout(Duration::from_secs(HOUR), check(&place.acme, &place.files));
    let failure = checking.await.unwrap().unwrap_err();
    assert!(matches!(failure, Failure::Time(DIRECTORY)), "{failure}");
    assert_eq!(begin.elapsed().as_secs(), 10);
}
