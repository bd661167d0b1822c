//! Every trouble that a server can make, and the one thing that must hold in all of them: nothing
//! is made twice, and nothing false is told.

use futures::{FutureExt as _, StreamExt as _};
use tenure_connect::{AnyConnector, Change, Desired, Expectation, Outcome, Usability, Write};
use tenure_model::AccountState;
use tenure_testkit::peer::{ChaosPeer, Trouble};
use tenure_testkit::scim::{ScimKind, ScimServer};

use super::{ada, attributes, connector, settings};

const SEED: u64 = 7;
const TRIES: usize = 12;
const AT_ONCE: usize = 4;

/// Tries to have it so; says whether the connector claims in the end that it is.
async fn claimed(scim: &dyn AnyConnector, desired: &Desired, expectation: &Expectation) -> bool {
    let operation = tenure_connect::Operation { key: "0a".parse().unwrap(), generation: 1 };
    for _ in 0..TRIES {
        let Ok(changes) = scim.plan(desired).await else { continue };
        let mut done = true;
        for change in &changes {
            done &= matches!(scim.apply(change, &operation).await, Outcome::Done { .. });
        }
        if done && scim.verify(expectation).await.is_met() {
            return true;
        }
    }
    false
}

async fn walk(kind: ScimKind, trouble: Trouble) {
    let server = ScimServer::start(kind).await;
    let root = format!("http://127.0.0.1:{}", server.port());
    let peer = ChaosPeer::seeded(&root, trouble, SEED).await.unwrap();
    let mut settings = settings(&server);
    settings["url"] = format!("{}{}", peer.url(), server.path()).into();
    settings["requestSecondsMax"] = 1.into();
    let scim = connector(settings);
    let says = |what: &str| format!("{trouble:?} on {}: {what}", kind.name());

    let present = Desired::Present { account: ada(), attributes: attributes("ada"), hold: [].into() };
    let usable = Expectation { usability: Some(Usability::Usable), ..Expectation::of(ada()) };
    let made = claimed(&scim, &present, &usable).await;
    let users = server.users().await;
    assert!(users.len() <= 1, "{}", says("made twice"));
    assert!(!made || users.len() == 1, "{}", says("made by word alone"));
    if trouble.is_survived() {
        assert!(made, "{}", says("not made"));
    }
    if users.is_empty() {
        return;
    }
    let disabled = claimed(&scim, &Desired::Disabled { account: ada() }, &Expectation::unusable(ada())).await;
    let active = server.users().await[0]["active"].as_bool().unwrap_or(true);
    assert!(!disabled || !active, "{}", says("disabled by word alone"));
    if trouble.is_survived() {
        assert!(disabled, "{}", says("not disabled"));
    }
    if let Ok(Some(seen)) = scim.get(&ada()).await
        && !matches!(trouble, Trouble::StaleReads | Trouble::Eventual | Trouble::SchemaDrift)
    {
        let real =
            if server.users().await[0]["active"] == false { AccountState::Disabled } else { AccountState::Active };
        assert_eq!(seen.state, real, "{}", says("seen otherwise"));
    }
}

mod slow {
    use super::*;

    /// Each trouble has a server of its own, so that several can be had at once.
    async fn every_trouble(kind: ScimKind) {
        let walks = futures::stream::iter(Trouble::ALL.map(|trouble| walk(kind, trouble).boxed()));
        walks.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    }

    #[tokio::test]
    async fn no_trouble_makes_two_or_tells_what_is_not_so_on_scim2_server() {
        every_trouble(ScimKind::Scim2Server).await;
    }

    #[tokio::test]
    async fn no_trouble_makes_two_or_tells_what_is_not_so_on_scimmy() {
        every_trouble(ScimKind::Scimmy).await;
    }

    /// A server that hides somebody who is there: they are not taken to be gone.
    #[tokio::test]
    async fn somebody_who_is_hidden_is_not_gone() {
        let server = ScimServer::start(ScimKind::Scim2Server).await;
        let plain = connector(settings(&server));
        let made =
            super::super::done(&plain, &Change::new(ada(), Write::Create { attributes: attributes("ada") })).await;
        let id = tenure_connect::Locator::Native(made.native_id.unwrap());
        let peer = ChaosPeer::always(&format!("http://127.0.0.1:{}", server.port()), Trouble::HiddenAccount).await;
        let peer = peer.unwrap();
        let mut hiding = settings(&server);
        hiding["url"] = format!("{}{}", peer.url(), server.path()).into();
        let scim = connector(hiding);
        assert!(!scim.verify(&Expectation::unusable(id.clone())).await.is_met());
        let gone = Expectation { usability: Some(Usability::Gone), ..Expectation::of(id) };
        assert!(!scim.verify(&gone).await.is_met());
        assert!(peer.struck() > 0);
    }
}
