//! MariaDB and MySQL, spoken to by hand (decision 0011): signing in, prepared statements with
//! bound values, and a few constant texts. Nothing with a value in it ever goes over as text.

mod proof;
mod wire;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream};
use tokio::net::TcpStream;

use self::wire::{Answer, Greeting, PACKET_BYTES_MAX, Parameter, Prepared};
use super::config::Server;
use super::dialect::{Datum, Sql};
use super::fault::SqlError;
use super::session::Done;
use super::tls::Tls;
use crate::limits::{SQL_ANSWER_BYTES_MAX, SQL_DIAL_TIME_MAX};

trait Line: AsyncRead + AsyncWrite + Unpin + Send + Sync {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Sync> Line for T {}

/// What is said once at the beginning, so that every server behaves the same: nothing is cut to
/// fit a column, moments are in UTC, and what is read stands still within a transaction.
const MANNERS: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO', time_zone = \
                       '+00:00', autocommit = 1, group_concat_max_len = 1048576";

/// A conversation with MariaDB or MySQL.
pub(super) struct Mysql {
    line: BufStream<Box<dyn Line>>,
    number: u8,
    closed: bool,
}

impl Mysql {
    /// Begins one.
    pub(super) async fn open(server: &Server, tls: Option<&Tls>, password: &str) -> Result<Self, SqlError> {
        let address = (server.host.as_str(), server.port.unwrap_or(3306));
        let line = TcpStream::connect(address).await.map_err(|error| lost(&error))?;
        line.set_nodelay(true).map_err(|error| lost(&error))?;
        let mut plain = Self { line: BufStream::new(Box::new(line)), number: 0, closed: false };
        let first = plain.receive().await?;
        if let Answer::Err(number, words) = wire::answer(&first) {
            return Err(said(number, words));
        }
        let greeting = wire::greeting(&first).ok_or(SqlError::Strange("does not greet as MariaDB or MySQL does"))?;
        let (mut session, capabilities) = match tls {
            None => (plain, wire::CAPABILITIES),
            Some(_) if greeting.capabilities & wire::TLS == 0 => {
                return Err(SqlError::Strange("does not speak TLS as we demand; switch it on there"));
            }
            Some(tls) => {
                let capabilities = wire::CAPABILITIES | wire::TLS;
                plain.send(&wire::front(capabilities)).await?;
                let number = plain.number;
                let private = tls.wrap(plain.line.into_inner()).await.map_err(|error| untrusted(&error))?;
                (Self { line: BufStream::new(Box::new(private)), number, closed: false }, capabilities)
            }
        };
        session.sign_in(server, &greeting, capabilities, password, tls.is_some()).await?;
        session.constant(MANNERS).await?;
        Ok(session)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    async fn sign_in(
        &mut self,
        server: &Server,
        greeting: &Greeting,
        capabilities: u32,
        password: &str,
        private: bool,
    ) -> Result<(), SqlError> {
        // A way that we do not know is answered with one that we do; the server then says its own.
        let known = proof::proof(&greeting.method, password, &greeting.nonce);
        let (method, given) = match known {
            Some(given) => (greeting.method.as_str(), given),
            None => (proof::NATIVE, proof::proof(proof::NATIVE, password, &greeting.nonce).unwrap_or_default()),
        };
        self.send(&wire::sign_in(capabilities, &server.user, &given, &server.database, method)).await?;
        let mut method = method.to_owned();
        loop {
            let packet = self.receive().await?;
            match wire::answer(&packet) {
                Answer::Ok(_) => return Ok(()),
                Answer::Err(number, words) => return Err(said(number, words)),
                Answer::Switch(other, nonce) => {
                    let given = proof::proof(&other, password, &nonce).ok_or(SqlError::Strange(
                        "wants a proof of the password that we do not know; use `mysql_native_password` or \
                         `caching_sha2_password` for our user",
                    ))?;
                    method = other;
                    self.send(&given).await?;
                }
                // It knew the proof from its cache, and says yes in the next packet.
                Answer::More(piece) if piece == [3] && method == proof::CACHING => {}
                // It wants the password itself, which only a private line may carry.
                Answer::More(piece) if piece == [4] && method == proof::CACHING && private => {
                    self.send(&[password.as_bytes(), &[0]].concat()).await?;
                }
                Answer::More(piece) if piece == [4] && method == proof::CACHING => {
                    return Err(SqlError::Strange(
                        "wants the password itself over a line in the clear; set `caFile`, so that TLS is spoken",
                    ));
                }
                Answer::End | Answer::More(_) | Answer::Other => {
                    return Err(SqlError::Strange("answers our sign-in in a way that we do not know"));
                }
            }
        }
    }

    /// Runs a text of our own that has no values.
    pub(super) async fn constant(&mut self, text: &'static str) -> Result<(), SqlError> {
        self.ask(&[&[0x03], text.as_bytes()].concat()).await?;
        self.done().await.map(|_| ())
    }

    pub(super) async fn run(&mut self, sql: &Sql) -> Result<Done, SqlError> {
        self.ask(&[&[0x16], sql.text.as_bytes()].concat()).await?;
        let packet = self.receive().await?;
        let prepared = match (wire::answer(&packet), wire::prepared(&packet)) {
            (Answer::Err(number, words), _) => return Err(said(number, words)),
            (_, Some(prepared)) => prepared,
            (_, None) => return Err(self.strange()),
        };
        self.definitions(prepared.parameters).await?;
        self.definitions(prepared.columns).await?;
        let done = self.execute(prepared, &sql.values).await;
        if !self.closed {
            self.ask(&[&[0x19][..], &prepared.id.to_le_bytes()].concat()).await?;
        }
        done
    }

    async fn execute(&mut self, prepared: Prepared, values: &[Datum]) -> Result<Done, SqlError> {
        if usize::from(prepared.parameters) != values.len() {
            return Err(SqlError::Strange("counts the places for values otherwise than we do; correct the statement"));
        }
        let parameters: Vec<Parameter<'_>> = values
            .iter()
            .map(|value| match value {
                Datum::Null => Parameter::Null,
                Datum::Text(text) => Parameter::Text(text),
                Datum::Int(number) => Parameter::Int(*number),
            })
            .collect();
        self.ask(&wire::execute(prepared.id, &parameters)).await?;
        let packet = self.receive().await?;
        match wire::answer(&packet) {
            Answer::Err(number, words) => return Err(said(number, words)),
            Answer::Ok(affected) => return Ok(Done { rows: Vec::new(), affected }),
            _ => {}
        }
        let columns = wire::Bytes(&packet).number().and_then(|count| u16::try_from(count).ok());
        let columns = columns.ok_or_else(|| self.strange())?;
        let kinds = self.definitions(columns).await?;
        if !kinds.iter().all(|kind| wire::is_text(*kind)) {
            self.closed = true;
            return Err(SqlError::Strange("gave something else than text; no statement of ours asks so"));
        }
        self.rows(usize::from(columns)).await
    }

    async fn rows(&mut self, columns: usize) -> Result<Done, SqlError> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        loop {
            let packet = self.receive().await?;
            bytes += packet.len();
            if bytes > SQL_ANSWER_BYTES_MAX {
                self.closed = true;
                return Err(SqlError::Strange("answers with more than a page can be; check the settings"));
            }
            match (packet.first(), wire::answer(&packet)) {
                (Some(0xFE), Answer::End) => {
                    let affected = rows.len() as u64;
                    return Ok(Done { rows, affected });
                }
                (Some(0xFF), Answer::Err(number, words)) => return Err(said(number, words)),
                _ => rows.push(wire::row(&packet, columns).ok_or_else(|| self.strange())?),
            }
        }
    }

    /// The types of columns, or of parameters, whose definitions come now.
    async fn definitions(&mut self, count: u16) -> Result<Vec<u8>, SqlError> {
        let mut kinds = Vec::with_capacity(usize::from(count));
        for _ in 0..count {
            let packet = self.receive().await?;
            kinds.push(wire::column_type(&packet).ok_or_else(|| self.strange())?);
        }
        if count > 0 && wire::answer(&self.receive().await?) != Answer::End {
            return Err(self.strange());
        }
        Ok(kinds)
    }

    async fn done(&mut self) -> Result<u64, SqlError> {
        let packet = self.receive().await?;
        match wire::answer(&packet) {
            Answer::Ok(affected) => Ok(affected),
            Answer::Err(number, words) => Err(said(number, words)),
            _ => Err(self.strange()),
        }
    }

    fn strange(&mut self) -> SqlError {
        self.closed = true;
        SqlError::Strange("answers in a way that MariaDB and MySQL do not")
    }

    /// Sends the first packet of a new exchange.
    async fn ask(&mut self, body: &[u8]) -> Result<(), SqlError> {
        self.number = 0;
        self.send(body).await
    }

    async fn send(&mut self, body: &[u8]) -> Result<(), SqlError> {
        let length = u32::try_from(body.len()).ok().filter(|length| (*length as usize) < PACKET_BYTES_MAX);
        let length = length.ok_or(SqlError::Strange("would have to be sent more than one packet holds"))?;
        let [first, second, third, _] = length.to_le_bytes();
        let head = [first, second, third, self.number];
        self.number = self.number.wrapping_add(1);
        // Until the answer is there nobody knows where the conversation is.
        self.closed = true;
        let sent = async {
            self.line.write_all(&head).await?;
            self.line.write_all(body).await?;
            self.line.flush().await
        };
        sent.await.map_err(|error| lost(&error))?;
        self.closed = false;
        Ok(())
    }

    async fn receive(&mut self) -> Result<Vec<u8>, SqlError> {
        self.closed = true;
        let mut whole = Vec::new();
        loop {
            let mut head = [0; 4];
            self.line.read_exact(&mut head).await.map_err(|error| lost(&error))?;
            let [first, second, third, number] = head;
            let length = u32::from_le_bytes([first, second, third, 0]) as usize;
            if number != self.number || whole.len() + length > SQL_ANSWER_BYTES_MAX {
                return Err(self.strange());
            }
            self.number = self.number.wrapping_add(1);
            let start = whole.len();
            whole.resize(start + length, 0);
            let room = whole.get_mut(start..).unwrap_or_default();
            self.line.read_exact(room).await.map_err(|error| lost(&error))?;
            if length < PACKET_BYTES_MAX {
                self.closed = false;
                return Ok(whole);
            }
        }
    }
}

fn lost(error: &std::io::Error) -> SqlError {
    SqlError::Lost(format!("{error}, within {} s of connecting or later", SQL_DIAL_TIME_MAX.as_secs()))
}

fn untrusted(error: &std::io::Error) -> SqlError {
    if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>) {
        return SqlError::Strange("has a certificate that is not accepted; set `caFile`, and use the host name in it");
    }
    lost(error)
}

fn said(number: u16, words: String) -> SqlError {
    SqlError::Said { code: number.to_string(), words }
}
