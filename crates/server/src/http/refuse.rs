//! What a door answers when a use case says no: the one place where each case gets its code.

use std::error::Error;

use tenure_api::{Code, FieldError, Problem};
use tenure_app::AppError;
use tenure_connect::RefusalClass;
use tenure_store::StoreError;

use super::refusal::Refusal;

impl From<AppError> for Refusal {
    fn from(error: AppError) -> Self {
        refusal(error)
    }
}

/// The answer to this error. What is a fault of ours or of the database is logged here, once,
/// with its causes; the caller is told the code and nothing of the inside.
pub fn refusal(error: AppError) -> Refusal {
    match &error {
        AppError::Forbidden { action } => {
            Refusal::because(Code::Forbidden, format!("this needs the action `{action}`"))
        }
        AppError::NotFound { .. } => Refusal::because(Code::NotFound, error.to_string()),
        AppError::Conflict(_) => Refusal::because(Code::NotInThisState, error.to_string()),
        AppError::TooManySignals { .. } => Refusal::because(Code::TooManySignals, error.to_string()),
        AppError::Differs { .. } => {
            Problem::new(Code::ReusedId).errors(vec![FieldError::new("/id", error.to_string())]).into()
        }
        AppError::Invalid { pointer, reason } => Refusal::fields(vec![FieldError::new(*pointer, reason.clone())]),
        AppError::BadDocuments(problems) => {
            let errors = problems.iter().map(|problem| FieldError::new("/files", problem.clone())).collect();
            Problem::new(Code::BadDocuments).errors(errors).into()
        }
        AppError::Target(refused) => {
            tracing::warn!(error = &error as &dyn Error, class = refused.class.word(), "a connected system refused");
            Refusal::because(of_target(refused.class), refused.message.clone())
        }
        AppError::Store(cause) => {
            let code = of_store(cause);
            tracing::error!(error = &error as &dyn Error, code = code.as_str(), "the database refused");
            Refusal::new(code)
        }
        AppError::Corrupt(_) => {
            tracing::error!(error = &error as &dyn Error, "what is stored cannot be read");
            Refusal::new(Code::Internal)
        }
    }
}

fn of_target(class: RefusalClass) -> Code {
    match class {
        RefusalClass::Network => Code::SystemUnreachable,
        RefusalClass::Rate | RefusalClass::Maintenance => Code::SystemBusy,
        RefusalClass::Exists
        | RefusalClass::Gone
        | RefusalClass::Stale
        | RefusalClass::Auth
        | RefusalClass::Permission
        | RefusalClass::Invalid
        | RefusalClass::Unsupported => Code::SystemRefuses,
    }
}

/// The code for what the database did not do.
pub(crate) fn of_store(cause: &StoreError) -> Code {
    match cause {
        StoreError::Conflict { .. } | StoreError::Duplicate(_) => Code::Precondition,
        StoreError::Full(_) | StoreError::Unwritable(_) => Code::StoreFull,
        StoreError::Busy(_) | StoreError::Unavailable { .. } => Code::StoreUnavailable,
        StoreError::Refused(_)
        | StoreError::Inconsistent { .. }
        | StoreError::AwaitedInTransaction
        | StoreError::Panicked(_)
        | StoreError::Statement { .. }
        | StoreError::Corrupt(_) => Code::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tenure_connect::Refusal as Refused;

    fn problem(error: AppError) -> Problem {
        *refusal(error).0
    }

    fn cause() -> Arc<dyn Error + Send + Sync> {
        Arc::new(std::io::Error::other("canary"))
    }

    #[test]
    fn every_case_has_its_status() {
        let conflict = StoreError::Conflict { table: "run", id: "x".into() };
        let cases = [
            (AppError::Forbidden { action: "ReadRun".into() }, 403),
            (AppError::no("run", "x"), 404),
            (AppError::Conflict("over".into()), 409),
            (AppError::TooManySignals { run: "run_00000000000000000000000001".parse().unwrap(), most: 1 }, 409),
            (AppError::Differs { external: "hr-1".into() }, 422),
            (AppError::Invalid { pointer: "/days", reason: "x".into() }, 422),
            (AppError::Target(Refused::new(RefusalClass::Network, "down")), 502),
            (AppError::Target(Refused::new(RefusalClass::Permission, "no")), 502),
            (AppError::Target(Refused::new(RefusalClass::Rate, "slower")), 503),
            (AppError::Store(conflict), 409),
            (AppError::Store(StoreError::Duplicate(cause())), 409),
            (AppError::Store(StoreError::Busy(cause())), 503),
            (AppError::Store(StoreError::Full(cause())), 503),
            (AppError::Store(StoreError::Unavailable { what: "canary".into(), source: cause() }), 503),
            (AppError::Store(StoreError::Statement { what: "canary".into(), source: cause() }), 500),
            (AppError::Corrupt("canary".into()), 500),
        ];
        for (error, status) in cases {
            let words = format!("{error:?}");
            let problem = problem(error);
            assert_eq!(problem.status, status, "{words}");
            assert!(!serde_json::to_string(&problem).unwrap().contains("canary"), "{words}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_body_has_its_place() {
        assert_eq!(problem(AppError::Differs { external: "hr-1".into() }).errors[0].pointer, "/id");
        let invalid = AppError::Invalid { pointer: "/days", reason: "x".into() };
        assert_eq!(problem(invalid).errors[0].pointer, "/days");
    }
}
