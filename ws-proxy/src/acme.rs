//! A certificate from an authority that speaks ACME (RFC 8555), by a challenge inside of TLS
//! (RFC 8737), and another one before that runs out. Whoever watches the files of the
//! certificate takes it into use.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use instant_acme::{
    Account, AccountBuilder, AccountCredentials, AuthorizationStatus, ChallengeType, Identifier,
    Key, NewAccount, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use serde::{Deserialize, Serialize};
use tokio::fs;
use tokio::io::AsyncWriteExt;
use tokio::time::{sleep, timeout};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::config::{Acme, TlsFiles};
use crate::tls::{self, Challenges};

#[cfg(test)]
mod tests;

/// How long an authority may take to look, and to sign.
const POLLS: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));
/// How long it may take to say what it offers.
const DIRECTORY: Duration = Duration::from_secs(10);
/// How long all of it may take.
const ORDER: Duration = Duration::from_secs(600);
/// After a failure: then twice as long each time. Authorities count failures.
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LAST_RETRY: Duration = Duration::from_secs(12 * 60 * 60);
/// The clock on the wall is looked at as often as this.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Authority(#[from] instant_acme::Error),
    #[error("it offers no tls-alpn-01 for {0}")]
    Challenge(String),
    #[error("it didn't find this proxy at port 443 of {host}: {why}")]
    NotFound { host: String, why: String },
    #[error("it ended the order as {0:?}")]
    Refused(OrderStatus),
    #[error("the answer to its challenge can't be made: {0}")]
    Answer(#[from] rcgen::Error),
    #[error("the answer to its challenge can't be used: {0}")]
    Tls(#[from] rustls::Error),
    #[error("{} can't be written: {error}. Let this user write there", path.display())]
    File { path: PathBuf, error: io::Error },
    #[error("what it has made is for other hosts, or for no time")]
    Useless,
    #[error("it took longer than {} s", .0.as_secs())]
    Time(Duration),
}

/// Keeps a certificate in `files` for ever.
pub(crate) async fn keep(acme: Acme, files: TlsFiles, challenges: Arc<Challenges>) {
    let order = || order(&acme, &files, &challenges);
    keep_by(order, &acme, &files, &challenges).await;
}

/// The same, by calling `order` when there is none, or soon will be.
async fn keep_by<F: Future<Output = Result<(), Failure>>>(
    mut order: impl FnMut() -> F,
    acme: &Acme,
    files: &TlsFiles,
    challenges: &Challenges,
) {
    let mut pause = FIRST_RETRY;
    loop {
        if let Some(left) = left(acme, files) {
            pause = FIRST_RETRY;
            sleep(left.min(LOOK)).await;
            continue;
        }
        let ordered = timeout(ORDER, order()).await;
        for name in &acme.names {
            challenges.set(name.ascii(), None);
        }
        let made = match ordered.unwrap_or(Err(Failure::Time(ORDER))) {
            Ok(()) if left(acme, files).is_none() => Err(Failure::Useless),
            other => other,
        };
        match made {
            Ok(()) => tracing::info!("{} has made a certificate", acme.directory),
            Err(failure) => {
                tracing::error!(
                    "no certificate from {}: {failure}. Trying again in {} s",
                    acme.directory,
                    pause.as_secs()
                );
                sleep(pause).await;
                pause = LAST_RETRY.min(pause * 2);
            }
        }
    }
}

/// Whether the authority answers, and what it makes could be written: nothing is ordered.
pub(crate) async fn check(acme: &Acme, files: &TlsFiles) -> Result<(), Failure> {
    let (_, key) = Key::generate_pkcs8()?;
    let nobody = builder(acme)?.from_parts(String::new(), key, acme.directory.to_string());
    let answered = timeout(DIRECTORY, nobody).await;
    answered.map_err(|_| Failure::Time(DIRECTORY))??;
    for path in [&files.key, &files.cert] {
        let fail = |error| failed(path, error);
        create(path).await.map_err(fail)?;
        fs::remove_file(unfinished(path)).await.map_err(fail)?;
    }
    Ok(())
}

/// How long what is in `files` is good for: until two thirds of its time are over. `None` if
/// there is nothing for these hosts, or no time.
fn left(acme: &Acme, files: &TlsFiles) -> Option<Duration> {
    let own = tls::own(files).ok()?;
    let (_, certificate) = X509Certificate::from_der(own.cert.first()?).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    let is_for = |host: &str| {
        let is_it =
            |name: &GeneralName<'_>| matches!(name, GeneralName::DNSName(name) if *name == host);
        names.value.general_names.iter().any(is_it)
    };
    if !acme.names.iter().all(|name| is_for(name.ascii())) {
        return None;
    }
    let validity = certificate.validity();
    let (from, to) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let due = u64::try_from(from + (to - from) / 3 * 2).ok()?;
    let due = UNIX_EPOCH.checked_add(Duration::from_secs(due))?;
    let left = due.duration_since(SystemTime::now()).ok()?;
    (!left.is_zero()).then_some(left)
}

async fn order(acme: &Acme, files: &TlsFiles, challenges: &Challenges) -> Result<(), Failure> {
    let account = account(acme, files).await?;
    let names = acme.names.iter();
    let identifiers: Vec<_> = names
        .map(|name| Identifier::Dns(name.ascii().to_owned()))
        .collect();
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    prove(&mut order, challenges).await?;
    match order.poll_ready(&POLLS).await {
        Ok(OrderStatus::Ready) => {}
        other => return Err(why_not(&mut order, other).await),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&POLLS).await?;
    // Who reads them in between has two that don't belong together, and waits.
    write(&files.key, &key).await?;
    write(&files.cert, &chain).await
}

/// Shows that each host is this proxy (RFC 8737).
async fn prove(order: &mut Order, challenges: &Challenges) -> Result<(), Failure> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let host = authorization.identifier().to_string();
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::TlsAlpn01) else {
            return Err(Failure::Challenge(host));
        };
        let digest = challenge.key_authorization().digest();
        challenges.set(&host, Some(answer(&host, digest.as_ref())?));
        challenge.set_ready().await?;
    }
    Ok(())
}

/// The certificate that answers a challenge (RFC 8737 3).
fn answer(host: &str, digest: &[u8]) -> Result<Arc<CertifiedKey>, Failure> {
    let key = KeyPair::generate()?;
    let mut parameters = CertificateParams::new([host.to_owned()])?;
    parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
    let certificate = parameters.self_signed(&key)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let key = any_supported_type(&key)?;
    // Nothing of ours could read it: its extension is critical.
    let answer = CertifiedKey::new(vec![certificate.der().clone()], key);
    Ok(Arc::new(answer))
}

/// What the authority says of an order that it won't fulfil.
async fn why_not(order: &mut Order, ended: Result<OrderStatus, instant_acme::Error>) -> Failure {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let host = authorization.identifier().to_string();
        let Ok(state) = authorization.refresh().await else {
            continue;
        };
        let mut problems = state.challenges.iter().filter_map(|one| one.error.as_ref());
        if let Some(problem) = problems.next() {
            let why = problem.to_string();
            return Failure::NotFound { host, why };
        }
    }
    ended.map_or_else(Failure::from, Failure::Refused)
}

/// An account with an authority, as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    directory: String,
    credentials: AccountCredentials,
}

/// Our account: the one that is kept beside the key, or a new one.
async fn account(acme: &Acme, files: &TlsFiles) -> Result<Account, Failure> {
    let builder = builder(acme)?;
    let directory = acme.directory.to_string();
    let path = files.key.with_file_name("acme-account.json");
    let kept = fs::read(&path).await.ok();
    let kept = kept.and_then(|kept| serde_json::from_slice::<Kept>(&kept).ok());
    if let Some(kept) = kept.filter(|kept| kept.directory == directory) {
        return Ok(builder.from_credentials(kept.credentials).await?);
    }
    let contact: Vec<_> = acme.contact.iter().map(String::as_str).collect();
    let wanted = NewAccount {
        contact: &contact,
        terms_of_service_agreed: acme.accept_terms,
        only_return_existing: false,
    };
    let (account, credentials) = builder.create(&wanted, directory.clone(), None).await?;
    let kept = Kept {
        directory,
        credentials,
    };
    let text = serde_json::to_string(&kept).map_err(instant_acme::Error::from)?;
    write(&path, &text).await?;
    Ok(account)
}

/// The way to an account, to an authority that can be trusted.
fn builder(acme: &Acme) -> Result<AccountBuilder, instant_acme::Error> {
    match &acme.ca {
        Some(ca) => Account::builder_with_root(ca),
        None => Account::builder(),
    }
}

/// Writes a file that nobody else may read, as a whole.
async fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let fail = |error| failed(path, error);
    let mut file = create(path).await.map_err(fail)?;
    file.write_all(text.as_bytes()).await.map_err(fail)?;
    file.sync_all().await.map_err(fail)?;
    fs::rename(unfinished(path), path).await.map_err(fail)
}

/// What is to be that file when it is whole.
async fn create(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    options.open(unfinished(path)).await
}

fn unfinished(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

fn failed(path: &Path, error: io::Error) -> Failure {
    Failure::File {
        path: path.to_owned(),
        error,
    }
}
