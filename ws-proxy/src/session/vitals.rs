//! The timers of an open session: pings, and the time to sign in.

use std::future::pending;

use tokio::time::sleep;

use super::link::Link;
use crate::faults::Fault;
use crate::limits::Limits;

/// Runs as long as the client is alive and allowed to be. Returns the fault that
/// ends the session.
pub(super) async fn watch(link: &Link, limits: &Limits) -> Fault {
    tokio::select! {
        fault = ping(link, limits) => fault,
        fault = authentication(link, limits) => fault,
    }
}

/// Pings the client every [`Limits::ping`], traffic or not: what stands in between
/// counts each direction on its own, and a ping is two bytes.
async fn ping(link: &Link, limits: &Limits) -> Fault {
    loop {
        sleep(limits.ping - limits.pong).await;
        link.take_heard();
        link.ping_is_due();
        sleep(limits.pong).await;
        // On a slow line the ping may be behind megabytes that are still under way.
        let busy = link.take_sent() || link.is_ping_due();
        if !link.take_heard() && !busy {
            return Fault::ClientSilent;
        }
    }
}

async fn authentication(link: &Link, limits: &Limits) -> Fault {
    sleep(limits.auth).await;
    if link.is_authenticated() {
        pending().await
    } else {
        Fault::AuthTimeout
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::{Instant, timeout};

    use super::*;

    /// Runs the timers, with `answer` called at each ping, until they end the
    /// session or `hours` have passed. Time is virtual.
    async fn outcome(link: &Link, answer: impl Fn(&Link), hours: u64) -> Option<(Fault, Duration)> {
        let begin = Instant::now();
        let answering = async {
            loop {
                link.control().await;
                answer(link);
            }
        };
        let limits = Limits::default();
        let alive = Duration::from_secs(hours * 3600);
        tokio::select! {
            fault = timeout(alive, watch(link, &limits)) => {
                fault.ok().map(|fault| (fault, begin.elapsed()))
            }
            () = answering => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_ends_within_a_ping_and_its_answer() {
        let link = Link::default();
        link.client_was_authenticated();
        let (fault, after) = outcome(&link, Link::ping_was_sent, 1).await.unwrap();
        assert!(matches!(fault, Fault::ClientSilent));
        assert_eq!(after, Limits::default().ping);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_any_kind_is_life() {
        let link = Link::default();
        link.client_was_authenticated();
        let answer = |link: &Link| {
            link.ping_was_sent();
            link.client_was_heard();
        };
        assert!(outcome(&link, answer, 24).await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_on_a_slow_line_is_not_silent() {
        let link = Link::default();
        link.client_was_authenticated();
        assert!(
            outcome(&link, |_| {}, 24).await.is_none(),
            "the ping has not left yet"
        );
        let taking = |link: &Link| {
            link.ping_was_sent();
            link.client_was_sent_to();
        };
        assert!(
            outcome(&link, taking, 24).await.is_none(),
            "stanzas are being taken"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_a_time_to_sign_in() {
        let link = Link::default();
        let answer = |link: &Link| {
            link.ping_was_sent();
            link.client_was_heard();
        };
        let (fault, after) = outcome(&link, answer, 24).await.unwrap();
        assert!(matches!(fault, Fault::AuthTimeout));
        assert_eq!(after, Limits::default().auth);
    }
}
