//! A new build is put on the server while people write.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use couplet_servers::Kind;
use couplet_tests::browser::Page;
use couplet_tests::proxy::{self, Proxy};
use couplet_tests::{run, until};

use crate::{Place, count, reads, say};

/// The web client that is shipped, as files by name.
fn shipped() -> Result<BTreeMap<String, Vec<u8>>> {
    fn read(folder: &Path, below: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = format!("{below}{}", name.context("our names are text")?);
            if path.is_dir() {
                read(&path, &format!("{name}/"), files)?;
            } else if !name.ends_with(".br") && !name.ends_with(".gz") {
                files.insert(name, fs::read(&path)?);
            }
        }
        Ok(())
    }
    let mut files = BTreeMap::new();
    read(&proxy::binary()?.with_file_name("web"), "", &mut files)?;
    Ok(files)
}

/// The same as another build: with other hashes in all names.
fn next(files: &BTreeMap<String, Vec<u8>>) -> Result<BTreeMap<String, Vec<u8>>> {
    let hash = |name: &str| {
        let hash = name.strip_prefix("couplet-")?.split('.').next()?;
        Some(hash.to_owned())
    };
    let mut hashes: Vec<_> = files.keys().filter_map(|name| hash(name)).collect();
    let worker = String::from_utf8(files["sw.js"].clone())?;
    let version = worker
        .split_once("const CACHE = \"couplet-")
        .and_then(|(_, rest)| rest.split_once('"'));
    hashes.push(version.context("the worker's version")?.0.to_owned());
    ensure!(hashes.len() == 4, "{hashes:?}");
    let renamed = |text: &str| {
        hashes.iter().fold(text.to_owned(), |text, hash| {
            text.replace(hash, &hash.chars().rev().collect::<String>())
        })
    };
    let rewritten = files.iter().map(|(name, content)| {
        let content = match String::from_utf8(content.clone()) {
            Ok(text) => renamed(&text).into_bytes(),
            Err(binary) => binary.into_bytes(),
        };
        (renamed(name), content)
    });
    Ok(rewritten.collect())
}

/// Has exactly these files in `folder`.
fn put(folder: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    fs::remove_dir_all(folder)?;
    for (name, content) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().context("it is in the folder")?)?;
        fs::write(path, content)?;
    }
    Ok(())
}

async fn script(page: &Page) -> Result<String> {
    let name = page
        .evaluate("document.querySelector('script[type=module]').src")
        .await?;
    Ok(name.to_string())
}

#[test]
fn a_release_is_taken_up_without_losing_a_word() {
    run(async {
        let web = tempfile::tempdir()?;
        let first = shipped()?;
        put(web.path(), &first)?;
        let mut place = Place::new(Kind::Prosody).await?;
        let folder = web.path().to_str().context("a path that is text")?;
        place.proxy = Proxy::in_front_of_with(&place.server, &["--static-dir", folder]).await?;
        let (alice, bob) = place.friends().await?;
        alice
            .evaluate("navigator.serviceWorker.ready.then(() => true)")
            .await?;
        let second = place.beside(&alice).await?;
        second.find_with("link", "bob").await?.click().await?;
        let field = second.find("textbox", "Message").await?;
        // A message that can't be sent, and half of one in another tab.
        place.proxy.kill().await?;
        say(&alice, "before the release").await?;
        put(web.path(), &next(&first)?)?;
        place.proxy.restart().await?;
        say(&alice, "during the release").await?;
        field.fill("half a word").await?;
        let third = place.beside(&alice).await?;
        third.find_with("link", "bob").await?.click().await?;
        ensure!(script(&third).await? != script(&alice).await?, "no release");
        for page in [&alice, &second] {
            page.reads("There is a newer version of this page.").await?;
        }
        let said = ["before the release", "during the release"];
        for page in [&third, &bob] {
            for text in said {
                reads(page, text).await?;
                ensure!(count(page, text).await? == 1, "{text:?} more than once");
            }
        }
        let field = third.find("textbox", "Message").await?;
        field.has("half a word").await?;
        // The tabs of before go on as soon as somebody wants them to.
        alice.find("button", "Load again").await?.click().await?;
        until("the new build", || async {
            let (new, now) = (script(&third).await?, script(&alice).await);
            Ok(now.is_ok_and(|now| now == new).then_some(()))
        })
        .await?;
        say(&alice, "after the release").await?;
        for page in [&third, &bob] {
            reads(page, "after the release").await?;
        }
        Ok(())
    });
}
