//! The conformance suite of the contract, against feeds that are only read: the cases that need a
//! write are not run, and say so.

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value as Json, json};
use tenure_connect::Locator;
use tenure_connect::chaos::Trouble;
use tenure_connect::conformance::{Fixture, Options, Report, Witness, run_with};
use tenure_connectors::file::FileConnector;
use tenure_model::Attributes;
use tenure_testkit::held::{self, Peer};
use tenure_testkit::plants::troubles_are_found;
use tenure_testkit::sshd::Sshd;

use super::{Place, sftp};

/// Everything that is in the folder.
struct Files<'a>(&'a Place);

impl Witness for Files<'_> {
    fn mark(&self) -> BoxFuture<'_, String> {
        async {
            let files = std::fs::read_dir(self.0.inbox()).unwrap().map(|entry| entry.unwrap().path());
            let mut all: Vec<_> = files.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect();
            all.sort();
            format!("{all:?}")
        }
        .boxed()
    }
}

/// Enough people for several pages, one of whom has a name that a pattern could be made of.
fn place() -> Place {
    let place = Place::new();
    let rows = (0..7).map(|number| format!("E{number},Ada 100%_{number}*,Countess\n")).collect::<Vec<_>>().concat();
    place.put("hr.csv", format!("id,name,title\n{rows}"));
    place
}

fn fixture<'a>(files: &'a Files<'_>) -> Fixture<'a> {
    Fixture {
        identifying_attribute: "id",
        attributes: &|_| Attributes::new(),
        free_attribute: None,
        naming_attribute: "name",
        entitlements: [Locator::native("none"), Locator::native("neither")],
        witness: files,
    }
}

fn options() -> Options {
    Options { entitlements: false, ..Options::default() }
}

async fn suite(place: &Place, feed: &FileConnector) -> Report {
    run_with(feed, &fixture(&Files(place)), &options()).await
}

/// With every column named: what is not named is read too, and not described before it is.
fn settings() -> Json {
    json!({ "name": "name", "columns": ["id", "name", "title"] })
}

#[tokio::test]
async fn it_passes_the_suite_on_a_folder() {
    let place = place();
    let feed = place.csv(settings());
    let report = suite(&place, &feed).await;
    held::hold("file", &Peer::real("CSV in a folder", None), &report);
    assert!(report.left.is_empty() && report.passed().contains(&"what_is_read_is_what_is_got"), "{report}");
}

#[tokio::test]
async fn it_passes_the_suite_over_sftp() {
    let (sshd, place) = (Sshd::start().await, place());
    let mut from = sftp::from(&sshd, &place, "client", "known_hosts");
    from["files"] = json!("hr.csv");
    let mut settings = settings();
    settings["from"] = from;
    let feed = place.csv(settings);
    let report = suite(&place, &feed).await;
    held::hold("file", &Peer::real("CSV over SFTP from OpenSSH", held::debian("openssh-server")), &report);
    assert!(report.left.is_empty() && report.passed().contains(&"what_is_read_is_what_is_got"), "{report}");
}

#[tokio::test]
async fn every_trouble_of_a_reading_that_is_planted_turns_it_red() {
    let place = place();
    let files = Files(&place);
    // A feed is only read: nobody is made, changed or locked.
    let beyond = [
        Trouble::StaleReads,
        Trouble::Eventual,
        Trouble::EmptySuccess,
        Trouble::HiddenAccount,
        Trouble::Garbled,
        Trouble::Overwrite,
        Trouble::OnlyOnce,
        Trouble::LostLock,
        Trouble::BlindVerify,
        Trouble::EagerPlan,
        Trouble::WrongClass,
    ];
    troubles_are_found(|| place.csv(settings()), &fixture(&files), &options(), &beyond).await;
}
