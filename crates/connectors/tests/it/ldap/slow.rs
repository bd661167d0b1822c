//! How fast everybody is read, beside a plain client in the same run.

use std::time::{Duration, Instant};

use ldap3::adapters::{Adapter, EntriesOnly, PagedResults};
use ldap3::{LdapConnAsync, Scope, SearchEntry};
use tenure_connect::{AnyConnector, Completeness, Page, Query};
use tenure_testkit::slapd::{ADMIN_DN, ADMIN_PASSWORD, BASE_DN, Slapd};

use super::{config, connector};

const PEOPLE: usize = 100_000;
const PAGE: u32 = 1_000;
const ROUNDS: usize = 3;

async fn ours(connector: &dyn AnyConnector) -> (Duration, usize) {
    let started = now();
    let (mut page, mut count, mut in_staff) = (Page::first_of(PAGE), 0, 0);
    loop {
        let batch = connector.read(&Query::accounts(), &page).await.unwrap();
        count += batch.objects.len();
        in_staff += batch.objects.iter().filter(|seen| !seen.account().unwrap().holds.is_empty()).count();
        let Some(next) = batch.next else {
            assert_eq!((batch.completeness, in_staff), (Completeness::Whole, PEOPLE / 10));
            return (started.elapsed(), count);
        };
        page = page.then(next);
    }
}

/// What somebody would write who only wants to see everybody.
async fn plain(slapd: &Slapd) -> (Duration, usize) {
    let started = now();
    let (connection, mut ldap) = LdapConnAsync::new(&slapd.url()).await.unwrap();
    tokio::spawn(async move { drop(connection.drive().await) });
    ldap.simple_bind(ADMIN_DN, ADMIN_PASSWORD).await.unwrap().success().unwrap();
    let adapters: Vec<Box<dyn Adapter<_, _>>> =
        vec![Box::new(EntriesOnly::new()), Box::new(PagedResults::new(i32::try_from(PAGE).unwrap()))];
    let attributes =
        vec!["uid", "cn", "sn", "givenName", "displayName", "mail", "title", "employeeNumber", "entryUUID"];
    let base = format!("ou=people,{BASE_DN}");
    let filter = "(objectClass=inetOrgPerson)";
    let mut search = ldap.streaming_search_with(adapters, &base, Scope::Subtree, filter, attributes).await.unwrap();
    let mut count = 0;
    while let Some(entry) = search.next().await.unwrap() {
        count += usize::from(!SearchEntry::construct(entry).attrs.is_empty());
    }
    search.finish().await.success().unwrap();
    (started.elapsed(), count)
}

#[expect(clippy::disallowed_methods, reason = "a measurement needs the machine's clock")]
fn now() -> Instant {
    Instant::now()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement of a minute; run it with --release -- --ignored --nocapture"]
async fn a_hundred_thousand_are_read_nearly_as_fast_as_by_a_plain_client() {
    let slapd = Slapd::start_with(PEOPLE).await;
    let connector = connector(config(&slapd));
    let mut best = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        let (bare, bare_count) = plain(&slapd).await;
        let (own, own_count) = ours(&connector).await;
        assert_eq!((bare_count, own_count), (PEOPLE, PEOPLE));
        println!("round {round}: plain {bare:?}, ours {own:?}, ratio {:.2}", bare.as_secs_f64() / own.as_secs_f64());
        best = (best.0.min(bare), best.1.min(own));
    }
    let ratio = best.0.as_secs_f64() / best.1.as_secs_f64();
    println!("{PEOPLE} entries: plain {:?}, ours {:?}, ratio {ratio:.2}", best.0, best.1);
    assert!(ratio >= 0.8, "{ratio:.2}");
}
