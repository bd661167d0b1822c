//! The product's server as a process that tests can kill: `house CONFIG [POINT ARMED-FILE]`.
//!
//! With a point of the walk it aborts there, once the file exists.

use std::path::PathBuf;
use std::sync::Arc;

use tenure_app::{NoProbe, Point, Probe};
use tenure_server::house::{run_watched, settings};
use tenure_server::listen::asked_to_stop;
use tenure_server::telemetry::Telemetry;

/// Dies at one point of the walk, as a machine would: without a word and without cleaning up.
#[derive(Debug)]
struct DieAt {
    point: Point,
    armed: PathBuf,
}

impl Probe for DieAt {
    fn at(&self, point: Point) {
        if point == self.point && self.armed.exists() {
            std::process::abort();
        }
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the test reads the address from here")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let config = settings(words.next().map(PathBuf::from).as_ref(), None)?;
    let point = words.next().and_then(|word| Point::ALL.into_iter().find(|point| point.word() == word));
    let probe: Arc<dyn Probe> = match (point, words.next()) {
        (Some(point), Some(armed)) => Arc::new(DieAt { point, armed: armed.into() }),
        _ => Arc::new(NoProbe),
    };
    let _telemetry = Telemetry::start(&config)?;
    run_watched(&config, probe, asked_to_stop(), |address, _| println!("{address}")).await?;
    Ok(())
}
