use minidom::Element;
use xmpp_parsers::ns;

use super::*;

const DEVICE: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";

fn offer(mechanisms: &[&str], profile: Profile) -> Offer {
    Offer {
        mechanisms: mechanisms.iter().map(|name| (*name).to_owned()).collect(),
        bindings: None,
        profile,
        confidential: true,
        purpose: Purpose::SignIn,
    }
}

fn extensible() -> Profile {
    Profile::Extensible {
        fast: vec!["HT-SHA-256-ENDP".into(), "HT-SHA-256-NONE".into()],
        inline: "<bind xmlns='urn:xmpp:bind:0'/>".into(),
    }
}

const TYPED: Means = Means {
    password: true,
    key: None,
    token: None,
    lost_token: None,
    bearer: false,
};

fn exchange(means: Means) -> Exchange {
    let user = Identity::User("alice".into());
    Exchange::new(user, DEVICE.into(), means, "nonce".into())
}

fn start(means: Means, offer: Offer) -> Step {
    exchange(means).handle(Request::Start(offer))
}

fn classic(means: Means, mechanisms: &[&str]) -> Step {
    start(means, offer(mechanisms, Profile::Classic))
}

fn sent(step: Step) -> Element {
    let Step::Reply(Reply::Send(frame)) = step else {
        panic!("{step:?}")
    };
    frame.parse().unwrap()
}

fn trouble(step: Step) -> Trouble {
    let Step::Reply(Reply::Failed(trouble)) = step else {
        panic!("{step:?}")
    };
    trouble
}

fn again(step: Step) -> Again {
    match trouble(step) {
        Trouble::PasswordNeeded(why) => why,
        other => panic!("{other:?}"),
    }
}

fn refusal(condition: &str) -> Request {
    Request::Failure {
        condition: condition.into(),
        text: None,
    }
}

#[test]
fn the_strongest_scram_wins() {
    let offered = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"];
    let auth = sent(classic(TYPED, &offered));
    assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-256"));
    let initial = super::super::data(&auth).unwrap();
    assert_eq!(initial, b"n,,n=alice,r=nonce");
}

#[test]
fn plain_comes_last_and_only_where_nobody_listens() {
    assert_eq!(classic(TYPED, &["PLAIN", "X-OTHER"]), Step::SendPlain);
    let mut open = offer(&["PLAIN"], Profile::Classic);
    open.confidential = false;
    let nothing = |step| matches!(trouble(step), Trouble::NoMechanism { .. });
    assert!(nothing(start(TYPED, open)));
    // A server that does SCRAM in a way that we can't doesn't get the password.
    assert!(nothing(classic(TYPED, &["PLAIN", "SCRAM-SHA-256-PLUS"])));
}

#[test]
fn nothing_that_fits_is_said_with_what_there_is() {
    let offered = vec!["GSSAPI".to_owned()];
    assert_eq!(
        trouble(classic(TYPED, &["GSSAPI"])),
        Trouble::NoMechanism { offered }
    );
}

#[test]
fn nobody_in_particular_signs_in_anonymously() {
    let mut exchange = Exchange::new(Identity::Anonymous, DEVICE.into(), TYPED, "n".into());
    let offer = offer(&["PLAIN", "ANONYMOUS"], Profile::Classic);
    let auth = sent(exchange.handle(Request::Start(offer)));
    assert_eq!(auth.attr("mechanism"), Some("ANONYMOUS"));
    assert_eq!(auth.text(), "=");
}

#[test]
fn success_out_of_the_blue_is_no_success() {
    let step = exchange(TYPED).handle(Request::Success(Vec::new()));
    assert!(matches!(trouble(step), Trouble::Protocol { .. }));
}

#[test]
fn a_password_is_turned_into_a_token_where_the_server_gives_one() {
    let authenticate = sent(start(TYPED, offer(&["SCRAM-SHA-1"], extensible())));
    assert!(authenticate.is("authenticate", ns::SASL2));
    let agent = authenticate.get_child("user-agent", ns::SASL2).unwrap();
    assert_eq!(agent.attr("id"), Some(DEVICE));
    assert!(authenticate.has_child("bind", ns::BIND2));
    let wanted = authenticate.get_child("request-token", ns::FAST).unwrap();
    assert_eq!(wanted.attr("mechanism"), Some("HT-SHA-256-NONE"));
}

#[test]
fn no_token_is_asked_for_that_could_not_be_used() {
    let mut open = offer(&["SCRAM-SHA-1"], extensible());
    open.confidential = false;
    assert!(!sent(start(TYPED, open)).has_child("request-token", ns::FAST));
    let profile = Profile::Extensible {
        fast: vec!["HT-SHA-256-ENDP".into()],
        inline: String::new(),
    };
    let bound = sent(start(TYPED, offer(&["SCRAM-SHA-1"], profile)));
    assert!(!bound.has_child("request-token", ns::FAST));
}

fn by_token() -> (Exchange, Element) {
    let means = Means {
        token: Some(122),
        ..Means::default()
    };
    let mut exchange = exchange(means);
    let step = exchange.handle(Request::Start(offer(&["SCRAM-SHA-1"], extensible())));
    assert_eq!(step, Step::SendToken);
    let frame = exchange.token(TokenProof {
        initiator: vec![1, 2],
        responder: vec![3, 4],
    });
    (exchange, frame.parse().unwrap())
}

#[test]
fn a_token_is_used_and_counted() {
    let (mut exchange, authenticate) = by_token();
    assert_eq!(authenticate.attr("mechanism"), Some("HT-SHA-256-NONE"));
    let initial = authenticate.get_child("initial-response", ns::SASL2);
    let initial = super::super::data(initial.unwrap()).unwrap();
    assert_eq!(initial, b"alice\0\x01\x02");
    let fast = authenticate.get_child("fast", ns::FAST).unwrap();
    assert_eq!(fast.attr("count"), Some("123"));
    assert_eq!(fast.attr("invalidate"), None);
    assert!(!authenticate.has_child("request-token", ns::FAST));
    let step = exchange.handle(Request::Success(vec![3, 4]));
    assert_eq!(step, Step::Reply(Reply::Verified));
}

#[test]
fn a_server_that_doesnt_know_the_token_is_refused() {
    for data in [vec![], vec![3], vec![3, 5], vec![3, 4, 4]] {
        let (mut exchange, _) = by_token();
        let step = exchange.handle(Request::Success(data));
        assert_eq!(trouble(step), Trouble::ServerNotVerified);
    }
}

#[test]
fn a_refused_token_is_forgotten_and_the_key_taken() {
    let key = Some(Hash::Sha1);
    let means = Means {
        token: Some(0),
        key,
        ..Means::default()
    };
    let mut first = exchange(means);
    let offered = || Request::Start(offer(&["SCRAM-SHA-1"], extensible()));
    assert_eq!(first.handle(offered()), Step::SendToken);
    let step = first.handle(refusal("not-authorized"));
    assert_eq!(step, Step::ForgetToken(Again::TokenRefused, Reply::Again));
    let lost_token = Some(Again::TokenRefused);
    let means = Means {
        key,
        lost_token,
        ..Means::default()
    };
    let authenticate = sent(exchange(means).handle(offered()));
    assert_eq!(authenticate.attr("mechanism"), Some("SCRAM-SHA-1"));
    assert!(authenticate.has_child("request-token", ns::FAST));
}

#[test]
fn without_a_key_the_password_is_asked_for_and_said_why() {
    for (condition, why) in [
        ("not-authorized", Again::TokenRefused),
        ("credentials-expired", Again::TokenExpired),
    ] {
        let (mut exchange, _) = by_token();
        let failed = Reply::Failed(Trouble::PasswordNeeded(why));
        assert_eq!(
            exchange.handle(refusal(condition)),
            Step::ForgetToken(why, failed)
        );
    }
}

#[test]
fn a_token_outlives_a_server_in_trouble() {
    let (mut exchange, _) = by_token();
    let step = exchange.handle(refusal("temporary-auth-failure"));
    assert!(matches!(trouble(step), Trouble::SignInRefused { .. }));
}

#[test]
fn a_token_is_not_shown_to_a_server_that_no_longer_takes_it() {
    let means = Means {
        token: Some(0),
        ..Means::default()
    };
    assert_eq!(again(classic(means, &["SCRAM-SHA-1"])), Again::Changed);
    assert_eq!(again(classic(means, &["PLAIN"])), Again::Plain);
    let mut open = offer(&["SCRAM-SHA-1"], extensible());
    open.confidential = false;
    assert_eq!(again(start(means, open)), Again::Changed);
}

#[test]
fn a_kept_key_is_used_as_long_as_its_mechanism_is_offered() {
    let means = Means {
        key: Some(Hash::Sha1),
        ..Means::default()
    };
    let auth = sent(classic(means, &["SCRAM-SHA-1", "SCRAM-SHA-256"]));
    assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-1"));
    assert_eq!(again(classic(means, &["SCRAM-SHA-256"])), Again::Changed);
    assert_eq!(again(classic(means, &["PLAIN"])), Again::Plain);
    // Whoever has typed the password can have the stronger one.
    let typed = Means {
        password: true,
        ..means
    };
    let auth = sent(classic(typed, &["SCRAM-SHA-1", "SCRAM-SHA-256"]));
    assert_eq!(auth.attr("mechanism"), Some("SCRAM-SHA-256"));
}

#[test]
fn a_kept_key_that_is_wrong_is_not_a_wrong_password() {
    let means = Means {
        key: Some(Hash::Sha1),
        ..Means::default()
    };
    let mut kept = exchange(means);
    kept.handle(Request::Start(offer(&["SCRAM-SHA-1"], Profile::Classic)));
    assert_eq!(
        again(kept.handle(refusal("not-authorized"))),
        Again::Changed
    );
    let mut typed = exchange(TYPED);
    typed.handle(Request::Start(offer(&["SCRAM-SHA-1"], Profile::Classic)));
    let wrong = Trouble::WrongPassword { text: None };
    assert_eq!(trouble(typed.handle(refusal("not-authorized"))), wrong);
}

#[test]
fn other_refusals_are_told_apart() {
    let refused = |condition| trouble(exchange(TYPED).handle(refusal(condition)));
    let text = None;
    assert_eq!(
        refused("account-disabled"),
        Trouble::AccountDisabled { text }
    );
    assert!(matches!(
        refused("invalid-mechanism"),
        Trouble::SignInRefused { .. }
    ));
}

#[test]
fn who_signs_out_has_the_token_forgotten_and_gets_no_other() {
    let means = Means {
        token: Some(0),
        ..TYPED
    };
    let mut leaving = exchange(means);
    let step = leaving.handle(Request::SignedOut);
    assert_eq!(step, Step::Reply(Reply::Revoke));
    let revoke = |profile| Offer {
        purpose: Purpose::Revoke,
        ..offer(&["SCRAM-SHA-1"], profile)
    };
    let mut leaving = exchange(means);
    let step = leaving.handle(Request::Start(revoke(extensible())));
    assert_eq!(step, Step::SendToken);
    let frame: Element = leaving
        .token(TokenProof {
            initiator: vec![1],
            responder: vec![2],
        })
        .parse()
        .unwrap();
    let fast = frame.get_child("fast", ns::FAST).unwrap();
    assert_eq!(fast.attr("invalidate"), Some("true"));
    // A password is not asked for, nor used, to sign out.
    let step = exchange(means).handle(Request::Start(revoke(Profile::Classic)));
    assert!(matches!(trouble(step), Trouble::Protocol { .. }));
}

const VOUCHED: Means = Means {
    password: false,
    bearer: true,
    ..TYPED
};

const BEARERS: [&str; 3] = ["PLAIN", "SCRAM-SHA-1", "OAUTHBEARER"];

fn by_bearer(profile: Profile) -> Exchange {
    let mut vouched = exchange(VOUCHED);
    let step = vouched.handle(Request::Start(offer(&BEARERS, profile)));
    assert_eq!(step, Step::SendBearer);
    vouched
}

#[test]
fn a_site_vouches_for_its_user_in_one_message() {
    let vouched = by_bearer(Profile::Classic);
    // RFC 7628 4.1, and RFC 5801 4 for what an address may have in it.
    let frame = vouched.bearer(
        "a=b,c@example.org",
        "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
    );
    let auth: Element = frame.parse().unwrap();
    assert_eq!(auth.attr("mechanism"), Some("OAUTHBEARER"));
    let message = "n,a=a=3Db=2Cc@example.org,\u{1}\
                   auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\u{1}\u{1}";
    assert_eq!(super::super::data(&auth).unwrap(), message.as_bytes());
    let authenticate: Element = by_bearer(extensible())
        .bearer("alice@example.org", "token")
        .parse()
        .unwrap();
    assert!(authenticate.is("authenticate", ns::SASL2));
    assert!(authenticate.has_child("bind", ns::BIND2));
    assert!(authenticate.has_child("request-token", ns::FAST));
    let step = by_bearer(extensible()).handle(Request::Success(Vec::new()));
    assert_eq!(step, Step::Reply(Reply::Verified));
}

#[test]
fn a_sites_token_is_shown_to_nobody_who_listens_or_didnt_ask() {
    let nothing = |step| matches!(trouble(step), Trouble::NoMechanism { .. });
    let mut open = offer(&BEARERS, Profile::Classic);
    open.confidential = false;
    assert!(nothing(start(VOUCHED, open)));
    assert!(nothing(classic(VOUCHED, &["PLAIN", "SCRAM-SHA-1"])));
}

#[test]
fn a_refusal_that_comes_as_a_challenge_is_answered_and_final() {
    // RFC 7628 4.3
    let detail = br#"{"status":"invalid_token","scope":"example_scope"}"#;
    let mut vouched = by_bearer(Profile::Classic);
    let response = sent(vouched.handle(Request::Challenge(detail.to_vec())));
    assert!(response.is("response", ns::SASL));
    assert_eq!(super::super::data(&response).unwrap(), [1]);
    let mut lying = vouched.clone();
    for request in [
        Request::Success(Vec::new()),
        Request::Challenge(detail.to_vec()),
    ] {
        assert!(matches!(
            trouble(lying.handle(request)),
            Trouble::Protocol { .. }
        ));
    }
    let text = Some("This token has expired.".to_owned());
    let step = vouched.handle(Request::Failure {
        condition: "not-authorized".into(),
        text: text.clone(),
    });
    assert_eq!(step, Step::RenewBearer(Trouble::TokenNeeded { text }));
}

#[test]
fn only_what_another_token_could_help_asks_for_one() {
    for condition in ["not-authorized", "credentials-expired", "invalid-authzid"] {
        let step = by_bearer(extensible()).handle(refusal(condition));
        let needed = Trouble::TokenNeeded { text: None };
        assert_eq!(step, Step::RenewBearer(needed), "{condition}");
    }
    for condition in ["temporary-auth-failure", "invalid-mechanism"] {
        let step = by_bearer(extensible()).handle(refusal(condition));
        assert!(matches!(trouble(step), Trouble::SignInRefused { .. }));
    }
    let step = by_bearer(extensible()).handle(refusal("account-disabled"));
    assert_eq!(trouble(step), Trouble::AccountDisabled { text: None });
}

#[test]
fn the_servers_token_comes_before_the_sites() {
    let means = Means {
        token: Some(0),
        ..VOUCHED
    };
    let offered = || Request::Start(offer(&BEARERS, extensible()));
    let mut known = exchange(means);
    assert_eq!(known.handle(offered()), Step::SendToken);
    let step = known.handle(refusal("not-authorized"));
    assert_eq!(step, Step::ForgetToken(Again::TokenRefused, Reply::Again));
    assert_eq!(exchange(VOUCHED).handle(offered()), Step::SendBearer);
}
