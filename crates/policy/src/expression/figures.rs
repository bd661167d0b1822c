//! How long an evaluation takes on this machine, alone and in a session.
//!
//! `cargo test --release -p tenure-policy figures -- --ignored --nocapture` prints the figures.

use std::hint::black_box;

use jiff::civil::date;
use tenure_model::{Attributes, Clock as _, SystemClock, Value};

use super::*;

const COUNT: u32 = 100_000;

#[test]
#[ignore = "it prints figures, which mean something in a release build only"]
fn figures() {
    let schema = Schema::default().with("worker", Subject::open());
    let row: Attributes =
        (0..40).map(|number| (format!("field{number}"), Value::from(format!("value {number}")))).collect();
    for text in [
        "worker.field1 == 'value 1' && worker.field2 != 'x'",
        "worker.field1 ?? worker.field2",
        "lower(worker.field1) + '.' + lower(worker.field2.substring(0, 1))",
    ] {
        let read = Expression::parse_in(text, &schema).unwrap();
        let scope = Scopes::on(date(2026, 11, 27)).with("worker", &row);
        let each = |evaluate: &mut dyn FnMut()| {
            let clock = SystemClock::new();
            let begun = clock.now();
            (0..COUNT).for_each(|_| evaluate());
            clock.now().duration_since(begun).as_secs_f64() * 1e6 / f64::from(COUNT)
        };
        let alone = each(&mut || drop(black_box(read.value(&scope))));
        let mut session = Session::new();
        let together = each(&mut || drop(black_box(session.value(&read, &scope))));
        println!("{text}: alone {alone:.2} us, in a session {together:.2} us");
    }
}
