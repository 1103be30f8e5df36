//! What a site asks of its visitors before they talk, and how long their devices keep it.

use anyhow::ensure;
use couplet_servers::Kind;
use couplet_tests::{run, until};

use crate::widget::{Web, begin, open};
use crate::{reads, say};

#[test]
fn a_visitor_is_asked_before_and_has_said_it_then() {
    run(async {
        let web = Web::new().await?;
        let alice = web.alice_in("lounge").await?;
        let asks = "prechat=\"name email question\" greeting=\"How are you?\"";
        web.put(
            &[],
            &web.snippet(&format!("{asks} {}", web.guest("lounge"))),
        );
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.reads("How are you?").await?;
        chat.find("button", "Start chatting").await?.click().await?;
        for missing in [
            "Type a name first.",
            "Type an email address like name@example.org.",
            "Type your question first.",
        ] {
            chat.reads(missing).await?;
        }
        for (name, text) in [
            ("Your name", "Gwen"),
            ("Your email", "gwen@example.org"),
            ("How can we help?", "Do you have red ones?"),
        ] {
            chat.find("textbox", name).await?.fill(text).await?;
        }
        chat.find("button", "Start chatting").await?.click().await?;
        reads(&alice, "Do you have red ones?").await?;
        reads(&alice, "Your email: gwen@example.org").await?;
        reads(&alice, "Gwen").await?;
        reads(&chat, "Do you have red ones?").await?;
        // Nobody is asked twice.
        page.reload().await?;
        let chat = open(&page).await?;
        say(&chat, "And blue ones?").await
    });
}

#[test]
fn nothing_is_sent_before_one_has_agreed() {
    run(async {
        let web = Web::new().await?;
        let consent = "consent=\"We keep what you write.\" \
                       consent-link=\"https://www.example.org/privacy\" nickname=\"Gwen\"";
        web.put(
            &[],
            &web.snippet(&format!("{consent} {}", web.guest("lounge"))),
        );
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.reads("We keep what you write.").await?;
        chat.find("link", "Read more").await?;
        ensure!(!chat.text().await?.contains("Welcome to the lounge!"));
        let kept = chat.evaluate("Object.keys(localStorage).join()").await?;
        ensure!(!kept.to_string().contains("agreed"), "{kept}");
        // Who comes later is in before them.
        let alice = web.alice_in("lounge").await?;
        say(&alice, "Nobody here yet").await?;
        alice.reads("1 person here").await?;
        chat.find("button", "Agree and go on")
            .await?
            .click()
            .await?;
        say(&chat, "Then I ask").await?;
        // It is remembered, but for other words.
        page.reload().await?;
        let chat = open(&page).await?;
        reads(&chat, "Then I ask").await?;
        page.evaluate("lounge.consent = 'We keep it for a year.'")
            .await?;
        chat.reads("We keep it for a year.").await?;
        chat.find("button", "Agree and go on").await?;
        Ok(())
    });
}

#[test]
fn a_long_text_has_to_be_agreed_to_as_well() {
    run(async {
        let web = Web::new().await?;
        let text = "We keep it, and show it to nobody else. ".repeat(600);
        let consent = format!(
            "nickname=\"Gwen\" consent=\"{text}\" {}",
            web.guest("lounge")
        );
        web.put(&[], &web.snippet(&consent));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.find("button", "Agree and go on").await?;
        Ok(())
    });
}

#[test]
fn who_has_a_name_is_not_asked_what_to_be_called() {
    run(async {
        let web = Web::new().await?;
        let asks = "nickname=\"Gwen\" prechat=\"email\"";
        web.put(
            &[],
            &web.snippet(&format!("{asks} {}", web.guest("lounge"))),
        );
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Your email").await?;
        ensure!(!chat.text().await?.contains("What should we call you?"));
        Ok(())
    });
}

#[test]
fn the_device_forgets_a_guest_after_so_many_days() {
    run(async {
        let web = Web::new().await?;
        web.put(
            &[],
            &web.snippet(&format!("retention=\"7\" {}", web.guest("lounge"))),
        );
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        begin(&chat, "Gwen").await?;
        say(&chat, "My umbrella is broken").await?;
        until("the time is kept", || async {
            let kept = chat.evaluate("Object.keys(localStorage).join()").await?;
            Ok(kept.to_string().contains("couplet.last").then_some(()))
        })
        .await?;
        let days_ago = |days: u8| {
            format!(
                "Object.keys(localStorage).filter(name => name.includes('couplet.last'))\
                 .forEach(name => localStorage[name] = Date.now() - {days} * 86400000)"
            )
        };
        // Not before that.
        chat.evaluate(&days_ago(6)).await?;
        page.reload().await?;
        let chat = open(&page).await?;
        reads(&chat, "My umbrella is broken").await?;
        chat.evaluate(&days_ago(8)).await?;
        page.reload().await?;
        let chat = open(&page).await?;
        chat.find("textbox", "Your name").await?;
        until("nothing is kept", || async {
            let kept = chat.evaluate("Object.values(localStorage).join()").await?;
            Ok((!kept.to_string().contains("Gwen")).then_some(()))
        })
        .await
    });
}

#[test]
fn where_nobody_is_there_to_answer_the_site_says_so() {
    run(async {
        let web = Web::on(Kind::Prosody).await?;
        let words = "greeting=\"Good day!\" offline-message=\"We are back at nine.\"";
        web.put_help(&format!("{words} nickname=\"Gwen\""));
        let page = web.visitor().await?;
        let chat = open(&page).await?;
        chat.reads("We are back at nine.").await?;
        ensure!(!chat.text().await?.contains("Good day!"));
        page.evaluate("help.offlineMessage = 'Back at ten.'")
            .await?;
        chat.reads("Back at ten.").await?;
        Ok(())
    });
}
