//! The listener for whoever runs the proxy: is it alive, is it ready, what has it
//! done, and what it logs.

use std::future::pending;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::connection;
use crate::live::Handle;
use crate::log::LogFilter;
use crate::shutdown::Shutdown;

/// More don't need to ask at once.
const MOST_CONNECTIONS: usize = 64;

#[derive(Clone)]
struct Admin {
    handle: Handle,
    shutdown: Shutdown,
    log: Option<LogFilter>,
}

/// Answers for ever.
pub(crate) async fn serve(
    listener: TcpListener,
    handle: Handle,
    shutdown: Shutdown,
    log: Option<LogFilter>,
) {
    let router = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/log", get(log_filter).put(set_log_filter))
        .with_state(Admin {
            handle: handle.clone(),
            shutdown,
            log,
        });
    let mut connections = JoinSet::new();
    loop {
        let accepted = listener.accept().await;
        while connections.try_join_next().is_some() {}
        if connections.len() >= MOST_CONNECTIONS {
            continue;
        }
        if let Ok((stream, _)) = accepted {
            let read = handle.live().proxy.limits.handshake;
            let router = router.clone();
            connections.spawn(async move {
                // Who asks sees how it went.
                let _ = connection::http1(stream, router, read, pending()).await;
            });
        } else {
            tokio::time::sleep(connection::ACCEPT_PAUSE).await;
        }
    }
}

/// 200 while new sessions are welcome and one domain at least has a server that
/// answers; the text says how each is.
async fn ready(State(admin): State<Admin>) -> Response {
    let draining = admin.shutdown.has_begun();
    let domains = admin.handle.live().proxy.reachable().await;
    let mut text = String::new();
    if draining {
        text.push_str("draining\n");
    }
    for (domain, up) in &domains {
        let state = if *up { "up" } else { "down" };
        text.push_str(&format!("{domain}: {state}\n"));
    }
    let status = if !draining && domains.iter().any(|(_, up)| *up) {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, text).into_response()
}

async fn metrics(State(admin): State<Admin>) -> Response {
    let live = admin.handle.live();
    let known = live.proxy.known_reachable();
    let draining = admin.shutdown.has_begun();
    let text = admin.handle.shared().metrics.text(&known, draining);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// What is logged.
async fn log_filter(State(admin): State<Admin>) -> Response {
    match admin.log {
        Some(log) => (StatusCode::OK, log.text() + "\n").into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Logs what the request says, until the configuration is read again.
async fn set_log_filter(State(admin): State<Admin>, filter: String) -> Response {
    let Some(log) = admin.log else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match log.set(filter.trim()) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response(),
    }
}
