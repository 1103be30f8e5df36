//! How many sessions one address, and the pages of one origin, have with a domain that bounds
//! them: where anybody signs in as a guest, nothing else does.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::addresses::party;
use crate::config::{Domain, DomainName};
use crate::faults::Fault;

/// The sessions of all crowds that are bounded. An entry is as old as its oldest session.
#[derive(Debug, Default)]
pub(crate) struct Crowds(Mutex<HashMap<Crowd, usize>>);

/// Who is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Crowd {
    domain: DomainName,
    whence: Whence,
}

/// Whose page a client is, as far as the handshake says.
#[derive(Debug, Default)]
pub(crate) struct Whose {
    /// The page's origin, if a domain counts by it. Who sends none is no page's.
    pub(crate) origin: Option<Box<str>>,
    /// The site that has the page in one of its own, as a page of ours says.
    pub(crate) site: Option<Box<str>>,
}

impl Whose {
    /// The site around it, if it is one of those that have the domain's chat.
    pub(crate) fn site_of(&self, domain: &Domain) -> Option<&str> {
        let site = self.site.as_deref()?;
        let is_one = domain.sites.iter().any(|known| known.admits(site));
        is_one.then_some(site)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whence {
    Address(IpAddr),
    Origin(Box<str>),
}

impl Crowds {
    /// Counts a session with `domain` as long as the value lives, if it bounds them. Pages of ours
    /// that are in other sites' count for these.
    ///
    /// # Errors
    /// There are as many as there may be.
    pub(crate) fn admit(
        self: &Arc<Self>,
        domain: &Domain,
        ip: IpAddr,
        whose: &Whose,
    ) -> Result<[Option<Counted>; 2], Fault> {
        let name = &domain.name;
        let of_address = domain.max_sessions_per_address.map(|limit| {
            let whence = Whence::Address(party(ip));
            self.count(name, whence, limit)
                .ok_or(Fault::TooManyOfAddress { limit })
        });
        // Given back if the other one isn't to be had.
        let of_address = of_address.transpose()?;
        let origin = whose.site_of(domain).or(whose.origin.as_deref());
        let bounded = domain.max_sessions_per_origin.zip(origin);
        let of_origin = bounded.map(|(limit, origin)| {
            let whence = Whence::Origin(origin.to_ascii_lowercase().into());
            self.count(name, whence, limit)
                .ok_or(Fault::TooManyOfOrigin { limit })
        });
        Ok([of_address, of_origin.transpose()?])
    }

    fn count(self: &Arc<Self>, domain: &DomainName, whence: Whence, limit: u32) -> Option<Counted> {
        let crowd = Crowd {
            domain: domain.clone(),
            whence,
        };
        let mut crowds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let present = crowds.get(&crowd).copied().unwrap_or_default();
        if present >= limit as usize {
            return None;
        }
        crowds.insert(crowd.clone(), present + 1);
        drop(crowds);
        let crowds = self.clone();
        Some(Counted(Box::new((crowds, crowd))))
    }
}

/// A session that is counted. Boxed: most sessions aren't.
#[derive(Debug)]
pub(crate) struct Counted(Box<(Arc<Crowds>, Crowd)>);

impl Drop for Counted {
    fn drop(&mut self) {
        let (crowds, crowd) = &*self.0;
        let mut crowds = crowds.0.lock().unwrap_or_else(PoisonError::into_inner);
        match crowds.get_mut(crowd) {
            Some(present) if *present > 1 => *present -= 1,
            _ => drop(crowds.remove(crowd)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn domains() -> Vec<Domain> {
        let text = "[[domain]]\nname = \"guests.example.org\"\nmax_sessions_per_address = 1\n\
                    max_sessions_per_origin = 2\n[[domain]]\nname = \"other.example.org\"\n\
                    max_sessions_per_address = 1\n[[domain]]\nname = \"example.org\"\n";
        Config::from_toml(text, "test.toml").unwrap().domains
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn each_domain_counts_its_own_and_some_none() {
        let crowds = Arc::new(Crowds::default());
        let [guests, other, plain] = &domains()[..] else {
            panic!()
        };
        let mut held = Vec::new();
        for domain in [guests, other, plain, plain] {
            held.push(
                crowds
                    .admit(domain, ip("9.9.9.9"), &Whose::default())
                    .unwrap(),
            );
        }
        assert_eq!(crowds.0.lock().unwrap().len(), 2);
        for domain in [guests, other] {
            let refused = crowds.admit(domain, ip("9.9.9.9"), &Whose::default());
            assert!(matches!(refused, Err(Fault::TooManyOfAddress { limit: 1 })));
        }
    }

    #[test]
    fn a_domain_that_is_written_otherwise_is_the_same() {
        let crowds = Arc::new(Crowds::default());
        let mut guests = domains().swap_remove(0);
        let nobody = Whose::default();
        let _held = crowds.admit(&guests, ip("9.9.9.9"), &nobody).unwrap();
        guests.name = "GUESTS.Example.org".parse().unwrap();
        assert!(crowds.admit(&guests, ip("9.9.9.9"), &nobody).is_err());
    }

    #[test]
    fn nothing_is_left_of_who_was_refused_or_has_gone() {
        let crowds = Arc::new(Crowds::default());
        let guests = &domains()[0];
        let whose = Whose {
            origin: Some("https://a.example".into()),
            site: None,
        };
        let admit = |address: &str| crowds.admit(guests, ip(address), &whose);
        let held = [admit("2001:db8::1").unwrap(), admit("9.9.9.9").unwrap()];
        assert!(matches!(
            admit("2001:db8::2"),
            Err(Fault::TooManyOfAddress { limit: 1 })
        ));
        assert!(matches!(
            admit("9.9.9.8"),
            Err(Fault::TooManyOfOrigin { limit: 2 })
        ));
        assert_eq!(crowds.0.lock().unwrap().len(), 3);
        drop(held);
        assert!(crowds.0.lock().unwrap().is_empty());
        assert!(admit("9.9.9.8").is_ok());
    }
}
