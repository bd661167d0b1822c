//! Connectors that crash, hang, flood and lie: what comes of it, and who else is hurt.

use std::time::Duration;

use serde_json::json;
use tenure_connect::{AnyConnector, Change, Doubt, DoubtKind, Operation, Outcome, RefusalClass, Write};

use super::{ada, attributes, bad, connector, heard, python};

fn create() -> Change {
    Change::new(ada(), Write::Create { attributes: attributes("ada") })
}

fn operation() -> Operation {
    Operation { key: "0a".parse().unwrap(), generation: 3 }
}

async fn doubt(connector: &dyn AnyConnector) -> Doubt {
    match connector.apply(&create(), &operation()).await {
        Outcome::Unknown(doubt) => doubt,
        other => panic!("expected a doubt, came {other:?}"),
    }
}

/// Everything that ends a connector in the middle of a call, and what is said of it.
const FALLS: [(&str, &str); 9] = [
    ("sys.exit(7)", "ended by itself (exit status: 7)"),
    ("os.kill(os.getpid(), 9)", "ended by itself (signal: 9"),
    ("print('debugging', flush=True)", "what is no message"),
    ("answer(id=request['id'] + 1, result={})", "which nobody asks"),
    ("answer(id=request['id'])", "what is no message"),
    ("sys.stdout.write('x' * (2 << 20)); sys.stdout.flush(); time.sleep(60)", "longer than 1 MiB"),
    ("while True: answer(method='progress', params={})", "more than 1000 notices"),
    ("answer(id=request['id'], result={'end': 'perhaps'})", "answered `apply` with what it must not"),
    ("os.close(1); time.sleep(60)", "closed its standard output"),
];

#[tokio::test]
async fn a_write_into_a_falling_connector_is_unknown_and_says_why() {
    for (does, said) in FALLS {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = bad(&folder, does);
        settings["limits"] = json!({ "messageMib": 1 });
        let doubt = doubt(&connector(settings)).await;
        assert_eq!(doubt.kind, DoubtKind::LostResponse, "{does}");
        assert!(doubt.message.contains(said), "{does}: {}", doubt.message);
    }
}

#[tokio::test]
async fn a_read_of_a_falling_connector_is_refused_and_may_be_tried_again() {
    for (does, _) in FALLS {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = bad(&folder, does);
        settings["limits"] = json!({ "messageMib": 1 });
        let refusal = connector(settings).get(&ada()).await.unwrap_err();
        assert!(refusal.retry(), "{does}: {refusal}");
    }
}

#[tokio::test]
async fn the_next_try_has_the_same_key_and_reaches_a_new_process() {
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(bad(
        &folder,
        "if request['method'] == 'apply' and not (folder / 'once').exists():\n    (folder / 'once').touch(); sys.exit(1)\n\
         if request['method'] == 'apply': answer(id=request['id'], error={'code': -32000, 'message': 'no', 'data': {'class': 'exists'}})",
    ));
    doubt(&connector).await;
    let second = connector.apply(&create(), &operation()).await;
    assert!(matches!(&second, Outcome::Refused(refusal) if refusal.class == RefusalClass::Exists), "{second:?}");
    let heard = heard(&folder);
    let methods: Vec<_> = heard.iter().map(|line| line["method"].as_str().unwrap()).collect();
    assert_eq!(methods, ["initialize", "apply", "initialize", "apply"]);
    assert_eq!(heard[1]["params"]["operation"], json!({ "key": "0a", "generation": 3 }));
    assert_eq!(heard[1]["params"], heard[3]["params"]);
}

#[tokio::test]
async fn one_that_hangs_is_ended_with_everything_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = bad(
        &folder,
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\n\
         (folder / 'pids').write_text(f'{os.getpid()} {child.pid}')\ntime.sleep(600)",
    );
    settings["limits"] = json!({ "callSeconds": 1 });
    let doubt = doubt(&connector(settings)).await;
    assert!(doubt.message.contains("did not answer `apply` within 1 s"), "{}", doubt.message);
    let pids = std::fs::read_to_string(folder.path().join("pids")).unwrap();
    for pid in pids.split(' ') {
        until_gone(pid).await;
    }
}

/// Waits until a process is no more, or only waits for its parent.
pub async fn until_gone(pid: &str) {
    for _ in 0..500 {
        let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        if status.is_empty() || status.contains(") Z ") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid} is still there");
}

#[tokio::test]
async fn an_answer_that_comes_twice_counts_once_and_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(bad(&folder, "for _ in range(2): answer(id=request['id'], result={'account': None})"));
    assert_eq!(connector.get(&ada()).await.unwrap(), None);
    // Whether the second one came before the next call or in it, nothing of it is taken for an answer.
    for _ in 0..3 {
        if let Err(refusal) = connector.get(&ada()).await {
            assert!(refusal.retry() && refusal.message.contains("which nobody asks"), "{refusal}");
        }
    }
    let starts = heard(&folder).iter().filter(|line| line["method"] == "initialize").count();
    assert!(starts >= 2, "it was never ended");
}

#[tokio::test]
async fn a_fall_of_one_hurts_nobody_else() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut flooding = bad(&one, "while True: sys.stderr.write('x' * 100_000 + '\\n')");
    flooding["limits"] = json!({ "callSeconds": 2 });
    let (falling, sound) = (connector(flooding), connector(python(&other)));
    let work = async {
        for _ in 0..50 {
            sound.check().await.unwrap();
        }
    };
    let (fallen, ()) = tokio::join!(doubt(&falling), work);
    assert!(fallen.message.contains("did not answer"), "{}", fallen.message);
}

#[tokio::test]
async fn one_that_falls_again_and_again_is_left_alone_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let connector = connector(bad(&folder, "sys.exit(1)"));
    let mut last = connector.check().await.unwrap_err();
    for _ in 0..4 {
        last = connector.check().await.unwrap_err();
    }
    assert_eq!(last.class, RefusalClass::Maintenance, "{last}");
    assert!(last.retry_after.is_some() && last.message.contains("left alone"), "{last}");
    let starts = heard(&folder).iter().filter(|line| line["method"] == "initialize").count();
    assert!(starts <= 3, "it was started {starts} times");
}
