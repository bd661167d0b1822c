//! What goes wrong between a client and a server.

/// How a server misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing goes wrong.
    None,
    /// A write happens and its answer is lost.
    LostResponse,
    /// A write is delivered twice.
    DoubleDelivery,
    /// 429 with `Retry-After`; nothing happens.
    RateLimit,
    /// 503; nothing happens.
    Unavailable,
    /// A list lacks its last object.
    PartialPage,
    /// Every page but the first ends with 500.
    PageTwoFails,
    /// Reads show what was there before the latest write.
    StaleReads,
    /// The first read after a write shows what was there before.
    Eventual,
    /// A write is answered with 200 and its own body, and nothing happens.
    EmptySuccess,
    /// A single object that is there is answered with 404.
    HiddenAccount,
    /// Half an answer comes, and then nothing more, with the line open.
    SlowLoris,
    /// Half a body comes, and the line is closed.
    TruncatedBody,
    /// The body is no JSON, though it says so.
    MalformedBody,
    /// Objects have their attributes under other names.
    SchemaDrift,
    /// 200 with a page to sign in on.
    LoginPage,
    /// A redirection to an address inside.
    Redirect,
}

impl Trouble {
    /// Every trouble.
    pub const ALL: [Self; 16] = [
        Self::LostResponse,
        Self::DoubleDelivery,
        Self::RateLimit,
        Self::Unavailable,
        Self::PartialPage,
        Self::PageTwoFails,
        Self::StaleReads,
        Self::Eventual,
        Self::EmptySuccess,
        Self::HiddenAccount,
        Self::SlowLoris,
        Self::TruncatedBody,
        Self::MalformedBody,
        Self::SchemaDrift,
        Self::LoginPage,
        Self::Redirect,
    ];

    /// Whether a patient caller comes through when it strikes now and then. A cut or garbled
    /// answer to a read is asked for again, like one that never came.
    pub fn is_survived(self) -> bool {
        matches!(self, Self::None | Self::LostResponse | Self::DoubleDelivery | Self::RateLimit | Self::Unavailable)
    }
}
