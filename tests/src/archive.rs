//! What a server's archive holds, read by somebody who wants nothing else of it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use minidom::Element;

use crate::raw::Raw;

const ARCHIVE: &str = "urn:xmpp:mam:2";
const RSM: &str = "http://jabber.org/protocol/rsm";

/// The messages with a text in the archive of `jid` (XEP-0313), oldest first: the text,
/// and the sender's origin-id (XEP-0359).
///
/// # Errors
/// When the server doesn't play along.
pub async fn texts(jid: &str, password: &str, url: &str) -> Result<Vec<(String, String)>> {
    let mut raw = Raw::signed_in(jid, password, url).await?;
    let (mut texts, mut last) = (Vec::new(), String::new());
    loop {
        let after = match last.as_str() {
            "" => String::new(),
            id => format!("<after>{id}</after>"),
        };
        raw.send(&format!(
            "<iq xmlns='jabber:client' type='set' id='page'><query xmlns='{ARCHIVE}'>\
             <set xmlns='{RSM}'><max>100</max>{after}</set></query></iq>"
        ))
        .await?;
        loop {
            let stanza: Element = raw.until(ARCHIVE).await?.parse()?;
            let Some(result) = stanza.get_child("result", ARCHIVE) else {
                let fin = stanza.get_child("fin", ARCHIVE).context("no <fin/>")?;
                if fin.attr("complete") == Some("true") {
                    return Ok(texts);
                }
                break;
            };
            last = result.attr("id").context("no id")?.to_owned();
            texts.extend(text(result));
        }
    }
}

fn text(result: &Element) -> Option<(String, String)> {
    let message = result
        .children()
        .next()?
        .get_child("message", "jabber:client")?;
    let body = message.get_child("body", "jabber:client")?.text();
    let origin = message.get_child("origin-id", "urn:xmpp:sid:0")?;
    Some((body, origin.attr("id")?.to_owned()))
}

/// How many of `texts` are there more than once. All of them are different messages.
///
/// # Errors
/// When two copies of one don't share their origin-id, by which clients know them.
pub fn repeats(texts: &[(String, String)]) -> Result<usize> {
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (body, origin) in texts {
        ids.entry(body).or_default().insert(origin);
    }
    let apart: Vec<_> = ids.iter().filter(|(_, ids)| ids.len() > 1).collect();
    ensure!(apart.is_empty(), "told apart by nobody: {apart:?}");
    Ok(texts.len() - ids.len())
}
