use super::super::{Exchange, Identity, Means, Profile, Purpose, Reply, Request, Step};
use super::super::{frames, native};
use super::*;

struct Vector {
    hash: Hash,
    nonce: &'static str,
    server_first: &'static str,
    client_final: &'static str,
    server_final: &'static str,
}

/// RFC 5802 5
const SHA1: Vector = Vector {
    hash: Hash::Sha1,
    nonce: "fyko+d2lbbFgONRv9qkxdawL",
    server_first: "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
    client_final: "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
                   p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
    server_final: "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
};
/// RFC 7677 3
const SHA256: Vector = Vector {
    hash: Hash::Sha256,
    nonce: "rOprNGfwEbeRWgbNEkqO",
    server_first: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
    client_final: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                   p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
    server_final: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};

fn offer(mechanisms: &[&str]) -> Offer {
    Offer {
        mechanisms: mechanisms.iter().map(|name| (*name).to_owned()).collect(),
        bindings: None,
        profile: Profile::Classic,
        confidential: true,
        purpose: Purpose::SignIn,
    }
}

fn response(data: &str) -> Step {
    let frame = frames::response(&Profile::Classic, data.as_bytes());
    Step::Reply(Reply::Send(frame))
}

fn exchange(vector: &Vector, offer: Offer) -> Exchange {
    let means = Means {
        password: true,
        ..Means::default()
    };
    let user = Identity::User("user".into());
    let mut exchange = Exchange::new(user, String::new(), means, vector.nonce.to_owned());
    exchange.handle(Request::Start(offer));
    exchange
}

fn prove(exchange: &mut Exchange, server_first: &str) -> Step {
    let step = exchange.handle(Request::Challenge(server_first.into()));
    let Step::Prove(request) = step else {
        panic!("{step:?}")
    };
    exchange.proved(native::prove(&request, "pencil").unwrap())
}

fn until_proof(vector: &Vector) -> (Exchange, Step) {
    let mut exchange = exchange(vector, offer(&[vector.hash.mechanism()]));
    let step = prove(&mut exchange, vector.server_first);
    (exchange, step)
}

#[test]
fn the_vectors_of_the_rfcs() {
    for vector in [SHA1, SHA256] {
        let (mut exchange, step) = until_proof(&vector);
        assert_eq!(step, response(vector.client_final));
        let step = exchange.handle(Request::Success(vector.server_final.into()));
        assert_eq!(step, Step::Reply(Reply::Verified));
    }
}

#[test]
fn a_server_that_proves_nothing_is_refused() {
    for success in ["", "v=", "v=rmF9pqV8S7suAoZWja4dJRkFsKA=", "e=other-error"] {
        let (mut exchange, _) = until_proof(&SHA1);
        let step = exchange.handle(Request::Success(success.into()));
        let refused = Step::Reply(Reply::Failed(Trouble::ServerNotVerified));
        assert_eq!(step, refused, "{success:?}");
    }
}

#[test]
fn the_proof_may_come_as_a_challenge() {
    let (mut exchange, _) = until_proof(&SHA1);
    let step = exchange.handle(Request::Challenge(SHA1.server_final.into()));
    assert_eq!(step, response(""));
    let step = exchange.handle(Request::Success(Vec::new()));
    assert_eq!(step, Step::Reply(Reply::Verified));
}

#[test]
fn what_a_server_must_not_say_first() {
    for server_first in [
        "",
        "r=other,s=QSXCR+Q6sek8bf92,i=4096",
        "r=nonce,s=QSXCR+Q6sek8bf92,i=4096",
        "r=nonceX,s=,i=4096",
        "r=nonceX,s=QSXCR+Q6sek8bf92,i=1",
        "r=nonceX,s=QSXCR+Q6sek8bf92,i=4000000000",
        "m=ext,r=nonceX,s=QSXCR+Q6sek8bf92,i=4096",
    ] {
        let mut scram = Scram::new(Hash::Sha1, "user", "nonce");
        assert!(
            scram
                .challenge(server_first.as_bytes(), &offer(&[]))
                .is_err(),
            "{server_first:?}"
        );
    }
}

#[test]
fn names_are_escaped() {
    let scram = Scram::new(Hash::Sha1, "a=b,c", "nonce");
    assert_eq!(scram.client_first(), "n,,n=a=3Db=2Cc,r=nonce");
}

/// XEP-0474 6.3
const OFFERED: &str = "G6k/rBLDqgOhRRaCuuatSDFkJ08=";

fn offered_and_signed(mechanisms: &[&str], bindings: &[&str], hash: &str) -> Step {
    let bindings = bindings.iter().map(|name| (*name).to_owned()).collect();
    let offer = Offer {
        bindings: Some(bindings),
        ..offer(mechanisms)
    };
    let mut exchange = exchange(&SHA1, offer);
    prove(&mut exchange, &[SHA1.server_first, ",h=", hash].concat())
}

#[test]
fn what_is_offered_is_what_the_server_has_signed() {
    let bindings = ["tls-server-end-point", "tls-exporter"];
    let signed = |mechanisms: &[&str], bindings: &[&str]| {
        let step = offered_and_signed(mechanisms, bindings, OFFERED);
        match step {
            Step::Reply(Reply::Send(_)) => true,
            Step::Reply(Reply::Failed(trouble)) => {
                assert_eq!(trouble, Trouble::ServerNotVerified);
                false
            }
            other => panic!("{other:?}"),
        }
    };
    assert!(signed(&["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"], &bindings));
    assert!(!signed(&["SCRAM-SHA-1"], &bindings));
    assert!(!signed(
        &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"],
        &bindings[..1]
    ));
    let step = offered_and_signed(&["SCRAM-SHA-1"], &bindings, "AAAA");
    assert_eq!(step, Step::Reply(Reply::Failed(Trouble::ServerNotVerified)));
}

#[test]
fn a_proxy_may_keep_external_back() {
    let offers = possible_offers(&offer(&["SCRAM-SHA-1"]));
    assert_eq!(offers, ["SCRAM-SHA-1", "EXTERNAL\u{1e}SCRAM-SHA-1"]);
}
