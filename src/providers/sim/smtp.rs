//! A small SMTP server for the mailbox: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT, with PIPELINING, 8BITMIME,
//! SMTPUTF8 and SIZE. Accepts every recipient, delivers to nobody else. Source: RFC 5321.

use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::mail::Mailbox;

/// The largest letter, in bytes.
const SIZE: usize = 10 * 1024 * 1024;
/// The longest line of a command or of a letter that is kept, in bytes.
const LINE: u64 = 64 * 1024;
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(120);

/// Serves until stopped.
pub(super) async fn serve(listener: TcpListener, mailbox: Mailbox, stopped: CancellationToken) {
    loop {
        tokio::select! {
            () = stopped.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let (mailbox, stopped) = (mailbox.clone(), stopped.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = stopped.cancelled() => {}
                            // A client that breaks off loses its letter and nothing else.
                            _ = Session::new(stream, mailbox).talk() => {}
                        }
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "the mailbox could not take a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
}

struct Session {
    lines: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
    mailbox: Mailbox,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, mailbox: Mailbox) -> Session {
        let (reader, writer) = stream.into_split();
        Session { lines: BufReader::new(reader), writer, mailbox, from: None, to: Vec::new() }
    }

    async fn talk(mut self) -> std::io::Result<()> {
        self.say("220 mailbox.sandbox ESMTP").await?;
        while let Some(line) = self.line().await? {
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    self.reset();
                    let greeting = format!("250-mailbox.sandbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {SIZE}");
                    self.say(&greeting).await?;
                }
                "HELO" => {
                    self.reset();
                    self.say("250 mailbox.sandbox").await?;
                }
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.reset();
                    self.say("250 2.0.0 OK").await?;
                }
                "NOOP" => self.say("250 2.0.0 OK").await?,
                "VRFY" => self.say("252 2.5.2 Send some mail, I will try").await?,
                "QUIT" => return self.say("221 2.0.0 Bye").await,
                _ => self.say("502 5.5.2 Command not recognised").await?,
            }
        }
        Ok(())
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<()> {
        let Some(from) = address(rest, "FROM:") else { return self.say("501 5.5.4 MAIL FROM:<address>").await };
        let size = rest.split_whitespace().find_map(|word| word.to_ascii_uppercase().strip_prefix("SIZE=")?.parse::<usize>().ok());
        if size.is_some_and(|size| size > SIZE) {
            return self.say("552 5.3.4 Message too big").await;
        }
        self.reset();
        self.from = Some(from);
        self.say("250 2.1.0 OK").await
    }

    async fn recipient(&mut self, rest: &str) -> std::io::Result<()> {
        match address(rest, "TO:").filter(|to| to.contains('@')) {
            _ if self.from.is_none() => self.say("503 5.5.1 MAIL first").await,
            None => self.say("501 5.1.3 RCPT TO:<address>").await,
            Some(_) if self.to.len() >= 100 => self.say("452 4.5.3 Too many recipients").await,
            Some(to) => {
                self.to.push(to);
                self.say("250 2.1.5 OK").await
            }
        }
    }

    async fn data(&mut self) -> std::io::Result<()> {
        if self.to.is_empty() {
            return self.say("503 5.5.1 RCPT first").await;
        }
        self.say("354 End with a dot on a line of its own").await?;
        let (mut letter, mut too_big) = (Vec::new(), false);
        loop {
            let Some(line) = self.line().await? else { return Ok(()) };
            if matches!(line.as_slice(), b".\r\n" | b".\n") {
                break;
            }
            // A dot that begins a line was doubled by the sender. Source: RFC 5321 4.5.2.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            too_big |= letter.len() + line.len() > SIZE;
            if !too_big {
                letter.extend_from_slice(line);
            }
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        if too_big {
            return self.say("552 5.3.4 Message too big").await;
        }
        let id = self.mailbox.receive(from, to, &letter);
        self.say(&format!("250 2.0.0 Kept as {id}")).await
    }

    fn reset(&mut self) {
        self.from = None;
        self.to.clear();
    }

    /// The next line with its end; a part of it when it is too long, none when the client is gone.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.lines).take(LINE);
        let read = tokio::time::timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await;
        match read {
            Ok(Ok(0)) | Err(_) => Ok(None),
            Ok(Ok(_)) => Ok(Some(line)),
            Ok(Err(error)) => Err(error),
        }
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await
    }
}

/// The address of `FROM:<a@b>`; the empty one is allowed.
fn address(rest: &str, keyword: &str) -> Option<String> {
    let head = rest.get(..keyword.len())?;
    let rest = rest.get(keyword.len()..)?.trim_start();
    let (address, _) = rest.strip_prefix('<')?.split_once('>')?;
    head.eq_ignore_ascii_case(keyword).then(|| address.to_owned())
}
